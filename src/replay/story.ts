/**
 * A trace as a story: lanes, one for whoever did something, and moments in order, each with the
 * message that came, where it came from and since when, whom it answered, and what overtook it.
 * Drawings, pages and the terminal tell this; nothing here draws.
 */
import { type Entry, kindOf, type NoteEntry, type Trace, type TurnEntry } from "../trace/trace.ts"
import { type Concerns, concernsOf } from "./subject.ts"
import { type Thing, thingsOf } from "./things.ts"

/** Sends what has no actor behind it: clients and the host, as the engine sees them. */
export const outside = "outside"

export interface Lane {
  /** As the trace has it: the name of an actor, `client 2`, `host`. */
  readonly name: string
  readonly isActor: boolean
  /** The id of the chart that the actor follows; `undefined` where it has none. */
  readonly machine: string | undefined
}

/** Why a moment is worth a look; the first that holds. */
export const marks = ["violation", "crashed", "fault", "overtaken", "refused", "failed"] as const
export type Mark = (typeof marks)[number]

export interface Moment {
  /** Its place in the trace, from 0. */
  readonly at: number
  readonly entry: Entry
  /** Place of its lane; -1 for what concerns them all. */
  readonly lane: number
  /** Where its message comes from; -1 for a note. */
  readonly source: number
  /** The place in the trace of what came next when the message was sent; at most `at`. */
  readonly since: number
  /** Lanes that it answered. */
  readonly answered: readonly number[]
  /** The place of a moment whose message was sent later and served before. */
  readonly overtakenBy: number | undefined
  readonly mark: Mark | undefined
}

export interface Story {
  readonly lanes: readonly Lane[]
  readonly moments: readonly Moment[]
  /** Of the whole trace, of which `moments` may be a part. */
  readonly total: number
  /** Lanes that are left out, with what happened in them: the quietest of too many. */
  readonly lanesHidden: number
  /** What actors own many of: devices, of pools. */
  readonly things: readonly Thing[]
  readonly thingsHidden: number
  /** Of the whole trace. */
  readonly concerns: Concerns
  /** When the whole trace begins: what is shown counts from there. */
  readonly startMs: number
  /** The wall clock then; `undefined` of a simulated world, and where the trace does not say. */
  readonly wallMs: number | undefined
}

/** Places in a trace: the first, and the one after the last. */
export interface Window {
  readonly from: number
  readonly to: number
}

const turnKey = ({ life }: TurnEntry, serial: number): string => `${life} ${serial}`

const markOf = (entry: Entry, isOvertaken: boolean): Mark | undefined => {
  switch (entry.kind) {
    case "violation":
      return "violation"
    case "fault":
      return "fault"
    case "return":
      return entry.name === "ok" ? undefined : "failed"
    case "turn":
      if (entry.outcome === "crashed") return "crashed"
      if (isOvertaken) return "overtaken"
      return entry.outcome === "refused" ? "refused" : undefined
    default:
      return undefined
  }
}

/** Names from left to right: who asks, the actors, and what is beneath them. */
const rankOf = (lane: Lane): number => {
  if (lane.isActor) return 2
  if (lane.name === outside) return 1
  return /^(?:client|simulation)\b/.test(lane.name) ? 0 : 3
}

const clientOf = ({ name }: Lane): number => Number(/^client (\d{1,6})$/.exec(name)?.[1] ?? 0)

/** What must be known of the whole trace to tell a part of it. */
class Ties {
  /** The place of each record. */
  private readonly places = new Map<string, number>()
  /** Who asked, by call. */
  private readonly askers = new Map<string, string>()
  private readonly overtakers = new Map<number, number>()

  constructor(entries: readonly Entry[]) {
    const latest = new Map<string, { readonly sent: number; readonly at: number }>()
    for (const [at, entry] of entries.entries()) {
      if (entry.kind !== "turn") continue
      this.places.set(turnKey(entry, entry.serial), at)
      this.asked(entry)
      const served = `${entry.life} ${entry.actor}`
      const before = latest.get(served)
      if (before !== undefined && before.sent > entry.sent) this.overtakers.set(at, before.at)
      else latest.set(served, { sent: entry.sent, at })
    }
  }

  since(turn: TurnEntry, at: number): number {
    return Math.min(at, this.places.get(turnKey(turn, turn.sent)) ?? at)
  }

  askersOf(turn: TurnEntry): readonly string[] {
    const refused = turn.outcome === "refused" && turn.call !== undefined ? [turn.call] : []
    const names = [...turn.answers, ...refused].map((call) => this.askers.get(turnKey(turn, call)))
    return [...new Set(names.filter((name) => name !== undefined))]
  }

  overtakerOf(at: number): number | undefined {
    return this.overtakers.get(at)
  }

  private asked(turn: TurnEntry): void {
    if (turn.call === undefined) return
    const key = turnKey(turn, turn.call)
    if (!this.askers.has(key)) this.askers.set(key, turn.sender ?? outside)
  }
}

const namesOf = (entry: Entry): readonly string[] => {
  if (entry.kind !== "turn") return entry.who === undefined ? [] : [entry.who]
  return [entry.sender ?? outside, entry.actor]
}

export interface StoryOptions {
  readonly window?: Window
  /** By default 40. */
  readonly lanesMax?: number
  /** Of the actors' lanes: as they appear, or those first that do most. */
  readonly order?: "appearance" | "busy"
  /** Of the trace, for who has them already. */
  readonly concerns?: Concerns
}

const lanesOf = (
  { header }: Trace,
  entries: readonly Entry[],
  { lanesMax = 40, order = "appearance" }: StoryOptions
) => {
  const actors = new Set<string>()
  const counts = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind === "turn") actors.add(entry.actor)
    if (entry.kind === "turn" && entry.sender !== undefined) actors.add(entry.sender)
    for (const name of namesOf(entry)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const busiest = [...counts].toSorted(([, one], [, other]) => other - one).slice(0, lanesMax)
  const kept = new Set(busiest.map(([name]) => name))
  const names = order === "busy" ? busiest.map(([name]) => name) : [...counts.keys()]
  const lanes = names
    .filter((name) => kept.has(name))
    .map((name): Lane => {
      const isActor = actors.has(name)
      const kind = kindOf(name)
      const hasMachine = isActor && Object.hasOwn(header.machines, kind)
      return { name, isActor, machine: hasMachine ? header.machines[kind] : undefined }
    })
    .toSorted((one, other) => rankOf(one) - rankOf(other) || clientOf(one) - clientOf(other))
  return { lanes, hidden: counts.size - lanes.length }
}

/** The trace, or the part of it in the window, told. */
export function storyOf(trace: Trace, options: StoryOptions = {}): Story {
  const { entries } = trace
  const { window = { from: 0, to: entries.length } } = options
  const ties = new Ties(entries)
  const part = entries.slice(window.from, window.to)
  const { lanes, hidden } = lanesOf(trace, part, options)
  const placeOf = new Map(lanes.map(({ name }, place) => [name, place]))
  const laneOf = (name: string | undefined) =>
    name === undefined ? -1 : (placeOf.get(name) ?? undefined)
  const told = part.flatMap((entry, index): readonly Moment[] => {
    const at = window.from + index
    const lane = laneOf(entry.kind === "turn" ? entry.actor : entry.who)
    if (lane === undefined) return []
    const overtakenBy = ties.overtakerOf(at)
    const mark = markOf(entry, overtakenBy !== undefined)
    if (entry.kind !== "turn")
      return [{ at, entry, lane, source: -1, since: at, answered: [], overtakenBy, mark }]
    const answered = ties.askersOf(entry).flatMap((name) => laneOf(name) ?? [])
    const source = laneOf(entry.sender ?? outside) ?? -1
    return [{ at, entry, lane, source, since: ties.since(entry, at), answered, overtakenBy, mark }]
  })
  const { things, hidden: thingsHidden } = thingsOf(
    told.map(({ entry }) => entry),
    trace.header
  )
  const total = entries.length
  const concerns = options.concerns ?? concernsOf(trace)
  const clock = clockOf(trace)
  return {
    lanes,
    moments: told,
    total,
    lanesHidden: hidden,
    things,
    thingsHidden,
    concerns,
    ...clock
  }
}

const clockOf = ({ header, entries }: Trace) => {
  const startMs = entries[0]?.atMs ?? 0
  const { wallOriginMs, simulation } = header
  const isReal = wallOriginMs !== undefined && simulation === undefined
  return { startMs, wallMs: isReal ? wallOriginMs + startMs : undefined }
}

/** A day and a time of the wall clock. */
const wallFormat = new Intl.DateTimeFormat("sv-SE", {
  dateStyle: "short",
  timeStyle: "medium",
  timeZone: "UTC"
})

/** `2026-01-01 00:00:00.123 UTC`, of ms since 1970. */
export const wallText = (ms: number): string =>
  `${wallFormat.format(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")} UTC`

const region = /^[A-Za-z]\w*(?:\.\w+)*$/

/** The regions of a state's name that are other than before. */
export const changedRegions = ({ from, to }: Pick<TurnEntry, "from" | "to">): string => {
  if (from === to) return ""
  const [before, after] = [from.split(" "), to.split(" ")]
  // Names of actors without a chart count things, `1 held`: their blanks part nothing.
  if (before.length !== after.length || !after.every((word) => region.test(word))) return to
  return after.filter((word, at) => before[at] !== word).join(" ")
}

/** Whether the turn entered a state with this in its name: one that it was not in before. */
export function isEntered({ from, to }: Pick<TurnEntry, "from" | "to">, wanted: string): boolean {
  const has = (state: string | undefined) => state?.toLowerCase().includes(wanted) === true
  const [before, after] = [from.split(" "), to.split(" ")]
  if (before.length !== after.length) return has(to) && !has(from)
  const isNew = after.some((word, at) => has(word) && !has(before[at]))
  // A name that goes over several words: a state with blanks in it, or several regions.
  return isNew || (wanted.includes(" ") && has(to) && !has(from))
}

/** What the turn changed besides its actor's own state. */
export const movesText = ({ moved }: Pick<TurnEntry, "moved">): string =>
  moved.map(({ thing, to }) => `${thing} -> ${to}`).join(", ")

const noteSentence = ({ kind, name, who, about, text }: NoteEntry): string =>
  [
    `${kind} ${name}`,
    who === undefined ? "" : `, ${who}`,
    about === undefined ? "" : `, about ${about}`,
    text === undefined ? "" : `: ${text}`
  ].join("")

/** The moment in words, on one line; as hostile as the trace is. */
export function sentenceOf({ entry, overtakenBy }: Moment): string {
  if (entry.kind !== "turn") return noteSentence(entry)
  const { actor, message, outcome, from, to, actions, procedure, cause, sender, script } = entry
  const moved = movesText(entry)
  return [
    `${actor}: ${message}, ${outcome}`,
    from === to ? `, in ${to}` : `, ${from} -> ${to}`,
    moved === "" ? "" : ` (${moved})`,
    actions.length === 0 ? "" : `, does ${actions.join(", ")}`,
    `; ${cause} from ${sender ?? outside}${script === undefined ? "" : ` (${script})`}`,
    procedure === undefined ? "" : ` for ${procedure}`,
    overtakenBy === undefined ? "" : `; overtaken by #${overtakenBy}`,
    entry.defect === undefined ? "" : `: ${entry.defect}`
  ].join("")
}
