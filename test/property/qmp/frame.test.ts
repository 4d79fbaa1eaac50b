/**
 * Goal: lines come out as they went in, however the stream was split; nothing unbounded is held.
 * Method: any lines, cut anywhere; then bytes that are no lines at all.
 */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { emptyFrame, feed, lineBytesMax } from "../../../src/qmp/frame.ts"
import { formatJson, parseJson } from "../../../src/qmp/json.ts"
import * as Result from "effect/Result"
import { cut, json, places } from "./arbitrary.ts"

const encode = (text: string) => new TextEncoder().encode(text)

const feedAll = (pieces: readonly Uint8Array[]) => {
  let frame = emptyFrame
  const lines: string[] = []
  for (const piece of pieces) {
    const fed = feed(frame, piece)
    lines.push(...fed.lines)
    if (fed.problem !== undefined) return { lines, problem: fed.problem, frame: fed.frame }
    frame = fed.frame
  }
  return { lines, problem: undefined, frame }
}

const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\n\r]/g, ""))

test("lines come out whole and in order, however the bytes were split", () => {
  fc.assert(
    fc.property(fc.array(line), places, (lines, at) => {
      const bytes = encode(lines.map((one) => `${one}\r\n`).join(""))
      const fed = feedAll(cut(bytes, at))
      expect(fed.problem).toBeUndefined()
      const written = lines.filter((one) => one.trim() !== "").map((one) => `${one}\r`)
      expect(fed.lines).toEqual(written)
      expect(fed.frame).toEqual(emptyFrame)
    })
  )
})

test("one byte at a time is as good as all at once", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const single = feedAll(Array.from(bytes, (byte) => Uint8Array.of(byte)))
      const whole = feedAll([bytes])
      expect(single.lines).toEqual(whole.lines)
      expect(single.problem).toEqual(whole.problem)
    })
  )
})

test("bytes that are not UTF-8 are a problem, not text with holes", () => {
  const fed = feed(emptyFrame, Uint8Array.of(0x7b, 0xff, 0x7d, 0x0a))
  expect(fed).toMatchObject({ lines: [], problem: "a line is not UTF-8" })
})

test("a line without an end is given up at the bound, and nothing of it is kept", () => {
  const piece = new Uint8Array(1024 * 1024).fill(0x78)
  const fed = feedAll(Array(12).fill(piece))
  expect(fed.problem).toContain(String(lineBytesMax))
  expect(fed.frame).toEqual(emptyFrame)
})

test("a line of exactly the bound is a line", () => {
  const bytes = new Uint8Array(lineBytesMax + 1).fill(0x78)
  bytes[lineBytesMax] = 0x0a
  expect(feed(emptyFrame, bytes).lines[0]?.length).toBe(lineBytesMax)
})

test("every JSON value comes back as it went, its integers too", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = Result.getOrThrow(formatJson(value))
      expect(Result.getOrThrow(parseJson(text))).toEqual(value)
    })
  )
})

test("no name reaches a prototype", () => {
  const text =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"n":9999999999999999}'
  const parsed = Result.getOrThrow(parseJson(text))
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
  expect(Object.hasOwn(parsed as object, "__proto__")).toBe(true)
  expect(({} as { readonly polluted?: number }).polluted).toBeUndefined()
})

test("depth is bounded both ways, and brackets within strings do not count", () => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
  expect(Result.isSuccess(parseJson(deep(1024)))).toBe(true)
  expect(parseJson(deep(1025))).toEqual(Result.fail("nested deeper than 1024"))
  expect(Result.isFailure(parseJson("[".repeat(5_000_000)))).toBe(true)
  expect(Result.isSuccess(parseJson(JSON.stringify(`\\"${"[".repeat(5000)}`)))).toBe(true)
})

test("half a surrogate pair and an infinity are refused, not altered", () => {
  expect(Result.isFailure(formatJson({ a: "\ud800" }))).toBe(true)
  expect(Result.isFailure(formatJson({ "\udc00": 1 }))).toBe(true)
  expect(Result.isFailure(formatJson([Number.POSITIVE_INFINITY]))).toBe(true)
})
