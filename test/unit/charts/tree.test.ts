/**
 * Goal: a chart in a terminal is complete, fits, and does nothing to the terminal whatever its
 * names are. Method: all machines at several widths; a machine of hostile names; colours as marks.
 */
import { createMachine } from "xstate"
import { expect, test } from "vitest"
import { describe as chartOf, highlighted, draw, svg, tree } from "../../../src/charts.ts"
import { boxes } from "../../../src/charts/boxes.ts"
import { statesWithin } from "../../../src/charts/chart.ts"
import { focusMarks, stateNamed } from "../../../src/charts/focus.ts"
import { printable } from "../../../src/charts/text.ts"
import { machines } from "../../../machines/index.ts"
import { fixtures } from "./fixtures.ts"

const all = { ...machines, ...fixtures }

test("every line fits, and every state has its own", () => {
  for (const machine of Object.values(all)) {
    const chart = chartOf(machine)
    for (const columns of [40, 80, 120]) {
      const lines = tree(chart, { columns }).split("\n")
      for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(columns)
      const titles = lines.filter((line) => /^[│ ]*[├└]─ /.test(line))
      const keys = statesWithin(chart.root)
        .slice(1)
        .map(({ key }) => printable(key, 80))
      expect(titles).toHaveLength(keys.length)
      for (const [at, key] of keys.entries()) expect(titles[at]).toContain(key)
    }
  }
})

test("a small machine reads as it should", () => {
  const machine = createMachine({
    id: "door",
    initial: "closed",
    states: {
      closed: { on: { OPEN: [{ guard: "isUnlocked", target: "open" }, { actions: "ring" }] } },
      open: { entry: "light", on: { CLOSE: "closed", KNOCK: "closed" }, after: { 1500: "closed" } }
    }
  })
  expect(tree(chartOf(machine))).toBe(
    [
      "door",
      "├─ ● closed",
      "│      OPEN [isUnlocked] → open",
      "│      OPEN / ring",
      "└─ open",
      "       entry / light",
      "       CLOSE, KNOCK, after 1500 ms → closed",
      ""
    ].join("\n")
  )
})

const hostile = [
  "\u001b[2J\u001b]0;x\u0007",
  "\u202egnp.exe",
  "a\nb",
  "\u009b31m",
  "日本語".repeat(40)
]

test("hostile names are text: no control, no mark of direction reaches the terminal", () => {
  const states = Object.fromEntries(
    hostile.map((name) => [name, { tags: [name], on: { [name]: { actions: name } } }])
  )
  const chart = chartOf(createMachine({ id: hostile[0] ?? "", states, initial: hostile[1] ?? "" }))
  const wide = /[\u2e80-\ua4cf]/u
  const columns = (line: string) =>
    [...line].reduce((sum, one) => sum + (wide.test(one) ? 2 : 1), 0)
  for (const line of tree(chart, { columns: 60 }).split("\n"))
    expect(columns(line), line).toBeLessThanOrEqual(60)
  for (const text of [tree(chart), tree(chart, { columns: 40 })]) {
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text).toContain("\\u{1b}[2J")
  }
})

test("colours are asked for by meaning, and only the marked state has its mark's", () => {
  const chart = chartOf(machines.config)
  const marks = focusMarks(["loading"])
  const painted = tree(chart, { marks, paint: (look, text) => `<${look}>${text}</>` })
  expect(painted).toContain("<active>» loading</>")
  expect(painted).toContain("<name>current</>")
  // Without colours the sign alone says which is meant.
  expect(tree(chart, { marks })).toMatch(/─ » loading$/m)
  expect(tree(chart)).not.toContain("»")
  expect(painted.replace(/<\/?\w*>/g, "")).toBe(tree(chart, { marks }))
})

test("in boxes of letters the sign stands on the state's border", async () => {
  const picture = await draw(chartOf(machines.config))
  const marked = boxes(highlighted(picture, new Set(["loading"]))) ?? ""
  expect(marked).toMatch(/╭»/)
  expect(marked.split("»")).toHaveLength(2)
  expect(boxes(picture)).toBe(marked.replace("»", "─"))
})

test("a highlighted picture is the same picture, with the state marked", async () => {
  const picture = await draw(chartOf(machines.driver))
  const marked = highlighted(picture, new Set(["running"]))
  expect(marked.boxes.map(({ x, y }) => [x, y])).toEqual(picture.boxes.map(({ x, y }) => [x, y]))
  expect(svg(marked)).toMatch(/<g class="state mark-active" data-state="running">/)
  expect(svg(picture)).not.toContain("mark-")
})

test("a state is named by its id, or by the end of one that is the only one", () => {
  const chart = chartOf(machines.domain)
  expect(stateNamed(chart, "life.running")).toBe("life.running")
  expect(stateNamed(chart, "running")).toBe("life.running")
  expect(stateNamed(chart, "steady")).toEqual(["life.running.steady", "life.paused.steady"])
  expect(stateNamed(chart, "nowhere")).toEqual([])
})
