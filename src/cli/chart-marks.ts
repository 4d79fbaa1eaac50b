/**
 * What `troupe chart` says about a chart beside what it is: states that are meant, the coverage of
 * somebody's tests, what another version has otherwise. Each gives marks, a list of sentences and
 * the same as data.
 */
import * as Effect from "effect/Effect"
import { type Chart, statesWithin } from "../charts/chart.ts"
import { type ChartChange, diff, signs } from "../charts/diff.ts"
import { focusMarks, stateNamed } from "../charts/focus.ts"
import {
  BadCoverage,
  hitMarks,
  type HitsRead,
  type HitsReport,
  mergeHits,
  type Never,
  readHits,
  reportOf,
  shownPercent
} from "../charts/hits.ts"
import { type Marks, noMarks } from "../charts/marks.ts"
import { printable } from "../charts/text.ts"
import { transitionText } from "../charts/label.ts"
import { suggest } from "../config/suggest.ts"
import { BadInput, NoSuchThing } from "./failure.ts"
import { readInput } from "./input.ts"

/** A chart that is drawn with more than itself. */
export interface MarkedChart {
  readonly chart: Chart
  readonly marks: Marks
  /** Ids of states for which the drawing is only coloured, so that nothing moves. */
  readonly focus: readonly string[] | undefined
  /** Lines for the reader, below the chart in text. */
  readonly lines: readonly string[]
  /** The same as JSON has it. */
  readonly data: unknown
  /** Share of what was reached, in percent. */
  readonly percent: number | undefined
}

/** A file of counts: some bytes for each state and transition, of many machines. */
const coverageBytesMax = 16 * 1024 * 1024

const nobody = (chart: Chart, name: string, found: readonly string[]): NoSuchThing => {
  const ids = statesWithin(chart.root).map(({ id }) => id)
  const near = suggest(name, [...ids, ...ids.map((id) => id.split(".").at(-1) ?? id)])
  const hint =
    found.length > 0
      ? `name one of ${found.map((id) => printable(id, 80)).join(", ")}`
      : near === undefined
        ? "'--format tree' shows them"
        : `did you mean '${printable(near.word, 80)}'?`
  const [state, machine] = [printable(name, 80), printable(chart.id, 80)]
  return new NoSuchThing({ message: `there is no one state '${state}' in '${machine}'; ${hint}` })
}

/** The chart alone. */
export const unmarked = (chart: Chart): MarkedChart => ({
  chart,
  marks: noMarks,
  focus: [],
  lines: [],
  data: chart,
  percent: undefined
})

/** `--highlight STATE,STATE`. */
export const highlightOf = Effect.fnUntraced(function* (chart: Chart, words: string) {
  const focus: string[] = []
  for (const word of words.split(",").map((one) => one.trim())) {
    const found = stateNamed(chart, word)
    if (typeof found !== "string") return yield* nobody(chart, word, found)
    focus.push(found)
  }
  const marks = focusMarks(focus)
  return { chart, marks, focus, lines: [], data: { focus }, percent: undefined }
})

const hitsIn = Effect.fnUntraced(function* (chart: Chart, path: string) {
  const bytes = yield* readInput(path, coverageBytesMax)
  return yield* Effect.try({
    try: (): HitsRead => readHits(chart, new TextDecoder().decode(bytes)),
    catch: (error) => {
      const reason = error instanceof BadCoverage ? error.message : String(error)
      return new BadInput({ message: `cannot use the coverage in '${path}': ${reason}` })
    }
  })
})

const pathText = (path: readonly string[] | undefined): string =>
  path === undefined ? "no way leads there" : path.map((word) => printable(word, 80)).join(" → ")

const neverText = ({ state, transition, path }: Never): string => {
  const name = printable(state, 80)
  if (transition === undefined) return `  ${name}, a state: ${pathText(path) || "at the beginning"}`
  return `  ${name}, ${printable(transitionText(transition), 100)}: ${pathText(path)}`
}

const coverageLines = (report: HitsReport, strangers: number): readonly string[] => {
  const { states, transitions, percent, never } = report
  return [
    `states ${states.reached} of ${states.all}, ` +
      `transitions ${transitions.reached} of ${transitions.all}: ${shownPercent(percent)}`,
    ...(never.length === 0
      ? []
      : [
          "never reached, with a shortest way there (conditions are not looked at):",
          ...never.map(neverText)
        ]),
    ...(strangers === 0
      ? []
      : [`${strangers} counts are of states or transitions that this chart does not have`])
  ]
}

/** `--coverage FILE`, the counts of several files together. */
export const coverageIn = Effect.fnUntraced(function* (chart: Chart, paths: readonly string[]) {
  const all = yield* Effect.forEach(paths, (path) => hitsIn(chart, path))
  const hits = mergeHits(all)
  const strangers = all.reduce((sum, one) => sum + one.strangers, 0)
  const report = reportOf(chart, hits)
  return {
    chart,
    marks: hitMarks(chart, hits),
    focus: undefined,
    lines: coverageLines(report, strangers),
    data: { machine: chart.id, ...report, strangers },
    percent: report.percent
  }
})

const changeText = ({ change, state, transition, before }: ChartChange): string => {
  const sign = signs[change]
  const name = printable(state, 80)
  if (transition === undefined) return `${sign} ${name}, a state`
  const was = before === undefined ? "" : ` (was ${printable(before, 120)})`
  return `${sign} ${name}, ${printable(transition, 120)}${was}`
}

/** `--diff OTHER`: what the chart has otherwise than the other one. */
export function differenceOf(newer: Chart, older: Chart): MarkedChart {
  const { chart, marks, changes } = diff(newer, older)
  const lines = changes.length === 0 ? ["nothing is added, removed or changed"] : []
  return {
    chart,
    marks,
    focus: undefined,
    lines: [...lines, ...changes.map(changeText)],
    data: { machine: newer.id, other: older.id, changes },
    percent: undefined
  }
}
