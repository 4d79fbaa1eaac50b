/** What the firmware says of the host, as libvirt's `<sysinfo>`. Writes only. */
import { element, leaf } from "./capabilities-element.ts"
import { writeElement } from "./write.ts"

export interface SysinfoBlock {
  readonly name: string
  readonly entries: readonly { readonly name: string; readonly value: string }[]
}

export const sysinfoXml = (blocks: readonly SysinfoBlock[]): string =>
  `${writeElement(
    element(
      "sysinfo",
      { type: "smbios" },
      blocks.map((block) =>
        element(
          block.name,
          {},
          block.entries.map(({ name, value }) => leaf("entry", value, { name }))
        )
      )
    )
  )}\n`
