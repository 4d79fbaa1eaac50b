/** Writes a file that the user has named: as a whole, or not at all. */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"

/** The file is new, or replaced by a new one. */
export const replaceFile = Effect.fnUntraced(function* (
  path: string,
  { text, mode }: { readonly text: string; readonly mode: number }
) {
  const files = yield* Files
  const temporary = `${path}.tmp`
  yield* files.unlink(temporary)
  const file = yield* files.open(temporary, "create", mode)
  yield* files.write(file, new TextEncoder().encode(text)).pipe(
    Effect.ensuring(files.close(file)),
    Effect.andThen(files.rename(temporary, path)),
    Effect.onError(() => Effect.ignore(files.unlink(temporary)))
  )
})
