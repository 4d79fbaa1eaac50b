/**
 * Goal: what is exported can be read by the programs that it is for, and says what the chart says.
 * Method: XState JSON is made a machine again and described again; SCXML is read by our XML parser,
 * which the exporter does not use; programs of others read both in test/e2e/charts.test.ts.
 */
import fc from "fast-check"
import { type AnyStateMachine, createMachine } from "xstate"
import { SaxesParser } from "saxes"
import { expect, test } from "vitest"
import { machines } from "../../../machines/index.ts"
import { statesWithin } from "../../../src/charts/chart.ts"
import { describe as chartOf } from "../../../src/charts/describe.ts"
import { plantuml } from "../../../src/charts/plantuml.ts"
import { scxml } from "../../../src/charts/scxml.ts"
import { xstateJson } from "../../../src/charts/xstate-json.ts"
import { fixtures } from "./fixtures.ts"
import { anyMachine, lamp } from "./sample.ts"

const all: { readonly [name: string]: AnyStateMachine } = { ...machines, ...fixtures, lamp }

test.each(Object.entries(all))("XState JSON of %s is the same machine again", (_, machine) => {
  const again = createMachine(JSON.parse(xstateJson(machine)))
  expect(chartOf(again)).toEqual(chartOf(machine))
})

interface Read {
  readonly states: readonly string[]
  readonly targets: readonly string[]
  readonly events: readonly string[]
}

/** Throws where the text is not well-formed. */
function read(text: string): Read {
  const [states, targets, events]: [string[], string[], string[]] = [[], [], []]
  const parser = new SaxesParser({ xmlns: true })
  parser.on("opentag", ({ local, attributes }) => {
    const { id, target, initial, event } = attributes
    if (["state", "parallel", "final", "history"].includes(local)) states.push(id?.value ?? "")
    targets.push(...[target, initial].flatMap((one) => one?.value.split(" ") ?? []))
    if (local === "transition" && event !== undefined) events.push(event.value)
  })
  parser.on("error", (error) => {
    throw error
  })
  parser.write(text).close()
  return { states, targets, events }
}

test("SCXML is well-formed, has every state once, and leads only to states", () => {
  const machine = fc.oneof(anyMachine, fc.constantFrom(...Object.values(all)))
  fc.assert(
    fc.property(machine, (one) => {
      const chart = chartOf(one)
      const { states, targets, events } = read(scxml(chart))
      expect(states).toHaveLength(statesWithin(chart.root).length)
      expect(new Set(states).size).toBe(states.length)
      expect(targets.filter((id) => !states.includes(id))).toEqual([])
      const triggered = statesWithin(chart.root).flatMap(({ transitions, type }) =>
        type === "final" ? [] : transitions.filter(({ event }) => event !== "")
      )
      expect(events).toHaveLength(triggered.length)
    })
  )
})

test("SCXML says delays, actors, history and done as SCXML does", () => {
  const text = (name: string) => scxml(chartOf(all[name] ?? lamp))
  expect(text("trafficLight")).toContain('<send event="after_5000.yellow" id="after_5000.yellow"')
  expect(text("fetching")).toContain('event="done.invoke.request" target="success"')
  expect(text("feedback")).toContain(`delayexpr="delay(&#39;TIMEOUT&#39;)"`)
  expect(text("coffee")).toContain('<history id="on.ready.hist" type="deep">')
  expect(text("checkout")).toContain('event="done.state.address" target="shipping"')
})

test("PlantUML has balanced boxes, and no sign of its language in a text", () => {
  fc.assert(
    fc.property(anyMachine, (machine) => {
      const text = plantuml(chartOf(machine))
      expect(text.match(/\{$/gm)?.length ?? 0).toBe(text.match(/^ *\}$/gm)?.length ?? 0)
      const texts = [...text.matchAll(/ : (.*)$/gm)].map(([, words = ""]) => words)
      const wild = texts.filter((one) => /[<>~\\%"#*/]/.test(one.replace(/<U\+[0-9A-F]+>/g, "")))
      expect(wild).toEqual([])
    })
  )
})
