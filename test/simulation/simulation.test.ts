/**
 * Goal: whatever clients call, whatever goes wrong and in whatever order things happen, no law is
 * broken, every call ends, and the engine is of use afterwards.
 * Method: plans that once found something, then plans of random seeds within a budget of processor
 * time. The first seed is `TROUPE_SEED`, by default another one each day. A failure says the one
 * command that does it again. `npm run simulate` goes on for as long as one likes.
 */
import { expect, test } from "vitest"
import { randomPlan } from "../../src/testing/simulation/random-plan.ts"
import { keepFailure } from "./failure.ts"
import { checkHistory } from "../../src/testing/history/check-history.ts"
import { circumstancesOf } from "../../src/testing/history/circumstances.ts"
import { keptPlans } from "./kept.ts"
import { check, fingerprint, withHost } from "./run.ts"

/** Processor time for random plans; TROUPE_SIMULATION_SECONDS says otherwise. */
const budgetMs = 1000 * Number(process.env["TROUPE_SIMULATION_SECONDS"] ?? 25)

/** However fast or slow the machine: so many plans are run at least. */
const plansMin = 200

const dayMs = 86_400_000

const seedFirst = Number(process.env["TROUPE_SEED"] ?? Math.floor(Date.now() / dayMs) * 1_000_000)

test.each(keptPlans().map((kept) => [kept.name, kept] as const))(
  "a plan that found something finds nothing more: %s",
  (_, { found, law, plan }) => {
    const { violations } = check(plan)
    expect(violations, `once: ${law}, ${found}`).toEqual([])
  }
)

test(
  "random plans break no law",
  () => {
    const startedAt = process.cpuUsage()
    const usedMs = () => process.cpuUsage(startedAt).user / 1000
    for (let seed = seedFirst; seed < seedFirst + plansMin || usedMs() < budgetMs; seed++) {
      const plan = randomPlan(seed)
      const violation = check(plan).violations[0]
      if (violation === undefined) continue
      expect.fail(keepFailure({ name: `seed-${seed}`, plan, violation, seed }).text)
    }
  },
  4 * budgetMs + 300_000
)

test("the same plan runs the same, to the last delivery and the last byte of the disk", () => {
  for (let seed = seedFirst; seed < seedFirst + 12; seed++) {
    const plan = randomPlan(seed)
    expect(fingerprint(plan), `seed ${seed}`).toBe(fingerprint(plan))
  }
})

test("an order of all calls is found, or that there is none: the search seldom gives up", () => {
  const seeds = Array.from({ length: 100 }, (_, at) => at + 1)
  const givenUp = seeds.filter((seed) => {
    const plan = { ...randomPlan(seed), isWarm: false }
    const { history, met } = check(plan)
    const mayTimePass = plan.mayTimePass === true
    const circumstances = circumstancesOf({ met, mayTimePass, mayDieUntold: false })
    return checkHistory(history, circumstances).some(({ why }) => why === "undecided")
  })
  expect(givenUp.length, `seeds ${givenUp.join(", ")}`).toBeLessThanOrEqual(2)
})

test("a warm disk is what an engine has left", () => {
  const plan = { ...randomPlan(1), domains: 3, isWarm: true, clients: [], faults: [] }
  const { host } = withHost(plan)
  const names = host?.disk.paths().filter((path) => path.endsWith(".xml")) ?? []
  expect(names.length).toBeGreaterThanOrEqual(3)
})

test("the choices of a run replay it under no strategy at all", () => {
  for (let seed = seedFirst; seed < seedFirst + 12; seed++) {
    const plan = randomPlan(seed)
    const { choices, history } = check(plan)
    const listed = { ...plan, schedule: { kind: "listed" as const, choices } }
    expect(check(listed).history, `seed ${seed}`).toEqual(history)
  }
})
