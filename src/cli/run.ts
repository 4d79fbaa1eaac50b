/**
 * `troupe run`: guests in the foreground. They end with the command, and with the engine if it is
 * killed, unless they are kept. Ctrl-C presses their power buttons; a second one destroys.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { parseDomain } from "../xml/domain.ts"
import { type Engine, Engines, type Guest } from "./engine.ts"
import { Reported } from "./failure.ts"
import { type Shown, show } from "./live-table.ts"
import { readXml } from "./input.ts"
import { Screen } from "./screen.ts"
import { followSerial, serialPlace } from "./serial.ts"
import { stopInOrder } from "./stopping.ts"
import { traceInto } from "./trace-file.ts"
import { tellReports } from "./reports.ts"

export interface RunOptions {
  readonly files: readonly string[]
  readonly root: string | undefined
  /** They go on when the command ends. */
  readonly isKept: boolean
  /** They are defined first, and stay defined. */
  readonly isDefined: boolean
  readonly isJson: boolean
  /** Where the trace goes. */
  readonly trace: string | undefined
}

/** How each guest ended, by uuid: a transient one is gone when anybody could ask. */
type Endings = Map<string, string>

const noteEndings = Effect.fnUntraced(function* (engine: Engine) {
  const endings: Endings = new Map()
  const take = yield* engine.subscribe()
  const listen = Effect.gen(function* () {
    for (;;) {
      const event = yield* take
      if (event === undefined) return
      if (event.type === "lifecycle" && event.event === "stopped")
        endings.set(event.uuid, event.detail)
    }
  })
  yield* Effect.forkScoped(listen)
  return endings
})

/** The word of an ending follows the ending itself; it is worth a moment. */
const untilTold = (endings: Endings, guests: readonly Guest[]) =>
  Effect.suspend(() =>
    guests.every(({ uuid }) => endings.has(uuid)) ? Effect.void : Effect.fail("not yet")
  ).pipe(Effect.retry(Schedule.spaced(10)), Effect.timeoutOption(tellingMs), Effect.ignore)

const tellingMs = 1_000

interface Stage {
  readonly engine: Engine
  readonly endings: Endings
}

const begin = Effect.fnUntraced(function* (stage: Stage, file: string, options: RunOptions) {
  const { engine, endings } = stage
  const xml = yield* readXml(file)
  const bound = options.isKept ? {} : { autoDestroy: yield* engine.connect }
  const guest = options.isDefined
    ? yield* engine.defineXML(xml).pipe(Effect.tap((defined) => defined.start(bound)))
    : yield* engine.createXML(xml, bound)
  yield* tellReports(file, guest.reports)
  const live = parseDomain(yield* guest.xml(), { kind: "active" })
  const place = live._tag === "Success" ? serialPlace(live.success.domain) : undefined
  const shown: Shown = {
    guest,
    serial: yield* followSerial(place),
    ending: () => endings.get(guest.uuid)
  }
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
    const follow = yield* traceInto(options.trace)
    const engine = yield* engines.open({
      ...(root === undefined ? {} : { root }),
      guests: isKept ? "leave" : "stop"
    })
    yield* follow(engine)
    const endings = yield* noteEndings(engine)
    const shown: Shown[] = []
    let note = "Ctrl-C stops them"
    yield* show({ shown: () => shown, note: () => note, isJson })
    const stopAsked = Effect.as(screen.stopAsked, true)
    const body = Effect.gen(function* () {
      yield* Effect.forEach(
        options.files,
        (file) =>
          Effect.map(begin({ engine, endings }, file, options), (one) => void shown.push(one)),
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
    if (!(isKept && wasStopped)) yield* untilTold(endings, guests())
    yield* Effect.forEach(shown, ({ serial }) => serial.refresh, { discard: true })
    if ([...endings.values()].includes("crashed")) return yield* new Reported({ code: "failed" })
  }).pipe(Effect.scoped)
