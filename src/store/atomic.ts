/**
 * Replacing a file so that a reader, a crash and a power cut see the old one or the new one, whole.
 *
 * The order is: write a new file beside it, sync it, close it, rename it over the old name, sync
 * the directory. Only after the last step may anyone be told. A failed sync is never repeated on
 * the same descriptor, for the kernel has then dropped the dirty pages and would report success:
 * the temporary file goes, and another try starts with a new one.
 */
import * as Effect from "effect/Effect"
import { definitionBytesMax, statusBytesMax } from "../base/limits.ts"
import type { FileError } from "../host/files.ts"
import { type Disk, isAbsent } from "./disk.ts"
import { StoreError, storeError } from "./error.ts"

export interface Writing {
  /** The deed for messages, as an infinitive: `write the definition of 'web'`. */
  readonly deed: string
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
  /** Why what is there now may not be replaced; `undefined` when it may. Default: it may. */
  readonly objection?: (previous: Uint8Array | undefined) => string | undefined
}

/** Temporary names start with a dot, which no encoded name does, and are swept at open. */
const temporaryPattern = /^\.[A-Za-z0-9_-]+\.tmp$/

export const isTemporary = (name: string): boolean => temporaryPattern.test(name)

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/"))

/**
 * A whole new file beside `path`, closed; on failure nothing is left but what a sweep will find.
 */
const writeBeside = Effect.fnUntraced(function* (
  disk: Disk,
  { path, bytes, mode }: Writing,
  isSynced: boolean
) {
  const { files, ids } = disk
  const temporary = `${directoryOf(path)}/.${yield* ids.token}.tmp`
  const file = yield* files.open(temporary, "create", mode)
  yield* files.write(file, bytes).pipe(
    Effect.andThen(isSynced ? files.sync(file) : Effect.void),
    Effect.ensuring(files.close(file)),
    Effect.onError(() => Effect.ignore(files.unlink(temporary)))
  )
  return temporary
})

const replace = Effect.fnUntraced(function* (disk: Disk, writing: Writing, isSynced: boolean) {
  const temporary = yield* writeBeside(disk, writing, isSynced)
  yield* disk.files
    .rename(temporary, writing.path)
    .pipe(Effect.onError(() => Effect.ignore(disk.files.unlink(temporary))))
})

const previousBytes = (
  disk: Disk,
  path: string
): Effect.Effect<Uint8Array | undefined, FileError> =>
  disk.files
    .read(path, Math.max(definitionBytesMax, statusBytesMax))
    .pipe(Effect.catchIf(isAbsent, () => Effect.succeed(undefined)))

/** After a failed sync of the directory: what was there before comes back, and is durable again. */
const putBack = (disk: Disk, writing: Writing, previous: Uint8Array | undefined) =>
  (previous === undefined
    ? Effect.asVoid(disk.files.unlink(writing.path))
    : replace(disk, { ...writing, bytes: previous }, true)
  ).pipe(Effect.andThen(disk.files.syncDirectory(directoryOf(writing.path))))

/**
 * Makes `bytes` the content of `path`, durably. Succeeds only when a power cut at any later moment
 * keeps it; fails with the old content in place, or with `isUnchanged: false` when the disk failed
 * after the rename and again while the old content was put back. Uninterruptible.
 */
export const writeDurably = (disk: Disk, writing: Writing): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const { deed, path } = writing
    const previous = yield* previousBytes(disk, path).pipe(Effect.mapError(storeError(deed)))
    const because = writing.objection?.(previous)
    if (because !== undefined)
      return yield* new StoreError({ deed, path, fault: "exists", because, isUnchanged: true })
    yield* replace(disk, writing, true).pipe(Effect.mapError(storeError(deed)))
    yield* disk.files
      .syncDirectory(directoryOf(path))
      .pipe(Effect.catch((error) => undone(error, deed, putBack(disk, writing, previous))))
  }).pipe(Effect.uninterruptible)

/**
 * The same without any sync: for what has to survive this process but not the host. The kernel
 * keeps the rename whatever becomes of us. Uninterruptible.
 */
export const writeVisibly = (disk: Disk, writing: Writing): Effect.Effect<void, StoreError> =>
  replace(disk, writing, false).pipe(
    Effect.mapError(storeError(writing.deed)),
    Effect.uninterruptible
  )

/** Fails with `error`, after `undo`; whether that worked decides what may be claimed. */
export const undone = (
  error: FileError,
  deed: string,
  undo: Effect.Effect<void, FileError>
): Effect.Effect<never, StoreError> =>
  Effect.matchEffect(undo, {
    onFailure: () => Effect.fail(storeError(deed, false)(error)),
    onSuccess: () => Effect.fail(storeError(deed)(error))
  })

/** Removes `path`, durably. `false` when it was not there. Uninterruptible. */
export const removeDurably = (
  disk: Disk,
  { deed, path, mode, objection }: Omit<Writing, "bytes">
): Effect.Effect<boolean, StoreError> =>
  Effect.gen(function* () {
    const previous = yield* previousBytes(disk, path).pipe(Effect.mapError(storeError(deed)))
    const sync = disk.files.syncDirectory(directoryOf(path))
    if (previous === undefined) {
      // It may be gone from sight only, by a removal that failed half-way.
      yield* sync.pipe(Effect.mapError(storeError(deed)))
      return false
    }
    const because = objection?.(previous)
    if (because !== undefined)
      return yield* new StoreError({ deed, path, fault: "exists", because, isUnchanged: true })
    yield* disk.files.unlink(path).pipe(Effect.mapError(storeError(deed)))
    const restore = putBack(disk, { deed, path, mode, bytes: previous }, previous)
    yield* sync.pipe(Effect.catch((error) => undone(error, deed, restore)))
    return true
  }).pipe(Effect.uninterruptible)

/** Removes what a crash left of unfinished writes in `directory`. */
export const sweep = Effect.fnUntraced(function* (disk: Disk, directory: string) {
  const names = yield* disk.files.list(directory)
  const leftovers = names.filter(isTemporary)
  yield* Effect.forEach(leftovers, (name) => disk.files.unlink(`${directory}/${name}`), {
    discard: true
  })
  return leftovers.length
})
