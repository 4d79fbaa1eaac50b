/**
 * Renaming a definition: one change in two directories, so it has a journal of its own, one entry
 * per rename under way. The new definition, once durable, decides: recovery finishes a rename that
 * got so far and forgets one that did not. At no moment has the domain no definition.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { removeDurably, writeDurably } from "./atomic.ts"
import {
  forgetStaleAutostart,
  readDefinition,
  removeDefinition,
  setAutostart,
  writeDefinition
} from "./definitions.ts"
import { bytesOf, type DefinitionDisk, malformed, orAbsent, readText } from "./disk.ts"
import { StoreError, storeError } from "./error.ts"
import { type Identity, objectionOf, type ReadIdentity } from "./identity.ts"
import { autostartPath, definitionPath } from "./layout.ts"

const journalVersion = 1
const entryBytesMax = 64 * 1024

const Entry = Schema.Struct({
  version: Schema.Literal(journalVersion),
  uuid: Schema.String,
  from: Schema.String,
  to: Schema.String
})

const decodeEntry = Schema.decodeUnknownResult(Schema.fromJsonString(Entry))

export interface Rename {
  readonly uuid: string
  readonly from: string
  readonly to: string
  /** The definition under its new name. */
  readonly xml: string
}

type Plan = Omit<Rename, "xml">

const entryPath = (disk: DefinitionDisk, uuid: string): string =>
  `${disk.layout.renames}/${uuid}.json`

const deedOf = ({ from, to }: Plan): string => `rename '${from}' to '${to}'`

/**
 * Renames the definition and its autostart link, durably: after success only the new name exists.
 */
export const renameDefinition = (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  rename: Rename
): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    yield* requireOld(disk, readIdentity, rename)
    yield* refuseOccupied(disk, rename)
    yield* forgetStaleAutostart(disk, rename.to)
    yield* begin(disk, rename)
    const { to, uuid, xml } = rename
    yield* writeDefinition(disk, readIdentity, { name: to, uuid, xml }).pipe(
      Effect.tapError((error) => (error.isUnchanged ? forget(disk, rename) : Effect.void))
    )
    yield* finish(disk, readIdentity, rename).pipe(
      Effect.catch((error) => undo(disk, readIdentity, { plan: rename, error }))
    )
    yield* forget(disk, rename)
  }).pipe(
    Effect.mapError((error) => new StoreError({ ...error, deed: deedOf(rename) })),
    Effect.uninterruptible
  )

const requireOld = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  rename: Rename
) {
  const text = yield* readDefinition(disk, rename.from)
  const objection = objectionOf(readIdentity, { name: rename.from, uuid: rename.uuid })
  const because = objection(bytesOf(text))
  if (because !== undefined)
    return yield* malformed(deedOf(rename), definitionPath(disk.layout, rename.from), because)
})

const refuseOccupied = Effect.fnUntraced(function* (disk: DefinitionDisk, rename: Rename) {
  const path = definitionPath(disk.layout, rename.to)
  const present = yield* orAbsent(
    disk.files.stat(path).pipe(Effect.mapError(storeError(deedOf(rename))))
  )
  if (present === undefined) return
  return yield* new StoreError({
    deed: deedOf(rename),
    path,
    fault: "exists",
    because: "a definition of that name is there",
    isUnchanged: true
  })
})

/** An entry alone changes nothing: recovery forgets it. */
const begin = (disk: DefinitionDisk, { uuid, from, to }: Rename): Effect.Effect<void, StoreError> =>
  Effect.suspend(() => {
    disk.renaming.add(uuid)
    return writeDurably(disk, {
      deed: "write the journal",
      path: entryPath(disk, uuid),
      bytes: bytesOf(`${JSON.stringify({ version: journalVersion, uuid, from, to })}\n`),
      mode: 0o600
    })
  }).pipe(Effect.mapError((error) => new StoreError({ ...error, isUnchanged: true })))

/** An entry that stays behind does no harm: recovery would repeat what is done already. */
const forget = (disk: DefinitionDisk, { uuid }: Plan): Effect.Effect<void> =>
  removeDurably(disk, {
    deed: "clear the journal",
    path: entryPath(disk, uuid),
    mode: 0o600
  }).pipe(
    Effect.tap(() => Effect.sync(() => disk.renaming.delete(uuid))),
    Effect.ignore
  )

const isLinked = (disk: DefinitionDisk, name: string): Effect.Effect<boolean, StoreError> =>
  orAbsent(
    disk.files
      .stat(autostartPath(disk.layout, name))
      .pipe(Effect.mapError(storeError("look for the autostart link")))
  ).pipe(Effect.map((stat) => stat !== undefined))

/** From the moment on that the new definition is durable. Repeatable. */
const finish = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  plan: Plan
) {
  if (yield* isLinked(disk, plan.from)) yield* setAutostart(disk, plan.to, true)
  yield* removeDefinition(disk, readIdentity, { name: plan.from, uuid: plan.uuid })
})

/** The new definition goes again. If it cannot, the entry stays and the next start finishes. */
const undo = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  { plan, error }: { readonly plan: Plan; readonly error: StoreError }
) {
  const back = error.isUnchanged
    ? removeDefinition(disk, readIdentity, { name: plan.to, uuid: plan.uuid })
    : Effect.fail(error)
  const isUndone = yield* Effect.isSuccess(back)
  if (isUndone) yield* forget(disk, plan)
  return yield* new StoreError({ ...error, isUnchanged: isUndone })
})

/**
 * Before the definition of this domain is written or removed again: a rename of it that failed, and
 * whose traces could not be removed then, must not come back with the next start.
 */
export const abandonRename = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  identity: Identity
) {
  if (!disk.renaming.has(identity.uuid)) return false
  const entry = yield* orAbsent(readEntry(disk, `${identity.uuid}.json`))
  if (entry === undefined || Result.isFailure(entry)) return false
  const { uuid, from, to } = entry.success
  const isLeftOver =
    from === identity.name && (yield* holds(disk, readIdentity, { name: to, uuid }))
  if (isLeftOver) yield* removeDefinition(disk, readIdentity, { name: to, uuid })
  yield* forget(disk, entry.success)
  return isLeftOver
})

/** What recovery did with an entry of the journal, for the log. */
export interface RenameRecovery {
  readonly path: string
  readonly outcome: "finished" | "forgotten" | "unreadable"
}

/**
 * Finishes or forgets every rename that a crash interrupted. For an opened root, before the index.
 */
export const recoverRenames = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity
) {
  const names = yield* disk.files
    .list(disk.layout.renames)
    .pipe(Effect.mapError(storeError("list the journal of renames")))
  const entries = names.filter((name) => name.endsWith(".json") && !name.startsWith("."))
  for (const name of entries) disk.renaming.add(name.slice(0, -".json".length))
  return yield* Effect.forEach(entries, (name) => recoverOne(disk, readIdentity, name))
})

const readEntry = (disk: DefinitionDisk, fileName: string) => {
  const path = `${disk.layout.renames}/${fileName}`
  return readText(disk, {
    deed: "read the journal of renames",
    path,
    bytesMax: entryBytesMax
  }).pipe(Effect.map(decodeEntry))
}

/**
 * An entry that cannot be read is left and reported; the index reports both files if there are two.
 */
const recoverOne = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  fileName: string
): Effect.fn.Return<RenameRecovery, StoreError> {
  const path = `${disk.layout.renames}/${fileName}`
  const entry = yield* readEntry(disk, fileName)
  if (Result.isFailure(entry)) return { path, outcome: "unreadable" }
  const { uuid, from, to } = entry.success
  const isDecided = yield* holds(disk, readIdentity, { name: to, uuid })
  const isOldThere = yield* holds(disk, readIdentity, { name: from, uuid })
  if (isDecided && isOldThere) yield* finish(disk, readIdentity, entry.success)
  yield* forget(disk, entry.success)
  return { path, outcome: isDecided ? "finished" : "forgotten" }
})

/** Whether the definition of this very domain is there. A file that is no definition is not. */
const holds = (disk: DefinitionDisk, readIdentity: ReadIdentity, identity: Identity) =>
  readDefinition(disk, identity.name).pipe(
    Effect.map((text) => objectionOf(readIdentity, identity)(bytesOf(text)) === undefined),
    Effect.catchIf(
      ({ fault }) => fault === "notFound" || fault === "malformed" || fault === "tooLarge",
      () => Effect.succeed(false)
    )
  )
