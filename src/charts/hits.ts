/**
 * How often the states of a chart were entered and its transitions taken: the counts, their file
 * and what they come to. Pure; who counts is coverage.ts, and whoever has a disk writes the text.
 */
import { type Chart, type ChartState, type ChartTransition, statesWithin } from "./chart.ts"
import { type Marked, type Marks, transitionKey } from "./marks.ts"
import { printable } from "./printable.ts"
import { eventToSend, wayTo } from "./ways.ts"

export const hitsFormat = "troupe-chart-coverage"
export const hitsVersion = 1

/** A file of counts that cannot be used; the reason is a whole sentence. */
export class BadCoverage extends Error {
  readonly _tag = "BadCoverage"
}

/** Of one machine. What is not in it was never reached. */
export interface Hits {
  /** By the state's id: how often it was entered. */
  readonly states: ReadonlyMap<string, number>
  /** By `transitionKey`: how often it was taken. */
  readonly transitions: ReadonlyMap<string, number>
}

/** Places of a state's transitions by event, in the order in which they are tried. */
function placesOf({ transitions }: ChartState): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, readonly number[]>()
  for (const [at, { event }] of transitions.entries())
    places.set(event, [...(places.get(event) ?? []), at])
  return places
}

const sumInto = (into: Map<string, number>, key: string, count: number): void =>
  void into.set(key, (into.get(key) ?? 0) + count)

/** The counts of several runs together. */
export function mergeHits(all: readonly Hits[]): Hits {
  const states = new Map<string, number>()
  const transitions = new Map<string, number>()
  for (const hits of all) {
    for (const [id, count] of hits.states) sumInto(states, id, count)
    for (const [key, count] of hits.transitions) sumInto(transitions, key, count)
  }
  return { states, transitions }
}

/** A file's text with the counts of one machine, zeros included. The same counts, same text. */
export function hitsText(chart: Chart, hits: Hits): string {
  const states = statesWithin(chart.root)
  const transitionsOf = (state: ChartState) =>
    Object.fromEntries(
      [...placesOf(state)].map(([event, places]) => [
        event,
        places.map((at) => hits.transitions.get(transitionKey(state.id, at)) ?? 0)
      ])
    )
  const counts = {
    states: Object.fromEntries(states.map(({ id }) => [id, hits.states.get(id) ?? 0])),
    transitions: Object.fromEntries(
      states
        .filter(({ transitions }) => transitions.length > 0)
        .map((state) => [state.id, transitionsOf(state)])
    )
  }
  const file = { format: hitsFormat, version: hitsVersion, machines: { [chart.id]: counts } }
  return `${JSON.stringify(file, null, 2)}\n`
}

type Fields = { readonly [key: string]: unknown }

function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields
  throw new BadCoverage(`${place} is no object`)
}

function countOf(value: unknown, place: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new BadCoverage(`${place} is no count`)
}

function parsed(text: string): Fields {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    throw new BadCoverage("it is not JSON")
  }
  const fields = fieldsOf(file, "the file")
  if (fields["format"] !== hitsFormat) throw new BadCoverage(`its format is not '${hitsFormat}'`)
  const version = countOf(fields["version"], "version")
  if (version > hitsVersion)
    throw new BadCoverage(`it is of version ${version}, and up to ${hitsVersion} is read`)
  return fieldsOf(fields["machines"], "machines")
}

/** The counts, and how many of them are of nothing that the chart has. */
export interface HitsRead extends Hits {
  readonly strangers: number
}

function transitionHits(state: ChartState | undefined, counts: Fields, place: string) {
  const places = state === undefined ? new Map<string, readonly number[]>() : placesOf(state)
  return Object.entries(counts).flatMap(([event, list]) => {
    const where = `${place}.${printable(event, 60)}`
    if (!Array.isArray(list)) throw new BadCoverage(`${where} is no list of counts`)
    return list.map((count, nth) => ({
      at: places.get(event)?.[nth],
      count: countOf(count, `${where}[${nth}]`)
    }))
  })
}

/** The counts of this chart's machine in a file's text. Throws `BadCoverage`. */
export function readHits(chart: Chart, text: string): HitsRead {
  const machines = parsed(text)
  if (!Object.hasOwn(machines, chart.id)) {
    const there = Object.keys(machines).map((id) => printable(id, 60))
    const known = there.length === 0 ? "it is of none" : `it is of ${there.join(", ")}`
    throw new BadCoverage(`it has no counts of the machine '${printable(chart.id, 60)}'; ${known}`)
  }
  const counts = fieldsOf(machines[chart.id], "the machine")
  const byId = new Map(statesWithin(chart.root).map((state) => [state.id, state]))
  const states = new Map<string, number>()
  const transitions = new Map<string, number>()
  let strangers = 0
  for (const [id, value] of Object.entries(fieldsOf(counts["states"], "states"))) {
    const count = countOf(value, `states.${printable(id, 60)}`)
    if (byId.has(id)) states.set(id, count)
    else strangers += 1
  }
  for (const [id, value] of Object.entries(fieldsOf(counts["transitions"], "transitions"))) {
    const place = `transitions.${printable(id, 60)}`
    for (const { at, count } of transitionHits(byId.get(id), fieldsOf(value, place), place)) {
      if (at === undefined) strangers += 1
      else transitions.set(transitionKey(id, at), count)
    }
  }
  return { states, transitions, strangers }
}

/** A transition or a state that was never reached. */
export interface Never {
  readonly state: string
  /** Undefined when it is the state that was never entered. */
  readonly transition: ChartTransition | undefined
  /**
   * The events of a shortest way there, the last one its own; conditions and what stands in the
   * context are not looked at. Undefined when no way leads there.
   */
  readonly path: readonly string[] | undefined
}

export interface HitsReport {
  readonly states: { readonly reached: number; readonly all: number }
  readonly transitions: { readonly reached: number; readonly all: number }
  /** The smaller of the two shares, in percent; 100 of a chart that has none. */
  readonly percent: number
  readonly never: readonly Never[]
}

const share = (reached: number, all: number): number => (all === 0 ? 100 : (100 * reached) / all)

/** What the counts come to. The root, which is always active, and history do not count. */
export function reportOf(chart: Chart, hits: Hits): HitsReport {
  const counted = statesWithin(chart.root).filter(({ type }) => type !== "history")
  const states = counted.filter(({ id }) => id !== chart.root.id)
  const transitions = counted.flatMap((state) =>
    state.transitions.map((transition, at) => ({ state: state.id, at, transition }))
  )
  const isNever = (count: number | undefined) => (count ?? 0) === 0
  const lost = states.filter(({ id }) => isNever(hits.states.get(id)))
  const untaken = transitions.filter(({ state, at }) =>
    isNever(hits.transitions.get(transitionKey(state, at)))
  )
  const way = wayTo(chart)
  const reached = {
    states: { reached: states.length - lost.length, all: states.length },
    transitions: { reached: transitions.length - untaken.length, all: transitions.length }
  }
  return {
    ...reached,
    percent: Math.min(
      share(reached.states.reached, reached.states.all),
      share(reached.transitions.reached, reached.transitions.all)
    ),
    never: [
      ...lost.map(({ id }) => ({ state: id, transition: undefined, path: way(id) })),
      ...untaken.map(({ state, transition }) => {
        const path = way(state)
        const last = eventToSend(transition)
        return { state, transition, path: path === undefined ? undefined : [...path, last] }
      })
    ]
  }
}

const marked = (count: number): Marked => ({
  mark: count === 0 ? "never" : "hit",
  note: `×${count}`
})

/** The counts as marks on the chart. */
export function hitMarks(chart: Chart, hits: Hits): Marks {
  const counted = statesWithin(chart.root).filter(({ type }) => type !== "history")
  const { states, transitions, percent } = reportOf(chart, hits)
  const total =
    `${states.reached} of ${states.all} states, ` +
    `${transitions.reached} of ${transitions.all} transitions: ${shownPercent(percent)}`
  return {
    states: new Map(
      counted
        .filter(({ id }) => id !== chart.root.id)
        .map(({ id }) => [id, marked(hits.states.get(id) ?? 0)])
    ),
    transitions: new Map(
      counted.flatMap(({ id, transitions: all }) =>
        all.map((_, at) => {
          const key = transitionKey(id, at)
          return [key, marked(hits.transitions.get(key) ?? 0)] as const
        })
      )
    ),
    legend: [
      { text: `reached, with the count (${total})`, mark: "hit" },
      { text: "never reached", mark: "never" }
    ]
  }
}

/** Downwards, for 100 % is said of nothing less: `99.9 %`. */
export const shownPercent = (percent: number): string => `${Math.floor(percent * 10) / 10} %`
