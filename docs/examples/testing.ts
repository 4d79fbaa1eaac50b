// A program of one's own in the simulated world, without a test runner and without QEMU: a sweeper
// that ends guests nobody uses, and a user who begins to use one. Which order of things is bad?
import * as Effect from "effect/Effect"
import { Troupe } from "troupe/effect"
import { type Schedule, simulate, slotName } from "troupe/testing"

const name = slotName(0)

/** Ends the guest, unless it says in its title that somebody uses it. */
const sweep = Effect.gen(function* () {
  const guest = yield* (yield* Troupe).lookup(name)
  if ((yield* guest.title) !== undefined) return
  yield* guest.setTitle("swept")
  yield* guest.destroy()
})

/** Says so, and works on it. */
const use = Effect.gen(function* () {
  const guest = yield* (yield* Troupe).lookup(name)
  if ((yield* guest.title) !== undefined) return "it was swept"
  yield* guest.setTitle("in use")
  yield* Effect.sleep("1 second")
  return (yield* guest.info).state === "running" ? "it was used" : "it went away while it was used"
})

const both = Effect.gen(function* () {
  yield* Effect.flatMap(
    Effect.flatMap(Troupe, (troupe) => troupe.lookup(name)),
    (guest) => guest.start()
  )
  const [end] = yield* Effect.all([use, Effect.delay(sweep, "20 millis")], { concurrency: 2 })
  return end
})

const run = (schedule: Schedule | readonly number[]) =>
  simulate((engine) => Effect.provideService(both, Troupe, engine), { domains: 1, schedule })

const says = ({ exit }: ReturnType<typeof run>): string =>
  exit?._tag === "Success" ? exit.value : `it failed: ${exit}`

console.log(`in the usual order: ${says(run([]))}`)
for (let seed = 1; seed <= 200; seed++) {
  const found = run({ kind: "mixed", seed })
  if (says(found) !== "it went away while it was used") continue
  console.log(`in the order of seed ${seed}: ${says(found)}`)
  console.log(`the same from its list of choices: ${says(run(found.choices))}`)
  break
}
