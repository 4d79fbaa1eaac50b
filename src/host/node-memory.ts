/**
 * The host's memory, whole and by NUMA cell: sizes, what is free, huge pages, distances, and the
 * settings of page sharing. Reads /proc and /sys, keeps nothing.
 */
import * as Effect from "effect/Effect"
import {
  cellsMax,
  cpusMax,
  listNames,
  numberIn,
  numbersOf,
  readLine,
  readNumber,
  readText
} from "./node-files.ts"

const base = "/sys/devices/system/node"

/** The ordinary page of the architectures that we run on. */
export const systemPageKiB = 4

/** `MemTotal` and the like in KiB; of a cell's file, whose rows begin with `Node 0`, too. */
export const memoryFieldsFrom = (meminfo: string): ReadonlyMap<string, number> =>
  new Map(
    [...meminfo.matchAll(/^(?:Node \d+ )?([\w()]+):\s+(\d+)(?: kB)?$/gm)].map(
      ([, name = "", value]) => [name, Number(value)] as const
    )
  )

const fieldsAt = (path: string) =>
  Effect.map(readText(path), (text) => memoryFieldsFrom(text ?? ""))

/** Of the whole host, in KiB; what the kernel does not tell is 0. */
export const readMemory = Effect.map(fieldsAt("/proc/meminfo"), (fields) => ({
  totalKiB: fields.get("MemTotal") ?? 0,
  freeKiB: fields.get("MemFree") ?? 0,
  buffersKiB: fields.get("Buffers") ?? 0,
  cachedKiB: fields.get("Cached") ?? 0
}))

/** Online cells, ascending; empty on a kernel without NUMA. */
export const readCellNumbers = Effect.map(readLine(`${base}/online`), (list) =>
  numbersOf(list, cellsMax)
)

export interface CellMemory {
  readonly totalKiB: number
  readonly freeKiB: number
}

/** Undefined when there is no such cell, or no NUMA. */
export const readCellMemory = (cell: number) =>
  Effect.map(fieldsAt(`${base}/node${cell}/meminfo`), (fields): CellMemory | undefined => {
    const totalKiB = fields.get("MemTotal")
    return totalKiB === undefined ? undefined : { totalKiB, freeKiB: fields.get("MemFree") ?? 0 }
  })

/** CPUs of a cell, whether it has memory or not. */
export const readCellCpus = (cell: number) =>
  Effect.map(readLine(`${base}/node${cell}/cpulist`), (list) => numbersOf(list, cpusMax))

/** To each online cell, itself among them, in the order of the kernel's list. */
export const readCellDistances = (cell: number) =>
  Effect.map(readLine(`${base}/node${cell}/distance`), (line): readonly number[] => {
    const values = (line ?? "").split(/\s+/).map(numberIn)
    return values.every((value) => value !== undefined) ? values : []
  })

/** A pool of huge pages of one size. */
export interface HugePages {
  readonly sizeKiB: number
  readonly total: number
  readonly free: number
}

/** Page sizes of one host; Linux has at most four on any machine that we know. */
const sizesMax = 16

/** By size; of a cell, or of the whole host where there is no NUMA. */
export const readHugePages = Effect.fnUntraced(function* (cell: number | undefined) {
  const at = cell === undefined ? "/sys/kernel/mm/hugepages" : `${base}/node${cell}/hugepages`
  const pools: HugePages[] = []
  for (const name of (yield* listNames(at)).slice(0, sizesMax)) {
    const sizeKiB = numberIn(/^hugepages-(\d+)kB$/.exec(name)?.[1])
    if (sizeKiB === undefined) continue
    const [total = 0, free = 0] = yield* Effect.all([
      readNumber(`${at}/${name}/nr_hugepages`),
      readNumber(`${at}/${name}/free_hugepages`)
    ])
    pools.push({ sizeKiB, total, free })
  }
  return pools.toSorted((left, right) => left.sizeKiB - right.sizeKiB)
})

/** Kernel samepage merging (KSM). What this kernel does not tell of is left out. */
export interface SharingParameters {
  readonly pagesToScan?: number
  readonly sleepMs?: number
  readonly pagesShared?: number
  readonly pagesSharing?: number
  readonly pagesUnshared?: number
  readonly pagesVolatile?: number
  readonly fullScans?: number
  readonly mergeAcrossNodes?: number
}

const sharingFiles: { readonly [name in keyof SharingParameters]-?: string } = {
  pagesToScan: "pages_to_scan",
  sleepMs: "sleep_millisecs",
  pagesShared: "pages_shared",
  pagesSharing: "pages_sharing",
  pagesUnshared: "pages_unshared",
  pagesVolatile: "pages_volatile",
  fullScans: "full_scans",
  mergeAcrossNodes: "merge_across_nodes"
}

export const readSharing = Effect.gen(function* () {
  const found: { [name: string]: number } = {}
  for (const [name, file] of Object.entries(sharingFiles)) {
    const value = yield* readNumber(`/sys/kernel/mm/ksm/${file}`)
    if (value !== undefined) found[name] = value
  }
  const sharing: SharingParameters = found
  return sharing
})
