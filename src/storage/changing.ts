/** Changes a volume in its place: another size, nothing in it any more, gone. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Files } from "../host/files.ts"
import type { Volume } from "../model/storage.ts"
import { StorageRefused, StorageUnsupported } from "../model/storage-error.ts"
import { runTool } from "./image-tool.ts"

export interface Resizing {
  readonly capacityBytes: number
  /** The capacity is what is added, or with `isShrinking` taken away. */
  readonly isDelta?: boolean
  readonly isShrinking?: boolean
  /** What is added is allocated at once. */
  readonly isAllocating?: boolean
}

/** QEMU counts in these; libvirt rounds up likewise. */
const sectorBytes = 512

const roundedUp = (bytes: number): number => Math.ceil(bytes / sectorBytes) * sectorBytes

/** The new capacity, or why not. */
export const newCapacity = (
  volume: Volume,
  { capacityBytes, isDelta = false, isShrinking = false }: Resizing
): Result.Result<number, StorageRefused> => {
  const refuse = (why: string) =>
    Result.fail(new StorageRefused({ what: `resize volume '${volume.name}'`, why }))
  const signed = isShrinking ? -capacityBytes : capacityBytes
  const wanted = isDelta ? volume.capacityBytes + signed : capacityBytes
  if (wanted < 0) return refuse("its capacity would be less than nothing")
  const rounded = roundedUp(wanted)
  if (!Number.isSafeInteger(rounded)) return refuse("its capacity would be beyond any file")
  if (rounded < volume.capacityBytes && !isShrinking)
    return refuse("it would shrink, which has to be asked for")
  if (rounded < volume.allocationBytes) return refuse("more than that is allocated")
  return Result.succeed(rounded)
}

/** QEMU changes an image so that a crash leaves the old size or the new one. */
export const resizeVolume = Effect.fnUntraced(function* (
  program: string,
  volume: Volume,
  resizing: Resizing
) {
  const { name, path, format } = volume
  if (format !== "raw" && format !== "qcow2")
    return yield* new StorageUnsupported({ what: `resizing a volume of format '${format}'` })
  const capacity = yield* Effect.fromResult(newCapacity(volume, resizing))
  const grows = capacity > volume.capacityBytes
  const words = [
    "resize",
    "-q",
    "-f",
    format,
    ...(capacity < volume.capacityBytes ? ["--shrink"] : []),
    ...(resizing.isAllocating === true && grows ? ["--preallocation=falloc"] : []),
    path,
    String(capacity)
  ]
  yield* runTool(program, { doing: `resize volume '${name}'`, words })
})

const zerosBytes = 1024 * 1024

/** A file with holes becomes one hole; one without is written over, as it keeps its blocks. */
export const wipeVolume = Effect.fnUntraced(function* ({ path }: Volume) {
  const files = yield* Files
  const { size, allocatedBytes } = yield* files.stat(path)
  if (allocatedBytes < size) {
    const clear = Effect.andThen(files.truncate(path, 0), files.truncate(path, size))
    return yield* Effect.uninterruptible(clear)
  }
  const zeros = new Uint8Array(zerosBytes)
  yield* Effect.acquireUseRelease(
    files.open(path, "update"),
    (file) =>
      Effect.gen(function* () {
        for (let at = 0; at < size; at += zerosBytes)
          yield* files.writeAt(file, at, zeros.subarray(0, Math.min(zerosBytes, size - at)))
        yield* files.sync(file)
      }),
    (file) => files.close(file)
  )
})

/** Gone for good when it succeeds. That it was gone already is fine. */
export const deleteVolume = (folder: string, { path }: Volume) =>
  Effect.gen(function* () {
    const files = yield* Files
    yield* files.unlink(path)
    yield* files.syncDirectory(folder)
  }).pipe(Effect.uninterruptible)
