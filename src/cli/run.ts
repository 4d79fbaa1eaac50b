/**
 * `troupe run`: guests in the foreground. They end with the command, and with the engine if it is
 * killed, unless they are kept. Ctrl-C presses their power buttons; a second one destroys.
 */
import * as Effect from "effect/Effect"
import { parseDomain } from "../xml/domain.ts"
import { type Engine, Engines } from "./engine.ts"
import { Reported } from "./failure.ts"
import { type Shown, show } from "./live-table.ts"
import { readXml } from "./input.ts"
import { Screen } from "./screen.ts"
import { followSerial, serialPlace } from "./serial.ts"
import { stopInOrder } from "./stopping.ts"
import { tellReports } from "./validate.ts"

export interface RunOptions {
  readonly files: readonly string[]
  readonly root: string | undefined
  /** They go on when the command ends. */
  readonly isKept: boolean
  /** They are defined first, and stay defined. */
  readonly isDefined: boolean
  readonly isJson: boolean
}

const begin = Effect.fnUntraced(function* (engine: Engine, file: string, options: RunOptions) {
  const xml = yield* readXml(file)
  const bound = options.isKept ? {} : { autoDestroy: yield* engine.connect }
  const guest = options.isDefined
    ? yield* engine.defineXML(xml).pipe(Effect.tap((defined) => defined.start(bound)))
    : yield* engine.createXML(xml, bound)
  yield* tellReports(file, guest.reports)
  const live = parseDomain(yield* guest.xml(), { kind: "active" })
  const place = live._tag === "Success" ? serialPlace(live.success.domain) : undefined
  const shown: Shown = { guest, serial: yield* followSerial(place) }
  return shown
})

const lifetimeMs = 2 ** 31 - 1

const ended = ({ guest }: Shown) =>
  Effect.ignore(guest.waitFor("shutoff", { timeoutMs: lifetimeMs }))

export const run = (options: RunOptions) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const engines = yield* Engines
    const { root, isKept, isJson } = options
    const engine = yield* engines.open({
      ...(root === undefined ? {} : { root }),
      guests: isKept ? "leave" : "stop"
    })
    const shown: Shown[] = []
    let note = "Ctrl-C stops them"
    yield* show({ shown: () => shown, note: () => note, isJson })
    const stopAsked = Effect.as(screen.stopAsked, true)
    const body = Effect.gen(function* () {
      yield* Effect.forEach(
        options.files,
        (file) => Effect.map(begin(engine, file, options), (one) => void shown.push(one)),
        { concurrency: "unbounded", discard: true }
      )
      yield* Effect.forEach(shown, ended, { concurrency: "unbounded", discard: true })
      return false
    })
    const guests = () => shown.map(({ guest }) => guest)
    const wasStopped = yield* Effect.raceFirst(body, stopAsked).pipe(
      Effect.onError(() => (isKept ? Effect.void : Effect.ignore(stopInOrder(guests()))))
    )
    if (wasStopped && !isKept) {
      note = "stopping"
      yield* stopInOrder(guests())
    }
    note = isKept && wasStopped ? "the guests go on" : "all guests have ended"
    const reasons = yield* Effect.forEach(guests(), (guest) =>
      Effect.match(guest.summary, {
        onSuccess: ({ reason }) => reason,
        onFailure: () => "gone"
      })
    )
    if (reasons.includes("crashed")) return yield* new Reported({ code: "failed" })
  }).pipe(Effect.scoped)
