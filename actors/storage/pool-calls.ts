/**
 * What may be asked of storage about pools: each a claim, a deed on the host, and one turn in which
 * what came of it is published.
 */
import * as Effect from "effect/Effect"
import { noFigures, type Pool, type PoolDefinition } from "../../src/model/storage.ts"
import { StorageRefused } from "../../src/model/storage-error.ts"
import { formatPool, parsePool } from "../../src/storage/definition.ts"
import { buildFolder, removeFolder } from "../../src/storage/folder.ts"
import { linkPool, removePool, writePool } from "../../src/store/pool-files.ts"
import type { StoragePools } from "./pools.ts"
import { newPool } from "./state.ts"
import {
  current,
  findActive,
  findPool,
  lifecycle,
  lookAt,
  type PoolKey,
  refreshed,
  working
} from "./work.ts"

export interface XmlOptions {
  /** What this version has never heard of is an error. */
  readonly isValidated?: boolean
}

export interface PoolStart {
  /** The folder is made first. */
  readonly isBuilding?: boolean
}

const definitionFrom = Effect.fnUntraced(function* (
  { disk }: StoragePools,
  xml: string,
  { isValidated = false }: XmlOptions
) {
  const fresh = yield* disk.ids.uuid
  const { definition, reports } = yield* Effect.fromResult(parsePool(xml))
  const unknown = isValidated ? reports.find(({ kind }) => kind === "unknown") : undefined
  if (unknown !== undefined)
    return yield* new StorageRefused({ what: "take the pool", why: unknown.sentence })
  const whole: PoolDefinition = { ...definition, uuid: definition.uuid ?? fresh }
  return whole
})

/** A claim on a pool that is there already, under the name and uuid of the definition. */
const claimOn = (
  storage: StoragePools,
  { name, uuid, target }: PoolDefinition,
  needs?: "inactive"
) => {
  const isThere = storage.pools().has(uuid)
  const claim = { on: "pool", uuid, mode: "write", ...(needs && { needs }) } as const
  return { claims: isThere ? [claim] : [], newcomer: { name, uuid, path: target.path } }
}

/** Makes a persistent pool, or replaces the definition of one. Durable when it succeeds. */
export const definePool = Effect.fnUntraced(function* (
  storage: StoragePools,
  xml: string,
  options: XmlOptions = {}
) {
  const definition = yield* definitionFrom(storage, xml, options)
  const { name, uuid } = definition
  const job = { what: `define pool '${name}'`, ...claimOn(storage, definition) }
  yield* working(storage, job, (token) =>
    Effect.gen(function* () {
      yield* writePool(storage.disk, name, formatPool(definition, noFigures))
      const known = storage.pools().get(uuid) ?? newPool(definition, true)
      const pool: Pool = known.isActive
        ? { ...known, isPersistent: true, nextDefinition: definition }
        : { ...known, isPersistent: true, definition }
      const events = [lifecycle(definition, "defined")]
      yield* storage.commit(token, [{ type: "put", pool }], events)
    }).pipe(Effect.uninterruptible)
  )
  return { name, uuid }
})

/** Starts a pool that lasts until it is stopped, or an inactive one with this definition. */
export const createPool = Effect.fnUntraced(function* (
  storage: StoragePools,
  xml: string,
  { isBuilding = false, ...options }: XmlOptions & PoolStart = {}
) {
  const definition = yield* definitionFrom(storage, xml, options)
  const { name, uuid } = definition
  const job = { what: `create pool '${name}'`, ...claimOn(storage, definition, "inactive") }
  yield* working(storage, job, (token) =>
    Effect.gen(function* () {
      const known = storage.pools().get(uuid)
      const pool = { ...(known ?? newPool(definition, false)), definition }
      if (isBuilding) yield* buildFolder(definition.target)
      const seen = yield* lookAt(storage, pool)
      const nextDefinition = known?.definition
      const active: Pool = { ...pool, ...seen, nextDefinition, isActive: true }
      const events = [lifecycle(definition, "started")]
      yield* storage.commit(token, [{ type: "put", pool: active }], events)
    })
  )
  return { name, uuid }
})

interface Deed {
  readonly key: PoolKey
  readonly what: string
  readonly needs: "active" | "inactive" | "persistent"
}

/** Alone on a pool: nobody else works on it or on one of its volumes. */
const alone = <A, E, R>(
  storage: StoragePools,
  { key, what, needs }: Deed,
  work: (pool: Pool, token: string) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(findPool(storage, key), (pool) => {
    const { uuid, name } = pool.definition
    const claims = [{ on: "pool", uuid, mode: "write", needs } as const]
    return working(storage, { what: `${what} pool '${name}'`, claims }, (token) =>
      work(current(storage, pool), token)
    )
  })

export const buildPool = (storage: StoragePools, key: PoolKey) =>
  alone(storage, { key, what: "build", needs: "inactive" }, ({ definition }, token) =>
    Effect.andThen(
      buildFolder(definition.target),
      storage.commit(token, [], [lifecycle(definition, "created")])
    )
  )

export const startPool = (
  storage: StoragePools,
  key: PoolKey,
  { isBuilding = false }: PoolStart = {}
) =>
  alone(storage, { key, what: "start", needs: "inactive" }, (pool, token) =>
    Effect.gen(function* () {
      const { definition } = pool
      if (isBuilding) yield* buildFolder(definition.target)
      const seen = yield* lookAt(storage, pool)
      const change = { type: "looked", uuid: definition.uuid, ...seen } as const
      yield* storage.commit(token, [change], [lifecycle(definition, "started")])
    })
  )

/** Its files stay. A transient pool is gone afterwards. */
export const stopPool = (storage: StoragePools, key: PoolKey) =>
  alone(storage, { key, what: "stop", needs: "active" }, (pool, token) => {
    const { definition, nextDefinition = definition, isPersistent, isAutostart } = pool
    const stopped: Pool = { ...newPool(nextDefinition, true), isAutostart }
    const change = isPersistent
      ? ({ type: "put", pool: stopped } as const)
      : ({ type: "drop", uuid: definition.uuid } as const)
    return storage.commit(token, [change], [lifecycle(definition, "stopped")])
  })

/** Removes its folder, which has to be empty. */
export const deletePool = (storage: StoragePools, key: PoolKey) =>
  alone(storage, { key, what: "delete", needs: "inactive" }, ({ definition }, token) =>
    Effect.andThen(
      removeFolder(definition.target),
      storage.commit(token, [], [lifecycle(definition, "deleted")])
    )
  )

export const undefinePool = (storage: StoragePools, key: PoolKey) =>
  alone(storage, { key, what: "undefine", needs: "inactive" }, ({ definition }, token) =>
    Effect.andThen(
      removePool(storage.disk, definition.name),
      storage.commit(
        token,
        [{ type: "drop", uuid: definition.uuid }],
        [lifecycle(definition, "undefined")]
      )
    ).pipe(Effect.uninterruptible)
  )

export const setPoolAutostart = (storage: StoragePools, key: PoolKey, isAutostart: boolean) =>
  alone(storage, { key, what: "set autostart of", needs: "persistent" }, (pool, token) =>
    Effect.andThen(
      linkPool(storage.disk, pool.definition.name, isAutostart),
      storage.commit(token, [{ type: "put", pool: { ...pool, isAutostart } }], [])
    ).pipe(Effect.uninterruptible)
  )

/** Looks at the folder again, beside work on its volumes. */
export const refreshPool = Effect.fnUntraced(function* (storage: StoragePools, key: PoolKey) {
  const pool = yield* findActive(storage, key)
  const { uuid, name } = pool.definition
  const claims = [{ on: "pool", uuid, mode: "read", needs: "active" } as const]
  yield* working(storage, { what: `refresh pool '${name}'`, claims }, (token) =>
    Effect.gen(function* () {
      const seen = yield* lookAt(storage, current(storage, pool))
      const change = { type: "looked", uuid, ...seen } as const
      yield* storage.commit(token, [change], [refreshed(pool.definition)])
    })
  )
})

export const poolXML = Effect.fnUntraced(function* (
  storage: StoragePools,
  key: PoolKey,
  { isInactive = false }: { readonly isInactive?: boolean } = {}
) {
  const { definition, nextDefinition, figures } = yield* findPool(storage, key)
  return isInactive
    ? formatPool(nextDefinition ?? definition, noFigures)
    : formatPool(definition, figures)
})
