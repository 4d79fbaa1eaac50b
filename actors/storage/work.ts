/** What all calls on pools and volumes share: finding one, and working on it between two turns. */
import * as Effect from "effect/Effect"
import type { Pool, PoolIdentity, Volume } from "../../src/model/storage.ts"
import { PoolInactive, PoolNotFound, VolumeNotFound } from "../../src/model/storage-error.ts"
import { figuresOf, lookAtPool, lookAtVolume } from "../../src/storage/look.ts"
import { splitPath } from "../../src/storage/names.ts"
import type { StoragePools } from "./pools.ts"
import type { Change, Job } from "./state.ts"

export type PoolKey =
  | { readonly name: string }
  | { readonly uuid: string }
  | { readonly targetPath: string }
  /** The pool that has the volume with this key. */
  | { readonly volume: string }

export type VolumeKey =
  | { readonly key: string }
  | { readonly path: string }
  | { readonly pool: PoolKey; readonly name: string }

export interface Found {
  readonly pool: Pool
  readonly volume: Volume
}

const all = (storage: StoragePools): readonly Pool[] => [...storage.pools().values()]

const trimmed = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`

const byPath = (storage: StoragePools, path: string): Found | undefined => {
  const parts = splitPath(path)
  if (parts === undefined) return undefined
  const pool = all(storage).find(({ definition }) => definition.target.path === parts.folder)
  const volume = pool?.volumes.get(parts.name)
  return pool === undefined || volume === undefined ? undefined : { pool, volume }
}

const poolOf = (storage: StoragePools, key: PoolKey): Pool | undefined => {
  if ("uuid" in key) return storage.pools().get(key.uuid.toLowerCase())
  if ("name" in key) return all(storage).find(({ definition }) => definition.name === key.name)
  if ("volume" in key) return byPath(storage, key.volume)?.pool
  const path = trimmed(key.targetPath)
  return all(storage).find(({ definition }) => definition.target.path === path)
}

const missing = (key: PoolKey): PoolNotFound => {
  if ("uuid" in key) return new PoolNotFound({ by: "uuid", key: key.uuid })
  if ("name" in key) return new PoolNotFound({ by: "name", key: key.name })
  if ("volume" in key) return new PoolNotFound({ by: "volume", key: key.volume })
  return new PoolNotFound({ by: "target path", key: key.targetPath })
}

export const findPool = (
  storage: StoragePools,
  key: PoolKey
): Effect.Effect<Pool, PoolNotFound> => {
  const pool = poolOf(storage, key)
  return pool === undefined ? Effect.fail(missing(key)) : Effect.succeed(pool)
}

export const findActive = Effect.fnUntraced(function* (storage: StoragePools, key: PoolKey) {
  const pool = yield* findPool(storage, key)
  if (!pool.isActive) return yield* new PoolInactive({ pool: pool.definition.name })
  return pool
})

export const findVolume = Effect.fnUntraced(function* (storage: StoragePools, key: VolumeKey) {
  // A volume's whole identity has a key too, and its pool's name alone.
  if (!("key" in key) && "pool" in key) {
    const pool = yield* findActive(storage, key.pool)
    const volume = pool.volumes.get(key.name)
    if (volume === undefined) return yield* new VolumeNotFound({ by: "name", key: key.name })
    return { pool, volume }
  }
  const path = "key" in key ? key.key : key.path
  const found = byPath(storage, path)
  if (found !== undefined) return found
  return yield* new VolumeNotFound({ by: "key" in key ? "key" : "path", key: path })
})

/** The pool as it stands now; a claim on it keeps it there. */
export const current = (storage: StoragePools, pool: Pool): Pool =>
  storage.pools().get(pool.definition.uuid) ?? pool

/**
 * Claims, works, and ends the claim however the work ended. Work that changes anything commits,
 * which ends the claim in the turn in which the change is published.
 */
export const working = <A, E, R>(
  storage: StoragePools,
  job: Omit<Job, "token">,
  work: (token: string) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(storage.disk.ids.token, (token) =>
    Effect.acquireUseRelease(
      storage.begin({ ...job, token }),
      () => work(token),
      () => Effect.sync(() => storage.end(token))
    )
  )

const lookingAt = Effect.fnUntraced(function* (storage: StoragePools, pool: Pool) {
  const { definition, volumes: known } = pool
  return { program: yield* storage.program, folder: definition.target.path, known }
})

/** Everything in the pool's folder. */
export const lookAt = Effect.fnUntraced(function* (storage: StoragePools, pool: Pool) {
  const { root, isWorking } = storage
  return yield* lookAtPool({ ...(yield* lookingAt(storage, pool)), root, isWorking })
})

export const lookAtOne = Effect.fnUntraced(function* (
  storage: StoragePools,
  pool: Pool,
  name: string
) {
  return yield* lookAtVolume(yield* lookingAt(storage, current(storage, pool)), name)
})

/** What became of a volume, and of the pool's room. */
export const volumeChange = Effect.fnUntraced(function* (
  storage: StoragePools,
  pool: Pool,
  name: string
) {
  const volume = yield* lookAtOne(storage, pool, name)
  const { uuid, target } = pool.definition
  const figures = yield* Effect.orElseSucceed(figuresOf(target.path), () => undefined)
  const change: Change = { type: "volume", uuid, name, volume, figures }
  return { change, volume }
})

export const lifecycle = (
  { name, uuid }: PoolIdentity,
  event: "defined" | "undefined" | "started" | "stopped" | "created" | "deleted"
) => ({ type: "lifecycle", pool: { name, uuid }, event }) as const

export const refreshed = ({ name, uuid }: PoolIdentity) =>
  ({ type: "refresh", pool: { name, uuid } }) as const
