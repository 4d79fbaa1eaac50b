/**
 * Goal: the kernel's promises hold whatever the program and whatever the order of deliveries.
 * Method: random programs over toy actors that watch their own laws, in a simulated world whose
 * order is a list of choices; what is wrong shrinks to a short program and a short list.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import * as Laws from "./laws.ts"
import { choiceList, programOf, runProgram } from "./program.ts"

const hold = (law: Laws.Law, numRuns: number, meets: readonly string[]): void => {
  fc.assert(law.property, { numRuns })
  // The runs were not trivial: each of these was met.
  for (const what of meets) expect(law.met.get(what) ?? 0, what).toBeGreaterThan(1)
}
const lives = ["taken", "refused", "stale", "postponed", "crashed", "restarted", "stopped"]

test("every ask is answered once, fences hold, and at rest nothing is owed", () =>
  hold(Laws.nothingOwed(), 1500, ["ok", "interrupted", "RequestDenied", "JobKilled", "AskCycle"]))

test("no ask hangs until its deadline when every job ends by itself", () =>
  hold(Laws.noHang(), 1500, ["ok", "AskCycle"]))

test("asks that only go upward are never refused as a circle", () =>
  hold(Laws.noFalseCircle(), 1000, ["ok", "JobKilled"]))

test("a defect ends one actor: its calls are told, it comes back, the others do not notice", () =>
  hold(Laws.oneCrash(), 1500, lives))

test("a replay of the records gives the states, versions and lives that were", () =>
  hold(Laws.truthfulRecords(), 1500, lives))

test("an ask is refused as a circle only if there is one", () =>
  hold(Laws.trueCircles(), 1500, ["circle of 1", "circle of 2"]))

test("a request whose asker is gone before it was taken is never taken", () =>
  hold(Laws.goneIsGone(), 1000, ["taken before", "never taken"]))

test("a call ends by its deadline and is not called overdue before it", () =>
  hold(Laws.deadlinesKept(), 1000, ["ok", "Overdue"]))

test("when time passes while deliveries wait, nothing is owed at rest all the same", () =>
  hold(Laws.racesWithTime(), 1000, ["ok", "Overdue", "ActorCrashed"]))

test("a request has one fate", () => hold(Laws.oneFate(), 1500, ["taken", "refused", "postponed"]))

test("requests that were held back are taken in the order in which they came", () =>
  hold(Laws.orderKept(), 1500, ["taken", "postponed"]))

test("while a lane has something, at most two rounds of the others come before it", () =>
  hold(Laws.noStarvation(), 500, []))

test("one list of choices replays one run, to the letter", () => {
  fc.assert(
    fc.property(programOf({ mayDie: true }), choiceList, (program, choices) => {
      const [first, again] = [runProgram(program, choices), runProgram(program, choices)]
      expect(again.world.trace).toEqual(first.world.trace)
      expect(again.records).toEqual(first.records)
      expect(again.results.map(({ end }) => end)).toEqual(first.results.map(({ end }) => end))
    }),
    { numRuns: 200 }
  )
})
