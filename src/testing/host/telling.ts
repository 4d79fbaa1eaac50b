/**
 * Who goes on when a primitive is done: the script whose fiber waits for it. Told so that
 * deliveries which commute can be known; nothing of this is done where nobody wants to know.
 */
import * as Effect from "effect/Effect"
import { CurrentRun } from "../../kernel/script.ts"
import type { Realm } from "../realm.ts"

/**
 * `make` is given what tells that its fiber goes on: the script's own memory, which a turn of its
 * actor may end. A fiber that is no script's may touch anything.
 */
export const telling = <A, E, R>(
  { touch }: Realm,
  make: (goesOn: () => void) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (touch === undefined) return make(() => {})
  return Effect.withFiber((fiber) => {
    const run = fiber.getRef(CurrentRun)
    return make(() => {
      if (run === undefined) return touch(undefined)
      touch(run.actor, false)
      touch(`run ${run.number}`)
    })
  })
}
