/**
 * Goal: of a transition to its own state, or into it, every format tells whether the state is left.
 * Method: a machine that has each kind twice, once in a state alone, once in boxes.
 */
import { createMachine } from "xstate"
import { expect, test } from "vitest"
import { describe as chartOf, diff, draw, faults, tree } from "../../../src/charts.ts"
import { dot } from "../../../src/charts/dot.ts"
import { mermaid } from "../../../src/charts/mermaid.ts"
import { plantuml } from "../../../src/charts/plantuml.ts"
import { scxml } from "../../../src/charts/scxml.ts"

const machine = createMachine({
  id: "m",
  initial: "idle",
  states: {
    idle: {
      on: { SELF: { target: "idle", reenter: true }, INNER: "idle", OTHER: "idle", GO: "box" }
    },
    box: {
      initial: "a",
      on: {
        ANEW: { target: ".b", reenter: true },
        INTO: ".b",
        WHOLE: { target: "box", reenter: true },
        AGAIN: "box"
      },
      states: { a: {}, b: {} }
    },
    regions: { type: "parallel", on: { ALL: "regions" }, states: { one: {}, two: {} } }
  }
})

const chart = chartOf(machine)

test("the data says which stay and which leave, where they look alike", () => {
  const kinds = (at: number) =>
    chart.root.states[at]?.transitions.map(({ event, kind }) => [event, kind])
  expect(kinds(0)).toEqual([
    ["SELF", "reenter"],
    ["INNER", "internal"],
    ["OTHER", "internal"],
    ["GO", undefined]
  ])
  expect(kinds(1)).toEqual([
    ["ANEW", "reenter"],
    ["INTO", undefined],
    ["WHOLE", "reenter"],
    ["AGAIN", "internal"]
  ])
})

test("every drawn format tells them apart, and only the same kind together", async () => {
  const picture = await draw(chart)
  expect(faults(picture)).toEqual([])
  const texts = {
    picture: picture.arrows.flatMap(({ lines }) => lines.map(({ text }) => text)).join("\n"),
    tree: tree(chart),
    mermaid: mermaid(chart),
    dot: dot(chart),
    plantuml: plantuml(chart)
  }
  for (const [format, text] of Object.entries(texts)) {
    const told = [/SELF \(reenter/, /ANEW \(reenter/, /WHOLE.* \(reenter/, /AGAIN.* \(internal/]
    for (const words of told) expect(text, format).toMatch(words)
    const inner = format === "plantuml" ? "INNER (internal)" : "INNER, OTHER (internal)"
    expect(text, format).toContain(inner)
    expect(text, format).toMatch(/INTO(?! \()/)
  }
})

test("a change from one to the other is told by its word", () => {
  const config = (reenter: boolean) =>
    createMachine({
      id: "m",
      initial: "idle",
      states: { idle: { on: { SELF: { target: "idle", reenter } } } }
    })
  const { changes } = diff(chartOf(config(true)), chartOf(config(false)))
  expect(changes.map(({ transition, before }) => [transition, before])).toEqual([
    ["SELF (reenter) → idle", "SELF (internal) → idle"]
  ])
})

test("SCXML leaves a state that reenters, and no other", () => {
  const lines = scxml(chart).split("\n")
  const of = (event: string) => lines.find((line) => line.includes(`event="${event}"`))?.trim()
  expect(of("SELF")).toBe('<transition event="SELF" target="idle"/>')
  // Its own state as a target would be left, by SCXML's text.
  expect(of("INNER")).toBe('<transition event="INNER"/>')
  expect(of("ANEW")).toBe('<transition event="ANEW" target="box.b"/>')
  expect(of("INTO")).toBe('<transition event="INTO" target="box.b" type="internal"/>')
  expect(of("WHOLE")).toBe('<transition event="WHOLE" target="box"/>')
  expect(of("AGAIN")).toBe('<transition event="AGAIN" target="box.a" type="internal"/>')
  expect(of("ALL")).toBe('<transition event="ALL" target="regions" type="internal"/>')
  expect(of("GO")).toBe('<transition event="GO" target="box"/>')
})

test("SCXML has a condition where a transition would have no event, condition or target", () => {
  const once = createMachine({ id: "m", initial: "a", states: { a: { always: { actions: "x" } } } })
  expect(scxml(chartOf(once))).toContain('<transition cond="true">')
})
