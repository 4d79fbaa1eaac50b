// Goal: what can be written in the syntax is read back the same, with its places, and any text at
// all gives entries or problems that point into it.
// Method: random entries written with random blanks, comments and quotes; random texts; edit
// distance against its definition.
import fc from "fast-check"
import { expect, test } from "vitest"
import { editDistance, suggest } from "../../../src/config/suggest.ts"
import { formatProblem, parseSyntax, type Scalar, type Value } from "../../../src/config/syntax.ts"

const blank = fc.stringMatching(/^[ \t]{0,3}$/)
const comment = fc.oneof(fc.constant(""), fc.stringMatching(/^#[ -~]{0,10}$/))
const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/)

const written = (value: Scalar): fc.Arbitrary<string> => {
  if (typeof value === "bigint") return fc.constant(String(value))
  const quotes = ['"', "'"].filter((quote) => !value.includes(quote) && !/[\r\n]/.test(value))
  const forms = quotes.map((quote) => `${quote}${value}${quote}`)
  return fc.constantFrom(...forms, `"""${value}"""`)
}

const plain = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((text) => !/"""|"$|\r/.test(text))
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  plain,
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
)

/** Something between two items: blanks, a line's end, a comment with a line's end. */
const gap = fc
  .array(
    fc.oneof(
      blank,
      fc.constant("\n"),
      comment.map((text) => `${text}\n`)
    ),
    { maxLength: 3 }
  )
  .map((parts) => parts.join(""))

interface Written {
  readonly value: Value
  readonly text: string
}

const writtenScalar: fc.Arbitrary<Written> = scalar.chain((value) =>
  written(value).map((text) => ({ value, text }))
)
const item = fc.tuple(writtenScalar, gap, gap)
const writtenList: fc.Arbitrary<Written> = fc
  .tuple(gap, fc.array(item, { maxLength: 4 }), fc.boolean(), gap)
  .map(([head, items, hasTail, tail]) => {
    const parts = items.map(([{ text }, before, after]) => `${before}${text}${after}`)
    const last = hasTail && items.length > 0 ? "," : ""
    return {
      value: items.map(([{ value }]) => value as Scalar),
      text: `[${head}${parts.join(",")}${last}${tail}]`
    }
  })

const statement = fc
  .tuple(key, blank, blank, fc.oneof(writtenScalar, writtenList), blank, comment)
  .map(([name, before, after, { value, text }, tail, note]) => ({
    key: name,
    value,
    text: `${name}${before}=${after}${text}${tail}${note}`
  }))

const noise = fc.array(
  fc.tuple(blank, comment).map((parts) => parts.join("")),
  { maxLength: 2 }
)
const file = fc.array(fc.tuple(noise, blank, statement), { maxLength: 5 })

test("what was written is read back, at the line it stands on", () => {
  fc.assert(
    fc.property(file, fc.constantFrom("\n", "\r\n"), (parts, end) => {
      const lines: string[] = []
      const expected = parts.map(([before, indent, { key: name, value, text }]) => {
        lines.push(...before)
        const line = lines.length + 1
        lines.push(...`${indent}${text}`.split("\n"))
        return { key: name, value, line, column: indent.length + 1 }
      })
      const { entries, problems } = parseSyntax(lines.join(end))
      expect(problems).toEqual([])
      expect(
        entries.map(({ key: name, value, line, column }) => ({ key: name, value, line, column }))
      ).toEqual(expected)
    }),
    { numRuns: 1000 }
  )
})

test("any text gives entries and problems with places inside it", () => {
  const fragment = fc.constantFrom(
    "[",
    "]",
    ",",
    "=",
    '"',
    '"""',
    "'",
    "#",
    "\n",
    " ",
    "a",
    "1",
    "-"
  )
  const text = fc.oneof(
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 40 })
  )
  fc.assert(
    fc.property(text, (one) => {
      const lines = one.split(/\r\n|\r|\n/)
      const { entries, problems } = parseSyntax(one)
      for (const { line, column } of [...entries, ...problems]) {
        expect(line).toBeLessThanOrEqual(lines.length + 1)
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1)
      }
      for (const problem of problems) {
        expect(problem.source).toBe(lines[problem.line - 1] ?? "")
        const [, source, caret = ""] = formatProblem("f", problem).split("\n")
        expect(source).toBe(`  ${problem.source}`)
        expect(caret.length).toBe(problem.column + 2)
      }
      const isEmpty = lines.every((line) => /^[ \t]*(#.*)?$/.test(line))
      expect(entries.length + problems.length > 0).toBe(!isEmpty)
    }),
    { numRuns: 2000 }
  )
})

test("reading goes on after a bad line, so that a good one behind it counts", () => {
  fc.assert(
    fc.property(fc.constantFrom("?", "a =", "= 1", 'a = "x', "a = 1 2", "a 1", "9 = 1"), (bad) => {
      const { entries, problems } = parseSyntax(`${bad}\nuser = "x"`)
      expect(problems.map(({ line }) => line)).toEqual([1])
      expect(entries.map(({ key: name }) => name)).toEqual(["user"])
    })
  )
})

test("the distance is that of single edits, and a word has none to itself", () => {
  const word = fc.stringMatching(/^[a-c]{0,6}$/)
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b)
      expect(distance).toBe(editDistance(b, a))
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
    })
  )
  expect(editDistance("usre", "user")).toBe(1)
})

test("a suggestion is near its word, or there is none", () => {
  expect(suggest("VNC_Listen", ["vnc_listen", "user"])).toEqual({ word: "vnc_listen", distance: 0 })
  expect(suggest("seccomp_sanbox", ["seccomp_sandbox"])?.distance).toBe(1)
  expect(suggest("shared_filesystems", ["user", "group"])).toBeUndefined()
})
