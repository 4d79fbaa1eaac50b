/** A process that locks the path it is given, says so, and keeps it until it is killed. */
import * as Effect from "effect/Effect"
import { layer } from "../../../src/host/files.live.ts"
import { Files } from "../../../src/host/files.ts"

const [, , path = ""] = process.argv
const hold = Effect.gen(function* () {
  const files = yield* Files
  yield* files.lock(path)
  process.stdout.write("locked\n")
  setInterval(() => {}, 1_000)
  return yield* Effect.never
})
Effect.runFork(Effect.provide(Effect.scoped(hold), layer))
