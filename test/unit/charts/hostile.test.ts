/**
 * Goal: whatever a machine is called, its chart is text in every format: nothing of a name acts on
 * a terminal, no program refuses the file for a name, and a name that cannot be seen is told.
 * Method: machines whose states, events, guards and actions have bad names, in every format.
 */
import { createMachine } from "xstate"
import { expect, test } from "vitest"
import {
  chartFormats,
  chartText,
  describe as chartOf,
  draw,
  faults,
  isChartFormat,
  svg
} from "../../../src/charts.ts"
import { dot } from "../../../src/charts/dot.ts"
import { mermaid } from "../../../src/charts/mermaid.ts"
import { plantuml } from "../../../src/charts/plantuml.ts"
import { tree } from "../../../src/charts/tree.ts"

const names = [
  "",
  "  ",
  "\u001b[31mred\u001b[0m",
  "nul\u0000",
  "\u202egnp.exe\u2066",
  "c1 \u009b31m\u0085",
  "lines\r\n\u2028 of it",
  "\ud800 half",
  "long".repeat(2500)
].map((name) => name.replaceAll(".", ""))

const stateOf = (name: string, at: number) => ({
  id: `t${at}`,
  tags: [name],
  meta: { [name]: name },
  entry: name,
  on: { [name || "none"]: { target: `#t${(at + 1) % names.length}`, guard: name, actions: name } }
})

const states = Object.fromEntries(names.map((name, at) => [name, stateOf(name, at)]))
const nested = {
  ...states,
  box: {
    initial: "in",
    id: "box",
    on: { OUT: "#t2" },
    states: { in: { on: { [names[2] ?? ""]: "#t3" } } }
  }
}
const machine = createMachine({ id: names[2] ?? "", initial: "box", states: nested })

test("no control and no mark of direction stands in any format", async () => {
  for (const format of chartFormats) {
    if (!isChartFormat(format)) throw new Error("a listed format is one")
    const text = await chartText(machine, format)
    expect(text.replaceAll("\n", ""), format).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
    expect(text.isWellFormed(), format).toBe(true)
  }
})

test("the formats that are data have the names all the same", async () => {
  const chart = JSON.parse(await chartText(machine, "json"))
  expect(chart.root.states.map(({ key }: { key: string }) => key)).toEqual([...names, "box"])
  const again = createMachine(JSON.parse(await chartText(machine, "xstate")))
  expect(chartOf(again)).toEqual(chartOf(machine))
})

test("a name of nothing is told, and a long one is cut, in every drawn format", () => {
  for (const write of [dot, mermaid, plantuml, tree] as const) {
    const text = write(chartOf(machine))
    expect(text, write.name).toContain("(empty)")
    expect(text, write.name).toMatch(/U\+1B|\\u\{1b\}|<U\+007B>1b/)
    expect(text, write.name).not.toContain("long".repeat(80))
  }
})

test("sixty events of one arrow are counted in a picture, and told in its title", async () => {
  const events = Array.from({ length: 60 }, (_, at) => `EVENT_${at}`)
  const many = (event: string, at: number) => [event, at < 2 ? "b" : { target: "b" }] as const
  const kept = events.map((event) => [`KEEP_${event}`, { actions: "keep" }] as const)
  const guarded = events.map((event) => [`IF_${event}`, { target: "c", guard: `is${event}` }])
  const machine = createMachine({
    id: "many",
    initial: "a",
    states: {
      a: { on: Object.fromEntries([...events.map(many), ...kept, ...guarded]) },
      b: {},
      c: {}
    }
  })
  const picture = await draw(chartOf(machine))
  expect(faults(picture)).toEqual([])
  const text = svg(picture)
  const label = picture.arrows.find(({ to }) => to === "b")?.lines.map(({ text: one }) => one)
  expect(label?.join(" ")).toMatch(/^EVENT_0, EVENT_1, .* and 35 more$/)
  expect(picture.arrows.find(({ to }) => to === "c")?.lines.at(-1)?.text).toBe("and 30 more")
  for (const event of events) expect(text).toContain(event)
  expect(text).toMatch(/<title>EVENT_0, [^<]*EVENT_59<\/title>/)
  expect(text).toMatch(/<title>a\nKEEP_EVENT_0, [^<]*EVENT_59 \/ keep<\/title>/)
  for (const write of [tree, dot, mermaid, plantuml])
    for (const event of events) expect(write(chartOf(machine))).toContain(`KEEP_${event}`)
})

test("data that holds itself or goes too deep is drawn to there, in every format", async () => {
  const loop: { self?: object; deep: object } = { deep: {} }
  loop.self = loop
  let deep: object = {}
  for (let at = 0; at < 50_000; at += 1) deep = { deep, again: deep }
  loop.deep = deep
  const many = (depth: number): object => {
    let one: object = {}
    for (let at = 0; at < depth; at += 1) one = { a: one, b: one }
    return one
  }
  const machine = createMachine({
    id: "loops",
    meta: loop,
    entry: [{ type: "log", params: loop }],
    exit: { type: "log", params: many(30) },
    on: { GO: { guard: { type: "is", params: loop }, actions: { type: "log", params: loop } } }
  })
  for (const format of chartFormats) {
    if (!isChartFormat(format)) throw new Error("a listed format is one")
    expect(await chartText(machine, format), format).toContain("loops")
  }
  expect(chartOf(machine).root.meta).toMatchObject({ self: "(circular)" })
})

test("a getter that throws is told with its state and key", async () => {
  const bad = {
    get level(): number {
      throw new Error("boom\u001b[2J")
    }
  }
  const of = (state: object) =>
    createMachine({ id: "m", initial: "a", states: { a: { initial: "b", states: { b: state } } } })
  const message = "cannot read meta.deep.level of the state 'a.b': boom\\u{1b}[2J"
  expect(() => chartOf(of({ meta: { deep: bad } }))).toThrow(message)
  expect(() => chartOf(of({ entry: { type: "log", params: bad } }))).toThrow(
    "cannot read params of 'log'.level of the state 'a.b': boom"
  )
  await expect(chartText(of({ meta: { list: [bad] } }), "xstate")).rejects.toThrow(
    "cannot read meta.list.0.level of the state 'a.b'"
  )
})

test("states whose names are no ids are numbered, and arrows find them", () => {
  const text = dot(chartOf(machine))
  const nodes = [...text.matchAll(/^ *("(?:[^"\\]|\\.)*") \[/gm)].map(([, name = ""]) => name)
  for (const name of nodes) expect(name.length).toBeLessThan(100)
  const ends = [...text.matchAll(/^ *("(?:[^"\\]|\\.)*") -> ("(?:[^"\\]|\\.)*") /gm)]
  expect(ends.length).toBeGreaterThan(names.length)
  for (const [, from = "", to = ""] of ends) {
    expect(nodes).toContain(from)
    expect(nodes).toContain(to)
  }
  const drawn = mermaid(chartOf(machine))
  const ids = [...drawn.matchAll(/ as (\w+)/g)].map(([, id = ""]) => id)
  expect(Math.max(...ids.map((id) => id.length))).toBeLessThan(100)
  for (const [, from = "", to = ""] of drawn.matchAll(/^ *(\w+) --> (\w+)/gm)) {
    expect(ids).toContain(from)
    expect(ids).toContain(to)
  }
})
