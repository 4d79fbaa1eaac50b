/**
 * Goal: what the command line prints fits the screen and can be read by programs.
 * Method: properties over any text for tables and serial lines; examples for YAML and durations.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { durationText } from "../../../src/cli/live-table.ts"
import { yamlOf } from "../../../src/cli/output.ts"
import { SerialLog } from "../../../src/cli/serial.ts"
import { cut, tableLines, widthOf } from "../../../src/cli/table.ts"

const word = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }))

describe("tables", () => {
  test("no line is wider than the screen, and each column begins at one place", () => {
    const rows = fc.array(fc.array(word, { minLength: 3, maxLength: 3 }), { maxLength: 8 })
    fc.assert(
      fc.property(rows, fc.integer({ min: 20, max: 120 }), (texts, columns) => {
        const lines = tableLines(
          texts.map((row) => row.map((text) => ({ text }))),
          columns
        )
        expect(lines).toHaveLength(texts.length)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
      })
    )
  })

  test("a text that is cut keeps its beginning and fits", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 1, max: 40 }), (text, columns) => {
        const shown = cut(text, columns)
        expect(widthOf(shown)).toBeLessThanOrEqual(columns)
        expect(text.startsWith(shown.replace(/…$/u, "")) || shown === text).toBe(true)
      })
    )
  })

  test("columns stand under one another, whatever is painted", () => {
    const paint = (text: string) => `<${text}>`
    const lines = tableLines([
      [{ text: "a", paint }, { text: "x" }],
      [{ text: "long", paint }, { text: "y" }]
    ])
    expect(lines).toEqual(["<a>      x", "<long>   y"])
  })
})

describe("serial lines", () => {
  test("are the same however the bytes came", () => {
    const lines = fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 20 })
    const cuts = fc.array(fc.nat(600))
    fc.assert(
      fc.property(lines, cuts, (said, places) => {
        const bytes = new TextEncoder().encode(said.map((line) => `${line}\r\n`).join(""))
        const whole = new SerialLog()
        whole.hear(bytes)
        const pieces = new SerialLog()
        const ends = [...places, bytes.length].toSorted((a, b) => a - b)
        ends.reduce((from, to) => {
          pieces.hear(bytes.subarray(from, to))
          return Math.min(to, bytes.length)
        }, 0)
        expect(pieces.all).toEqual(whole.all)
      })
    )
  })

  test("hold nothing that drives a terminal", () => {
    const log = new SerialLog()
    log.hear(new TextEncoder().encode("\u001b[2Jred\u0007\n"))
    expect(log.last).toBe("\\u{1b}[2Jred\\u{7}")
  })

  test("that never end are bounded", () => {
    const log = new SerialLog()
    for (let round = 0; round < 100; round++) log.hear(new Uint8Array(1024).fill(0x41))
    log.hear(new TextEncoder().encode("\nend\n"))
    expect(log.last).toBe("end")
    expect(log.all[0]?.length).toBeLessThanOrEqual(4096)
  })
})

describe("YAML", () => {
  test.each([
    [{}, "{}\n"],
    [[], "[]\n"],
    [{ a: 1, b: "two", c: undefined, d: null }, "a: 1\nb: two\nd: null\n"],
    [
      { a: "true", b: "1", c: "", d: "a: b", e: "no" },
      'a: "true"\nb: "1"\nc: ""\nd: "a: b"\ne: "no"\n'
    ],
    [[{ a: 1, b: [2, "x"] }, "z"], "- a: 1\n  b:\n    - 2\n    - x\n- z\n"],
    [{ a: { b: { c: "line\nbreak" } }, d: [] }, 'a:\n  b:\n    c: "line\\nbreak"\nd: []\n']
  ])("of %j", (value, text) => {
    expect(yamlOf(value)).toBe(text)
  })
})

test.each([
  [0, "0:00"],
  [-5, "0:00"],
  [61_999, "1:01"],
  [3_600_000, "1:00:00"],
  [90_061_000, "25:01:01"]
])("%d ms last %s", (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
