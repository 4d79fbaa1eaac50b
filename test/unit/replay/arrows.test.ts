/**
 * Goal: a state's name in a trace means the states of its chart, and a turn's arrows are those that
 * lead from where it began to where it ended, also over states that it only passed; a chart that is
 * not the trace's is told; machines come out of inspection events without running anything.
 * Method: a small machine of another program with what its inspector told of it, our own machines
 * under a run of the simulated world, and definitions with one thing wrong.
 */
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { createMachine } from "xstate"
import { machines } from "../../../machines/index.ts"
import { describe } from "../../../src/charts/describe.ts"
import { fingerprint, fingerprints } from "../../../src/charts/fingerprint.ts"
import { chartFromJson } from "../../../src/charts/from-json.ts"
import { ChartIndex } from "../../../src/replay/arrows.ts"
import { pageData } from "../../../src/replay/page-data.ts"
import { Followed } from "../../../src/replay/report-charts.ts"
import { salvage } from "../../../src/replay/salvage.ts"
import { storyOf } from "../../../src/replay/story.ts"
import { tracePlan } from "../../../src/testing/simulation/trace-plan.ts"
import type { Trace } from "../../../src/trace/trace.ts"
import { kettle } from "../../e2e/report/kettle.ts"
import { longTrace } from "../../e2e/report/long.ts"

const events = readFileSync(new URL("../../e2e/report/kettle.events.json", import.meta.url), "utf8")
const told = Result.getOrThrow(salvage(events)).trace
const index = new ChartIndex(describe(kettle))

/** The way is `from -> to`. */
const step = (message: string, way: string, ...actions: readonly string[]) => {
  const [from = "", to = ""] = way.split(" -> ")
  return index.taken({ message, from, to, actions })
}

test("names of states may have blanks in them; what the chart has not is told", () => {
  expect(index.named("lamp.dark power.on.heating up")).toEqual({
    ids: ["lamp.dark", "power.on.heating up"],
    missing: []
  })
  expect(index.named("lamp.blue sky power.off")).toEqual({
    ids: ["power.off"],
    missing: ["lamp.blue sky"]
  })
})

test("each region takes its own arrow; who refused a message took none", () => {
  const both = step("press", "lamp.dark power.off -> lamp.lit power.on.heating up", "click")
  expect(both).toEqual(["lamp.dark#0", "power.off#0"])
  expect(step("press", "lamp.dark power.off -> lamp.lit power.off")).toEqual(["lamp.dark#0"])
  expect(step("knock", "lamp.dark power.off -> lamp.dark power.off")).toEqual([])
})

test("an arrow that leads on of itself brings the next ones with it", () => {
  const after = "xstate.after.20.kettle.power.on.heating up"
  expect(step(after, "lamp.lit power.on.heating up -> lamp.lit power.off")).toEqual([
    "power.on.heating up#1",
    "power.on.hot#0",
    "power.on#1"
  ])
})

test("of two ways for one event it is the one that ends where the turn ended", () => {
  const machine = createMachine({
    id: "m",
    initial: "a",
    states: { a: { on: { go: [{ target: "b", guard: "g" }, { target: "c" }] } }, b: {}, c: {} }
  })
  const ways = new ChartIndex(describe(machine))
  expect(ways.taken({ message: "go", from: "a", to: "c", actions: [] })).toEqual(["a#1"])
  expect(ways.taken({ message: "other", from: "a", to: "b", actions: [] })).toEqual(["a#0"])
})

test("in a run of ours every state is on its chart, and every change has an arrow", () => {
  const call = { domain: 0 } as const
  const { trace } = tracePlan({
    domains: 1,
    faults: [],
    schedule: { kind: "fifo", seed: 0 },
    clients: [
      [
        { call: "start", ...call },
        { call: "suspend", ...call },
        { call: "resume", ...call },
        { call: "destroy", ...call }
      ]
    ]
  })
  const charts = new Map(Object.values(machines).map((one) => [one.id, describe(one)]))
  const unexplained: string[] = []
  let changes = 0
  for (const entry of trace.entries) {
    if (entry.kind !== "turn" || entry.from === entry.to || entry.outcome !== "taken") continue
    const id = trace.header.machines[entry.actor.split("/", 1)[0] ?? ""] ?? ""
    const chart = charts.get(id)
    if (chart === undefined) continue
    changes += 1
    const ours = new ChartIndex(chart)
    if (ours.named(entry.to).missing.length > 0 || ours.taken(entry).length === 0)
      unexplained.push(`${entry.message}: ${entry.from} -> ${entry.to}`)
  }
  expect(changes).toBeGreaterThan(10)
  expect(unexplained).toEqual([])
  expect(trace.header.charts).toEqual(fingerprints(machines))
})

const followed = (trace: Trace) => {
  const story = storyOf(trace)
  const chart = describe(machines.domain)
  const one = new Followed(story, { domain: { svg: "", chart } }, trace.header)
  return { data: pageData(story, one), notices: one }
}

test("a state that the chart has not, and a chart that is not the trace's, are told", () => {
  const base = longTrace(30)
  const other = { ...base, header: { ...base.header, program: "0.0.7", charts: { domain: "x" } } }
  const renamed = {
    ...other,
    entries: other.entries.map((entry) =>
      entry.kind === "turn" ? { ...entry, to: entry.to.replace("paused", "halted") } : entry
    )
  }
  expect(followed(base).notices.notices).toEqual([])
  expect(followed(renamed).notices.notices).toEqual([
    "the chart of 'domain' is not the one that the trace was made with (trace of 0.0.7)",
    "the chart has no state 'life.halted.steady' (trace of 0.0.7)"
  ])
  const same = { domain: fingerprint(describe(machines.domain)) }
  const ours = { ...base, header: { ...base.header, charts: same } }
  expect(followed(ours).notices.notices).toEqual([])
})

test("a fingerprint is of states and ways, not of words", () => {
  const of = (state: object) =>
    fingerprint(describe(createMachine({ id: "m", initial: "a", states: { a: state, b: {} } })))
  const plain = of({ on: { go: "b" } })
  expect(of({ on: { go: { target: "b", guard: "g", actions: "x" } }, tags: "t" })).toBe(plain)
  expect(of({ on: { went: "b" } })).not.toBe(plain)
  expect(of({ on: { go: "b" }, states: { c: {} }, initial: "c" })).not.toBe(plain)
})

test("inspection events hold their machines, with and without ids", () => {
  const { definitions, machines: byKind } = told.header
  expect(byKind).toEqual({ kettle: "kettle", "(machine)": "(machine)" })
  const chart = chartFromJson(definitions["kettle"] ?? "")
  const ids = new ChartIndex(chart)
  const turns = told.entries.flatMap((entry) => (entry.kind === "turn" ? [entry] : []))
  const ofKettle = turns.filter(({ actor }) => actor.startsWith("kettle/"))
  const moving = ofKettle.filter(({ message }) => message !== "xstate.init")
  expect(moving.map((turn) => ids.taken(turn).length)).toEqual([2, 1, 2, 3])
  expect(JSON.stringify(chart)).not.toContain("assign")
  expect(JSON.stringify(chart)).toContain('"guard":"guarded"')
  expect(chartFromJson(definitions["(machine)"] ?? "").root.states.map(({ id }) => id)).toEqual([
    "ajar",
    "shut"
  ])
})

test("of half a file of events the whole ones are read", () => {
  const line = JSON.stringify(JSON.parse(events))
  for (const text of [events, line]) {
    const half = Result.getOrThrow(salvage(text.slice(0, Math.floor(text.length * 0.8))))
    expect(half.notice).toContain(`its first ${half.trace.entries.length} entries are whole`)
    expect(half.trace.entries.length).toBeGreaterThan(3)
    expect(half.trace.entries.length).toBeLessThan(told.entries.length)
  }
})

test.each([
  ["no JSON", "{", /JSON/],
  ["no object", "7", /no object/],
  [
    "a target that is not there",
    '{"id":"m","initial":"a","states":{"a":{"on":{"x":"gone"}}}}',
    /gone/
  ],
  ["a part that was cut off", '{"id":"m","states":{"a":{"on":{"x":"[Object]"}}}}', /DepthLimit/],
  ["states without end", `${'{"states":{"a":'.repeat(60)}{}${"}}".repeat(60)}`, /40 deep/]
])("a definition with %s is refused", (_, text, reason) => {
  expect(() => chartFromJson(text)).toThrow(reason)
})
