/**
 * `troupe trace play`: steps through a trace file in the terminal. Without a terminal, or with
 * `--plain`, it prints the trace as a list.
 */
import * as Effect from "effect/Effect"
import { listing, type Tone } from "../replay/listing.ts"
import { beginning, frame, isStop, pressed } from "../replay/player.ts"
import { type Story, storyOf } from "../replay/story.ts"
import { Screen, type Style } from "./screen.ts"
import { concernsIn, readTraceFile, type WindowWords, windowOf } from "./trace-replay.ts"

const styles: { readonly [tone in Tone]?: Style } = {
  faint: "faint",
  now: "name",
  bad: "bad",
  warn: "warn"
}

/** What a terminal sends for keys that are no signs (xterm, and what the Linux console differs). */
const sequences: { readonly [bytes: string]: string } = {
  "\u001b[A": "up",
  "\u001b[B": "down",
  "\u001b[C": "right",
  "\u001b[D": "left",
  "\u001bOA": "up",
  "\u001bOB": "down",
  "\u001bOC": "right",
  "\u001bOD": "left",
  "\u001b[H": "home",
  "\u001b[F": "end",
  "\u001bOH": "home",
  "\u001bOF": "end",
  "\u001b[1~": "home",
  "\u001b[4~": "end",
  "\u001b[5~": "pageup",
  "\u001b[6~": "pagedown",
  "\u001b": "escape",
  "\r": "enter",
  "\n": "enter",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "ctrl-c"
}

/** Keys in the order in which they were pressed. */
export function keysOf(text: string): readonly string[] {
  const found = text.match(/\p{Cc}(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu) ?? []
  return found.map((one) => sequences[one] ?? one)
}

const clear = "\u001b[H\u001b[J"
const entering = "\u001b[?1049h\u001b[?25l"
const leaving = "\u001b[?25h\u001b[?1049l"

const stepping = Effect.fnUntraced(function* (story: Story, stop: string | undefined) {
  const screen = yield* Screen
  yield* Effect.acquireRelease(screen.write(entering), () => screen.write(leaving))
  const keys = yield* screen.keys
  let player = beginning(story, stop)
  while (!player.isOver) {
    const room = { columns: screen.columns(), rows: screen.rows() }
    const lines = frame(player, story, room).map(({ tone, text }) => {
      const style = styles[tone]
      return style === undefined ? text : screen.paint(style, text)
    })
    yield* screen.write(`${clear}${lines.join("\r\n")}`)
    const bytes = yield* keys
    if (bytes === undefined) return
    for (const key of keysOf(new TextDecoder().decode(bytes))) player = pressed(player, story, key)
  }
}, Effect.scoped)

export interface PlayWords extends WindowWords {
  readonly file: string
  readonly stop: string | undefined
  readonly about: string | undefined
  readonly isPlain: boolean
}

export const play = Effect.fnUntraced(function* (words: PlayWords) {
  const { file, stop, about, isPlain } = words
  const trace = yield* readTraceFile(file)
  const concerns = yield* concernsIn(trace, about)
  const window = yield* windowOf(trace, words)
  const story = storyOf(trace, { window, lanesMax: 500, concerns })
  const screen = yield* Screen
  if (screen.isTerminal && !isPlain && file !== "-") return yield* stepping(story, stop)
  const places = new Set(about === undefined ? [] : concerns.about?.places)
  const moments = story.moments.filter(
    (one) =>
      (about === undefined || places.has(one.at)) && (stop === undefined || isStop(one, stop))
  )
  for (const line of listing({ ...story, moments })) yield* screen.write(`${line}\n`)
})
