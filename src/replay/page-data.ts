/**
 * What a report's page knows, as JSON: lanes, rows and words, small enough for tens of thousands of
 * moments. Every word was made printable and was measured before, for the page has no fonts to ask.
 */
import { printable } from "../charts/text.ts"
import type { Trace } from "../trace/trace.ts"
import type { Followed, PageChart } from "./report-charts.ts"
import { fitted, laneTitle, pillOf, said, size } from "./sequence.ts"
import type { Concerns } from "./subject.ts"
import { type Mark, marks, type Moment, movesText, type Story } from "./story.ts"

/**
 * A moment: microseconds since the one before, lane, place in `marks` or -1, words said and in the
 * pill, the pill's width, source lane or -1, the row since when it was under way, the row that
 * overtook it or -1, lanes answered, state after and before or -1, facts as pairs of words, and the
 * arrows that it took, as places in its chart's `transitions`.
 */
export type PageRow = readonly [
  elapsedUs: number,
  lane: number,
  mark: number,
  said: number,
  pill: number,
  pillWidth: number,
  source: number,
  since: number,
  overtakenBy: number,
  answered: readonly number[],
  to: number,
  from: number,
  facts: readonly number[],
  taken: readonly number[]
]

export interface PageLane {
  readonly name: string
  /** Cut in the middle, for a list. */
  readonly short: string
  readonly title: readonly [string, string]
  readonly isActor: boolean
  /** The place of its chart, when the page has it; else empty. */
  readonly machine: string
}

/** What an actor owns, as a lane of its own in the table of states. */
export interface PageThing {
  readonly name: string
  readonly short: string
  /** The place of its chart, when the page has it; else empty. */
  readonly machine: string
  /** From which row on it is in which state: a place in `words`, or -1 for not known. */
  readonly marks: readonly (readonly [row: number, state: number])[]
  /** Rows that changed it, and the arrows that it took in each. */
  readonly changes: readonly number[]
  readonly taken: readonly (readonly number[])[]
}

/** Something that one may follow by name. */
export interface PageSubject {
  readonly name: string
  readonly short: string
  /** Each by its distance from the one before: small numbers are short. */
  readonly rows: readonly number[]
}

export interface PageData {
  readonly size: { readonly [name in keyof typeof size]: number }
  readonly marks: readonly Mark[]
  readonly words: readonly string[]
  readonly lanes: readonly PageLane[]
  readonly rows: readonly PageRow[]
  readonly charts: readonly PageChart[]
  /** The wall clock at the trace's first entry, in ms since 1970; -1 where there was none. */
  readonly wallMs: number
  /** Place in the trace of the first row. */
  readonly first: number
  /** The row that is shown first. */
  readonly start: number
  /** Lives of the engine, by the row that each begins with. */
  readonly lives: readonly number[]
  readonly things: readonly PageThing[]
  readonly subjects: readonly PageSubject[]
  /** The place of the subject that is followed at first; -1 for none. */
  readonly about: number
}

const wordLengthMax = 600

/** What has room in a list of names, in px of a diagram's text. */
const shortWidth = 200

class Words {
  readonly all: string[] = []
  private readonly places = new Map<string, number>()

  place(word: string): number {
    const known = this.places.get(word)
    if (known !== undefined) return known
    this.places.set(word, this.all.length)
    this.all.push(printable(word, wordLengthMax))
    return this.all.length - 1
  }
}

const factsOf = ({ entry }: Moment): readonly (readonly [string, string])[] => {
  const facts: readonly (readonly [string, string | undefined])[] =
    entry.kind === "turn"
      ? [
          ["actor", entry.actor],
          ["message", entry.message],
          ["outcome", entry.outcome],
          ["changes", movesText(entry)],
          ["does", entry.actions.join(", ")],
          ["brought by", entry.cause],
          ["script", entry.script],
          ["on behalf of", entry.procedure],
          ["start", entry.epoch],
          ["lane", entry.lane],
          ["defect", entry.defect]
        ]
      : [
          [entry.kind, entry.name],
          ["who", entry.who],
          ["about", entry.about],
          ["more", entry.text]
        ]
  return facts.flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, value] as const]
  )
}

const startOf = ({ moments, concerns }: Story): number =>
  Math.max(
    0,
    moments.findIndex(({ at }) => at >= concerns.start)
  )

const distances = (rows: readonly number[]): readonly number[] =>
  rows.map((row, place) => row - (rows[place - 1] ?? 0))

/** Those of which the page has something. */
const subjectsOf = (
  { concerns }: Story,
  rowOf: ReadonlyMap<number, number>
): readonly PageSubject[] =>
  concerns.subjects.flatMap(({ name, places }) => {
    const rows = places.flatMap((place) => rowOf.get(place) ?? [])
    return rows.length === 0 ? [] : [{ ...namesOf(name), rows: distances(rows) }]
  })

const namesOf = (name: string) => ({
  name: printable(name, wordLengthMax),
  short: fitted(name, shortWidth)
})

const thingsOf = (
  { things, moments }: Story,
  followed: Followed,
  words: Words
): readonly PageThing[] =>
  things.map(({ name, machine, marks, rows }) => ({
    ...namesOf(name),
    machine: followed.nameOf(machine),
    marks: marks.map(([row, state]) => {
      if (state === undefined) return [row, -1]
      const word = words.place(state)
      followed.state(machine, state, word)
      return [row, word]
    }),
    changes: [...rows],
    taken: [...rows].map((row) => {
      const entry = moments[row]?.entry
      if (entry?.kind !== "turn") return []
      const moves = entry.moved.filter(({ thing }) => name === `${entry.actor}/${thing}`)
      return moves.flatMap(({ from, to }) =>
        followed.taken(machine, { message: entry.message, from, to, actions: [] })
      )
    })
  }))

/** States after and before, and the arrows between them. */
function turned({ entry, lane }: Moment, { lanes }: Story, [words, followed]: [Words, Followed]) {
  if (entry.kind !== "turn") return { to: -1, from: -1, taken: [] }
  const machine = lanes[lane]?.machine
  const [to, from] = [words.place(entry.to), words.place(entry.from)]
  followed.state(machine, entry.to, to)
  followed.state(machine, entry.from, from)
  return { to, from, taken: entry.outcome === "taken" ? followed.taken(machine, entry) : [] }
}

const livesOf = (moments: readonly Moment[]): readonly number[] =>
  moments.flatMap(({ entry }, row) => {
    const before = moments[row - 1]
    return before === undefined || before.entry.life === entry.life ? [] : [row]
  })

/** The charts that the page has are followed along with it. */
export function pageData(story: Story, followed: Followed): PageData {
  const { moments } = story
  const words = new Words()
  const rowOf = new Map(moments.map(({ at }, row) => [at, row]))
  let beforeUs = Math.round(story.startMs * 1000)
  const rows = moments.map((moment): PageRow => {
    const { entry, lane, mark, source, since, overtakenBy, answered } = moment
    const pill = pillOf(moment)
    const nowUs = Math.round(entry.atMs * 1000)
    const elapsedUs = nowUs - beforeUs
    beforeUs = nowUs
    const { to, from, taken } = turned(moment, story, [words, followed])
    return [
      elapsedUs,
      lane,
      mark === undefined ? -1 : marks.indexOf(mark),
      words.place(said(moment)),
      words.place(pill.text),
      pill.width,
      source,
      rowOf.get(since) ?? 0,
      overtakenBy === undefined ? -1 : (rowOf.get(overtakenBy) ?? -1),
      answered,
      to,
      from,
      factsOf(moment).flatMap(([name, value]) => [words.place(name), words.place(value)]),
      taken
    ]
  })
  const lanes = story.lanes.map((lane) => ({
    ...namesOf(lane.name),
    title: laneTitle(lane),
    isActor: lane.isActor,
    machine: followed.nameOf(lane.machine)
  }))
  const first = moments[0]?.at ?? 0
  const start = startOf(story)
  const things = thingsOf(story, followed, words)
  const subjects = subjectsOf(story, rowOf)
  const { about: broken } = story.concerns
  const about = broken?.places.some((place) => rowOf.has(place)) === true ? 0 : -1
  const lives = livesOf(moments)
  const wallMs = story.wallMs ?? -1
  const more = { things, subjects, about, lives, charts: followed.pageCharts, wallMs }
  return { size, marks, words: words.all, lanes, rows, first, start, ...more }
}

/** The last rows up to what was broken, or up to the end: what a page has room for. */
export function windowOf(trace: Trace, broken: number, rowsMax: number) {
  const { length } = trace.entries
  if (length <= rowsMax) return { from: 0, to: length }
  const last = broken < 0 ? length : Math.min(length, broken + Math.floor(rowsMax / 10))
  const from = Math.max(0, last - rowsMax)
  return { from, to: Math.min(length, from + rowsMax) }
}

/** The same, with where one begins to look in it, also when that is long before it was found. */
export function windowAround(trace: Trace, { broken, start }: Concerns, rowsMax: number) {
  const window = windowOf(trace, broken, rowsMax)
  const from = Math.max(0, start - Math.floor(rowsMax / 10))
  return start >= window.from ? window : { from, to: from + rowsMax }
}
