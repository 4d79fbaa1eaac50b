/**
 * Writes what an engine did into a file that the user has named: at once, so that a path which
 * cannot be written is told before any guest runs; when SIGUSR2 asks for it; and at the end, when
 * the engine has closed. Each time the whole file is new.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileError, Files } from "../host/files.ts"
import type { Engine } from "./engine.ts"
import { Home } from "./home.ts"
import { absolute } from "./input.ts"
import { replaceFile } from "./replace-file.ts"
import { Screen } from "./screen.ts"

/** Only for its user: it has the names of states and of calls, but they are of this host. */
const mode = 0o600

/** To be called before the engine is opened, so that its end is written too. */
export const traceInto = Effect.fnUntraced(function* (
  path: string | undefined
): Effect.fn.Return<
  (engine: Engine) => Effect.Effect<void, FileError, Files | Screen | Scope.Scope>,
  never,
  Files | Home | Screen | Scope.Scope
> {
  if (path === undefined) return () => Effect.void
  const place = absolute(path, (yield* Home).workingDirectory)
  const screen = yield* Screen
  const writing = (engine: Engine) =>
    Effect.flatMap(engine.trace, (text) =>
      replaceFile(place, { bytes: new TextEncoder().encode(text), mode })
    )
  const trying = (engine: Engine) =>
    Effect.catch(writing(engine), ({ message }) =>
      screen.warn(`troupe: the trace is not written: ${message}\n`)
    )
  let traced: Engine | undefined
  yield* Effect.addFinalizer(() => (traced === undefined ? Effect.void : trying(traced)))
  return Effect.fnUntraced(function* (engine: Engine) {
    yield* writing(engine)
    traced = engine
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(screen.traceAsked, trying(engine))))
  })
})
