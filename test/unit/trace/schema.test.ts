/**
 * Goal: the schema and the reference say what the program writes and reads.
 * Method: random traces are held against the schema; so are files with one thing wrong; the columns
 * of the schema and of the reference page are those of the program.
 */
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { entriesMax, wordLengthMax } from "../../../src/trace/limits.ts"
import { readTrace } from "../../../src/trace/read.ts"
import { noteColumns, turnColumns } from "../../../src/trace/rows.ts"
import { noteKinds } from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { trace } from "../../property/trace/arbitrary.ts"
import { problems, type Schema } from "./json-schema.ts"

const text = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")
const schema = JSON.parse(text("docs/reference/trace.schema.json"))
const page = text("docs/reference/trace.md")
const problemsOf = (file: unknown) => problems(schema as Schema, file)

test("every trace that is written fits the schema", () => {
  fc.assert(
    fc.property(trace, (one) => {
      expect(problemsOf(JSON.parse(writeTrace(one)))).toEqual([])
    })
  )
})

type File = { header: Record<string, unknown>; columns: Record<string, string[]> } & Record<
  string,
  unknown
>

const [sample] = fc.sample(
  trace.filter(({ entries }) => entries[0]?.kind === "turn"),
  { seed: 1, numRuns: 1 }
)
if (sample === undefined) throw new Error("a sample is drawn")

const wrongs: readonly (readonly [string, (file: File) => unknown])[] = [
  ["another format", (file) => ({ ...file, format: "x" })],
  ["a newer version", (file) => ({ ...file, version: 2 })],
  ["no strings", ({ strings: _, ...file }) => file],
  ["a string that is a number", (file) => ({ ...file, strings: [1] })],
  ["a header without a program", (file) => ({ ...file, header: { ...file.header, program: 7 } })],
  ["entries that are no rows", (file) => ({ ...file, entries: [{}] })],
  ["an empty row", (file) => ({ ...file, entries: [[]] })],
  ["a count below 0", (file) => ({ ...file, header: { ...file.header, omitted: -1 } })],
  ["other columns", (file) => ({ ...file, columns: { ...file.columns, note: ["kind"] } })]
]

test.each(wrongs)("schema and reader refuse %s", (_, spoil) => {
  const spoilt = spoil(JSON.parse(writeTrace(sample)))
  expect(problemsOf(spoilt)).not.toEqual([])
  expect(Result.isFailure(readTrace(JSON.stringify(spoilt)))).toBe(true)
})

test("the schema has the columns and the bounds of the program, in their order", () => {
  const names = (part: { readonly prefixItems: readonly { readonly const: string }[] }) =>
    part.prefixItems.map((item) => item.const)
  const { columns, entries, strings } = schema.properties
  expect(names(columns.properties.turn)).toEqual(Object.keys(turnColumns))
  expect(names(columns.properties.note)).toEqual(Object.keys(noteColumns))
  const references = {
    word: "word",
    "word?": "optionalWord",
    count: "count",
    "count?": "optionalCount",
    time: "time",
    words: "words",
    counts: "counts",
    moves: "moves"
  }
  for (const [row, cells] of [
    [schema.$defs.turn, turnColumns],
    [schema.$defs.note, noteColumns]
  ] as const)
    expect(row.prefixItems).toEqual(
      Object.values(cells).map((cell) => ({ $ref: `#/$defs/${references[cell]}` }))
    )
  expect(entries.maxItems).toBe(entriesMax)
  expect(strings.items.maxLength).toBe(wordLengthMax)
})

test("the reference page names every cell and every kind of note", () => {
  const words = [...Object.keys(turnColumns), ...Object.keys(noteColumns), ...noteKinds]
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([])
})
