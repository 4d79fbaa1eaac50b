/**
 * Persistent definitions and their autostart links. The file of a domain is found by its name and
 * belongs to the domain that it names: what names another, or cannot be read, is reported and is
 * never replaced or removed. Knows nothing of who is running.
 */
import * as Effect from "effect/Effect"
import { assert } from "../base/assert.ts"
import { definitionBytesMax } from "../base/limits.ts"
import { removeDurably, undone, writeDurably } from "./atomic.ts"
import { bytesOf, type DefinitionDisk, isAbsent, readText } from "./disk.ts"
import { StoreError, storeError } from "./error.ts"
import { fileStem } from "./file-name.ts"
import { type Identity, objectionOf, type ReadIdentity } from "./identity.ts"
import { autostartPath, autostartTarget, definitionPath } from "./layout.ts"

export interface Definition extends Identity {
  readonly xml: string
}

const modeOfDefinition = 0o600

/** The text. Fails with `notFound` when there is none. */
export const readDefinition = (
  disk: DefinitionDisk,
  name: string
): Effect.Effect<string, StoreError> =>
  readText(disk, {
    deed: `read the definition of '${name}'`,
    path: definitionPath(disk.layout, name),
    bytesMax: definitionBytesMax
  })

/** Writes or replaces the definition, durably. */
export const writeDefinition = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  definition: Definition
) {
  const { name, uuid, xml } = definition
  const written = readIdentity(xml)
  assert(written?.name === name && written.uuid === uuid, "a definition names the domain it is of")
  const deed = `write the definition of '${name}'`
  const path = definitionPath(disk.layout, name)
  const bytes = bytesOf(xml)
  if (bytes.length > definitionBytesMax)
    return yield* new StoreError({
      deed,
      path,
      fault: "tooLarge",
      because: `it has ${bytes.length} bytes, at most ${definitionBytesMax} are taken`,
      isUnchanged: true
    })
  const objection = objectionOf(readIdentity, definition)
  yield* writeDurably(disk, { deed, path, bytes, mode: modeOfDefinition, objection })
})

/** A link that outlived its definition must not start a new domain of the same name. */
export const forgetStaleAutostart = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  name: string
) {
  const deed = `clear a stale autostart of '${name}'`
  // There is no link, as a rule, and then nothing else matters.
  const isLinked = yield* isPresent(disk, autostartPath(disk.layout, name), deed)
  if (!isLinked) return
  const isThere = yield* isPresent(disk, definitionPath(disk.layout, name), deed)
  if (!isThere) yield* removeLink(disk, name, deed)
})

/** For an opened root: which links there are, so that nobody looks for another. */
export const recallLinks = Effect.fnUntraced(function* (disk: DefinitionDisk) {
  const names = yield* disk.files
    .list(disk.layout.autostart)
    .pipe(Effect.mapError(storeError("list the autostart links")))
  for (const name of names) disk.linked.add(name.replace(/\.xml$/, ""))
})

/**
 * Spares a look where there is no link, which is the rule, and else the sync of the directory. One
 * that somebody else has made meanwhile goes before a definition of that name is written again.
 */
const dropLink = Effect.fnUntraced(function* (disk: DefinitionDisk, name: string, deed: string) {
  if (!disk.linked.has(fileStem(name))) return
  const isLinked = yield* isPresent(disk, autostartPath(disk.layout, name), deed)
  if (isLinked) yield* removeLink(disk, name, deed)
})

const isPresent = (
  disk: DefinitionDisk,
  path: string,
  deed: string
): Effect.Effect<boolean, StoreError> =>
  disk.files.stat(path).pipe(
    Effect.as(true),
    Effect.catchIf(isAbsent, () => Effect.succeed(false)),
    Effect.mapError(storeError(deed))
  )

const removeLink = Effect.fnUntraced(function* (disk: DefinitionDisk, name: string, deed: string) {
  const { files, layout } = disk
  const path = autostartPath(layout, name)
  const isRemoved = yield* files.unlink(path).pipe(Effect.mapError(storeError(deed)))
  const restore = isRemoved
    ? Effect.andThen(
        files.symlink(autostartTarget(name), path),
        files.syncDirectory(layout.autostart)
      )
    : Effect.void
  yield* files
    .syncDirectory(layout.autostart)
    .pipe(Effect.catch((error) => undone(error, deed, restore)))
  disk.linked.delete(fileStem(name))
})

/**
 * Removes the definition, durably, then its autostart link; `false` when there was none. The
 * removal of the definition decides: a link that stays behind is swept when the root is opened, and
 * before a new definition of that name is written.
 */
export const removeDefinition = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  identity: Identity
) {
  const deed = `remove the definition of '${identity.name}'`
  const wasThere = yield* removeDurably(disk, {
    deed,
    path: definitionPath(disk.layout, identity.name),
    mode: modeOfDefinition,
    objection: objectionOf(readIdentity, identity)
  })
  yield* Effect.ignore(dropLink(disk, identity.name, deed))
  return wasThere
})

/** Sets or clears the autostart link, durably. Setting it needs the definition. */
export const setAutostart = (
  disk: DefinitionDisk,
  name: string,
  isAutostart: boolean
): Effect.Effect<void, StoreError> => {
  const deed = `${isAutostart ? "set" : "clear"} autostart of '${name}'`
  const deeds = isAutostart ? makeLink(disk, name, deed) : removeLink(disk, name, deed)
  return Effect.uninterruptible(deeds)
}

const makeLink = Effect.fnUntraced(function* (disk: DefinitionDisk, name: string, deed: string) {
  const { files, layout } = disk
  const path = autostartPath(layout, name)
  disk.linked.add(fileStem(name))
  const isNew = yield* files.stat(definitionPath(layout, name)).pipe(
    Effect.andThen(files.symlink(autostartTarget(name), path)),
    Effect.as(true),
    Effect.catchIf(
      (error) => error.code === "EEXIST",
      () => Effect.as(files.readLink(path), false)
    ),
    Effect.mapError(storeError(deed))
  )
  const removeNew = Effect.andThen(files.unlink(path), files.syncDirectory(layout.autostart))
  yield* files
    .syncDirectory(layout.autostart)
    .pipe(Effect.catch((error) => undone(error, deed, isNew ? removeNew : Effect.void)))
})
