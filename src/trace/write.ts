/**
 * From a trace to the text of its file. The same trace gives the same bytes: order of keys, order
 * of words and the form of numbers are fixed. One entry a line, so that files compare by line.
 */
import type { Move } from "../kernel/inspection.ts"
import { entriesMax, wordLengthMax } from "./limits.ts"
import { type Cell, none, noteColumns, turnColumns } from "./rows.ts"
import { type Entry, type Trace, type TraceHeader, traceFormat, traceVersion } from "./trace.ts"

/** Each word once, numbered as they come. */
class Words {
  private readonly places = new Map<string, number>()

  place(word: string): number {
    const cut = word.length > wordLengthMax ? `${word.slice(0, wordLengthMax - 1)}…` : word
    const known = this.places.get(cut)
    if (known !== undefined) return known
    const next = this.places.size
    this.places.set(cut, next)
    return next
  }

  get all(): readonly string[] {
    return [...this.places.keys()]
  }
}

const microseconds = (ms: number): number => Math.max(0, Math.round(ms * 1000))

const turnCells = Object.entries(turnColumns)
const noteCells = Object.entries(noteColumns)

const cellOf = (words: Words, cell: Cell, value: unknown): number | readonly number[] => {
  if (value === undefined) return none
  switch (cell) {
    case "word":
    case "word?":
      return words.place(value as string)
    case "words":
      return (value as readonly string[]).map((word) => words.place(word))
    case "moves":
      return (value as readonly Move[]).flatMap(({ thing, from, to }) =>
        [thing, from, to].map((word) => words.place(word))
      )
    case "time":
      return microseconds(value as number)
    default:
      return value as number | readonly number[]
  }
}

const rowOf = (words: Words, entry: Entry): string => {
  const cells = entry.kind === "turn" ? turnCells : noteCells
  const values = entry as unknown as { readonly [column: string]: unknown }
  return JSON.stringify(cells.map(([column, cell]) => cellOf(words, cell, values[column])))
}

const sorted = (names: { readonly [kind: string]: string }) =>
  Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

const headerText = (header: TraceHeader, left: number): string => {
  const { program, createdBy, wallOriginMs, simulation, machines, things, omitted } = header
  const { charts, definitions } = header
  return JSON.stringify({
    program,
    createdBy,
    wallOriginMs: wallOriginMs ?? null,
    simulation:
      simulation === undefined ? null : { seed: simulation.seed ?? null, plan: simulation.plan },
    machines: sorted(machines),
    things: sorted(things),
    charts: sorted(charts),
    definitions: sorted(definitions),
    omitted: omitted + left
  })
}

const columns = JSON.stringify({ turn: Object.keys(turnColumns), note: Object.keys(noteColumns) })

const lines = (items: readonly string[]): string =>
  items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n]`

/** Of more than `entriesMax` entries the last are written, and the header says how many are not. */
export const writeTrace = ({ header, entries }: Trace): string => {
  const kept = entries.length > entriesMax ? entries.slice(-entriesMax) : entries
  const words = new Words()
  const rows = kept.map((entry) => rowOf(words, entry))
  return [
    `{"format":"${traceFormat}","version":${traceVersion},`,
    `"header":${headerText(header, entries.length - kept.length)},`,
    `"columns":${columns},`,
    `"strings":${lines(words.all.map((word) => JSON.stringify(word)))},`,
    `"entries":${lines(rows)}}`,
    ""
  ].join("\n")
}
