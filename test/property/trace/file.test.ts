/**
 * Goal: what is written is read as it was, and nothing that is read can do harm.
 * Method: random traces there and back; each text cut at each place, and edited at random.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { TraceError } from "../../../src/trace/error.ts"
import { readTrace } from "../../../src/trace/read.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { trace, word } from "./arbitrary.ts"

const errorOf = (text: string): TraceError | undefined => {
  const result = readTrace(text)
  return Result.isFailure(result) ? result.failure : undefined
}

test("a trace is read as it was written", () => {
  fc.assert(
    fc.property(trace, (one) => {
      expect(Result.getOrThrow(readTrace(writeTrace(one)))).toEqual(one)
    })
  )
})

test("the same trace gives the same bytes, and what was read is written alike", () => {
  fc.assert(
    fc.property(trace, (one) => {
      const text = writeTrace(one)
      expect(writeTrace(structuredClone(one))).toBe(text)
      expect(writeTrace(Result.getOrThrow(readTrace(text)))).toBe(text)
    })
  )
})

test("a file that ends too early is called half, wherever it ends", () => {
  fc.assert(
    fc.property(trace, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (one, at) => {
      const text = writeTrace(one).trimEnd()
      const cut = text.slice(0, Math.floor(at * text.length))
      expect(errorOf(cut)).toMatchObject({ problem: "half" })
    }),
    { numRuns: 500 }
  )
})

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, -1, 1e300, 0.5, "x", [], {}, true, 10 ** 9),
  fc.integer(),
  word
)

/** Places in the file, each as a path of keys. */
const pathsOf = (json: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof json === "object" && json !== null
    ? [path, ...Object.entries(json).flatMap(([key, part]) => pathsOf(part, [...path, key]))]
    : [path]

const replaced = (json: unknown, path: readonly string[], by: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return by
  const copy = Array.isArray(json) ? [...json] : { ...(json as object) }
  const part = (copy as { readonly [key: string]: unknown })[key]
  return Object.assign(copy, { [key]: replaced(part, rest, by) })
}

test("whatever stands somewhere, the file is read, or refused with a place", () => {
  fc.assert(
    fc.property(trace, fc.nat(), value, (one, at, by) => {
      const json: unknown = JSON.parse(writeTrace(one))
      const paths = pathsOf(json)
      const path = paths[at % paths.length] ?? []
      const result = readTrace(JSON.stringify(replaced(json, path, by)))
      if (Result.isSuccess(result)) expect(() => writeTrace(result.success)).not.toThrow()
      else {
        expect(result.failure).toBeInstanceOf(TraceError)
        expect(result.failure.place.length).toBeGreaterThan(0)
        expect(result.failure.message).not.toMatch(/undefined|\[object/)
      }
    }),
    { numRuns: 1000 }
  )
})

test("text that is no trace is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(errorOf(text)).toBeInstanceOf(TraceError)
    })
  )
})
