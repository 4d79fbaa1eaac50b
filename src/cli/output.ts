/** Data for people and for programs: `-o table`, `-o json`, `-o yaml`. */
import * as Effect from "effect/Effect"
import { Screen } from "./screen.ts"
import { type Cell, tableLines } from "./table.ts"

export const formats = ["table", "json", "yaml"] as const
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

/** To standard output in a format for programs. */
export const printData = Effect.fnUntraced(function* (
  format: Exclude<Format, "table">,
  value: unknown
) {
  const screen = yield* Screen
  yield* screen.write(format === "json" ? `${JSON.stringify(value, null, 2)}\n` : yamlOf(value))
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
