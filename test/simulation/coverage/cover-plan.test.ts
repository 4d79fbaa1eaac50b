/**
 * Goal: looking at a run changes nothing in it, and the same run is seen alike.
 * Method: plans of a few seeds with and without coverage, compared delivery by delivery.
 */
import { expect, test } from "vitest"
import { coverPlan } from "../../../src/testing/coverage/cover-plan.ts"
import { CoverageRecorder } from "../../../src/testing/coverage/recorder.ts"
import { randomPlan } from "../../../src/testing/simulation/random-plan.ts"
import { runPlan } from "../../../src/testing/simulation/simulation.ts"

const seeds = [1, 2, 3, 4, 5, 6]

test.each(seeds)("seed %i runs the same with and without being looked at", (seed) => {
  const plan = randomPlan(seed)
  const seen = coverPlan(plan, new CoverageRecorder(), { isTraced: true })
  const unseen = runPlan(plan, { isTraced: true })
  expect(seen.deliveries).toEqual(unseen.deliveries)
  expect(seen.history).toEqual(unseen.history)
})

test("the same plans give the same coverage, to the byte", () => {
  const [first, second] = [new CoverageRecorder(), new CoverageRecorder()]
  for (const coverage of [first, second])
    for (const seed of seeds) coverPlan(randomPlan(seed), coverage)
  expect(JSON.stringify(first.snapshot())).toBe(JSON.stringify(second.snapshot()))
})

test("every call of the clients is counted, with the state of its domain", () => {
  const coverage = new CoverageRecorder()
  const { history } = coverPlan(
    {
      domains: 1,
      clients: [[{ call: "start", domain: 0 }, { call: "suspend", domain: 0 }, { call: "list" }]],
      faults: [],
      schedule: { kind: "fifo", seed: 1 }
    },
    coverage
  )
  const mine = history.operations.filter(({ client }) => client === 0)
  expect(mine.map(({ result }) => result?.kind)).toEqual(["ok", "ok", "ok"])
  const { calls, faults } = coverage.snapshot().pairs
  expect(calls["list @ engine open"]).toBe(1)
  expect(calls["suspend @ life.running.steady"]).toBe(1)
  expect(faults).toEqual({})
})
