/**
 * Two charts as one: what the newer has more, has no more, and has otherwise. States are the same
 * when their ids are, transitions when they are of one state, event and target. Pure.
 */
import { type Chart, type ChartState, type ChartTransition, statesWithin } from "./chart.ts"
import { transitionText } from "./label.ts"
import { type Marked, type Marks, type Text, transitionKey } from "./marks.ts"
import { ownLines } from "./scene.ts"

export type Change = "added" | "removed" | "changed"

export interface ChartChange {
  readonly change: Change
  readonly state: string
  /** The transition in words; undefined when it is the state. */
  readonly transition: string | undefined
  /** Of what changed: how it was. */
  readonly before: string | undefined
}

export interface ChartDiff {
  /** The newer chart, with what it has no more. */
  readonly chart: Chart
  readonly marks: Marks
  /** In the order of the chart. */
  readonly changes: readonly ChartChange[]
}

export const signs: { readonly [change in Change]: string } = {
  added: "+",
  removed: "−",
  changed: "~"
}

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

interface Pair {
  readonly transition: ChartTransition
  readonly change: Change | undefined
  readonly before: ChartTransition | undefined
}

/** Takes the first that fits out of what is left. */
function takeFirst<A>(left: A[], fits: (one: A) => boolean): A | undefined {
  const at = left.findIndex(fits)
  return at < 0 ? undefined : left.splice(at, 1)[0]
}

/** Transitions of both, each with what became of it. Equal ones first: order is no change. */
function paired(
  newer: readonly ChartTransition[],
  older: readonly ChartTransition[]
): readonly Pair[] {
  const left = [...older]
  const equal = newer.map((one) => takeFirst(left, (other) => same(one, other)))
  const pairs = newer.map((transition, at): Pair => {
    if (equal[at] !== undefined) return { transition, change: undefined, before: undefined }
    const before = takeFirst(
      left,
      ({ event, targets }) => event === transition.event && same(targets, transition.targets)
    )
    return { transition, change: before === undefined ? "added" : "changed", before }
  })
  const gone = left.map((transition) => ({
    transition,
    change: "removed" as const,
    before: undefined
  }))
  return [...pairs, ...gone]
}

class Comparison {
  readonly states = new Map<string, Marked>()
  readonly transitions = new Map<string, Marked>()
  readonly lines = new Map<string, readonly Text[]>()
  readonly changes: ChartChange[] = []

  /** The state with all that either has. */
  state(newer: ChartState | undefined, older: ChartState | undefined): ChartState {
    const shown = newer ?? older
    if (shown === undefined) throw new Error("a state of neither chart is compared")
    this.note(newer, older, shown.id)
    const pairs = paired(newer?.transitions ?? [], older?.transitions ?? [])
    for (const [at, pair] of pairs.entries()) this.pair(shown.id, at, pair)
    const olders = new Map((older?.states ?? []).map((one) => [one.id, one]))
    const kept = (newer?.states ?? []).map((one) => this.state(one, olders.get(one.id)))
    const there = new Set(kept.map(({ id }) => id))
    const gone = [...olders.values()].filter(({ id }) => !there.has(id))
    const states = [...kept, ...gone.map((one) => this.state(undefined, one))]
    return { ...shown, transitions: pairs.map(({ transition }) => transition), states }
  }

  private note(newer: ChartState | undefined, older: ChartState | undefined, id: string): void {
    if (newer === undefined || older === undefined) {
      const change = newer === undefined ? "removed" : "added"
      return this.mark(id, change)
    }
    const [now, was] = [linesOf(newer), linesOf(older)]
    if (same(now, was)) return
    this.mark(id, "changed")
    const told = (lines: readonly string[], others: readonly string[], change: Change) =>
      lines
        .filter((line) => !others.includes(line))
        .map((line) => ({ text: `${signs[change]} ${line}`, mark: change }))
    const kept = ownLines(newer).filter((line) => was.includes(line))
    this.lines.set(id, [
      ...kept.map((text) => ({ text })),
      ...told(was, now, "removed"),
      ...told(now, was, "added")
    ])
  }

  private mark(state: string, change: Change): void {
    this.states.set(state, { mark: change, sign: signs[change] })
    this.changes.push({ change, state, transition: undefined, before: undefined })
  }

  private pair(state: string, at: number, { transition, change, before }: Pair): void {
    if (change === undefined) return
    const was = before === undefined ? undefined : transitionText(before)
    this.transitions.set(transitionKey(state, at), {
      mark: change,
      sign: signs[change],
      ...(was === undefined ? {} : { before: `   was ${was}` })
    })
    const text = arrowText(transition)
    const old = before === undefined ? undefined : arrowText(before)
    this.changes.push({ change, state, transition: text, before: old })
  }
}

const arrowText = (one: ChartTransition): string =>
  one.targets.length === 0
    ? transitionText(one)
    : `${transitionText(one)} → ${one.targets.join(" and ")}`

/** All that a state says of itself, so that two of them can be compared by it. */
const linesOf = (state: ChartState): readonly string[] => [
  ...ownLines(state),
  ...(state.type === "atomic" || state.type === "compound" ? [] : [`type: ${state.type}`]),
  ...(state.initial === undefined ? [] : [`begins with ${state.initial.split(".").at(-1)}`]),
  ...(state.history === undefined ? [] : [`history: ${state.history}`])
]

/** A chart whose root has another id, wherever it stands. */
function withRoot(chart: Chart, id: string): ChartState {
  const old = chart.root.id
  const renamed = (one: string) => (one === old ? id : one)
  const go = (state: ChartState): ChartState => ({
    ...state,
    id: renamed(state.id),
    transitions: state.transitions.map((one) => ({ ...one, targets: one.targets.map(renamed) })),
    states: state.states.map(go)
  })
  return old === id ? chart.root : go(chart.root)
}

/** What is other in `newer` than in `older`. */
export function diff(newer: Chart, older: Chart): ChartDiff {
  const comparison = new Comparison()
  const root = comparison.state(newer.root, withRoot(older, newer.root.id))
  const { states, transitions, lines, changes } = comparison
  const count = (wanted: Change) => changes.filter(({ change }) => change === wanted).length
  const legend: readonly Text[] = (["added", "removed", "changed"] as const).map((change) => ({
    text: `${signs[change]} ${change}: ${count(change)}`,
    mark: change
  }))
  const chart: Chart = { version: 1, id: newer.id, root }
  const drawn = new Set(statesWithin(root).map(({ id }) => id))
  // Two charts of one id have their states apart by id: a lost one would be an arrow to nowhere.
  for (const { targets } of statesWithin(root).flatMap((state) => state.transitions))
    for (const target of targets)
      if (!drawn.has(target)) throw new Error(`'${target}' is in neither chart`)
  return { chart, marks: { states, transitions, lines, legend }, changes }
}
