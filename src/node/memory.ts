/**
 * Memory as the procedures ask for it: all of it or one cell, free bytes by cell, free pages by
 * size. Says which cell or size there is not.
 */
import * as Effect from "effect/Effect"
import { readMemory } from "../host/node-memory.ts"
import { NodeArgumentInvalid } from "./error.ts"
import { type CellFacts, readCells, readPages } from "./host-facts.ts"

/** In KiB. A cell has no buffers and caches of its own that the kernel tells of. */
export interface MemoryStats {
  readonly total: number
  readonly free: number
  readonly buffers?: number
  readonly cached?: number
}

const noCell = (cell: number) =>
  new NodeArgumentInvalid({ argument: `cell ${cell}`, why: "this host has no such cell" })

export const memoryStats = Effect.fnUntraced(function* (cell: number | "all") {
  if (cell === "all") {
    const { totalKiB, freeKiB, buffersKiB, cachedKiB } = yield* readMemory
    const stats: MemoryStats = {
      total: totalKiB,
      free: freeKiB,
      buffers: buffersKiB,
      cached: cachedKiB
    }
    return stats
  }
  const found = (yield* readCells).find(({ id }) => id === cell)
  if (found === undefined) return yield* noCell(cell)
  const stats: MemoryStats = { total: found.totalKiB, free: found.freeKiB }
  return stats
})

const bytesPerKiB = 1024n

/** Of all cells, in bytes. */
export const freeMemory = Effect.map(
  readCells,
  (cells) => cells.reduce((sum, { freeKiB }) => sum + BigInt(freeKiB), 0n) * bytesPerKiB
)

/** Cells from `start` on, at most `count`; a number without a cell among them counts as empty. */
const cellsFrom = Effect.fnUntraced(function* (start: number, count: number) {
  const cells = yield* readCells
  const last = Math.max(...cells.map(({ id }) => id))
  if (start < 0 || start > last) return yield* noCell(start)
  const end = Math.min(last, start + count - 1)
  return Array.from({ length: Math.max(0, end - start + 1) }, (_, index): CellFacts | undefined =>
    cells.find(({ id }) => id === start + index)
  )
})

/** Bytes, cell by cell. */
export const cellsFreeMemory = Effect.fnUntraced(function* (start: number, count: number) {
  const cells = yield* cellsFrom(start, count)
  return cells.map((cell) => BigInt(cell?.freeKiB ?? 0) * bytesPerKiB)
})

export interface PagesRequest {
  /** Page sizes, in KiB. */
  readonly sizesKiB: readonly number[]
  readonly startCell: number
  readonly cellCount: number
}

/** Free pages: for each cell, for each size. */
export const freePages = Effect.fnUntraced(function* (request: PagesRequest) {
  const { sizesKiB, startCell, cellCount } = request
  const counts: bigint[] = []
  for (const cell of yield* cellsFrom(startCell, cellCount)) {
    const pages = cell === undefined ? [] : yield* readPages(cell)
    for (const sizeKiB of sizesKiB) {
      const found = pages.find((one) => one.sizeKiB === sizeKiB)
      if (found === undefined) {
        const argument = `page size ${sizeKiB} KiB`
        return yield* new NodeArgumentInvalid({ argument, why: "this host has no such pages" })
      }
      counts.push(BigInt(found.free))
    }
  }
  return counts
})
