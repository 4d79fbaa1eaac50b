/**
 * Goal: what is drawn is the machine: nothing is lost, nothing is invented, and every format can be
 * read by the program that it is for.
 * Method: properties over random nested machines; one machine by hand for the words.
 */
import fc from "fast-check"
import { type AnyEventObject, type AnyStateMachine, createMachine, initialTransition } from "xstate"
import { describe, expect, test } from "vitest"
import { type ChartState, statesWithin } from "../../../src/charts/chart.ts"
import { describe as chartOf } from "../../../src/charts/describe.ts"
import { dot } from "../../../src/charts/dot.ts"
import { drawingOf } from "../../../src/charts/drawing.ts"
import { chartFormats, chartText, isChartFormat } from "../../../src/charts/format.ts"
import { duration } from "../../../src/charts/label.ts"
import { mermaid } from "../../../src/charts/mermaid.ts"
import { machinesPage, machinesReference, regionsOf } from "../../../src/charts/page.ts"
import { fixtures } from "./fixtures.ts"
import { anyMachine, lamp } from "./sample.ts"

const find = (machine: AnyStateMachine, id: string): ChartState => {
  const state = statesWithin(chartOf(machine).root).find((one) => one.id === id)
  if (state === undefined) throw new Error(`no state ${id}`)
  return state
}

/** The value that a machine has when it is entered by initial states alone. */
const initialValue = (state: ChartState): unknown => {
  if (state.states.length === 0) return {}
  const entered =
    state.type === "parallel" ? state.states : state.states.filter(({ id }) => id === state.initial)
  const values = entered.map((child) => [child.key, initialValue(child)] as const)
  const [only] = values
  const isLeaf = state.type === "compound" && entered[0]?.states.length === 0
  return isLeaf && only !== undefined ? only[0] : Object.fromEntries(values)
}

describe("a chart as data", () => {
  test("has every state once, and starts where xstate starts", () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const ids = statesWithin(chartOf(machine).root).map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        const [snapshot] = initialTransition(machine)
        expect(initialValue(chartOf(machine).root)).toEqual(snapshot.value)
      })
    )
  })

  test("has only targets that are states of it", () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const states = statesWithin(chartOf(machine).root)
        const ids = states.map(({ id }) => id)
        const targets = states.flatMap(({ transitions }) =>
          transitions.flatMap((one) => one.targets)
        )
        expect(targets.filter((id) => !ids.includes(id))).toEqual([])
      })
    )
  })

  test("is the same after a way through JSON", async () => {
    await fc.assert(
      fc.asyncProperty(anyMachine, async (machine) => {
        expect(JSON.parse(await chartText(machine, "json"))).toEqual(chartOf(machine))
      })
    )
  })

  test("tells scripts that last as long as the state, and the deadline", () => {
    const on = find(lamp, "light.on")
    expect(on.during).toEqual(["glow"])
    expect(on.deadlineMs).toBe(90_000)
    expect(on.meta).toEqual({ watts: 5 })
    expect(on.exit.map(({ type }) => type)).toEqual(["stop", "raise"])
  })

  test("tells tags, invoked actors, delays, history and what xstate raises itself", () => {
    const of = (name: string, id: string) => find(fixtures[name] ?? lamp, id)
    const loading = of("fetching", "loading")
    expect(loading.tags).toEqual(["busy"])
    expect(loading.invokes).toEqual([{ id: "request", src: "getData" }])
    expect(loading.entry).toEqual([])
    expect(loading.transitions.map(({ event }) => event)).toEqual([
      "CANCEL",
      "done request",
      "error request",
      "error request",
      "after 10000"
    ])
    expect(of("coffee", "on.ready.hist")).toMatchObject({
      history: "deep",
      transitions: [{ event: "", targets: ["on.ready.water"] }]
    })
    expect(of("checkout", "address").transitions.map(({ event }) => event)).toContain("done")
    expect(of("stopwatch", "running").invokes).toEqual([{ id: "ticker", src: "ticker" }])
  })

  test("tells a machine apart from a state of the same name", () => {
    const machine = createMachine({ id: "a", initial: "a", states: { a: {} } })
    expect(statesWithin(chartOf(machine).root).map(({ id }) => id)).toEqual(["a (machine)", "a"])
  })

  test("tells guards in words, in the order in which they are tried", () => {
    const presses = find(lamp, "light.off").transitions.filter(({ event }) => event === "press")
    expect(presses.map(({ guard }) => guard)).toEqual(["not isDark and in watch.idle", "isWhole"])
  })

  test("tells an inline guard by its source, a long one by its beginning", () => {
    const isSmall = ({ event }: { event: AnyEventObject }) => event["size"] < 3
    const isLong = ({ event }: { event: AnyEventObject }) =>
      event.type.startsWith("a long word") || event.type.endsWith("and another long one, and more")
    const machine = createMachine({
      id: "m",
      on: {
        go: [
          { guard: isSmall, actions: "a" },
          { guard: isLong, actions: "b" }
        ]
      }
    })
    const [small, long] = chartOf(machine).root.transitions.map(({ guard }) => guard)
    expect(small).toMatch(/^event(\.size|\["size"\]) < 3$/)
    expect(long).toMatch(/^event\.type\.startsWith.{40,}\.\.\.$/)
  })
})

describe("a drawing", () => {
  test("shows each transition as an arrow between siblings or as a line in its state's box", () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const { root } = chartOf(machine)
        const drawing = drawingOf({ version: 1, id: "m", root })
        const states = statesWithin(root)
        for (const { within, from, to, texts } of drawing.arrows) {
          const box = states.find(({ id }) => id === within)
          const children = box?.states.map(({ id }) => id) ?? []
          expect(box?.type).toBe("compound")
          expect(children).toContain(to)
          expect(typeof from === "string" ? children.includes(from) : from.any === within).toBe(
            true
          )
          expect(texts.length).toBeGreaterThan(0)
        }
        const words = [...drawing.lines.values(), ...drawing.arrows.map(({ texts }) => texts)]
        const shown = words.flat().join("\n")
        for (const { event } of states.flatMap(({ transitions }) => transitions)) {
          expect(shown).toContain(event === "*" ? "any other" : event)
        }
      })
    )
  })

  test("says where an arrow means a state inside of a box", () => {
    const { arrows, lines } = drawingOf(chartOf(lamp))
    const smash = arrows.find(({ texts }) => texts.includes("smash"))
    expect(smash).toMatchObject({ from: { any: "light" }, to: "light.broken" })
    expect(lines.get("light.on.high")).toEqual(["reset to light.on"])
    expect(lines.get("light.on")).toEqual([
      "during / glow",
      "exit / raise cooled",
      "deadline 1 min 30 s"
    ])
  })
})

describe("a text", () => {
  test("is the same each time, in every format", async () => {
    await fc.assert(
      fc.asyncProperty(anyMachine, fc.constantFrom(...chartFormats), async (machine, format) => {
        if (!isChartFormat(format)) throw new Error("a listed format is one")
        const text = await chartText(machine, format)
        expect(await chartText(machine, format)).toBe(text)
        expect(text.endsWith("\n")).toBe(true)
      })
    )
  })

  test("for Mermaid has lines of the four kinds only, and labels without its signs", () => {
    const id = "[A-Za-z0-9_]+"
    const label = '(?:(?!<br/>)[^:;#"<>{}&`\\\\]|<br/>)+'
    const lines = [
      `state "${label}" as ${id}(?: \\{)?`,
      `${id} : ${label}`,
      `(?:${id}|\\[\\*\\]) --> (?:${id}|\\[\\*\\])(?: : ${label})?`,
      "\\}|--|stateDiagram-v2"
    ].map((line) => new RegExp(`^ *(?:${line})$`, "u"))
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const wrong = mermaid(chartOf(machine))
          .trimEnd()
          .split("\n")
          .filter((line) => !lines.some((shape) => shape.test(line)))
        expect(wrong).toEqual([])
      })
    )
  })

  test("for Mermaid opens as many boxes as it closes, and names each state once", () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const text = mermaid(chartOf(machine))
        expect(text.match(/\{$/gm)?.length ?? 0).toBe(text.match(/^ *\}$/gm)?.length ?? 0)
        const names = [...text.matchAll(/ as (\w+)/g)].map(([, name]) => name)
        expect(new Set(names).size).toBe(names.length)
      })
    )
  })

  test("for dot has balanced boxes and quotes", () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const bare = dot(chartOf(machine)).replace(/"(?:[^"\\]|\\.)*"/g, "q")
        expect(bare).not.toContain('"')
        expect(bare.split("{").length).toBe(bare.split("}").length)
      })
    )
  })

  test("of one region shows that region", () => {
    const text = mermaid(chartOf(lamp), "watch")
    expect(text).toContain("lamp_watch_idle")
    expect(text).not.toContain("lamp_light")
  })

  test.each([
    [0, "0 s"],
    [900, "900 ms"],
    [30_000, "30 s"],
    [60_000, "1 min"],
    [90_000, "1 min 30 s"]
  ])("says %i ms as %s", (ms, words) => {
    expect(duration(ms)).toBe(words)
  })
})

test("the page shows every machine, and every region of a parallel one", () => {
  const page = machinesPage({ lamp })
  expect(page).toContain("| [lamp](#lamp) | 5 | 6 |")
  expect(page.match(/^###? lamp.*$/gm)).toEqual(["## lamp", "### lamp: light", "### lamp: watch"])
  expect(page.match(/```mermaid/g)).toHaveLength(2)
  const pictures = ["lamp-light.svg", "lamp-watch.svg"]
  const purpose = () => "It shines."
  for (const text of [page, machinesReference({ lamp }, purpose)]) {
    const shown = [...text.matchAll(/!\[.*\]\(.*\/(.*)\)/g)].map(([, name]) => name)
    expect(shown).toEqual(pictures)
    expect(text).toMatch(/\[one picture\]\(.*\/lamp.svg\)/)
  }
})

test("a region is drawn alone only where no arrow leads out of it", () => {
  const across = createMachine({
    id: "across",
    type: "parallel",
    states: { one: { on: { GO: "#two" } }, two: { id: "two" } }
  })
  expect(regionsOf("across", chartOf(across))).toEqual([])
  expect(machinesPage({ across })).toContain("![the chart of across](")
  expect(regionsOf("lamp", chartOf(lamp)).map(({ chart }) => chart.id)).toEqual(["light", "watch"])
})
