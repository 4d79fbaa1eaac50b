/**
 * From what a client wants a volume to be to the words for `qemu-img`: pure. What cannot be done as
 * asked is refused here, before anything is made.
 */
import * as Result from "effect/Result"
import type { Volume, VolumeWish } from "../model/storage.ts"
import { StorageRefused, StorageUnsupported } from "../model/storage-error.ts"
import { nameObjection } from "./names.ts"

/** How a file becomes the volume: the runs of the tool, then the length that it is given. */
export interface Creation {
  readonly format: "raw" | "qcow2"
  /** Of each run all words, for the file that is being made. */
  readonly runs: (file: string) => readonly (readonly string[])[]
  /** A raw file is cut or stretched to this at the end. */
  readonly lengthBytes: number | undefined
}

export interface CreationOptions {
  /** The tables of a qcow2 image are laid out at once; all of it, if all is to be allocated. */
  readonly isPreallocated?: boolean
}

export type Refusal = StorageRefused | StorageUnsupported

const refuse = (name: string, why: string) =>
  Result.fail(new StorageRefused({ what: `create volume '${name}'`, why }))

const formatOf = (wish: VolumeWish): Result.Result<"raw" | "qcow2", StorageUnsupported> => {
  const format = wish.target?.format ?? "raw"
  if (format === "raw" || format === "qcow2") return Result.succeed(format)
  const what = `a new volume of format '${format.slice(0, 40)}': raw and qcow2 can be made`
  return Result.fail(new StorageUnsupported({ what }))
}

const clusterBytesMin = 512
const clusterBytesMax = 2 * 1024 * 1024

const clusterObjection = (bytes: number | undefined): string | undefined => {
  if (bytes === undefined) return undefined
  const isPower = bytes > 0 && Number.isInteger(Math.log2(bytes))
  if (isPower && bytes >= clusterBytesMin && bytes <= clusterBytesMax) return undefined
  return `a cluster size is a power of two from ${clusterBytesMin} to ${clusterBytesMax}`
}

/** What both formats refuse. */
const objectionTo = (wish: VolumeWish, format: "raw" | "qcow2"): string | undefined => {
  const { name, allocationBytes: allocation = 0, capacityBytes: capacity, target } = wish
  const bad = nameObjection(name)
  if (bad !== undefined) return bad
  if (format === "raw" && wish.backing?.path)
    return "a raw volume cannot have a backing volume: qcow2 can"
  if (capacity !== undefined && allocation > capacity && format === "raw")
    return "the allocation is more than the capacity"
  return clusterObjection(target?.clusterBytes)
}

const preallocationOf = (wish: VolumeWish, { isPreallocated = false }: CreationOptions) => {
  if (!isPreallocated) return []
  const { allocationBytes = 0, capacityBytes = Number.POSITIVE_INFINITY } = wish
  return [`preallocation=${allocationBytes >= capacityBytes ? "falloc" : "metadata"}`]
}

const qcow2Options = (wish: VolumeWish, options: CreationOptions): readonly string[] => {
  const { compat = "1.1", clusterBytes, hasLazyRefcounts } = wish.target ?? {}
  const list = [
    `compat=${compat}`,
    ...(clusterBytes === undefined ? [] : [`cluster_size=${clusterBytes}`]),
    ...(hasLazyRefcounts === true ? ["lazy_refcounts=on"] : []),
    ...preallocationOf(wish, options)
  ]
  return ["-o", list.join(",")]
}

const falloc = ["-o", "preallocation=falloc"]

/** A part is allocated by making the file so long, and stretching it then. */
const rawCreation = (wish: VolumeWish, capacity: number): Creation => {
  const allocation = Math.min(wish.allocationBytes ?? capacity, capacity)
  const options = allocation === 0 ? [] : falloc
  const size = String(allocation === 0 ? capacity : allocation)
  return {
    format: "raw",
    runs: (file) => [["create", "-q", "-f", "raw", ...options, file, size]],
    lengthBytes: capacity
  }
}

/** The words for a backing file: an absolute path, which no protocol can hide in, and a format. */
const backingWords = (wish: VolumeWish): Result.Result<readonly string[], string> => {
  const { path = "", format } = wish.backing ?? {}
  if (path === "") return Result.succeed([])
  if (!path.startsWith("/") || path.includes("\0"))
    return Result.fail(`the path of the backing volume, '${path.slice(0, 200)}', is not absolute`)
  if (format === undefined || !/^[a-z0-9]{1,20}$/.test(format))
    return Result.fail("the format of the backing volume has to be given")
  return Result.succeed(["-F", format, "-b", path])
}

/** An empty volume. */
export const creationOf = (
  wish: VolumeWish,
  options: CreationOptions = {}
): Result.Result<Creation, Refusal> => {
  const format = formatOf(wish)
  if (Result.isFailure(format)) return Result.fail(format.failure)
  const objection = objectionTo(wish, format.success)
  if (objection !== undefined) return refuse(wish.name, objection)
  const backing = backingWords(wish)
  if (Result.isFailure(backing)) return refuse(wish.name, backing.failure)
  const { capacityBytes: capacity } = wish
  if (capacity === undefined && backing.success.length === 0)
    return refuse(wish.name, "there is no capacity")
  if (format.success === "raw") return Result.succeed(rawCreation(wish, capacity ?? 0))
  const size = capacity === undefined ? [] : [String(capacity)]
  const words = ["create", "-q", "-f", "qcow2", ...qcow2Options(wish, options), ...backing.success]
  return Result.succeed({
    format: "qcow2",
    runs: (file) => [[...words, file, ...size]],
    lengthBytes: undefined
  })
}

/** The copy shares the backing file of its source, or has none. */
const sharedBacking = (
  wish: VolumeWish,
  source: Volume
): Result.Result<readonly string[], string> => {
  const path = wish.backing?.path ?? ""
  if (path === "") return Result.succeed([])
  if (path !== source.backing?.path)
    return Result.fail("a copy has the backing volume of its source, or none")
  const format = wish.backing?.format ?? source.backing.format
  const backing = format === undefined ? { path } : { path, format }
  return Result.map(backingWords({ ...wish, backing }), (words) =>
    words.map((word) => (word === "-b" ? "-B" : word))
  )
}

/** A copy of `source`: never smaller than it, whatever was asked for. */
export const copyOf = (
  wish: VolumeWish,
  source: Volume,
  options: CreationOptions = {}
): Result.Result<Creation, Refusal> => {
  const given = wish.target?.format === undefined ? withFormat(wish, source.format) : wish
  const format = formatOf(given)
  if (Result.isFailure(format)) return Result.fail(format.failure)
  const objection = objectionTo({ ...given, allocationBytes: 0 }, format.success)
  if (objection !== undefined) return refuse(wish.name, objection)
  if (source.format === "unknown")
    return refuse(wish.name, `'${source.path}' is no image that can be read`)
  const backing = sharedBacking(given, source)
  if (Result.isFailure(backing)) return refuse(wish.name, backing.failure)
  const capacity = Math.max(wish.capacityBytes ?? 0, source.capacityBytes)
  const isRaw = format.success === "raw"
  const isFull = isRaw && (wish.allocationBytes ?? 0) >= capacity && capacity > 0
  const made = isRaw ? (isFull ? falloc : []) : qcow2Options(given, options)
  const from = ["-f", source.format, "-O", format.success]
  const grows = !isRaw && capacity > source.capacityBytes
  return Result.succeed({
    format: format.success,
    runs: (file) => [
      ["convert", "-q", ...from, ...made, ...backing.success, source.path, file],
      ...(grows ? [["resize", "-q", "-f", "qcow2", file, String(capacity)]] : [])
    ],
    lengthBytes: isRaw ? capacity : undefined
  })
}

const withFormat = (wish: VolumeWish, format: string): VolumeWish => ({
  ...wish,
  target: { ...wish.target, format }
})
