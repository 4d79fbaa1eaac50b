/** Asks a daemon one of the words, and shows what it answers in the format that is wanted. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { NoDaemon } from "../failure.ts"
import { Connect, given, ReadOnly } from "../flags.ts"
import { Home } from "../home.ts"
import { type Format, printData, printTable } from "../output.ts"
import { Screen } from "../screen.ts"
import { reach } from "./reach.ts"
import type { Answer, Asking, Column } from "./answer.ts"

export interface AskOptions {
  readonly word: string
  readonly root: string | undefined
  readonly format: Format
  readonly columns: readonly Column[] | undefined
}

/** The daemon that is meant, or why there is none to ask. */
const daemonFor = Effect.fnUntraced(function* ({ word, root }: AskOptions) {
  const uri = given(yield* Connect)
  const remote = yield* reach({ root, uri, isReadOnly: yield* ReadOnly })
  if (remote !== undefined) return remote
  const { defaultRoot } = yield* Home
  return yield* new NoDaemon({ word, root: root ?? defaultRoot })
})

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const cell = (value: unknown) => ({
  text:
    value === undefined || value === null
      ? "-"
      : typeof value === "boolean"
        ? value
          ? "yes"
          : "no"
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value)
})

const fieldOf = (column: Column): string => (typeof column === "string" ? column : column.field)
const headOf = (column: Column): string =>
  typeof column === "string" ? column.toUpperCase() : column.head

/** Rows with their heads, or one thing with a line for each of its fields. */
const showTable = (value: unknown, columns: readonly Column[] | undefined) => {
  if (Array.isArray(value)) {
    const rows: readonly unknown[] = value
    const shown = columns ?? Object.keys(rows.find(isFields) ?? {})
    return printTable(
      shown.map(headOf),
      rows.filter(isFields).map((row) => shown.map((column) => cell(row[fieldOf(column)])))
    )
  }
  const fields = isFields(value) ? value : { value }
  const shown = columns ?? Object.keys(fields)
  return printTable(
    ["WHAT", "VALUE"],
    shown.map((column) => [{ text: fieldOf(column) }, cell(fields[fieldOf(column)])])
  )
}

const show = ({ value, text }: Answer, { format, columns }: AskOptions) =>
  Effect.gen(function* () {
    if (format !== "table") return yield* printData(format, value)
    if (text === undefined) return yield* showTable(value, columns)
    yield* (yield* Screen).write(text)
  })

/** From the way to the daemon to what is shown; the connection ends with it. */
export const ask = <E, R>(
  options: AskOptions,
  call: (asking: Asking) => Effect.Effect<Answer | undefined, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const remote: Remote = yield* daemonFor(options)
      const answer = yield* call({ remote, format: options.format })
      if (answer !== undefined) yield* show(answer, options)
    })
  )
