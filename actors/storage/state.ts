/**
 * What the storage actor knows, and what it decides by: pools, and the claims of those who work on
 * them. Pure. A claim is on a whole pool or on one volume; what would meet is refused at the door.
 */
import * as Result from "effect/Result"
import {
  noFigures,
  type Pool,
  type PoolDefinition,
  type PoolFigures,
  type PoolIdentity,
  type StorageEvent,
  type Volume
} from "../../src/model/storage.ts"
import {
  PoolActive,
  PoolExists,
  PoolInactive,
  PoolNotFound,
  PoolTransient,
  StorageBusy,
  type StorageError,
  VolumeExists,
  VolumeNotFound
} from "../../src/model/storage-error.ts"

/** `write` meets every other claim on the same thing, `read` only those that write. */
export type Claim =
  | {
      readonly on: "pool"
      readonly uuid: string
      readonly mode: "read" | "write"
      readonly needs?: "active" | "inactive" | "persistent"
    }
  | {
      readonly on: "volume"
      readonly uuid: string
      readonly name: string
      readonly mode: "read" | "write"
      readonly needs: "present" | "absent"
    }

/** Name, uuid and folder of a pool that is only being made. */
export interface Newcomer extends PoolIdentity {
  readonly path: string
}

export interface Job {
  /** Chosen by the asker, so that its end can be arranged before its beginning. */
  readonly token: string
  /** For whoever is refused because of it: `create volume 'a'`. */
  readonly what: string
  readonly claims: readonly Claim[]
  readonly newcomer?: Newcomer
}

interface Working extends Job {
  /** Volumes that others changed meanwhile: what this job saw of them is old. */
  readonly outdated: ReadonlySet<string>
}

export type Change =
  | { readonly type: "put"; readonly pool: Pool }
  | { readonly type: "drop"; readonly uuid: string }
  | {
      readonly type: "volume"
      readonly uuid: string
      readonly name: string
      /** `undefined`: it is gone. */
      readonly volume: Volume | undefined
      readonly figures: PoolFigures | undefined
    }
  /** A look at the whole folder. */
  | {
      readonly type: "looked"
      readonly uuid: string
      readonly volumes: ReadonlyMap<string, Volume>
      readonly figures: PoolFigures
    }

export type Hear = (event: StorageEvent) => void

export interface State {
  readonly phase: "closed" | "opening" | "open"
  /** Calls that wait until the pools are there. */
  readonly waiting: readonly number[]
  /** Pools whose autostart those calls wait for. */
  readonly starting: ReadonlySet<string>
  readonly pools: ReadonlyMap<string, Pool>
  readonly jobs: ReadonlyMap<string, Working>
  readonly listeners: ReadonlyMap<number, Hear>
}

export const initialState: State = {
  phase: "closed",
  waiting: [],
  starting: new Set(),
  pools: new Map(),
  jobs: new Map(),
  listeners: new Map()
}

export const identityOf = ({ name, uuid }: PoolIdentity): PoolIdentity => ({ name, uuid })

/** A pool that has just been defined, or is about to be started. */
export const newPool = (definition: PoolDefinition, isPersistent: boolean): Pool => ({
  definition,
  nextDefinition: undefined,
  isActive: false,
  isPersistent,
  isAutostart: false,
  figures: noFigures,
  volumes: new Map()
})

const volumeKey = (uuid: string, name: string): string => `${uuid}/${name}`

/** Which of two claims would meet. */
const meet = (one: Claim, other: Claim): boolean => {
  if (one.uuid !== other.uuid) return false
  if (one.on === "volume" && other.on === "volume")
    return one.name === other.name && (one.mode === "write" || other.mode === "write")
  if (one.on === "pool" && other.on === "pool")
    return one.mode === "write" || other.mode === "write"
  // A look at the whole pool goes on beside work on its volumes, which it leaves out.
  return one.on === "pool" ? one.mode === "write" : other.mode === "write"
}

const standing = (pool: Pool, claim: Claim & { readonly on: "pool" }): StorageError | undefined => {
  const { name } = pool.definition
  switch (claim.needs) {
    case "active":
      return pool.isActive ? undefined : new PoolInactive({ pool: name })
    case "inactive":
      return pool.isActive ? new PoolActive({ pool: name }) : undefined
    case "persistent":
      return pool.isPersistent ? undefined : new PoolTransient({ pool: name })
    case undefined:
      return undefined
  }
}

const presence = (
  pool: Pool,
  { name, needs }: Claim & { readonly on: "volume" }
): StorageError | undefined => {
  if (!pool.isActive) return new PoolInactive({ pool: pool.definition.name })
  const isThere = pool.volumes.has(name)
  if (needs === "present")
    return isThere ? undefined : new VolumeNotFound({ by: "name", key: name })
  return isThere ? new VolumeExists({ pool: pool.definition.name, volume: name }) : undefined
}

const claimObjection = (state: State, claim: Claim): StorageError | undefined => {
  const pool = state.pools.get(claim.uuid)
  if (pool === undefined) return new PoolNotFound({ by: "uuid", key: claim.uuid })
  for (const job of state.jobs.values()) {
    if (!job.claims.some((other) => meet(claim, other))) continue
    const volume = claim.on === "volume" ? claim.name : undefined
    return new StorageBusy({ pool: pool.definition.name, volume, heldBy: job.what })
  }
  return claim.on === "pool" ? standing(pool, claim) : presence(pool, claim)
}

const newcomerOf = ({ name, uuid, target }: PoolDefinition): Newcomer => ({
  name,
  uuid,
  path: target.path
})

/** The pool that has the name, the uuid or the folder, unless it is the one that is claimed. */
const newcomerObjection = (
  state: State,
  wanted: Newcomer,
  { claims }: Job
): StorageError | undefined => {
  const isClaimed = claims.some(({ uuid }) => uuid === wanted.uuid)
  const made = [...state.pools.values()].flatMap((pool) =>
    [pool.definition, pool.nextDefinition].flatMap((one) =>
      one === undefined ? [] : [newcomerOf(one)]
    )
  )
  const coming = [...state.jobs.values()].flatMap(({ newcomer }) =>
    newcomer === undefined ? [] : [newcomer]
  )
  const refuse = (existing: PoolIdentity, same: PoolExists["same"]) =>
    new PoolExists({ wanted: identityOf(wanted), existing: identityOf(existing), same })
  for (const other of [...made, ...coming]) {
    if (isClaimed && other.uuid === wanted.uuid && other.name === wanted.name) continue
    if (other.uuid === wanted.uuid) return refuse(other, "uuid")
    if (other.name === wanted.name) return refuse(other, "name")
    if (other.path === wanted.path) return refuse(other, "target path")
  }
  return undefined
}

/** The state with the job, or why it may not begin. */
export const begun = (state: State, job: Job): Result.Result<State, StorageError> => {
  const objections = job.claims.map((claim) => claimObjection(state, claim))
  const objection =
    objections.find((one) => one !== undefined) ??
    (job.newcomer === undefined ? undefined : newcomerObjection(state, job.newcomer, job))
  if (objection !== undefined) return Result.fail(objection)
  const jobs = new Map(state.jobs).set(job.token, { ...job, outdated: new Set<string>() })
  return Result.succeed({ ...state, jobs })
}

/** Ending twice is ending once. */
export const ended = (state: State, token: string): State => {
  if (!state.jobs.has(token)) return state
  const jobs = new Map(state.jobs)
  jobs.delete(token)
  return { ...state, jobs }
}

const withPool = (state: State, uuid: string, change: (pool: Pool) => Pool): State => {
  const pool = state.pools.get(uuid)
  return pool === undefined
    ? state
    : { ...state, pools: new Map(state.pools).set(uuid, change(pool)) }
}

const withVolume = (volumes: Pool["volumes"], name: string, volume: Volume | undefined) => {
  const next = new Map(volumes)
  if (volume === undefined) next.delete(name)
  else next.set(name, volume)
  return next
}

/** What everybody else saw of this volume so far is old. */
const outdating = (state: State, token: string, key: string): State => {
  const isLooking = ({ claims }: Job) => claims.some(({ on }) => on === "pool")
  const jobs = new Map(
    [...state.jobs].map(([other, job]) => [
      other,
      other === token || !isLooking(job)
        ? job
        : { ...job, outdated: new Set([...job.outdated, key]) }
    ])
  )
  return { ...state, jobs }
}

/** What was seen, but for the volumes that somebody works on or has changed since. */
const merged = (
  state: State,
  token: string,
  { uuid, volumes }: Change & { readonly type: "looked" }
): ReadonlyMap<string, Volume> => {
  const known = state.pools.get(uuid)?.volumes ?? new Map<string, Volume>()
  const claimed = [...state.jobs.values()].flatMap(({ claims }) =>
    claims.flatMap((claim) =>
      claim.on === "volume" && claim.uuid === uuid && claim.mode === "write" ? [claim.name] : []
    )
  )
  const outdated = state.jobs.get(token)?.outdated ?? new Set<string>()
  const others = [...outdated]
    .filter((key) => key.startsWith(volumeKey(uuid, "")))
    .map((key) => key.slice(volumeKey(uuid, "").length))
  const next = new Map(volumes)
  for (const name of [...claimed, ...others]) {
    const mine = known.get(name)
    if (mine === undefined) next.delete(name)
    else next.set(name, mine)
  }
  return next
}

export const changed = (state: State, token: string, change: Change): State => {
  switch (change.type) {
    case "put":
      return {
        ...state,
        pools: new Map(state.pools).set(change.pool.definition.uuid, change.pool)
      }
    case "drop": {
      const pools = new Map(state.pools)
      pools.delete(change.uuid)
      return { ...state, pools }
    }
    case "volume": {
      const { uuid, name, volume, figures } = change
      const next = withPool(state, uuid, (pool) => ({
        ...pool,
        volumes: withVolume(pool.volumes, name, volume),
        figures: figures ?? pool.figures
      }))
      return outdating(next, token, volumeKey(uuid, name))
    }
    case "looked": {
      const volumes = merged(state, token, change)
      return withPool(state, change.uuid, (pool) => ({
        ...pool,
        isActive: true,
        figures: change.figures,
        volumes
      }))
    }
  }
}

/** A newer look at a volume that nobody works on: what is no longer there stays away. */
export const seenAgain = (state: State, uuid: string, volume: Volume): State => {
  const pool = state.pools.get(uuid)
  const isClaimed = [...state.jobs.values()].some(({ claims }) =>
    claims.some(
      (claim) => claim.on === "volume" && claim.uuid === uuid && claim.name === volume.name
    )
  )
  if (isClaimed || pool?.volumes.has(volume.name) !== true) return state
  return withPool(state, uuid, (one) => ({
    ...one,
    volumes: withVolume(one.volumes, volume.name, volume)
  }))
}
