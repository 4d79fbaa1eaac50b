/** A directory that is gone with the scope, whatever was put into it. */
import * as Effect from "effect/Effect"
import { Ids } from "../base/ids.ts"
import { type FileError, Files } from "../host/files.ts"
import { Home } from "./home.ts"

const removeAll = (path: string): Effect.Effect<void, FileError, Files> =>
  Effect.gen(function* () {
    const files = yield* Files
    const { kind } = yield* files.stat(path)
    if (kind !== "directory") return void (yield* files.unlink(path))
    const names = yield* files.list(path)
    yield* Effect.forEach(names, (name) => removeAll(`${path}/${name}`), { discard: true })
    yield* files.removeDirectory(path)
  })

/** The path is short, for sockets. */
export const scratchDirectory = Effect.gen(function* () {
  const files = yield* Files
  const { temporaryDirectory } = yield* Home
  const token = yield* (yield* Ids).token
  const path = `${temporaryDirectory}/troupe-${token}`
  return yield* Effect.acquireRelease(Effect.as(files.makeDirectory(path, 0o700), path), (made) =>
    Effect.ignore(removeAll(made))
  )
})
