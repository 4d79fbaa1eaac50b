/**
 * Goal: an engine that is killed at any instant, or whose host loses its power, comes back to what
 * it had acknowledged, with no guest lost and none left alone; and so does one that is killed again
 * while it comes back.
 * Method: each scenario is run once to count its primitives of files, processes, signals and
 * sockets, then once for each of them and each side of it, with the engine killed there. Second
 * crashes and power cuts are a sample; TROUPE_CRASHES=all has every one.
 */
import { expect, test } from "vitest"
import { Draw } from "../../src/testing/simulation/draw.ts"
import type { Plan, Schedule } from "../../src/testing/simulation/plan.ts"
import { crashesAfter, crashesOf, planOf, powerCutsOf, scenarios } from "./crashes.ts"
import { keepFailure } from "./failure.ts"
import { check } from "./run.ts"

const isWhole = process.env["TROUPE_CRASHES"] === "all"

/** The same with every run of the tests. */
const draw = new Draw(1)

const sample = <A>(items: readonly A[], count: number): readonly A[] =>
  isWhole ? items : draw.shuffled(items).slice(0, count)

const timeoutMs = isWhole ? 24 * 3_600_000 : 180_000

/** Runs a plan, which must break no law. */
const hold = (name: string, plan: Plan): void => {
  const violation = check(plan).violations[0]
  if (violation !== undefined)
    expect.fail(keepFailure({ name: name.replaceAll(" ", "-"), plan, violation }).text)
}

const named = scenarios.map((scenario) => [scenario.name, scenario] as const)

test.each(named)(
  "%s: the engine is killed before and after every deed",
  (name, scenario) => {
    const crashes = crashesOf(scenario)
    expect(crashes.length).toBeGreaterThan(5)
    for (const crash of crashes)
      hold(`crash-${name}-${crash.seam}-${crash.nth}`, planOf(scenario, [crash]))
  },
  timeoutMs
)

test.each(named)(
  "%s: the engine is killed, and again while it recovers",
  (name, scenario) => {
    for (const first of sample(crashesOf(scenario), 6)) {
      const crashes = crashesAfter(scenario, first)
      expect(crashes.length).toBeGreaterThan(4)
      for (const second of sample(crashes, 10)) {
        const places = `${first.seam}-${first.nth}-${second.seam}-${second.nth}`
        hold(`crashes-${name}-${places}`, planOf(scenario, [first, second]))
      }
    }
  },
  timeoutMs
)

/** What was not synced is lost; or it is lost and kept by halves. */
const cuts: readonly Schedule[] = [
  { kind: "fifo", seed: 0 },
  { kind: "uniform", seed: 1 },
  { kind: "uniform", seed: 2 }
]

test.each(named)(
  "%s: the power goes, and what was not synced with it",
  (name, scenario) => {
    const faults = powerCutsOf(scenario)
    expect(faults.length).toBeGreaterThan(10)
    for (const fault of sample(faults, 30))
      for (const schedule of cuts)
        hold(`power-${name}-${fault.nth}`, { ...planOf(scenario, [fault]), schedule })
  },
  timeoutMs
)
