/** Reads the definitions of all pools. What cannot be read is noted, and left as it is. */
import * as Effect from "effect/Effect"
import type { Pool } from "../../src/model/storage.ts"
import { parsePool } from "../../src/storage/definition.ts"
import type { Disk } from "../../src/store/disk.ts"
import { poolPath, readPools } from "../../src/store/pool-files.ts"
import { newPool } from "./state.ts"

export interface Loaded {
  readonly pools: readonly Pool[]
  /** Uuids of those that start with the engine. */
  readonly autostart: readonly string[]
}

type Note = (problem: { readonly what: string; readonly why: string }) => void

/** A pool that claims what another has already: by hand, somebody copied a file. */
const clashOf = (pools: readonly Pool[], { definition }: Pool): string | undefined => {
  const { name, uuid, target } = definition
  const other = pools.find(
    ({ definition: one }) =>
      one.uuid === uuid || one.name === name || one.target.path === target.path
  )
  return other && `it has the name, the uuid or the folder of '${other.definition.name}'`
}

export const loadPools = Effect.fnUntraced(function* (disk: Disk, note: Note) {
  const { found, unreadable } = yield* readPools(disk)
  for (const { path, message } of unreadable) note({ what: path, why: message })
  const pools: Pool[] = []
  for (const { path, xml, isAutostart } of found) {
    const parsed = parsePool(xml)
    if (parsed._tag === "Failure") {
      note({ what: path, why: parsed.failure.message })
      continue
    }
    const { uuid, ...rest } = parsed.success.definition
    if (uuid === undefined || poolPath(disk, rest.name) !== path) {
      note({ what: path, why: "it has no uuid, or not the name of its file" })
      continue
    }
    const pool = { ...newPool({ ...rest, uuid }, true), isAutostart }
    const clash = clashOf(pools, pool)
    if (clash === undefined) pools.push(pool)
    else note({ what: path, why: clash })
  }
  const loaded: Loaded = {
    pools,
    autostart: pools.flatMap((pool) => (pool.isAutostart ? [pool.definition.uuid] : []))
  }
  return loaded
})
