/** Data for people and for programs: `-o table`, `-o json`, `-o yaml`, `-o name`. */
import * as Effect from "effect/Effect"
import { Screen } from "./screen.ts"
import { type Cell, tableLines } from "./table.ts"

export const formats = ["table", "json", "yaml", "name"] as const
export type Format = (typeof formats)[number]

/** Without quotes only what no reader of YAML takes for something else. */
const plainWord = /^[A-Za-z_/][A-Za-z0-9_/.-]*$/
const takenWord = /^(?:true|false|null|yes|no|on|off|y|n)$/i

const scalar = (value: unknown): string => {
  if (typeof value !== "string") return JSON.stringify(value ?? null)
  return plainWord.test(value) && !takenWord.test(value) ? value : JSON.stringify(value)
}

const isBranch = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.keys(value).length > 0

const below = (value: unknown, indent: string): string =>
  isBranch(value) ? `\n${yamlLines(value, `${indent}  `)}` : ` ${leaf(value)}\n`

const leaf = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return scalar(value)
  return Array.isArray(value) ? "[]" : "{}"
}

const yamlLines = (value: object, indent: string): string => {
  if (!Array.isArray(value))
    return Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([key, one]) => `${indent}${scalar(key)}:${below(one, indent)}`)
      .join("")
  return value
    .map((one: unknown) => {
      if (!isBranch(one)) return `${indent}- ${leaf(one)}\n`
      // The first line of what is below takes the place of its indent.
      return `${indent}- ${yamlLines(one, `${indent}  `).slice(indent.length + 2)}`
    })
    .join("")
}

/** YAML 1.2 of plain data; what is `undefined` is left out, as JSON does. */
export const yamlOf = (value: unknown): string =>
  isBranch(value) ? yamlLines(value, "") : `${leaf(value)}\n`

/** Numbers past what JSON's readers hold exactly are texts. */
const plainNumber = (_: string, value: unknown): unknown => {
  if (typeof value !== "bigint") return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** The same data on one line, for what comes one after another. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value, plainNumber)}\n`

/** What a thing is called: the first of these that it has. */
const nameFields = ["name", "uuid", "what", "key", "word", "file"] as const

const namesOf = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((one: unknown) => namesOf(one))
  if (typeof value !== "object" || value === null) return [String(value)]
  const fields = Object.entries(value)
  const named = nameFields.flatMap((name) => fields.filter(([field]) => field === name))
  return (named.length > 0 ? named : fields).slice(0, 1).map(([, one]) => String(one))
}

/** To standard output in a format for programs. */
export const printData = Effect.fnUntraced(function* (
  format: Exclude<Format, "table">,
  value: unknown
) {
  const screen = yield* Screen
  if (format === "name") {
    const names = namesOf(value)
    return yield* screen.write(names.map((name) => `${name}\n`).join(""))
  }
  const text = JSON.stringify(value, plainNumber, 2)
  yield* screen.write(format === "json" ? `${text}\n` : yamlOf(JSON.parse(text)))
})

/** A head and its rows; the last column is cut at the edge of a terminal, and nowhere else. */
export const printTable = Effect.fnUntraced(function* (
  head: readonly string[],
  rows: readonly (readonly Cell[])[]
) {
  const screen = yield* Screen
  const heads = head.map((text): Cell => ({ text, paint: (plain) => screen.paint("faint", plain) }))
  const columns = screen.isTerminal ? screen.columns() : Number.POSITIVE_INFINITY
  for (const line of tableLines([heads, ...rows], columns)) yield* screen.write(`${line}\n`)
})
