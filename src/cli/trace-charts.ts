/**
 * The statecharts that a report plays on: those that `--chart` names, else the machines that the
 * trace itself has as JSON, else ours. A file that is named is run, as `troupe chart` runs it; what
 * the trace has is only looked at.
 */
import * as Effect from "effect/Effect"
import type { Chart } from "../charts/chart.ts"
import { draw } from "../charts/draw.ts"
import { svg } from "../charts/svg.ts"
import { printable } from "../charts/text.ts"
import type { ReportChart, ReportCharts } from "../replay/report-charts.ts"
import { foreignProgram } from "../trace/stately.ts"
import { kindOf, type Trace } from "../trace/trace.ts"
import { type ChartRoom, Charts, subjectAt } from "./charts.ts"
import { BadInput } from "./failure.ts"
import { Screen } from "./screen.ts"

const drawn = (chart: Chart): Effect.Effect<ReportChart, BadInput> =>
  Effect.tryPromise({
    try: (): Promise<ReportChart> => draw(chart).then((picture) => ({ svg: svg(picture), chart })),
    catch: (error) =>
      new BadInput({ message: error instanceof Error ? error.message : String(error) })
  })

/** The charts that were asked for, by the id of their machines. */
const givenOf = Effect.fnUntraced(function* (room: ChartRoom, words: readonly string[]) {
  const charts = new Map<string, Chart>()
  for (const word of words) {
    const chart = yield* room.described(yield* subjectAt(word, room.names))
    if (charts.has(chart.id)) {
      const message = `'${word}': another machine with the id '${chart.id}' was named before`
      return yield* new BadInput({ message })
    }
    charts.set(chart.id, chart)
  }
  return charts
})

/** Actors of a machine that the trace does not know as one are called after its id. */
const withMachines = (trace: Trace, given: ReadonlyMap<string, Chart>): Trace => {
  const { header, entries } = trace
  const known = new Set([...Object.values(header.machines), ...Object.values(header.things)])
  const kinds = new Set(
    entries.flatMap((entry) => (entry.kind === "turn" ? [kindOf(entry.actor)] : []))
  )
  const more = [...given.keys()].filter((id) => !known.has(id) && kinds.has(id))
  const machines = { ...header.machines, ...Object.fromEntries(more.map((id) => [id, id])) }
  return { header: { ...header, machines }, entries }
}

const idsOf = ({ header }: Trace): readonly string[] => [
  ...new Set([...Object.values(header.machines), ...Object.values(header.things)])
]

/** The machine as the trace itself or this program has it; undefined where neither does. */
const foundOf = Effect.fnUntraced(function* (room: ChartRoom, { header }: Trace, id: string) {
  const { definitions, program } = header
  if (Object.hasOwn(definitions, id)) return yield* room.defined(definitions[id] ?? "")
  // Somebody else's machine may be called as one of ours.
  if (program === foreignProgram || !room.names.includes(id)) return undefined
  return yield* room.described({ name: id })
})

/** The charts of a trace by the machines' ids, and the trace with what they say of its actors. */
export const followedBy = Effect.fnUntraced(function* (read: Trace, words: readonly string[]) {
  const room = yield* (yield* Charts).load
  const screen = yield* Screen
  const given = yield* givenOf(room, words)
  const trace = withMachines(read, given)
  const ids = idsOf(trace)
  for (const id of given.keys()) {
    if (ids.includes(id)) continue
    const there = ids.length === 0 ? "none" : ids.map((one) => `'${printable(one, 60)}'`).join(", ")
    const message = `the trace has no machine '${printable(id, 60)}': it has ${there}`
    return yield* new BadInput({ message })
  }
  const charts = new Map<string, ReportChart>()
  for (const id of ids) {
    const asked = given.get(id)
    if (asked !== undefined) charts.set(id, yield* drawn(asked))
    else {
      const found = yield* foundOf(room, trace, id).pipe(
        Effect.flatMap((chart) => (chart === undefined ? Effect.succeed(chart) : drawn(chart))),
        Effect.catchTag("BadInput", ({ message }) => {
          const name = printable(id, 60)
          const told = `there is no chart of '${name}': ${printable(message, 300)}`
          return Effect.as(screen.warn(`troupe: ${told}\n`), undefined)
        })
      )
      if (found !== undefined) charts.set(id, found)
    }
  }
  return { trace, charts: Object.fromEntries(charts) satisfies ReportCharts }
})
