/**
 * Goal: coverages of many runs may be put together in any order and grouping, and nothing that one
 * has reached is missing from the whole.
 * Method: random coverages.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import {
  type Coverage,
  countsOf,
  mergeCoverage,
  noCoverage
} from "../../../../src/testing/coverage/coverage.ts"
import { floorOf, missing } from "../../../../src/testing/coverage/floor.ts"

const name = fc.constantFrom("a @ x", "b @ x", "a @ y", "__proto__", "toString")

const counts = fc
  .array(fc.tuple(name, fc.nat({ max: 9 })), { maxLength: 5 })
  .map((entries) => countsOf(new Map(entries)))

const coverage: fc.Arbitrary<Coverage> = fc.record({
  version: fc.constant(1 as const),
  pairs: fc.record({ calls: counts, deliveries: counts, faults: counts, pending: counts }),
  charts: fc
    .array(fc.tuple(fc.constantFrom("lamp", "door"), counts, counts), { maxLength: 2 })
    .map((charts) =>
      Object.fromEntries(
        charts
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([machine, states, transitions]) => [machine, { states, transitions }])
      )
    )
})

const bytes = (one: Coverage) => JSON.stringify(one)

test("the order and the grouping of merges do not matter, to the byte", () => {
  fc.assert(
    fc.property(coverage, coverage, coverage, (a, b, c) => {
      expect(bytes(mergeCoverage(a, b))).toBe(bytes(mergeCoverage(b, a)))
      expect(bytes(mergeCoverage(mergeCoverage(a, b), c))).toBe(
        bytes(mergeCoverage(a, mergeCoverage(b, c)))
      )
    })
  )
})

test("no coverage adds nothing", () => {
  fc.assert(
    fc.property(coverage, (a) => {
      expect(bytes(mergeCoverage(a, noCoverage))).toBe(bytes(a))
    })
  )
})

test("the whole misses nothing that a part has reached", () => {
  fc.assert(
    fc.property(coverage, coverage, (a, b) => {
      expect(missing(mergeCoverage(a, b), floorOf(a, 1))).toEqual([])
      expect(missing(mergeCoverage(a, b), floorOf(b, 1))).toEqual([])
    })
  )
})
