/** Writes a file that the user has named: as a whole, or not at all. */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"

/** The file is new, or replaced by a new one. */
export const replaceFile = Effect.fnUntraced(function* (
  path: string,
  { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number }
) {
  const files = yield* Files
  const temporary = `${path}.tmp`
  yield* files.unlink(temporary)
  const file = yield* files.open(temporary, "create", mode)
  yield* files.write(file, bytes).pipe(
    Effect.ensuring(files.close(file)),
    Effect.andThen(files.rename(temporary, path)),
    Effect.onError(() => Effect.ignore(files.unlink(temporary)))
  )
})
