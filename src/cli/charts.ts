/**
 * `troupe chart`: the statechart of a machine of ours, or of one that a file exports, as text or as
 * a picture. Which machines there are, and how files are loaded, is a service.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Chart } from "../charts/chart.ts"
import { boxes } from "../charts/boxes.ts"
import { draw } from "../charts/draw.ts"
import { type Mark, noMarks } from "../charts/marks.ts"
import { shownPercent } from "../charts/hits.ts"
import { highlighted, type Picture } from "../charts/picture.ts"
import { png } from "../charts/png.ts"
import { svg } from "../charts/svg.ts"
import { harmlessJson, printable } from "../charts/printable.ts"
import { tree } from "../charts/tree.ts"
import { suggest } from "../config/suggest.ts"
import { coverageIn, differenceOf, highlightOf, type MarkedChart, unmarked } from "./chart-marks.ts"
import { BadInput, NoSuchThing, Reported } from "./failure.ts"
import { Home } from "./home.ts"
import { absolute } from "./input.ts"
import { replaceFile } from "./replace-file.ts"
import { Screen, type Style } from "./screen.ts"

export const chartFormats = [
  "mermaid",
  "svg",
  "png",
  "plantuml",
  "dot",
  "scxml",
  "xstate",
  "json",
  "layout",
  "text",
  "boxes",
  "tree"
] as const
export type ChartFormat = (typeof chartFormats)[number]

/** What a file is by its suffix; the first is meant where none is named. */
const formatsBySuffix: { readonly [suffix: string]: readonly ChartFormat[] } = {
  svg: ["svg"],
  png: ["png"],
  mmd: ["mermaid"],
  mermaid: ["mermaid"],
  puml: ["plantuml"],
  plantuml: ["plantuml"],
  scxml: ["scxml"],
  dot: ["dot"],
  gv: ["dot"],
  json: ["json", "layout", "xstate"],
  txt: ["text", "boxes", "tree", "mermaid", "plantuml", "dot"]
}

export const chartThemes = ["auto", "light", "dark"] as const
export type ChartTheme = (typeof chartThemes)[number]

/** A machine by its name among ours, or by the file that exports it and the export's name. */
export type ChartSubject =
  | { readonly name: string }
  | { readonly path: string; readonly exported: string | undefined }

export interface ChartOptions {
  readonly format: ChartFormat
  readonly theme: ChartTheme
}

export interface ChartRoom {
  readonly names: readonly string[]
  readonly described: (subject: ChartSubject) => Effect.Effect<Chart, BadInput | NoSuchThing>
  /** The chart of a machine as JSON, as inspection events have it. Nothing of it is run. */
  readonly defined: (definition: string) => Effect.Effect<Chart, BadInput>
  readonly written: (
    subject: ChartSubject,
    options: ChartOptions
  ) => Effect.Effect<string | Uint8Array, BadInput | NoSuchThing>
}

/** Loaded when it is asked for: the machines bring xstate with them. */
export class Charts extends Context.Service<Charts, { readonly load: Effect.Effect<ChartRoom> }>()(
  "troupe/cli/Charts"
) {}

/** Readable by everyone, as files that a shell makes are. */
const mode = 0o644

/** `FILE`, `FILE#export`, or a name: names of machines have neither a slash nor a dot. */
function subjectOf(word: string, directory: string): ChartSubject {
  const [path = "", ...rest] = word.split("#")
  if (!/[./]/.test(path)) return { name: word }
  const exported = rest.length === 0 ? undefined : rest.join("#")
  return { path: absolute(path, directory), exported }
}

const known = Effect.fnUntraced(function* (subject: ChartSubject, names: readonly string[]) {
  if (!("name" in subject) || names.includes(subject.name)) return
  const near = suggest(subject.name, names)
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean '${near.word}'?`
  return yield* new NoSuchThing({ message: `there is no machine '${subject.name}'; ${hint}` })
})

export interface ChartWords {
  readonly machine: string | undefined
  /** By default what the file's suffix says, else Mermaid; a tree for a chart that is marked. */
  readonly format: ChartFormat | undefined
  readonly theme: ChartTheme
  readonly output: string | undefined
  readonly isList: boolean
  /** Names of states, apart by commas. */
  readonly highlight: string | undefined
  readonly coverage: readonly string[]
  /** In percent. */
  readonly failUnder: number | undefined
  readonly diff: string | undefined
}

const wrong = (message: string) => new BadInput({ message })

/** Formats for a terminal: they have its colours and its width. */
type Letters = "text" | "boxes" | "tree"

const isLetters = (format: ChartFormat | undefined): format is Letters =>
  format === "text" || format === "boxes" || format === "tree"

/** The format that is asked for, or that the file's suffix says. */
const formatOf = Effect.fnUntraced(function* ({ format, output = "-" }: ChartWords) {
  const suffix = /\.(\w+)$/.exec(output)?.[1]?.toLowerCase() ?? ""
  const fitting = Object.hasOwn(formatsBySuffix, suffix) ? formatsBySuffix[suffix] : undefined
  if (fitting === undefined || format === undefined) return format ?? fitting?.[0]
  if (fitting.includes(format)) return format
  return yield* wrong(`'${output}' is by its name ${fitting.join(" or ")}, not ${format}: name one`)
})

/** The machine that a word of the command line names. */
export const subjectAt = Effect.fnUntraced(function* (word: string, names: readonly string[]) {
  const subject = subjectOf(word, (yield* Home).workingDirectory)
  yield* known(subject, names)
  return subject
})

/** Of the words that say something about the chart: undefined when there are none. */
const markedOf = Effect.fnUntraced(function* (room: ChartRoom, machine: string, words: ChartWords) {
  const { highlight, coverage, failUnder, diff } = words
  const given = [highlight !== undefined, coverage.length > 0, diff !== undefined]
  if (given.filter(Boolean).length > 1) {
    return yield* wrong("one of --highlight, --coverage and --diff is drawn at a time")
  }
  if (failUnder !== undefined && coverage.length === 0) {
    return yield* wrong("--fail-under is about --coverage FILE")
  }
  if (failUnder !== undefined && !(failUnder >= 0 && failUnder <= 100)) {
    return yield* wrong(`--fail-under is a share from 0 to 100, not ${failUnder}`)
  }
  if (!given.includes(true) && !isLetters(words.format)) return undefined
  const chart = yield* room.described(yield* subjectAt(machine, room.names))
  if (highlight !== undefined) return yield* highlightOf(chart, highlight)
  if (coverage.length > 0) return yield* coverageIn(chart, coverage)
  if (diff === undefined) return unmarked(chart)
  return differenceOf(chart, yield* room.described(yield* subjectAt(diff, room.names)))
})

const pictureOf = ({ chart, marks, focus }: MarkedChart) =>
  Effect.map(
    Effect.tryPromise({
      try: (): Promise<Picture> => draw(chart, { marks: focus === undefined ? marks : noMarks }),
      catch: (error) =>
        wrong(printable(error instanceof Error ? error.message : String(error), 400))
    }),
    (picture) => (focus === undefined ? picture : highlighted(picture, new Set(focus)))
  )

type Look = Mark | "name" | "faint"

const styleOf: { readonly [look in Look]: Style } = {
  name: "name",
  faint: "faint",
  active: "head",
  hit: "good",
  never: "warn",
  added: "good",
  removed: "bad",
  changed: "warn"
}

const lineText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("")

/** How wide boxes may be where no terminal says. */
const columnsUsual = 120

/** The chart in letters: as boxes, as a tree, or (`text`) as boxes where these fit. */
const lettersOf = Effect.fnUntraced(function* (
  marked: MarkedChart,
  format: Letters,
  isPrinted: boolean
) {
  const screen = yield* Screen
  const { chart, marks } = marked
  const room = isPrinted && screen.isTerminal ? { columns: screen.columns() } : {}
  const look = isPrinted
    ? { paint: (look: Look, words: string) => screen.paint(styleOf[look], words) }
    : {}
  const asTree = tree(chart, { marks, ...room, ...look })
  if (format === "tree") return asTree
  if (format === "boxes") {
    const drawn = boxes(yield* pictureOf(marked), look)
    return (
      drawn ?? (yield* wrong("arrows of this chart leave boxes sideways: --format tree has it"))
    )
  }
  const picture = yield* Effect.option(pictureOf(marked))
  const columns = room.columns ?? columnsUsual
  return (Option.isSome(picture) ? boxes(picture.value, { columns, ...look }) : undefined) ?? asTree
})

/** The chart with its marks, in one of the formats that have room for them. */
const markedText = Effect.fnUntraced(function* (
  marked: MarkedChart,
  words: ChartWords,
  isPrinted: boolean
) {
  const { format = "tree", theme } = words
  if (isLetters(format)) {
    const { lines } = marked
    const letters = yield* lettersOf(marked, format, isPrinted)
    return lines.length === 0 ? letters : `${letters}\n${lineText(lines)}`
  }
  if (format === "json") return `${harmlessJson(JSON.stringify(marked.data, null, 2))}\n`
  if (format !== "svg" && format !== "png" && format !== "layout") {
    return yield* wrong(
      `--format ${format} has no room for marks: tree, boxes, svg, png and json have`
    )
  }
  const picture = yield* pictureOf(marked)
  if (format === "layout") return `${harmlessJson(JSON.stringify(picture, null, 2))}\n`
  if (format === "svg") return svg(picture, theme)
  return yield* Effect.tryPromise({
    try: () => png(picture, { theme }),
    catch: (error) => wrong(printable(error instanceof Error ? error.message : String(error), 400))
  })
})

export const chart = Effect.fnUntraced(function* (given: ChartWords) {
  const { machine, output, isList } = given
  const room = yield* (yield* Charts).load
  const { names, written } = room
  const screen = yield* Screen
  if (isList) return yield* screen.write(names.map((name) => `${name}\n`).join(""))
  if (machine === undefined) return yield* wrong(`of which machine? There are ${names.join(", ")}`)
  const subject = yield* subjectAt(machine, names)
  const format = yield* formatOf(given)
  const words = { ...given, format }
  const isPrinted = output === undefined || output === "-"
  if (isPrinted && format === "png" && screen.isTerminal) {
    return yield* wrong("a PNG is no text for a terminal: name a file with -o")
  }
  const marked = yield* markedOf(room, machine, words)
  const file =
    marked === undefined
      ? yield* written(subject, { ...words, format: format ?? "mermaid" })
      : yield* markedText(marked, words, isPrinted)
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file
  if (isPrinted) yield* screen.writeBytes(bytes)
  else {
    const { workingDirectory } = yield* Home
    yield* replaceFile(absolute(output, workingDirectory), { bytes, mode })
    if (marked !== undefined) yield* screen.write(lineText(marked.lines))
  }
  yield* judged(marked?.percent, words.failUnder)
})

/** Whether as much was reached as was asked for. */
const judged = Effect.fnUntraced(function* (
  percent: number | undefined,
  failUnder: number | undefined
) {
  if (percent === undefined || failUnder === undefined || percent >= failUnder) return
  const screen = yield* Screen
  yield* screen.warn(`troupe: ${shownPercent(percent)} was reached, and ${failUnder} % is asked\n`)
  return yield* new Reported({ code: "failed" })
})
