/**
 * Firmware images that the host has, by their descriptors (QEMU's docs/interop/firmware.json): one
 * JSON file each, in folders of which a later one overrides an earlier one by file name. Reads
 * them; which one a guest gets is decided in complete/firmware.ts.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Files } from "../host/files.ts"

const image = Schema.Struct({ filename: Schema.String, format: Schema.String })

const descriptor = Schema.Struct({
  description: Schema.String,
  "interface-types": Schema.Array(Schema.String),
  mapping: Schema.Struct({
    device: Schema.String,
    mode: Schema.optionalKey(Schema.String),
    executable: Schema.optionalKey(image),
    "nvram-template": Schema.optionalKey(image),
    filename: Schema.optionalKey(Schema.String)
  }),
  targets: Schema.Array(
    Schema.Struct({ architecture: Schema.String, machines: Schema.Array(Schema.String) })
  ),
  features: Schema.Array(Schema.String)
})

export type FirmwareDescriptor = typeof descriptor.Type

export interface DescriptorFile {
  readonly name: string
  readonly text: string
}

/** The folders that libvirt and QEMU know, in the order in which they override each other. */
export const firmwareFolders = ["/usr/share/qemu/firmware", "/etc/qemu/firmware"] as const

const fromText = Schema.fromJsonString(descriptor)

/**
 * The descriptors of all folders in the order of their names, which is their priority. An empty
 * file hides one of the same name; one that cannot be read describes nothing.
 */
export const firmwaresFrom = (
  folders: readonly (readonly DescriptorFile[])[]
): readonly FirmwareDescriptor[] => {
  const files = new Map(folders.flat().map(({ name, text }) => [name, text]))
  return [...files]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, text]) => {
      const read = Schema.decodeUnknownResult(fromText)(text)
      return Result.isSuccess(read) ? [read.success] : []
    })
}

/** A descriptor of EDK II has 1 KiB. */
const descriptorBytesMax = 64 * 1024

/** The host's firmware. A folder that is not there has none. */
export const readFirmwares = Effect.fnUntraced(function* (
  folders: readonly string[] = firmwareFolders
) {
  const files = yield* Files
  const listings: DescriptorFile[][] = []
  for (const folder of folders) {
    const names = yield* Effect.orElseSucceed(files.list(folder), (): readonly string[] => [])
    const found: DescriptorFile[] = []
    for (const name of names) {
      if (!name.endsWith(".json")) continue
      const bytes = yield* Effect.option(files.read(`${folder}/${name}`, descriptorBytesMax))
      if (bytes._tag === "Some") found.push({ name, text: new TextDecoder().decode(bytes.value) })
    }
    listings.push(found)
  }
  return firmwaresFrom(listings)
})
