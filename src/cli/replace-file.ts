/**
 * Writes a file that the user has named: as a whole, or not at all. What is no file (`/dev/null`, a
 * FIFO) is written to and stays what it is, and a symbolic link leads to what is written.
 */
import * as Effect from "effect/Effect"
import { type FileError, Files } from "../host/files.ts"

/** As many as Linux follows (path_resolution(7)). */
const linksMax = 40

const beside = (path: string, target: string): string =>
  target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`

/** Absent, a file, a link, or something that a new file must not take the place of. */
const lookAt = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const found = yield* Effect.result(files.stat(path))
  if (found._tag === "Success") return found.success.kind
  return found.failure.code === "ENOENT" ? ("absent" as const) : yield* found.failure
})

/** Where links lead, and whether that is a file or will be one. */
const destination = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  let at = path
  let kind = yield* lookAt(at)
  for (let left = linksMax; kind === "symlink" && left > 0; left--) {
    at = beside(at, yield* files.readLink(at))
    kind = yield* lookAt(at)
  }
  return { at, isFile: kind === "file" || kind === "absent" }
})

const put = Effect.fnUntraced(function* (path: string, bytes: Uint8Array) {
  const files = yield* Files
  const file = yield* files.open(path, "write")
  yield* Effect.ensuring(files.write(file, bytes), files.close(file))
})

/** The file is new, or replaced by a new one. */
export const replaceFile = Effect.fnUntraced(function* (
  path: string,
  { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number }
): Effect.fn.Return<void, FileError, Files> {
  const files = yield* Files
  const { at, isFile } = yield* destination(path)
  if (!isFile) return yield* put(at, bytes)
  const temporary = `${at}.tmp`
  yield* files.unlink(temporary)
  const file = yield* files.open(temporary, "create", mode)
  yield* files.write(file, bytes).pipe(
    Effect.ensuring(files.close(file)),
    Effect.andThen(files.rename(temporary, at)),
    Effect.onError(() => Effect.ignore(files.unlink(temporary)))
  )
})
