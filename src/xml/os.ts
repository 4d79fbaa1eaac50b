/** `<os>`: firmware, direct kernel boot, boot order, BIOS settings. */
import * as Result from "effect/Result"
import type { Bios, Loader, Nvram, Os } from "../model/machine.ts"
import { integer, nonEmpty, oneOf, string, yesNo } from "./codec.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  child,
  children,
  fields,
  grouped,
  inside,
  required,
  type Sure,
  text,
  values
} from "./describe.ts"

const formats = oneOf("raw", "qcow2")

/** The text of the element, or nothing where it is blank. */
export const path = {
  read: (from: Parameters<Sure<string>["read"]>[0]) => {
    const found = from.text().trim()
    return Result.succeed(found === "" ? undefined : found)
  },
  write: (value: string, to: Parameters<Sure<string>["write"]>[1]) => to.text(value)
}

const loader = fields<Loader>({
  isReadonly: attribute("readonly", yesNo),
  isSecure: attribute("secure", yesNo),
  type: attribute("type", oneOf("rom", "pflash")),
  isStateless: attribute("stateless", yesNo),
  format: attribute("format", formats),
  path
})

const nvramFields = fields<Nvram>({
  template: attribute("template", nonEmpty),
  templateFormat: attribute("templateFormat", formats),
  type: attribute("type", oneOf("file", "block", "network")),
  format: attribute("format", formats),
  path,
  "<source>": changesGuest
})

const filePath = inside("source", attribute("file", nonEmpty))

/** The path is the text, or with `type='file'` what `<source>` says. */
const nvram: Sure<Nvram> = {
  read: (from) => {
    if (from.element.attributes.every(({ name, value }) => name !== "type" || value !== "file")) {
      return nvramFields.read(from)
    }
    return Result.flatMap(filePath.read(from), (file) =>
      Result.map(nvramFields.read(from), (value) =>
        file === undefined ? value : { ...value, path: file }
      )
    )
  },
  write: (value, to) => {
    const { path: file, ...rest } = value
    nvramFields.write(value.type === undefined ? value : rest, to)
    if (value.type === "file" && file !== undefined) filePath.write(file, to)
  }
}

const bios = fields<Bios>({
  useSerial: attribute("useserial", yesNo),
  rebootTimeoutMs: attribute("rebootTimeout", integer({ min: -1, max: 65535 }))
})

const bootDevice = required(
  "device to boot from",
  attribute("dev", oneOf("fd", "hd", "cdrom", "network"))
)

const osFields = fields<Os>({
  firmware: attribute("firmware", oneOf("bios", "efi")),
  type: required("type of the operating system", inside("type", text(oneOf("hvm")))),
  arch: inside("type", attribute("arch", nonEmpty)),
  machine: inside("type", attribute("machine", nonEmpty)),
  firmwareFeatures: grouped(
    "firmware",
    children(
      "feature",
      fields<Os["firmwareFeatures"][number]>({
        enabled: required("'enabled' of the feature", attribute("enabled", yesNo)),
        name: required("name of the feature", attribute("name", nonEmpty))
      })
    )
  ),
  "<init>": changesGuest,
  loader: child("loader", loader),
  nvram: child("nvram", nvram),
  kernel: inside("kernel", text(nonEmpty)),
  initrd: inside("initrd", text(nonEmpty)),
  cmdline: inside("cmdline", text(string)),
  dtb: inside("dtb", text(nonEmpty)),
  "<root>": changesGuest,
  "<acpi>": changesGuest,
  boot: values("boot", bootDevice),
  bootmenu: child(
    "bootmenu",
    fields<NonNullable<Os["bootmenu"]>>({
      enable: required("'enable' of the boot menu", attribute("enable", yesNo)),
      timeoutMs: attribute("timeout", integer({ max: 65535 }))
    })
  ),
  bios: child("bios", bios),
  smbiosMode: inside("smbios", attribute("mode", oneOf("emulate", "host", "sysinfo"))),
  "<shim>": changesSecurity,
  "<bootloader>": changesNothing
})

export const os: Sure<Os> = required("os", child("os", osFields))
