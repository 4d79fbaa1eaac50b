/**
 * Goal: a comparison says what was added, removed and changed, and nothing else, in one drawing.
 * Method: two versions of a machine; each machine with itself; each with another, both ways round.
 */
import { createMachine } from "xstate"
import { expect, test } from "vitest"
import { describe as chartOf, diff, draw, faults, svg, tree } from "../../../src/charts.ts"
import { type Chart, statesWithin } from "../../../src/charts/chart.ts"
import { machines } from "../../../machines/index.ts"
import { fixtures } from "./fixtures.ts"

const older = createMachine({
  id: "old",
  initial: "cart",
  states: {
    cart: { on: { NEXT: "paying", ADD: { actions: "count" } } },
    paying: { tags: ["busy"], on: { FAIL: "lost", BACK: "cart" } },
    lost: { on: { RETRY: "#old" } }
  }
})

const newer = createMachine({
  id: "new",
  initial: "paying",
  states: {
    cart: { on: { ADD: { actions: "count" }, NEXT: { guard: "isFull", target: "paying" } } },
    paying: { on: { FAIL: "cart", BACK: "cart" }, states: { card: {} }, initial: "card" }
  }
})

const signs = { added: "+", removed: "-", changed: "~" }

test("added, removed and changed states and transitions are told, and no others", () => {
  const { changes, chart, marks } = diff(chartOf(newer), chartOf(older))
  const told = changes.map(
    ({ change, state, transition, before }) =>
      `${signs[change]} ${state} ${transition ?? ""}${before === undefined ? "" : ` was ${before}`}`
  )
  expect(told).toEqual([
    "~ new ",
    "~ cart NEXT [isFull] → paying was NEXT → paying",
    "~ paying ",
    "+ paying FAIL → cart",
    "- paying FAIL → lost",
    "+ paying.card ",
    "- lost ",
    "- lost RETRY → new"
  ])
  expect(statesWithin(chart.root).map(({ id }) => id)).toEqual([
    "new",
    "cart",
    "paying",
    "paying.card",
    "lost"
  ])
  expect(marks.lines?.get("paying")?.map(({ text }) => text)).toEqual([
    "− tags: busy",
    "+ begins with card"
  ])
})

test("the drawing has the signs and colours of all changes, and a legend", async () => {
  const { chart, marks } = diff(chartOf(newer), chartOf(older))
  const picture = await draw(chart, { marks })
  expect(faults(picture)).toEqual([])
  const text = svg(picture)
  for (const mark of ["mark-added", "mark-removed", "mark-changed"]) expect(text).toContain(mark)
  for (const line of ["+ added: 2", "− removed: 3", "~ changed: 3", "− FAIL", "was NEXT"])
    expect(text).toContain(`>${line}<`)
  const plain = tree(chart, { marks })
  expect(plain).toContain("~ NEXT [isFull] → paying\n")
  expect(plain).toContain("was NEXT\n")
})

const all = Object.entries({ ...machines, ...fixtures })

test.each(all)("%s differs from itself in nothing", (_, machine) => {
  const { changes, chart } = diff(chartOf(machine), chartOf(machine))
  expect(changes).toEqual([])
  expect(chart).toEqual(chartOf(machine))
})

const countOf = ({ root }: Chart) =>
  statesWithin(root).reduce((sum, { transitions }) => sum + 1 + transitions.length, 0)

test("what one way round is added is the other way round removed", async () => {
  for (const [at, [, machine]] of all.entries()) {
    const other = all[(at + 1) % all.length]?.[1] ?? machine
    const [one, two] = [chartOf(machine), chartOf(other)]
    const [there, back] = [diff(one, two), diff(two, one)]
    const count = (of: typeof there, change: string) =>
      of.changes.filter((one_) => one_.change === change).length
    expect(count(there, "added")).toBe(count(back, "removed"))
    expect(count(there, "changed")).toBe(count(back, "changed"))
    // All of both is there: what both have once.
    expect(countOf(there.chart)).toBe(countOf(two) + count(there, "added"))
    expect(countOf(there.chart)).toBe(countOf(one) + count(there, "removed"))
  }
})

test("two machines that have little in common are drawn as one without overlaps", async () => {
  for (const names of [
    ["trafficLight", "checkout"],
    ["coffee", "quiz"]
  ] as const) {
    const [one, two] = names.map((name) => chartOf(fixtures[name] ?? createMachine({})))
    if (one === undefined || two === undefined) throw new Error("two machines are compared")
    const { chart, marks } = diff(one, two)
    expect(faults(await draw(chart, { marks }))).toEqual([])
  }
})
