/**
 * Opens a root for one engine: its directories, the lock that makes it the only one, the root's
 * identity and this engine's generation. Nothing else of the store may be touched before.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { sweep, writeDurably, writeVisibly } from "./atomic.ts"
import { folderOf as hostdevsFolder } from "./hostdevs.ts"
import { bytesOf, type Disk, malformed, orAbsent, readText } from "./disk.ts"
import { RootLocked, StoreError, storeError } from "./error.ts"
import { runPathBytesMax } from "./layout.ts"

const identityVersion = 1
const identityBytesMax = 4096
const holderBytesMax = 1024

const Identity = Schema.Struct({
  version: Schema.Literal(identityVersion),
  rootId: Schema.String,
  generation: Schema.Int
})

const decodeIdentity = Schema.decodeUnknownResult(Schema.fromJsonString(Identity))

/** What an open root is. */
export interface RootIdentity {
  /** Made at the first open; the same for ever. */
  readonly rootId: string
  /** One more at each open, durably, so that epochs never repeat. */
  readonly generation: number
}

/**
 * Locks the root until the scope closes. `owner` says who we are, for the message that a second
 * engine gives: `troupe daemon, pid 4711`.
 */
export const openRoot = Effect.fnUntraced(function* (disk: Disk, owner: string) {
  yield* checkRunPath(disk.layout.run)
  yield* makeDirectories(disk)
  yield* lockRoot(disk)
  yield* sweepAll(disk)
  yield* keepNames(disk)
  yield* sayWhoHolds(disk, owner)
  return yield* nextGeneration(disk)
})

const checkRunPath = (run: string): Effect.Effect<void, StoreError> => {
  const length = bytesOf(run).length
  return length <= runPathBytesMax
    ? Effect.void
    : Effect.fail(
        new StoreError({
          deed: "use the run directory",
          path: run,
          fault: "tooLarge",
          because: `it has ${length} bytes; at most ${runPathBytesMax} leave room for sockets`,
          isUnchanged: true
        })
      )
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"

const makeDirectories = (disk: Disk): Effect.Effect<void, StoreError> =>
  Effect.forEach(
    disk.layout.directories,
    ({ path, mode }) => disk.files.makeDirectory(path, mode),
    { discard: true }
  ).pipe(Effect.mapError(storeError("make the directories of the root")))

const lockRoot = (disk: Disk) => {
  const { files, layout } = disk
  return files.lock(layout.lock).pipe(
    Effect.catchTag("FileLocked", () =>
      Effect.flatMap(readHolder(disk), (holder) =>
        Effect.fail(new RootLocked({ root: layout.root, holder }))
      )
    ),
    Effect.catchTag("FileError", (error) => Effect.fail(storeError("lock the root")(error)))
  )
}

const sayWhoHolds = (disk: Disk, owner: string): Effect.Effect<void, StoreError> =>
  writeVisibly(disk, {
    deed: "say who holds the root",
    path: disk.layout.holder,
    bytes: bytesOf(owner),
    mode: 0o600
  })

const readHolder = (disk: Disk): Effect.Effect<string | undefined> =>
  readText(disk, { deed: "read", path: disk.layout.holder, bytesMax: holderBytesMax }).pipe(
    Effect.orElseSucceed(() => undefined)
  )

/** Removes what a crash left of unfinished writes. */
const sweepAll = (disk: Disk): Effect.Effect<void, StoreError> => {
  const { root, lib, renames, operations, definitions, statuses } = disk.layout
  return Effect.forEach(
    [root, lib, renames, operations, definitions, statuses],
    (directory) => sweep(disk, directory),
    { discard: true, concurrency: "unbounded" }
  ).pipe(
    Effect.mapError(storeError("sweep the root")),
    // Made when a device is first taken from its driver.
    Effect.andThen(Effect.ignore(sweep(disk, hostdevsFolder(disk))))
  )
}

/**
 * A file is only as durable as its own name and the names above it. An engine that was killed
 * between a change of names and its sync has left names that are seen but not yet kept, and what
 * this engine shows to anybody must not vanish with the power. So all are synced, whoever made
 * them.
 */
const keepNames = (disk: Disk): Effect.Effect<void, StoreError> => {
  const { files, layout } = disk
  const { root, lib, renames, operations, definitions, autostart } = layout
  const above = parentOf(root)
  const inside = [root, parentOf(definitions), definitions, autostart, lib, renames, operations]
  return Effect.forEach(inside, (directory) => files.syncDirectory(directory), {
    concurrency: "unbounded"
  }).pipe(
    // Whoever made the root may not let us read what is above it, and has to see to that himself.
    Effect.andThen(
      Effect.catchIf(
        files.syncDirectory(above),
        ({ code }) => code === "EACCES" || code === "EPERM",
        () => Effect.void
      )
    ),
    Effect.mapError(storeError("sync the directories of the root"))
  )
}

/**
 * A damaged identity is never replaced by a fresh one: a generation that starts again would repeat
 * epochs, and a stale kill or record would then hit a living guest.
 */
const nextGeneration = Effect.fnUntraced(function* (disk: Disk) {
  const deed = "read the identity of the root"
  const path = disk.layout.identity
  const text = yield* orAbsent(readText(disk, { deed, path, bytesMax: identityBytesMax }))
  const last = text === undefined ? undefined : decodeIdentity(text)
  if (last !== undefined && Result.isFailure(last))
    return yield* malformed(deed, path, "it is no identity of a version that is known")
  const identity: RootIdentity =
    last === undefined
      ? { rootId: yield* disk.ids.uuid, generation: yield* afterStatuses(disk) }
      : { rootId: last.success.rootId, generation: last.success.generation + 1 }
  yield* writeDurably(disk, {
    deed: "write the identity of the root",
    path,
    bytes: bytesOf(`${JSON.stringify({ version: identityVersion, ...identity })}\n`),
    mode: 0o600
  })
  return identity
})

/**
 * The first generation: above those of all records, should the identity have been removed by hand.
 */
const afterStatuses = Effect.fnUntraced(function* (disk: Disk) {
  const names = yield* disk.files
    .list(disk.layout.statuses)
    .pipe(Effect.mapError(storeError("list the statuses")))
  const generations = names.map((name) => Number.parseInt(name, 10)).filter((n) => n >= 0)
  return generations.reduce((highest, one) => Math.max(highest, one), 0) + 1
})
