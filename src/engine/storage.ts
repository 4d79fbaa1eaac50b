/**
 * What may be asked of an engine about storage pools and volumes. Each call runs within a lease of
 * the driver; the first one reads the definitions and starts the pools that are to start with the
 * engine. Holds nothing itself.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { CallError } from "../../actors/driver/once.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import * as Content from "../../actors/storage/content-calls.ts"
import * as Pools from "../../actors/storage/pool-calls.ts"
import type { StoragePools, StorageServices } from "../../actors/storage/pools.ts"
import * as Volumes from "../../actors/storage/volume-calls.ts"
import {
  findActive,
  findPool,
  findVolume,
  type PoolKey,
  type VolumeKey
} from "../../actors/storage/work.ts"
import { reading } from "./waiting.ts"
import type { FileError } from "../host/files.ts"
import { makeCall } from "../kernel/call.ts"
import type { Pool, PoolFigures, PoolIdentity, StorageEvent, Volume } from "../model/storage.ts"
import type { StorageError } from "../model/storage-error.ts"
import type { StoreError } from "../store/error.ts"
import type { XmlError } from "../xml/error.ts"

export type { PoolKey, VolumeKey } from "../../actors/storage/work.ts"
export type { Piece } from "../../actors/storage/content-calls.ts"
export type { VolumeIdentity } from "../../actors/storage/volume-calls.ts"

/** How any call here can fail. */
export type StorageCallError = StorageError | XmlError | StoreError | FileError | CallError

type Answer<A> = Effect.Effect<A, StorageCallError>

export interface PoolSummary extends PoolIdentity {
  readonly type: "dir"
  readonly isActive: boolean
  readonly isPersistent: boolean
  readonly isAutostart: boolean
  readonly targetPath: string
  /** All zero while it is inactive. */
  readonly figures: PoolFigures
}

export interface CreateVolume extends Pools.XmlOptions {
  /** VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA */
  readonly isPreallocated?: boolean
}

export interface CopyVolume extends CreateVolume {
  readonly from: VolumeKey
}

/** A volume's bytes on their way out; one reader. */
export interface VolumeDownload {
  /** At most so many bytes, or a hole; `undefined` at the end. */
  readonly read: (bytesMax: number) => Answer<Content.Piece | undefined>
}

/** A volume's bytes on their way in; one writer, who waits for each piece. */
export interface VolumeUpload {
  readonly write: (bytes: Uint8Array) => Answer<void>
  readonly hole: (lengthBytes: number) => Answer<void>
  /** What was written is on the disk. The scope is to be closed afterwards. */
  readonly finish: Answer<void>
}

export interface Storage {
  /** What every call does first. A daemon asks at its start, so that pools start with it. */
  readonly open: Answer<void>
  /** One consistent cut, by name. */
  readonly listPools: Answer<readonly PoolSummary[]>
  readonly lookupPool: (key: PoolKey) => Answer<PoolSummary>
  /** Makes a persistent pool, or replaces its definition. Durable when it succeeds. */
  readonly definePool: (xml: string, options?: Pools.XmlOptions) => Answer<PoolIdentity>
  /** Starts a pool that is gone when it is stopped. */
  readonly createPool: (
    xml: string,
    options?: Pools.XmlOptions & Pools.PoolStart
  ) => Answer<PoolIdentity>
  readonly buildPool: (key: PoolKey) => Answer<void>
  readonly startPool: (key: PoolKey, options?: Pools.PoolStart) => Answer<void>
  readonly stopPool: (key: PoolKey) => Answer<void>
  readonly deletePool: (key: PoolKey) => Answer<void>
  readonly undefinePool: (key: PoolKey) => Answer<void>
  readonly refreshPool: (key: PoolKey) => Answer<void>
  readonly setPoolAutostart: (key: PoolKey, isAutostart: boolean) => Answer<void>
  readonly poolXML: (key: PoolKey, options?: { readonly isInactive?: boolean }) => Answer<string>
  /** By name, of an active pool. */
  readonly listVolumes: (pool: PoolKey) => Answer<readonly Volumes.VolumeIdentity[]>
  readonly lookupVolume: (key: VolumeKey) => Answer<Volumes.VolumeIdentity>
  /** As its file is now. */
  readonly volume: (key: VolumeKey) => Answer<Volume>
  readonly volumeXML: (key: VolumeKey) => Answer<string>
  /** Interrupting these ends the work and leaves nothing of it. */
  readonly createVolume: (
    pool: PoolKey,
    xml: string,
    options?: CreateVolume
  ) => Answer<Volumes.VolumeIdentity>
  readonly copyVolume: (
    pool: PoolKey,
    xml: string,
    options: CopyVolume
  ) => Answer<Volumes.VolumeIdentity>
  readonly deleteVolume: (key: VolumeKey) => Answer<void>
  readonly resizeVolume: (key: VolumeKey, resizing: Volumes.Resizing) => Answer<void>
  /** By an algorithm of libvirt's name; `zero` is done, the others are refused. */
  readonly wipeVolume: (key: VolumeKey, algorithm?: string) => Answer<void>
  readonly download: (
    key: VolumeKey,
    options?: Partial<Content.DownloadOptions>
  ) => Effect.Effect<VolumeDownload, StorageCallError, Scope.Scope>
  readonly upload: (
    key: VolumeKey,
    range?: Partial<Content.Range>
  ) => Effect.Effect<VolumeUpload, StorageCallError, Scope.Scope>
  /**
   * Until the scope closes. `hear` is called within a turn, in the order of what happened: it
   * neither waits nor throws.
   */
  readonly subscribe: (
    hear: (event: StorageEvent) => void
  ) => Effect.Effect<void, StorageCallError, Scope.Scope>
}

const summaryOf = (pool: Pool): PoolSummary => {
  const { definition, isActive, isPersistent, isAutostart, figures } = pool
  const { name, uuid, type, target } = definition
  const targetPath = target.path
  return { name, uuid, type, isActive, isPersistent, isAutostart, targetPath, figures }
}

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : Number(one.name > other.name)

/** Within a lease, once the pools are there. */
const calling =
  (driver: Driver) =>
  <A, E>(
    procedure: string,
    work: (storage: StoragePools) => Effect.Effect<A, E, StorageServices>
  ): Effect.Effect<A, E | CallError> =>
    driver.call(makeCall(procedure), ({ storage }) =>
      Effect.andThen(
        storage.open,
        Effect.suspend(() => work(storage))
      ).pipe(Effect.provideContext(storage.services))
    )

type Calling = ReturnType<typeof calling>

/** What is published is read without a lease. */
const looking =
  (driver: Driver) =>
  <A, E>(
    procedure: string,
    look: (storage: StoragePools) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | CallError> =>
    Effect.flatMap(
      reading(driver, procedure, ({ storage }) => storage),
      (storage) =>
        Effect.andThen(
          storage.open,
          Effect.suspend(() => look(storage))
        )
    )

type Looking = ReturnType<typeof looking>

const poolLooks = (look: Looking) => ({
  open: look("storageOpen", () => Effect.void),
  listPools: look("connectListAllStoragePools", (storage) =>
    Effect.sync(() => [...storage.pools().values()].map(summaryOf).toSorted(byName))
  ),
  lookupPool: (key: PoolKey) =>
    look("storagePoolLookup", (storage) => Effect.map(findPool(storage, key), summaryOf)),
  poolXML: (key: PoolKey, options?: { readonly isInactive?: boolean }) =>
    look("storagePoolGetXMLDesc", (storage) => Pools.poolXML(storage, key, options)),
  listVolumes: (pool: PoolKey) =>
    look("storagePoolListAllVolumes", (storage) =>
      Effect.map(findActive(storage, pool), (found) =>
        [...found.volumes.values()]
          .map((volume) => Volumes.volumeIdentity({ pool: found, volume }))
          .toSorted(byName)
      )
    ),
  lookupVolume: (key: VolumeKey) =>
    look("storageVolLookup", (storage) =>
      Effect.map(findVolume(storage, key), Volumes.volumeIdentity)
    )
})

const poolCalls = (call: Calling) => ({
  definePool: (xml: string, options?: Pools.XmlOptions) =>
    call("storagePoolDefineXML", (storage) => Pools.definePool(storage, xml, options)),
  createPool: (xml: string, options?: Pools.XmlOptions & Pools.PoolStart) =>
    call("storagePoolCreateXML", (storage) => Pools.createPool(storage, xml, options)),
  buildPool: (key: PoolKey) => call("storagePoolBuild", (storage) => Pools.buildPool(storage, key)),
  startPool: (key: PoolKey, options?: Pools.PoolStart) =>
    call("storagePoolCreate", (storage) => Pools.startPool(storage, key, options)),
  stopPool: (key: PoolKey) => call("storagePoolDestroy", (storage) => Pools.stopPool(storage, key)),
  deletePool: (key: PoolKey) =>
    call("storagePoolDelete", (storage) => Pools.deletePool(storage, key)),
  undefinePool: (key: PoolKey) =>
    call("storagePoolUndefine", (storage) => Pools.undefinePool(storage, key)),
  refreshPool: (key: PoolKey) =>
    call("storagePoolRefresh", (storage) => Pools.refreshPool(storage, key)),
  setPoolAutostart: (key: PoolKey, isAutostart: boolean) =>
    call("storagePoolSetAutostart", (storage) => Pools.setPoolAutostart(storage, key, isAutostart))
})

const volumeCalls = (call: Calling) => ({
  volume: (key: VolumeKey) =>
    call("storageVolGetInfo", (storage) => Volumes.freshVolume(storage, key)),
  volumeXML: (key: VolumeKey) =>
    call("storageVolGetXMLDesc", (storage) => Volumes.volumeXML(storage, key)),
  createVolume: (pool: PoolKey, xml: string, options?: CreateVolume) =>
    call("storageVolCreateXML", (storage) =>
      Volumes.createVolume(storage, pool, { xml, ...options })
    ),
  copyVolume: (pool: PoolKey, xml: string, options: CopyVolume) =>
    call("storageVolCreateXMLFrom", (storage) =>
      Volumes.copyVolume(storage, pool, { xml, ...options })
    ),
  deleteVolume: (key: VolumeKey) =>
    call("storageVolDelete", (storage) => Volumes.deleteVolume(storage, key)),
  resizeVolume: (key: VolumeKey, resizing: Volumes.Resizing) =>
    call("storageVolResize", (storage) => Volumes.resizeVolume(storage, key, resizing)),
  wipeVolume: (key: VolumeKey, algorithm = "zero") =>
    call("storageVolWipe", (storage) => Volumes.wipeVolume(storage, key, algorithm))
})

/** The scope is the caller's: what is opened lives longer than the call that opens it. */
const contentCalls = (driver: Driver, call: Calling) => {
  const within = <A, E>(work: Effect.Effect<A, E, StorageServices>) =>
    Effect.suspend((): Effect.Effect<A, E | CallError> => {
      const services = driver.parts()?.storage.services
      // Without parts there is no engine any more, and every call says so.
      return services === undefined
        ? Effect.andThen(
            call("storageStream", () => Effect.void),
            Effect.never
          )
        : Effect.provideContext(work, services)
    })
  const opening = <A, E>(
    procedure: string,
    open: (storage: StoragePools) => Effect.Effect<A, E, StorageServices | Scope.Scope>
  ) =>
    Effect.flatMap(Effect.scope, (scope) =>
      call(procedure, (storage) => Effect.provideService(open(storage), Scope.Scope, scope))
    )
  const download: Storage["download"] = (key, options) =>
    Effect.map(
      opening("storageVolDownload", (storage) =>
        Content.download(storage, key, { offsetBytes: 0, lengthBytes: 0, ...options })
      ),
      (stream) => ({ read: (bytesMax) => within(stream.read(bytesMax)) })
    )
  const upload: Storage["upload"] = (key, range) =>
    Effect.map(
      opening("storageVolUpload", (storage) =>
        Content.upload(storage, key, { offsetBytes: 0, lengthBytes: 0, ...range })
      ),
      (stream) => ({
        write: (bytes) => within(stream.write(bytes)),
        hole: (lengthBytes) => within(stream.hole(lengthBytes)),
        finish: within(stream.sync)
      })
    )
  return { download, upload }
}

export const storageOf = (driver: Driver): Storage => {
  const call = calling(driver)
  return {
    ...poolLooks(looking(driver)),
    ...poolCalls(call),
    ...volumeCalls(call),
    ...contentCalls(driver, call),
    subscribe: (hear) =>
      Effect.flatMap(Effect.scope, (scope) =>
        call("connectStoragePoolEventRegisterAny", (storage) =>
          Effect.provideService(storage.subscribe(hear), Scope.Scope, scope)
        )
      )
  }
}
