/**
 * Reads the host as its capabilities show it: cells with their CPUs, memory and pages, caches, the
 * processor. Puts together what `src/host/node-*` reads one by one; keeps nothing.
 */
import * as Effect from "effect/Effect"
import { type CpuPlace, readCacheBanks, readCpuLists, readCpuPlaces } from "../host/node-cpu.ts"
import { listOf } from "../host/node-files.ts"
import { readHasIommu } from "../host/node-identity.ts"
import {
  readCellCpus,
  readCellDistances,
  readCellMemory,
  readCellNumbers,
  readHugePages,
  readMemory,
  systemPageKiB
} from "../host/node-memory.ts"
import { readProcessor } from "../host/node-processor.ts"
import type { CacheText, HostCellText } from "../xml/capabilities.ts"
import { type NodeInfo, topologyOf } from "./node-info.ts"

/** The only cell of a kernel without NUMA. */
const soleCell = 0

export interface CellFacts {
  readonly id: number
  readonly cpus: readonly number[]
  readonly totalKiB: number
  readonly freeKiB: number
}

/** Cells with what they have; one of everything where the kernel knows none. */
export const readCells = Effect.gen(function* () {
  const numbers = yield* readCellNumbers
  const cells: CellFacts[] = []
  for (const id of numbers) {
    const memory = (yield* readCellMemory(id)) ?? { totalKiB: 0, freeKiB: 0 }
    cells.push({ id, cpus: yield* readCellCpus(id), ...memory })
  }
  if (cells.length > 0) return cells
  const { totalKiB, freeKiB } = yield* readMemory
  const { online } = yield* readCpuLists
  return [{ id: soleCell, cpus: online, totalKiB, freeKiB }]
})

/** Whether the kernel tells of this very cell; else its pages are the whole host's. */
const pagesAt = Effect.fnUntraced(function* ({ id }: CellFacts) {
  const isOwn = (yield* readCellMemory(id)) !== undefined
  return yield* readHugePages(isOwn ? id : undefined)
})

export interface PageCounts {
  readonly sizeKiB: number
  readonly total: number
  readonly free: number
}

/** Ordinary pages first; those in pools of huge ones are not counted twice. */
export const readPages = Effect.fnUntraced(function* (cell: CellFacts) {
  const huge = yield* pagesAt(cell)
  const pooledKiB = huge.reduce((sum, { sizeKiB, total }) => sum + sizeKiB * total, 0)
  const ordinary: PageCounts = {
    sizeKiB: systemPageKiB,
    total: Math.max(0, Math.floor((cell.totalKiB - pooledKiB) / systemPageKiB)),
    free: Math.floor(cell.freeKiB / systemPageKiB)
  }
  return [ordinary, ...huge]
})

const cellText = Effect.fnUntraced(function* (
  cell: CellFacts,
  numbers: readonly number[],
  places: ReadonlyMap<number, CpuPlace>
) {
  const pages = yield* readPages(cell)
  const distances = yield* readCellDistances(cell.id)
  const text: HostCellText = {
    id: cell.id,
    memoryKiB: cell.totalKiB,
    pages: pages.map(({ sizeKiB, total }) => ({ sizeKiB, count: total })),
    distances: distances.flatMap((value, at) => {
      const id = numbers[at]
      return id === undefined ? [] : [{ id, value }]
    }),
    cpus: cell.cpus.flatMap((id) => {
      const place = places.get(id)
      if (place === undefined) return []
      const { socket, die, core, siblings } = place
      return [{ id, socket, die, core, siblings: listOf(siblings) }]
    })
  }
  return text
})

/** Where CPUs sit and what they share: it changes only when one is plugged, so it may be kept. */
export const readPlaces = Effect.fnUntraced(function* (online: readonly number[]) {
  const places = yield* readCpuPlaces(online)
  const banks = yield* readCacheBanks(online)
  const caches = banks.map((bank): CacheText => ({ ...bank, cpus: listOf(bank.cpus) }))
  return { places, caches }
})

export type Places = Effect.Success<ReturnType<typeof readPlaces>>

export const readNodeInfo = Effect.fnUntraced(function* ({ places }: Places) {
  const { present, online } = yield* readCpuLists
  const processor = yield* readProcessor
  const cells = yield* readCells
  const cellOf = new Map(cells.flatMap(({ id, cpus }) => cpus.map((cpu) => [cpu, id] as const)))
  const topology = topologyOf(places, (cpu) => cellOf.get(cpu) ?? soleCell, present.length)
  const info: NodeInfo = {
    model: processor.arch,
    memoryKiB: cells.reduce((sum, { totalKiB }) => sum + totalKiB, 0),
    cpus: online.length,
    mhz: processor.mhz,
    ...topology
  }
  return info
})

/** Everything of the host that its capabilities show, beside its uuid and processor model. */
export const readHost = Effect.fnUntraced(function* (kept: Places) {
  const cells = yield* readCells
  const numbers = cells.map(({ id }) => id)
  const places = new Map(kept.places.map((place) => [place.id, place]))
  const texts: HostCellText[] = []
  for (const cell of cells) texts.push(yield* cellText(cell, numbers, places))
  const info = yield* readNodeInfo(kept)
  return {
    info,
    processor: yield* readProcessor,
    hasIommu: yield* readHasIommu,
    cells: texts,
    caches: kept.caches,
    dies: Math.max(1, new Set(kept.places.map(({ socket, die }) => `${socket} ${die}`)).size)
  }
})

export type HostFacts = Effect.Success<ReturnType<typeof readHost>>
