/**
 * The directory of one epoch of one guest: its monitor and channel sockets and other files that
 * mean nothing once it has ended. Short-lived, never synced.
 */
import * as Effect from "effect/Effect"
import type { Disk } from "./disk.ts"
import { storeError } from "./error.ts"
import { guestDirectory } from "./layout.ts"

/**
 * Only our user passes; a guest that runs as another user is given its own files by descriptor or
 * chown.
 */
const modeOfGuestDirectory = 0o711

/** Makes it and gives its path. Made already is fine: a start may be repeated. */
export const makeGuestDirectory = Effect.fnUntraced(function* (disk: Disk, epoch: string) {
  const path = guestDirectory(disk.layout, epoch)
  yield* disk.files
    .makeDirectory(path, modeOfGuestDirectory)
    .pipe(Effect.mapError(storeError(`make the run directory of epoch ${epoch}`)))
  return path
})

/** Removes it with the files in it; it has no directories. Absent is fine. */
export const removeGuestDirectory = Effect.fnUntraced(
  function* (disk: Disk, epoch: string) {
    const { files } = disk
    const path = guestDirectory(disk.layout, epoch)
    const names = yield* files.list(path).pipe(
      Effect.catchIf(
        (error) => error.code === "ENOENT",
        () => Effect.succeed(undefined)
      )
    )
    if (names === undefined) return
    yield* Effect.forEach(names, (name) => files.unlink(`${path}/${name}`), { discard: true })
    yield* files.removeDirectory(path)
  },
  (effect, _, epoch) =>
    Effect.mapError(effect, storeError(`remove the run directory of epoch ${epoch}`))
)
