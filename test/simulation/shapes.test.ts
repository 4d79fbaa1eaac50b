/**
 * Goal: the bugs that many systems had are not ours.
 * Method: each shape, in a few orders of delivery and with its faults at a few places, under all
 * the laws there are, those that mutants asked for too. That the shape would see the bug is the
 * kill matrix's to show.
 */
import { expect, test } from "vitest"
import { keepFailure } from "./failure.ts"
import { laws } from "./laws/index.ts"
import { check } from "./run.ts"
import { shapes } from "./shapes/index.ts"

const plansEach = 5

test("each shape has a name of its own", () => {
  expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length)
})

test.each(shapes.map((shape) => [shape.name, shape] as const))("%s", (name, { plan: of }) => {
  for (let seed = 1; seed <= plansEach; seed++) {
    const plan = of(seed)
    const violation = check(plan, { invariants: laws }).violations[0]
    if (violation === undefined) continue
    const file = `shape-${name.replaceAll(" ", "-")}-${seed}`
    expect.fail(keepFailure({ name: file, plan, violation, runsMax: 100 }).text)
  }
})
