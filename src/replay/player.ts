/**
 * Stepping through a story without a screen: where one is, what keys do, and the lines that are to
 * be shown. Pure; the command line reads keys and writes lines.
 */
import { printable } from "../charts/text.ts"
import { detailLines, type ListLine, momentLine, stateLines } from "./listing.ts"
import { pillText } from "./sequence.ts"
import { isEntered, type Moment, type Story } from "./story.ts"

export interface Player {
  readonly row: number
  /** Digits, a search or a subject that are being typed; empty when none are. */
  readonly typed: string
  /** What `n` and `p` go to: a part of a message, state or mark. Empty: whatever has a mark. */
  readonly stop: string
  /** Place in the story's subjects of what `[` and `]` follow; -1 for none. */
  readonly about: number
  /** What could not be done, for one frame. */
  readonly notice: string
  readonly isOver: boolean
}

/** What is used most comes first: a narrow screen cuts the rest. */
export const keysHelp =
  "q: end  right left: step  n p: next, last mark  [ ]: what concerns it  a: about  /: find  " +
  "g: jump  PgUp PgDn: ten  Home End"

/** Before what was broken, or before the last change of what it is about. */
export const beginning = ({ moments, concerns }: Story, stop = ""): Player => {
  const row = Math.max(
    0,
    moments.findIndex(({ at }) => at >= concerns.start)
  )
  const about = concerns.about === undefined ? -1 : 0
  return { row, typed: "", stop, about, notice: "", isOver: false }
}

/** Whether the entry at this place concerns the subject. */
const isConcerned = ({ concerns }: Story, about: number, at: number): boolean =>
  concerns.subjects[about]?.places.includes(at) === true

export const isStop = (moment: Moment, wanted: string): boolean => {
  const { entry, mark } = moment
  if (wanted === "") return mark !== undefined
  const sought = wanted.toLowerCase()
  const words =
    entry.kind === "turn"
      ? [entry.message, entry.outcome === "taken" ? "" : entry.outcome, entry.actor]
      : [entry.name, entry.kind, pillText(moment)]
  if ([...words, mark ?? ""].join(" ").toLowerCase().includes(sought)) return true
  return entry.kind === "turn" && isEntered(entry, sought)
}

const moved = (player: Player, story: Story, row: number): Player => ({
  ...player,
  row: Math.max(0, Math.min(story.moments.length - 1, row))
})

const searched = (player: Player, story: Story, by: 1 | -1): Player => {
  const { moments } = story
  for (let row = player.row + by; row >= 0 && row < moments.length; row += by) {
    const moment = moments[row]
    if (moment !== undefined && isStop(moment, player.stop)) return moved(player, story, row)
  }
  const what = player.stop === "" ? "mark" : `'${printable(player.stop, 40)}'`
  return { ...player, notice: `no ${what} ${by === 1 ? "from here on" : "before this"}` }
}

/** To the next or the last row that concerns the subject. */
const followed = (player: Player, story: Story, by: 1 | -1): Player => {
  const { concerns, moments } = story
  const subject = concerns.subjects[player.about]
  if (subject === undefined) return { ...player, notice: "about what? a NAME Enter says" }
  const here = moments[player.row]?.at ?? 0
  const places = new Set(subject.places)
  const rows = moments.flatMap(({ at }, row) =>
    (at - here) * by > 0 && places.has(at) ? [row] : []
  )
  const row = by === 1 ? rows[0] : rows.at(-1)
  const where = by === 1 ? "from here on" : "before this"
  const what = printable(subject.name, 40)
  if (row === undefined) return { ...player, notice: `nothing concerns ${what} ${where}` }
  return moved(player, story, row)
}

/** The first subject with these signs in its name is followed from now on; none by no signs. */
const chosen = (player: Player, { concerns }: Story, name: string): Player => {
  if (name === "") return { ...player, about: -1 }
  const about = concerns.subjects.findIndex((one) => one.name.includes(name))
  const notice = `no device, domain or start is called '${printable(name, 40)}'`
  return about < 0 ? { ...player, notice } : { ...player, about }
}

const jumped = (player: Player, story: Story, digits: string): Player => {
  const wanted = Number(digits)
  const row = story.moments.findIndex(({ at }) => at >= wanted)
  if (digits === "") return player
  return row < 0 ? { ...player, notice: `there is no #${wanted}` } : moved(player, story, row)
}

/** While something is typed: signs, Backspace, Enter, Escape. */
function typing(player: Player, story: Story, key: string): Player {
  const { typed } = player
  if (key === "escape") return { ...player, typed: "" }
  if (key === "backspace") return { ...player, typed: typed.slice(0, -1) }
  if (key === "enter") {
    const done = { ...player, typed: "" }
    if (typed.startsWith("g")) return jumped(done, story, typed.slice(1))
    if (typed.startsWith("a")) return chosen(done, story, typed.slice(1))
    return searched({ ...done, stop: typed.slice(1) }, story, 1)
  }
  const isTaken = typed.startsWith("g") ? /^\d$/.test(key) : [...key].length === 1
  return isTaken && typed.length < 60 ? { ...player, typed: typed + key } : player
}

/** The player after a key, by its name: a sign itself, else `left`, `pageup`, `enter`. */
export function pressed(before: Player, story: Story, key: string): Player {
  const player = { ...before, notice: "" }
  if (key === "ctrl-c") return { ...player, isOver: true }
  if (player.typed !== "") return typing(player, story, key)
  const go = (row: number) => moved(player, story, row)
  switch (key) {
    case "right":
    case "down":
    case " ":
    case "enter":
      return go(player.row + 1)
    case "left":
    case "up":
    case "backspace":
      return go(player.row - 1)
    case "pagedown":
      return go(player.row + 10)
    case "pageup":
      return go(player.row - 10)
    case "home":
      return go(0)
    case "end":
      return go(story.moments.length - 1)
    case "n":
      return searched(player, story, 1)
    case "p":
      return searched(player, story, -1)
    case "]":
      return followed(player, story, 1)
    case "[":
      return followed(player, story, -1)
    case "a":
    case "g":
    case "/":
      return { ...player, typed: key }
    case "q":
    case "escape":
      return { ...player, isOver: true }
    default:
      return { ...player, notice: keysHelp }
  }
}

interface Room {
  readonly columns: number
  readonly rows: number
}

const asking: { readonly [key: string]: string } = { g: "jump to #", a: "about: ", "/": "find: " }

const footOf = (player: Player, { concerns }: Story, { columns }: Room): ListLine => {
  const { typed, notice, stop, about } = player
  const asked = `${asking[typed.slice(0, 1)] ?? ""}${typed.slice(1)}`
  const subject = concerns.subjects[about]
  const follows = subject === undefined ? "" : `about ${printable(subject.name, 40)}  `
  const looking = `${follows}${stop === "" ? "" : `(n p: ${printable(stop, 20)})  `}${keysHelp}`
  const text = typed === "" ? notice || looking : asked
  return { tone: "faint", text: [...text].slice(0, columns).join("") }
}

/** A screen full: moments around this one, all about it, and the states after it. */
export function frame(player: Player, story: Story, room: Room): readonly ListLine[] {
  const { moments } = story
  const moment = moments[player.row]
  if (moment === undefined) return [{ tone: "plain", text: "nothing happened here" }]
  const columns = Math.max(20, room.columns - 2)
  const details = detailLines(moment, story, { columns, max: 4 })
  const left = Math.max(4, room.rows - details.length - 4)
  const states = stateLines(story, player.row, columns).slice(0, Math.floor(left / 2))
  const height = left - states.length
  const first = Math.max(0, Math.min(player.row - (height >> 1), moments.length - height))
  const list = moments.slice(first, first + height).map((one, at): ListLine => {
    const { tone, text } = momentLine(one, story, columns)
    const isNow = first + at === player.row
    const sign = isConcerned(story, player.about, one.at) ? "*" : " "
    const head = `${isNow ? ">" : " "}${sign}`
    return { tone: isNow && tone === "plain" ? "now" : tone, text: `${head}${text}` }
  })
  const line = (): ListLine => ({ tone: "faint", text: "─".repeat(columns) })
  return [...list, line(), ...details, line(), ...states, footOf(player, story, room)]
}
