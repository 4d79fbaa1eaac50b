/**
 * Stepping through a story without a screen: where one is, what keys do, and the lines that are to
 * be shown. Pure; the command line reads keys and writes lines.
 */
import { printable } from "../charts/text.ts"
import { detailLines, type ListLine, momentLine, stateLines } from "./listing.ts"
import { pillText } from "./sequence.ts"
import type { Moment, Story } from "./story.ts"

export interface Player {
  readonly row: number
  /** Digits or a search that are being typed; empty when none are. */
  readonly typed: string
  /** What `n` and `p` go to: a part of a message, state or mark. Empty: whatever has a mark. */
  readonly stop: string
  /** What could not be done, for one frame. */
  readonly notice: string
  readonly isOver: boolean
}

export const keysHelp =
  "right left: step  Home End  PgUp PgDn: ten  n p: next, last mark  /: find  g: jump  q: end"

/** Nine steps before what was broken: how it came to be is mostly there. */
const stepsBefore = 9

export const beginning = (story: Story, stop = ""): Player => {
  const broken = story.moments.findIndex(({ mark }) => mark === "violation")
  const row = Math.max(0, broken - stepsBefore)
  return { row, typed: "", stop, notice: "", isOver: false }
}

export const isStop = (moment: Moment, wanted: string): boolean => {
  const { entry, mark } = moment
  if (wanted === "") return mark !== undefined
  const states = entry.kind === "turn" ? [entry.message, entry.to] : [entry.name, entry.kind]
  const words = [...states, pillText(moment), mark ?? "", entry.kind === "turn" ? entry.actor : ""]
  return words.join(" ").toLowerCase().includes(wanted.toLowerCase())
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

const footOf = ({ typed, notice, stop }: Player, { columns }: Room): ListLine => {
  const asked = typed.startsWith("g") ? `jump to #${typed.slice(1)}` : `find: ${typed.slice(1)}`
  const looking = stop === "" ? keysHelp : `${keysHelp}  (n p: ${printable(stop, 20)})`
  const text = typed === "" ? notice || looking : asked
  return { tone: "faint", text: [...text].slice(0, columns).join("") }
}

/** A screen full: moments around this one, all about it, and the states after it. */
export function frame(player: Player, story: Story, room: Room): readonly ListLine[] {
  const { moments } = story
  const moment = moments[player.row]
  if (moment === undefined) return [{ tone: "plain", text: "nothing happened here" }]
  const columns = Math.max(20, room.columns - 2)
  const details = detailLines(moment, columns, 4)
  const left = Math.max(4, room.rows - details.length - 4)
  const states = stateLines(story, player.row, columns).slice(0, Math.floor(left / 2))
  const height = left - states.length
  const first = Math.max(0, Math.min(player.row - (height >> 1), moments.length - height))
  const list = moments.slice(first, first + height).map((one, at): ListLine => {
    const { tone, text } = momentLine(one, story, columns)
    const isNow = first + at === player.row
    return { tone: isNow && tone === "plain" ? "now" : tone, text: `${isNow ? ">" : " "} ${text}` }
  })
  const line = (): ListLine => ({ tone: "faint", text: "─".repeat(columns) })
  return [...list, line(), ...details, line(), ...states, footOf(player, room)]
}
