/** Reads what the user names on the command line: a file, or standard input as `-`. */
import * as Effect from "effect/Effect"
import { definitionBytesMax } from "../base/limits.ts"
import { Files } from "../host/files.ts"
import { decodeText } from "../xml/text.ts"
import { NoSuchThing } from "./failure.ts"
import { Home } from "./home.ts"

/** The path as the file system has it. */
export const absolute = (path: string, directory: string): string =>
  path.startsWith("/") ? path : `${directory}/${path}`

/** The bytes of a file; one that is missing, a directory or too large is told so. */
export const readInput = Effect.fnUntraced(function* (path: string, bytesMax: number) {
  const files = yield* Files
  const { workingDirectory, standardInput } = yield* Home
  const place = path === "-" ? standardInput : absolute(path, workingDirectory)
  return yield* files.read(place, bytesMax).pipe(
    Effect.catchIf(
      ({ code }) => code === "ENOENT" || code === "ENOTDIR",
      () => Effect.fail(new NoSuchThing({ message: `there is no file '${path}'` }))
    )
  )
})

/** A definition's text. */
export const readXml = Effect.fnUntraced(function* (path: string) {
  const bytes = yield* readInput(path, definitionBytesMax)
  return yield* Effect.fromResult(decodeText(bytes))
})
