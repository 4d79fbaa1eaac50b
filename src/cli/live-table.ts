/**
 * The table of guests that `run` and `demo` show: drawn again in place on a terminal, and as one
 * line for each change where there is none. Reads; decides nothing about guests.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { isActive } from "../model/state.ts"
import type { Guest, Summary } from "./engine.ts"
import { Screen, type Style } from "./screen.ts"
import type { SerialLog } from "./serial.ts"
import { type Cell, cut, tableLines } from "./table.ts"

/** A guest that is shown. */
export interface Shown {
  readonly guest: Guest
  readonly serial: SerialLog
  /** How it ended, for one that nobody finds any more. */
  readonly ending?: () => string | undefined
}

/** Four times a second is alive to the eye and idle to the processor. */
const redrawMs = 250

export const styleOf = (state: string): Style => {
  if (state === "running") return "good"
  if (state === "crashed") return "bad"
  return state === "shutoff" ? "faint" : "warn"
}

/** libvirt has no word for a domain that is about to run: to its clients it is still shut off. */
export const stateText = ({ state, reason, isActive: hasEpoch }: Summary): string => {
  if (state === "shutoff" && hasEpoch) return "starting"
  return reason === "unknown" ? state : `${state} (${reason})`
}

/** `1:02:03`, or `2:03` below an hour. */
export const durationText = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60
  ]
  const two = (value: number) => String(value).padStart(2, "0")
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

const rowOf = (
  { summary, serial }: { readonly summary: Summary; readonly serial: SerialLog },
  nowMs: number,
  paint: Screen["Service"]["paint"]
): readonly Cell[] => {
  const { name, state, epoch, startedAtMs } = summary
  const isUp = isActive(state) && startedAtMs !== undefined
  return [
    { text: name, paint: (text) => paint("name", text) },
    { text: stateText(summary), paint: (text) => paint(styleOf(state), text) },
    { text: epoch ?? "-" },
    { text: isUp ? durationText(nowMs - startedAtMs) : "-" },
    { text: serial.last ?? "-", paint: (text) => paint("faint", text) }
  ]
}

const heads = ["GUEST", "STATE", "EPOCH", "UPTIME", "LAST SERIAL LINE"]

/** A domain that is no more is shown shut off, with how it ended. */
const summaryOf = ({ guest, ending = () => undefined }: Shown): Effect.Effect<Summary> =>
  Effect.catch(guest.summary, () =>
    Effect.succeed<Summary>({
      uuid: guest.uuid,
      name: guest.name,
      id: undefined,
      state: "shutoff",
      reason: ending() ?? "unknown",
      isActive: false,
      isPersistent: false,
      isAutostart: false,
      epoch: undefined,
      startedAtMs: undefined
    })
  )

/** The present rows as lines. */
export const tableOf = Effect.fnUntraced(function* (shown: readonly Shown[]) {
  const screen = yield* Screen
  const nowMs = yield* Clock.currentTimeMillis
  const rows = yield* Effect.forEach(shown, (one) =>
    Effect.map(summaryOf(one), (summary) =>
      rowOf({ summary, serial: one.serial }, nowMs, screen.paint)
    )
  )
  const head = heads.map((text): Cell => ({ text, paint: (plain) => screen.paint("faint", plain) }))
  return tableLines([head, ...rows], screen.columns())
})

const up = (lines: number) => (lines === 0 ? "" : `\u001b[${lines}A`)
const clearBelow = "\r\u001b[J"
const hideCursor = "\u001b[?25l"
const showCursor = "\u001b[?25h"

/** A picture that is taller than the screen could not be drawn over. */
const within = (lines: readonly string[], most: number): readonly string[] =>
  lines.length <= most
    ? lines
    : [...lines.slice(0, Math.max(0, most - 1)), `and ${lines.length - most + 1} more`]

/** Draws until the scope closes, and leaves the last picture standing. */
const drawing = Effect.fnUntraced(function* (
  shown: () => readonly Shown[],
  note: () => string | undefined
) {
  const screen = yield* Screen
  let height = 0
  const draw = Effect.gen(function* () {
    if (shown().length === 0) return
    const below = note()
    const foot =
      below === undefined ? [] : ["", screen.paint("faint", cut(below, screen.columns()))]
    const lines = [...within(yield* tableOf(shown()), screen.rows() - foot.length - 1), ...foot]
    const picture = `${up(height)}${clearBelow}${lines.join("\n")}\n`
    height = lines.length
    yield* screen.write(picture)
  })
  yield* screen.write(hideCursor)
  yield* Effect.addFinalizer(() => Effect.andThen(Effect.ignore(draw), screen.write(showCursor)))
  yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced(redrawMs)))
})

/** One line for each change of a state and each line that a guest says. */
const telling = Effect.fnUntraced(function* (
  shown: () => readonly Shown[],
  tell: (record: ChangeRecord) => Effect.Effect<void>
) {
  const states = new Map<string, string>()
  const heard = new Map<string, string | undefined>()
  const look = Effect.gen(function* () {
    for (const one of shown()) {
      const { guest, serial } = one
      const summary = yield* summaryOf(one)
      const now = `${stateText(summary)} ${summary.epoch ?? ""}`
      if (states.get(guest.uuid) !== now) yield* tell({ type: "state", ...summary })
      states.set(guest.uuid, now)
      const line = serial.last
      if (line !== undefined && heard.get(guest.uuid) !== line)
        yield* tell({ type: "serial", name: guest.name, uuid: guest.uuid, line })
      heard.set(guest.uuid, line)
    }
  })
  yield* Effect.addFinalizer(() => Effect.ignore(look))
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(tellMs)))
})

/** A pause is short; it should be seen. */
const tellMs = 50

export type ChangeRecord =
  | ({ readonly type: "state" } & Summary)
  | {
      readonly type: "serial"
      readonly name: string
      readonly uuid: string
      readonly line: string
    }

const sentenceOf = (record: ChangeRecord): string => {
  const { name } = record
  if (record.type === "serial") return `${name}: says ${JSON.stringify(record.line)}`
  const epoch = record.epoch === undefined ? "" : `, epoch ${record.epoch}`
  return `${name}: ${stateText(record)}${epoch}`
}

export interface ShowOptions {
  readonly shown: () => readonly Shown[]
  /** A line below the table. */
  readonly note?: () => string | undefined
  readonly isJson?: boolean
}

/** Shows the guests in the way that fits the screen, until the scope closes. */
export const show = Effect.fnUntraced(function* ({
  shown,
  note = () => undefined,
  isJson = false
}: ShowOptions) {
  const screen = yield* Screen
  if (screen.isTerminal && !isJson) return yield* drawing(shown, note)
  const tell = (record: ChangeRecord) =>
    screen.write(`${isJson ? JSON.stringify(record) : sentenceOf(record)}\n`)
  yield* telling(shown, tell)
})
