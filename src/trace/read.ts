/**
 * From the text of a file to a trace. Nothing in the text is trusted: types, indices, order of the
 * columns and sizes are looked at, and the first thing that is wrong is told with its place. What
 * the strings say is not looked at: whoever shows them shows them as text.
 */
import * as Result from "effect/Result"
import type { Move } from "../kernel/inspection.ts"
import { TraceError } from "./error.ts"
import { entriesMax, traceLengthMax, wordLengthMax } from "./limits.ts"
import { type Fields, isCount, Reading } from "./reading.ts"
import {
  type Cell,
  lanes,
  none,
  noteColumns,
  outcomes,
  turnColumns,
  turnColumnsMin
} from "./rows.ts"
import {
  type Entry,
  noteKinds,
  type Trace,
  type TraceHeader,
  traceFormat,
  traceVersion
} from "./trace.ts"

type Columns = readonly (readonly [string, Cell])[]

const columnsOf = {
  turn: Object.entries(turnColumns) as Columns,
  note: Object.entries(noteColumns) as Columns
}

const knownLanes: ReadonlySet<unknown> = new Set(lanes)
const knownOutcomes: ReadonlySet<unknown> = new Set(outcomes)
const knownKinds: ReadonlySet<unknown> = new Set(noteKinds)

const parsed = (text: string): Result.Result<unknown, string> =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => String(error)
  })

/** Where what V8 says is wrong; the length of the text when it ends too early. */
const placeIn = (text: string, message: string): number | undefined => {
  const found = / at position (\d+)/.exec(message)
  if (found !== null) return Math.min(Number(found[1]), text.length)
  return message.includes("Unexpected end") ? text.length : undefined
}

/** Of an unexpected word V8 does not say where: it is where the text stops being a beginning. */
const wrongFrom = (text: string): number => {
  let [good, bad] = [0, text.length]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    const beginning = text.slice(0, middle)
    const result = parsed(beginning)
    const isGood = Result.isSuccess(result) || placeIn(beginning, result.failure) === middle
    if (isGood) good = middle
    else bad = middle
  }
  return good
}

const syntaxError = (text: string, message: string): TraceError => {
  const at = placeIn(text, message) ?? wrongFrom(text)
  const before = text.slice(0, at).split("\n")
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  if (at < text.trimEnd().length)
    return new TraceError({ problem: "not-json", place, reason: "this is not JSON" })
  const reason = text.trim() === "" ? "the file is empty" : "the file ends in the middle"
  return new TraceError({ problem: "half", place, reason })
}

const parse = (text: string): Result.Result<unknown, TraceError> =>
  text.length > traceLengthMax
    ? Result.fail(
        new TraceError({
          problem: "too-large",
          place: "the file",
          reason: `it has ${text.length} characters, and ${traceLengthMax} are read at most`
        })
      )
    : Result.mapError(parsed(text), (message) => syntaxError(text, message))

const checkVersion = (reading: Reading, { format, version }: Fields): void => {
  if (format !== traceFormat)
    return reading.fail("format", `it is not '${traceFormat}'`, "not-a-trace")
  if (!isCount(version) || version < 1)
    return reading.fail("version", `${reading.shown(version)} is no version`)
  if (version > traceVersion)
    reading.fail(
      "version",
      `the file is of version ${version}, and this program reads up to ${traceVersion}`,
      "newer"
    )
}

const headerOf = (reading: Reading, value: unknown): TraceHeader => {
  const fields = reading.fields(value, "header")
  const { wallOriginMs, simulation } = fields
  const text = (key: string) => reading.text(fields[key], `header.${key}`)
  const simulated = () => {
    const { seed, plan } = reading.fields(simulation, "header.simulation")
    return {
      seed: seed === null ? undefined : reading.number(seed, "header.simulation.seed"),
      plan: reading.json(plan, "header.simulation.plan")
    }
  }
  const names = (member: string, value: unknown) =>
    Object.fromEntries(
      Object.entries(reading.fields(value, `header.${member}`)).map(([kind, id]) => [
        kind,
        reading.text(id, `header.${member}.${kind}`)
      ])
    )
  return {
    program: text("program"),
    createdBy: text("createdBy"),
    wallOriginMs:
      wallOriginMs === null ? undefined : reading.number(wallOriginMs, "header.wallOriginMs"),
    simulation: simulation === null ? undefined : simulated(),
    machines: names("machines", fields["machines"]),
    // Files of before have none.
    things: names("things", fields["things"] ?? {}),
    charts: names("charts", fields["charts"] ?? {}),
    definitions: names("definitions", fields["definitions"] ?? {}),
    omitted: reading.count(fields["omitted"], "header.omitted")
  }
}

const columnsMin = { turn: turnColumnsMin, note: columnsOf.note.length }

/**
 * The columns of the file. Those behind ours are of a later program that changed nothing else; one
 * of before may have had fewer.
 */
const columnsIn = (reading: Reading, value: unknown): typeof columnsOf => {
  const fields = reading.fields(value, "columns")
  const read = (kind: "turn" | "note"): Columns => {
    const names = reading.list(fields[kind], `columns.${kind}`)
    const columns = columnsOf[kind].slice(0, Math.max(names.length, columnsMin[kind]))
    for (const [index, [column]] of columns.entries())
      if (names[index] !== column)
        reading.fail(`columns.${kind}[${index}]`, `it is not '${column}'`)
    return columns
  }
  return { turn: read("turn"), note: read("note") }
}

const wordsOf = (reading: Reading, value: unknown): readonly string[] => {
  const strings = reading.list(value, "strings")
  for (const [index, word] of strings.entries()) {
    const length = reading.text(word, `strings[${index}]`).length
    if (length > wordLengthMax)
      reading.fail(`strings[${index}]`, `longer than ${wordLengthMax} characters`, "too-large")
    if (reading.error !== undefined) break
  }
  return strings as readonly string[]
}

/** Reads rows of one file: the words are its own. */
class Rows {
  private readonly reading: Reading
  private readonly words: readonly string[]
  private readonly columns: typeof columnsOf

  constructor(reading: Reading, words: readonly string[], columns: typeof columnsOf) {
    this.reading = reading
    this.words = words
    this.columns = columns
  }

  entry(value: unknown, index: number): Entry {
    const { reading } = this
    const place = `entries[${index}]`
    const row = reading.list(value, place)
    const kind = this.cell("word", row[0], `${place}[0]`)
    const isTurn = kind === "turn"
    if (!isTurn && !knownKinds.has(kind))
      reading.fail(`${place}[0]`, `no kind of entry is called ${reading.shown(kind)}`)
    const entry: { [column: string]: unknown } = isTurn ? { epoch: undefined, moved: [] } : {}
    for (const [at, [column, cell]] of this.columns[isTurn ? "turn" : "note"].entries())
      entry[column] = this.cell(cell, row[at], `${place}[${at}]`)
    if (isTurn) this.checkTurn(entry, place)
    return entry as unknown as Entry
  }

  private cell(cell: Cell, value: unknown, place: string): unknown {
    switch (cell) {
      case "word":
        return this.word(value, place)
      case "word?":
        return value === none ? undefined : this.word(value, place)
      case "words":
        return this.reading.list(value, place).map((one) => this.word(one, place))
      case "moves":
        return this.moves(value, place)
      case "counts":
        return this.reading.list(value, place).map((one) => this.reading.count(one, place))
      case "count?":
        return value === none ? undefined : this.reading.count(value, place)
      case "count":
        return this.reading.count(value, place)
      default:
        return this.reading.count(value, place) / 1000
    }
  }

  private moves(value: unknown, place: string): readonly Move[] {
    const places = this.reading.list(value, place)
    const words = places.map((one) => this.word(one, place))
    if (words.length % 3 !== 0)
      this.reading.fail(place, `${words.length} words are no three for each thing`)
    return Array.from({ length: Math.floor(words.length / 3) }, (_, at) => {
      const [thing = "", from = "", to = ""] = words.slice(at * 3, at * 3 + 3)
      return { thing, from, to }
    })
  }

  private word(value: unknown, place: string): string {
    const word = isCount(value) ? this.words[value] : undefined
    if (word !== undefined) return word
    this.reading.fail(place, `${this.reading.shown(value)} is the place of no string`)
    return ""
  }

  private checkTurn({ lane, outcome }: Fields, place: string): void {
    if (!knownLanes.has(lane))
      this.reading.fail(place, `no lane is called ${this.reading.shown(lane)}`)
    if (!knownOutcomes.has(outcome))
      this.reading.fail(place, `no outcome is called ${this.reading.shown(outcome)}`)
  }
}

const entriesOf = (reading: Reading, value: unknown, rows: Rows): Entry[] => {
  const list = reading.list(value, "entries")
  if (list.length > entriesMax)
    reading.fail("entries", `${list.length} of them, and ${entriesMax} are read`, "too-large")
  const entries: Entry[] = []
  for (const [index, row] of list.entries()) {
    if (reading.error !== undefined) break
    entries.push(rows.entry(row, index))
  }
  return entries
}

export const readTrace = (text: string): Result.Result<Trace, TraceError> =>
  Result.flatMap(parse(text), (value) => {
    const reading = new Reading()
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value)
    const file: Fields = isObject ? (value as Fields) : {}
    checkVersion(reading, file)
    if (reading.error !== undefined) return Result.fail(reading.error)
    const header = headerOf(reading, file["header"])
    const columns = columnsIn(reading, file["columns"])
    const words = wordsOf(reading, file["strings"])
    const entries = entriesOf(reading, file["entries"], new Rows(reading, words, columns))
    return reading.error === undefined
      ? Result.succeed({ header, entries })
      : Result.fail(reading.error)
  })
