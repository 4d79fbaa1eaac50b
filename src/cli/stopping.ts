/**
 * The end of guests in order: the power button first, and destroy for those that have not ended by
 * a deadline, or when the user asks a second time.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Guest } from "./engine.ts"
import { Screen } from "./screen.ts"

/** What a guest gets to end by itself; after that it is destroyed. */
export const powerOffMs = 20_000

const isOff = (guest: Guest) =>
  Effect.match(guest.summary, {
    onSuccess: ({ isActive }) => !isActive,
    onFailure: () => true
  })

/** A guest that is still booting does not hear its button: it is pressed again. */
const pressAgainMs = 2_000

/** A paused guest does not hear it either. */
const press = Effect.fnUntraced(function* (guest: Guest) {
  yield* Effect.ignore(guest.resume)
  const presses = Effect.repeat(
    Effect.ignore(guest.shutdown("acpi")),
    Schedule.spaced(pressAgainMs)
  )
  const off = guest.waitFor("shutoff", { timeoutMs: powerOffMs })
  yield* Effect.raceFirst(off, presses)
})

const end = Effect.fnUntraced(function* (guest: Guest) {
  if (yield* isOff(guest)) return
  yield* guest.destroy({ isGraceful: true })
})

/** Returns when all of them are off. A second Ctrl-C does not wait for their power buttons. */
export const stopInOrder = Effect.fnUntraced(function* (guests: readonly Guest[]) {
  const { stopAsked } = yield* Screen
  const all = <A, E>(work: (guest: Guest) => Effect.Effect<A, E>) =>
    Effect.forEach(guests, work, { concurrency: "unbounded", discard: true })
  yield* Effect.raceFirst(
    all((guest) => Effect.ignore(press(guest))),
    stopAsked
  )
  yield* all(end)
})
