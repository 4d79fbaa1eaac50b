/**
 * Goal: a reader sees first what was never reached, and a floor tells what was lost.
 * Method: small coverages, compared as text; the formatter's own opinion of a floor's file.
 */
import { execFileSync } from "node:child_process"
import { expect, test } from "vitest"
import type { Coverage } from "../../../../src/testing/coverage/coverage.ts"
import { floorOf, floorText, missing } from "../../../../src/testing/coverage/floor.ts"
import { coverageText } from "../../../../src/testing/coverage/report.ts"

const coverage: Coverage = {
  version: 1,
  pairs: {
    calls: { "start @ off": 9, "stop @ on": 4 },
    deliveries: { "lamp.press taken @ off": 5 },
    faults: {},
    pending: { "lamp.press, burn waits": 1 }
  },
  charts: {
    lamp: { states: { off: 7, on: 5, broken: 0 }, transitions: { "on press 0": 0 } }
  }
}

test("the report names what was never reached, then how much was", () => {
  expect(coverageText(coverage)).toBe(
    [
      "states of lamp never reached:",
      "  broken",
      "transitions of lamp never taken:",
      "  on press 0",
      "calls never made in a state that others were made in:",
      "  start @ on",
      "  stop @ off",
      "chart lamp: 2 of 3 states, 0 of 1 transitions",
      "calls: 2 pairs",
      "deliveries: 1 pairs",
      "faults: 0 pairs",
      "pending: 1 pairs",
      ""
    ].join("\n")
  )
})

test("a long list ends in a number", () => {
  const states = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`s${index}`, 0]))
  const text = coverageText({ ...coverage, charts: { lamp: { states, transitions: {} } } })
  expect(text).toContain("\n  s39\n  and 60 more\n")
  expect(text).not.toContain("s40")
})

test("a floor has what was reached often, and each loss is named", () => {
  const floor = floorOf(coverage)
  expect(floor).toEqual({
    calls: ["start @ off"],
    deliveries: ["lamp.press taken @ off"],
    faults: [],
    pending: [],
    "lamp states": ["off", "on"],
    "lamp transitions": []
  })
  expect(missing(coverage, floor)).toEqual([])
  const { lamp } = coverage.charts
  const poorer: Coverage = {
    ...coverage,
    pairs: { ...coverage.pairs, calls: {} },
    charts: { lamp: { states: { ...lamp?.states, on: 0 }, transitions: {} } }
  }
  expect(missing(poorer, floor)).toEqual(["calls: start @ off", "lamp states: on"])
  expect(missing({ ...coverage, charts: {} }, floor)).toEqual([
    "lamp states: off",
    "lamp states: on"
  ])
})

test("the file of a floor is as the formatter has it", () => {
  const text = floorText({
    none: [],
    short: ["a", "b"],
    long: Array.from({ length: 30 }, (_, index) => `name ${index}`),
    last: ['"quoted" \\ é']
  })
  const biome = new URL("../../../../node_modules/.bin/biome", import.meta.url).pathname
  const formatted = execFileSync(biome, ["format", "--stdin-file-path=floor.json"], { input: text })
  expect(formatted.toString()).toBe(text)
})
