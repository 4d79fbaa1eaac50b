/**
 * The store as a service: the definitions and the live status of one root on disk. Everything goes
 * through the Files service, so all of it runs in the simulated world. It keeps in memory
 * who it is, which syncs are under way, and whose renames and links may be: indexes and snapshots
 * belong to actors.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Ids } from "../base/ids.ts"
import { Files } from "../host/files.ts"
import { defineDomain, undefineDomain } from "./define.ts"
import { type Definition, readDefinition, recallLinks, setAutostart } from "./definitions.ts"
import type { DefinitionDisk } from "./disk.ts"
import { type Identity, identityOfText, type ReadIdentity } from "./identity.ts"
import { withGroupedSyncs } from "./grouped-sync.ts"
import type { RootLocked, StoreError } from "./error.ts"
import {
  type HostdevListing,
  type HostdevRecord,
  listHostdevs,
  type RememberedKind,
  readHostdev,
  removeHostdev,
  writeHostdev
} from "./hostdevs.ts"
import { type DefinitionIndex, indexDefinitions } from "./index-definitions.ts"
import { guestDirectory, type Layout, layoutOf } from "./layout.ts"
import {
  compactOperations,
  findOperation,
  type OperationRecord,
  recordOperation
} from "./operations.ts"
import { makeGuestDirectory, removeGuestDirectory } from "./guest-directory.ts"
import { type Rename, type RenameRecovery, recoverRenames, renameDefinition } from "./rename.ts"
import { openRoot, type RootIdentity } from "./root.ts"
import {
  listStatuses,
  removeStatus,
  type StatusListing,
  type StatusRecord,
  writeStatus
} from "./status.ts"

export interface StoreOptions {
  /** An absolute path. Created when it is not there. */
  readonly root: string
  /** Where sockets and status records are, when not in `root/run`: at most 64 bytes long. */
  readonly run?: string
  /** Who opens it, for the message of a second engine: `troupe daemon, pid 4711`. */
  readonly owner: string
  /** Reads name and uuid from the text of a definition. Default: from libvirt's XML. */
  readonly readIdentity?: ReadIdentity
}

/**
 * The root that this engine holds. Every write is all or nothing; see each for how durable it is.
 */
export class Store extends Context.Service<
  Store,
  RootIdentity & {
    readonly layout: Layout
    /** Renames that an earlier engine left unfinished, and what became of them at open. */
    readonly recovered: readonly RenameRecovery[]

    /** Name, uuid and autostart of each definition, and the files that are not understood. */
    readonly indexDefinitions: Effect.Effect<DefinitionIndex, StoreError>
    /** The XML text as it was written. */
    readonly readDefinition: (name: string) => Effect.Effect<string, StoreError>
    /** Durable once it succeeds. Refuses (`exists`) to replace the file of another domain. */
    readonly writeDefinition: (definition: Definition) => Effect.Effect<void, StoreError>
    /** Durable, with the autostart link. `false` when there was none. */
    readonly removeDefinition: (identity: Identity) => Effect.Effect<boolean, StoreError>
    /** Durable; `xml` is the definition under its new name. The autostart link comes along. */
    readonly renameDefinition: (rename: Rename) => Effect.Effect<void, StoreError>
    /** Durable. */
    readonly setAutostart: (name: string, isAutostart: boolean) => Effect.Effect<void, StoreError>

    /** Survives this engine, not the host. */
    readonly writeStatus: (record: StatusRecord) => Effect.Effect<void, StoreError>
    readonly removeStatus: (epoch: string) => Effect.Effect<void, StoreError>
    readonly listStatuses: Effect.Effect<StatusListing, StoreError>

    /** A device that is taken from its driver. Survives this engine, not the host. */
    readonly writeHostdev: (record: HostdevRecord) => Effect.Effect<void, StoreError>
    readonly removeHostdev: (
      device: string,
      kind?: RememberedKind
    ) => Effect.Effect<void, StoreError>
    readonly readHostdev: (
      device: string,
      kind?: RememberedKind
    ) => Effect.Effect<HostdevRecord | undefined, StoreError>
    readonly listHostdevs: Effect.Effect<HostdevListing, StoreError>

    /**
     * Makes the directory for the sockets of one epoch and gives its path. Made already is fine.
     */
    readonly makeGuestDirectory: (epoch: string) => Effect.Effect<string, StoreError>
    /** Removes it with the files in it. Absent is fine. */
    readonly removeGuestDirectory: (epoch: string) => Effect.Effect<void, StoreError>
    readonly guestDirectory: (epoch: string) => string

    /** What is known of a repeated operation id. */
    readonly findOperation: (id: string) => Effect.Effect<OperationRecord | undefined, StoreError>
    /** Durable: before the deed without a reply, after it with one. */
    readonly recordOperation: (record: OperationRecord) => Effect.Effect<void, StoreError>
    /** Drops old entries; gives how many. */
    readonly compactOperations: (nowMs: number) => Effect.Effect<number, StoreError>
  }
>()("troupe/store/Store") {}

/** Opens the root, locked until the scope closes, and finishes what a crash interrupted. */
export const make = Effect.fnUntraced(function* (
  options: StoreOptions
): Effect.fn.Return<Store["Service"], StoreError | RootLocked, Files | Ids | Scope.Scope> {
  const { readIdentity = identityOfText } = options
  const layout = layoutOf(options.root, options.run)
  const files = withGroupedSyncs(yield* Files)
  const disk: DefinitionDisk = {
    files,
    ids: yield* Ids,
    layout,
    renaming: new Set(),
    linked: new Set()
  }
  const identity = yield* openRoot(disk, options.owner)
  yield* recallLinks(disk)
  const recovered = yield* recoverRenames(disk, readIdentity)
  return {
    ...identity,
    layout,
    recovered,
    indexDefinitions: indexDefinitions(disk, readIdentity),
    readDefinition: (name) => readDefinition(disk, name),
    writeDefinition: (definition) => defineDomain(disk, readIdentity, definition),
    removeDefinition: (domain) => undefineDomain(disk, readIdentity, domain),
    renameDefinition: (rename) => renameDefinition(disk, readIdentity, rename),
    setAutostart: (name, isAutostart) => setAutostart(disk, name, isAutostart),
    writeStatus: (record) => writeStatus(disk, record),
    removeStatus: (epoch) => removeStatus(disk, epoch),
    listStatuses: listStatuses(disk),
    writeHostdev: (record) => writeHostdev(disk, record),
    removeHostdev: (device, kind) => removeHostdev(disk, device, kind),
    readHostdev: (device, kind) => readHostdev(disk, device, kind),
    listHostdevs: listHostdevs(disk),
    makeGuestDirectory: (epoch) => makeGuestDirectory(disk, epoch),
    removeGuestDirectory: (epoch) => removeGuestDirectory(disk, epoch),
    guestDirectory: (epoch) => guestDirectory(layout, epoch),
    findOperation: (id) => findOperation(disk, id),
    recordOperation: (record) => recordOperation(disk, record),
    compactOperations: (nowMs) => compactOperations(disk, nowMs)
  }
})

export const layer = (
  options: StoreOptions
): Layer.Layer<Store, StoreError | RootLocked, Files | Ids> => Layer.effect(Store, make(options))
