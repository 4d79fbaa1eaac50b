/**
 * How large an image is that no QEMU has open: from the file itself, as far as its first bytes
 * tell. Opens files for reading only; never a path that is neither file nor block device.
 */
import * as Effect from "effect/Effect"
import { type FileError, Files } from "../host/files.ts"
import type { ImageSizes } from "./stats-groups.ts"

const headerBytes = 32
/** `QFI\xfb` (qcow2 specification, "Header"). */
const qcowMagic = 0x51_46_49_fb
const virtualSizeAt = 24

/** What the guest sees of a qcow or qcow2 image; `undefined` for others. */
const qcowCapacity = (header: Uint8Array): number | undefined => {
  if (header.byteLength < headerBytes) return undefined
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  return view.getUint32(0) === qcowMagic ? Number(view.getBigUint64(virtualSizeAt)) : undefined
}

/** Why its sizes are not told. */
export interface SizeUnknown {
  readonly _tag: "SizeUnknown"
  readonly why: string
}

const unknown = (why: string): SizeUnknown => ({ _tag: "SizeUnknown", why })

const isRaw = (format: string | undefined) => format === undefined || format === "raw"

/** `format` as the definition has it. */
export const imageSizes = (
  path: string,
  format: string | undefined
): Effect.Effect<ImageSizes, FileError | SizeUnknown, Files> =>
  Effect.gen(function* () {
    const files = yield* Files
    const link = yield* files.stat(path)
    if (link.kind !== "file") return yield* Effect.fail(unknown(`'${path}' is not a file`))
    const physical = link.size
    const allocation = link.allocatedBytes
    if (isRaw(format)) return { capacity: physical, allocation, physical }
    const capacity = qcowCapacity(yield* headerOf(path))
    if (capacity === undefined)
      return yield* Effect.fail(unknown(`'${path}' is no image of format ${format}`))
    return { capacity, allocation, physical }
  })

const headerOf = (path: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    return yield* Effect.acquireUseRelease(
      files.open(path, "read"),
      (file) => files.readAt(file, 0, headerBytes),
      files.close
    )
  })

/** Bytes of it as it lies on the host. */
export const peekImage = (
  path: string,
  offset: number,
  sizeBytes: number
): Effect.Effect<Uint8Array, FileError, Files> =>
  Effect.gen(function* () {
    const files = yield* Files
    return yield* Effect.acquireUseRelease(
      files.open(path, "read"),
      (file) => files.readAt(file, offset, sizeBytes),
      files.close
    )
  })
