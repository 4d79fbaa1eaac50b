/**
 * Who goes on when a primitive is done: the script, or the call of a client, whose fiber waits for
 * it. Told so that deliveries which commute can be known; nothing of this is done where nobody
 * wants to know.
 */
import * as Effect from "effect/Effect"
import { type Call, CurrentCall, internalCall } from "../../kernel/call.ts"
import { CurrentRun, type Run } from "../../kernel/script.ts"
import type { Realm } from "../realm.ts"

/**
 * `make` is given what tells that its fiber goes on. A script has memory of its own, which a turn
 * of its actor may end; so has a call that is not a script's. A fiber that is neither may touch
 * anything, and so may one that says it is the supervisor's: what the engine makes once and keeps
 * runs in the name of the script that made it.
 */
export const telling = <A, E, R>(
  { touch }: Realm,
  make: (goesOn: () => void) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (touch === undefined) return make(() => {})
  return Effect.withFiber((fiber) => {
    const run = fiber.getRef(CurrentRun)
    const party = run === undefined ? callName(fiber.getRef(CurrentCall)) : runName(run)
    if (run !== undefined && party !== undefined && !watched.has(fiber)) {
      // Whoever waits for a part of a script goes on when the part ends.
      watched.add(fiber)
      fiber.addObserver(() => touch(party))
    }
    return make(() => {
      touch(party, run === undefined)
    })
  })
}

const watched = new WeakSet<object>()

const runName = ({ actor, number }: Run): string | undefined =>
  actor === "driver" ? undefined : `run ${number}`

const numbers = new WeakMap<Call, number>()
let last = 0

const callName = (call: Call): string | undefined => {
  if (call === internalCall) return undefined
  const number = numbers.get(call) ?? ++last
  numbers.set(call, number)
  return `caller ${number}`
}
