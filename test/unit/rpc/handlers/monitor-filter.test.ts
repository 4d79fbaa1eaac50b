// Goal: a client's pattern of QEMU's events means what a regular expression means, and one whose
// cost has no bound is refused. Method: properties over patterns of the kind that is taken, against
// RegExp; examples of those that are not.
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { eventFilter, filterFlags } from "../../../../src/rpc/handlers/qemu-monitor-filter.ts"

const eventName = fc.stringMatching(/^[A-Z_]{1,12}$/)

const passes = (pattern: string | null, flags: number, event: string): boolean | string => {
  const filter = eventFilter(pattern, flags)
  return filter._tag === "Failure" ? filter.failure : filter.success(event)
}

test("without a pattern all are meant; a name is itself, in any case if that is asked for", () => {
  fc.assert(
    fc.property(eventName, eventName, (one, other) => {
      expect(passes(null, 0, one)).toBe(true)
      expect(passes(one, 0, other)).toBe(one === other)
      expect(passes(one.toLowerCase(), 0, one)).toBe(one === one.toLowerCase())
      expect(passes(one.toLowerCase(), filterFlags.nocase, one)).toBe(true)
    })
  )
})

const atom = fc.oneof(
  fc.constantFrom(".", "[A-Z]", "[^X_]", String.raw`\.`, "(STOP|RESUME)", "^", "$"),
  fc.constantFrom("A", "B", "_")
)
const plain = fc.array(atom, { maxLength: 4 }).map((atoms) => atoms.join(""))
const repeated = fc
  .tuple(plain, fc.constantFrom("A", ".", "[AB]"), fc.constantFrom("*", "+", "?"), plain)
  .map((parts) => parts.join(""))

test("a pattern that is taken means what a regular expression means", () => {
  fc.assert(
    fc.property(
      fc.oneof(plain, repeated),
      eventName,
      fc.boolean(),
      (pattern, event, isCaseless) => {
        const choices = pattern.split("(").length - 1
        fc.pre(choices <= 4)
        const flags = filterFlags.regex | (isCaseless ? filterFlags.nocase : 0)
        const expected = new RegExp(pattern, isCaseless ? "i" : "").test(event)
        expect(passes(pattern, flags, event)).toBe(expected)
      }
    )
  )
})

test.each([
  "(a+)+$",
  "(a|a)*b",
  "(a|b){9}",
  "a{1,99}",
  ".*.*.*.*",
  "(.|.)(.|.)(.|.)(.|.)(.|.)!",
  String.raw`(a)\1`,
  "(?=a)",
  "a**",
  "(",
  "x".repeat(257)
])("%s is refused", (pattern) => {
  expect(passes(pattern, filterFlags.regex, "A")).toBeTypeOf("string")
})

test("choices outside of groups cost nothing, and are taken", () => {
  const many = ["STOP", "RESUME", "RESET", "SHUTDOWN", "POWERDOWN", "WAKEUP", "SUSPEND"].join("|")
  expect(passes(many, filterFlags.regex, "WAKEUP")).toBe(true)
  expect(passes(many, filterFlags.regex, "BLOCK")).toBe(false)
})
