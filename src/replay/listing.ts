/**
 * A story, or a moment of it, as lines for a terminal. Whatever the trace says is shown as signs:
 * controls and marks of direction are written out, and lines are cut to the screen.
 */
import { printable } from "../charts/text.ts"
import { pillText, timeText } from "./sequence.ts"
import { type Moment, outside, sentenceOf, type Story, wallText } from "./story.ts"
import { stateOfThing } from "./things.ts"

/** How a part of a line is meant; the terminal decides how it looks. */
export type Tone = "plain" | "faint" | "now" | "bad" | "warn"

export interface ListLine {
  readonly tone: Tone
  readonly text: string
}

const sentenceLengthMax = 2000

/** Of what is printable already. */
const cut = (text: string, columns: number): string => {
  const shown = [...text]
  return shown.length <= columns ? shown.join("") : `${shown.slice(0, columns - 1).join("")}…`
}

/** Of a uuid the ends tell most. */
const short = (name: string): string => {
  const signs = [...name]
  return signs.length <= 24 ? name : `${signs.slice(0, 15).join("")}…${signs.slice(-8).join("")}`
}

const toneOf = ({ mark }: Moment): Tone => {
  if (mark === undefined) return "plain"
  return mark === "fault" || mark === "overtaken" ? "warn" : "bad"
}

/** A moment on one line: place, time, from whom to whom, the message, and what came of it. */
export function momentLine(moment: Moment, story: Story, columns: number): ListLine {
  const { entry, source, lane, mark } = moment
  const place = `#${moment.at}`.padStart(6)
  const time = timeText(entry.atMs - story.startMs).padStart(12)
  const nameOf = (one: number) => printable(short(story.lanes[one]?.name ?? "-"))
  const words =
    entry.kind === "turn"
      ? `${source < 0 ? outside : nameOf(source)} > ${nameOf(lane)}: ${entry.message}`
      : `${entry.who === undefined ? "*" : nameOf(lane)}: ${entry.kind}`
  const result = pillText(moment)
  const told = [
    words,
    result === "" ? "" : ` [${result}]`,
    mark === undefined || mark === "failed" ? "" : ` (${mark})`,
    entry.kind === "turn" || entry.text === undefined ? "" : ` ${entry.text}`
  ].join("")
  return {
    tone: toneOf(moment),
    text: cut(`${place}${time}  ${printable(told, sentenceLengthMax)}`, columns)
  }
}

/** What is known of the story in sentences, before its lines. */
const headOf = ({ moments, total, lanesHidden }: Story): readonly string[] => {
  const [first, last] = [moments[0], moments.at(-1)]
  if (first === undefined || last === undefined) return ["nothing happened here"]
  const hidden = lanesHidden === 0 ? "" : `; ${lanesHidden} quiet lanes are left out`
  return [`#${first.at} to #${last.at} of ${total} entries${hidden}`]
}

/** All of it, a line a moment: what `--plain` prints. */
export const listing = (story: Story): readonly string[] => [
  ...headOf(story),
  ...story.moments.map((moment) => momentLine(moment, story, Number.POSITIVE_INFINITY).text)
]

/** The state of each actor after the moment of this row, as far as the trace says. */
export function statesAt(story: Story, row: number): ReadonlyMap<string, string> {
  const states = new Map<string, string>()
  const life = story.moments[row]?.entry.life
  for (const { entry } of story.moments.slice(0, row + 1))
    if (entry.kind === "turn" && entry.life === life) states.set(entry.actor, entry.to)
  for (const { entry } of story.moments.slice(row + 1))
    if (entry.kind === "turn" && entry.life === life && !states.has(entry.actor))
      states.set(entry.actor, entry.from)
  return states
}

/** Actors and below each what it owns, beside their states; what just changed is told apart. */
export const stateLines = (story: Story, row: number, columns: number): readonly ListLine[] => {
  const now = story.moments[row]?.entry
  const changed = now?.kind === "turn" ? now.actor : undefined
  const line = (name: string, state: string, isNow: boolean): ListLine => ({
    tone: isNow ? "now" : "plain",
    text: cut(`${printable(short(name)).padEnd(26)} ${printable(state, 400)}`, columns)
  })
  return [...statesAt(story, row)].flatMap(([actor, state]) => [
    line(actor, state, actor === changed),
    ...story.things.flatMap((thing) => {
      const known = stateOfThing(thing, row)
      const isOwn = thing.name.startsWith(`${actor}/`)
      return isOwn && known !== undefined ? [line(thing.name, known, thing.rows.has(row))] : []
    })
  ])
}

/** Everything about the moment, broken at the edge of the screen into so many lines at most. */
export function detailLines(
  moment: Moment,
  { startMs, wallMs }: Story,
  { columns, max }: { readonly columns: number; readonly max: number }
): readonly ListLine[] {
  const wall = wallMs === undefined ? "" : ` (${wallText(wallMs + moment.entry.atMs - startMs)})`
  const signs = [...printable(`${sentenceOf(moment)}${wall}`, sentenceLengthMax)]
  const count = Math.min(max, Math.ceil(signs.length / columns))
  return Array.from({ length: count }, (_, line) => ({
    tone: "plain",
    text: signs.slice(line * columns, (line + 1) * columns).join("")
  }))
}
