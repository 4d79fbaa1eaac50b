/**
 * The commands about domains that need no daemon, in virsh's words: on the daemon of the root where
 * one answers, else on an engine that the command opens for itself. What they start goes on when
 * they end.
 */
import * as Effect from "effect/Effect"
import { type DomainState, stateNumber } from "../model/state.ts"
import { Engines } from "./engine.ts"
import type { Engine, Filter, Guest, Happening, Info, Mode, Summary } from "./engine.ts"
import { BadInput } from "./failure.ts"
import { Connect, given, ReadOnly } from "./flags.ts"
import { readXml } from "./input.ts"
import { durationText, styleOf } from "./live-table.ts"
import { type Format, printData, printTable } from "./output.ts"
import { remoteEngine } from "./remote/engine.ts"
import { StateNotReached } from "./remote/guest.ts"
import { reach, type Where } from "./remote/reach.ts"
import { tellReports } from "./reports.ts"
import { Screen } from "./screen.ts"
import type { Cell } from "./table.ts"

/** Runs with the daemon to ask, or an engine on this root, which nobody else may have meanwhile. */
const withEngine = <A, E, R>(where: Where, use: (engine: Engine) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const uri = given(yield* Connect) ?? where.uri
      const remote = yield* reach({ ...where, uri, isReadOnly: yield* ReadOnly })
      if (remote !== undefined) return yield* use(remoteEngine(remote))
      const { root } = where
      const engines = yield* Engines
      const engine = yield* engines.open({
        autostart: false,
        ...(root === undefined ? {} : { root })
      })
      const screen = yield* Screen
      for (const { what, why } of yield* engine.problems)
        yield* screen.warn(`troupe: ${what}: ${why}\n`)
      return yield* use(engine)
    })
  )

const summaryCells = (
  { id, name, state, reason, isAutostart, isPersistent, uuid }: Summary,
  { paint }: Screen["Service"]
): readonly Cell[] => [
  { text: id === undefined ? "-" : String(id) },
  { text: name, paint: (text) => paint("name", text) },
  { text: state, paint: (text) => paint(styleOf(state), text) },
  { text: reason },
  { text: isAutostart ? "yes" : "no" },
  { text: isPersistent ? "yes" : "no" },
  { text: uuid }
]

const heads = ["ID", "NAME", "STATE", "REASON", "AUTOSTART", "PERSISTENT", "UUID"]

export interface ListOptions {
  readonly filter: Filter
  readonly format: Format
  /** Again after each change, until Ctrl-C. */
  readonly isWatched: boolean
}

/** Changes come in groups: a start is several. */
const settleMs = 100

const clearScreen = "\u001b[H\u001b[2J"

export const list = (where: Where, { filter, format, isWatched }: ListOptions) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const screen = yield* Screen
      const show = Effect.gen(function* () {
        const rows = yield* engine.list(filter)
        if (isWatched && screen.isTerminal && format === "table") yield* screen.write(clearScreen)
        if (format !== "table") return yield* printData(format, rows)
        yield* printTable(
          heads,
          rows.map((row) => summaryCells(row, screen))
        )
      })
      if (!isWatched) return yield* show
      const next = yield* engine.subscribe()
      const watch = Effect.gen(function* () {
        yield* show
        while ((yield* next) !== undefined) {
          yield* Effect.sleep(settleMs)
          yield* show
        }
      })
      yield* Effect.raceFirst(watch, screen.stopAsked)
    })
  )

const infoRows = (info: Info): readonly (readonly [string, string])[] => [
  ["name", info.name],
  ["uuid", info.uuid],
  ["id", info.id === undefined ? "-" : String(info.id)],
  ["state", `${info.state} (${info.reason})`],
  ["epoch", info.epoch ?? "-"],
  ["vcpus", String(info.vcpus)],
  ["memory", `${info.memoryKiB} KiB of ${info.maximumMemoryKiB} KiB`],
  ["cpu time", info.cpuTimeNs === undefined ? "-" : durationText(info.cpuTimeNs / 1e6)],
  ["pid", info.pid === undefined ? "-" : String(info.pid)],
  ["persistent", info.isPersistent ? "yes" : "no"],
  ["autostart", info.isAutostart ? "yes" : "no"],
  ["chart", info.chart ?? "-"]
]

export const info = (where: Where, key: string, format: Format) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const found = yield* (yield* engine.lookup(key)).info
      if (format !== "table") return yield* printData(format, found)
      yield* printTable(
        ["WHAT", "VALUE"],
        infoRows(found).map(([what, value]) => [{ text: what }, { text: value }])
      )
    })
  )

export interface DumpOptions {
  readonly isInactive: boolean
  readonly withSecrets: boolean
  readonly format: Format
}

export const dumpxml = (where: Where, key: string, { format, ...options }: DumpOptions) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const guest = yield* engine.lookup(key)
      const xml = yield* guest.xml(options)
      if (format !== "table") return yield* printData(format, { name: guest.name, xml })
      yield* (yield* Screen).write(xml)
    })
  )

export interface DefineOptions {
  readonly isValidated: boolean
  readonly format: Format
}

export const define = (where: Where, file: string, { isValidated, format }: DefineOptions) =>
  Effect.gen(function* () {
    const xml = yield* readXml(file)
    yield* withEngine(where, (engine) =>
      Effect.gen(function* () {
        const guest = yield* engine.defineXML(xml, { isValidated })
        yield* tellReports(file, guest.reports)
        const { name, uuid } = guest
        if (format !== "table") return yield* printData(format, { name, uuid, done: "is defined" })
        yield* (yield* Screen).write(`${name} is defined, uuid ${uuid}\n`)
      })
    )
  })

/** A deed on one domain, and what is said when it is done. */
export interface Deed {
  readonly said: string
  readonly work: (guest: Guest) => ReturnType<Guest["destroy"]>
  /** What `--wait` waits for when it names no state. */
  readonly leadsTo: DomainState | "reboot"
}

export const deeds = {
  start: (isPaused: boolean): Deed => ({
    said: isPaused ? "is started and paused" : "is started",
    work: (guest) => Effect.asVoid(guest.start({ isPaused })),
    leadsTo: isPaused ? "paused" : "running"
  }),
  suspend: (): Deed => ({
    said: "is paused",
    work: (guest) => guest.suspend,
    leadsTo: "paused"
  }),
  resume: (): Deed => ({
    said: "runs again",
    work: (guest) => guest.resume,
    leadsTo: "running"
  }),
  wakeup: (): Deed => ({
    said: "is told to wake up",
    work: (guest) => guest.wakeup,
    leadsTo: "running"
  }),
  shutdown: (mode: Mode): Deed => ({
    said: "is told to shut down",
    work: (guest) => guest.shutdown(mode),
    leadsTo: "shutoff"
  }),
  reboot: (mode: Mode): Deed => ({
    said: "is told to reboot",
    work: (guest) => guest.reboot(mode),
    leadsTo: "reboot"
  }),
  reset: (): Deed => ({
    said: "is reset",
    work: (guest) => guest.reset,
    leadsTo: "reboot"
  }),
  destroy: (isGraceful: boolean): Deed => ({
    said: "is destroyed",
    work: (guest) => guest.destroy({ isGraceful }),
    leadsTo: "shutoff"
  }),
  undefine: (): Deed => ({
    said: "is undefined",
    work: (guest) => guest.undefine,
    leadsTo: "shutoff"
  }),
  autostart: (isAutostart: boolean): Deed => ({
    said: isAutostart ? "starts with the engine" : "does not start with the engine",
    work: (guest) => guest.setAutostart(isAutostart),
    leadsTo: "running"
  }),
  rename: (name: string): Deed => ({
    said: `is called ${name} now`,
    work: (guest) => guest.rename(name),
    leadsTo: "shutoff"
  })
} as const

export interface PerformOptions extends Where {
  /** A state; empty for the one that the deed leads to; undefined where nothing is waited for. */
  readonly wait: string | undefined
  readonly timeoutMs: number
  readonly format: Format
}

const isState = (word: string): word is DomainState => Object.hasOwn(stateNumber, word)

const wantedOf = (
  { wait }: PerformOptions,
  { leadsTo }: Deed
): Effect.Effect<DomainState | "reboot" | undefined, BadInput> => {
  if (wait === undefined) return Effect.undefined
  if (wait === "") return Effect.succeed(leadsTo)
  const states = Object.keys(stateNumber).join(", ")
  return wait === "reboot" || isState(wait)
    ? Effect.succeed(wait)
    : Effect.fail(
        new BadInput({ message: `--wait: there is no state '${wait}', only ${states}, reboot` })
      )
}

/** The guest says so itself when it begins anew. */
const untilReboot = (guest: Guest, next: Effect.Effect<Happening | undefined>) =>
  Effect.gen(function* () {
    for (;;) {
      const event = yield* next
      if (event === undefined) return
      if (event.type === "reboot" && event.uuid === guest.uuid) return
    }
  })

export const perform = (options: PerformOptions, key: string, deed: Deed) =>
  Effect.gen(function* () {
    const wanted = yield* wantedOf(options, deed)
    const { timeoutMs, format } = options
    yield* withEngine(options, (engine) =>
      Effect.gen(function* () {
        const guest = yield* engine.lookup(key)
        // Listened for before the deed, so that its event is not missed.
        const next = wanted === "reboot" ? yield* engine.subscribe() : undefined
        yield* deed.work(guest)
        if (next !== undefined)
          yield* Effect.timeoutOrElse(untilReboot(guest, next), {
            duration: timeoutMs,
            orElse: () =>
              Effect.fail(new StateNotReached({ name: guest.name, wanted: "rebooted", timeoutMs }))
          })
        if (wanted !== undefined && wanted !== "reboot") yield* guest.waitFor(wanted, { timeoutMs })
        const { name, uuid } = guest
        if (format !== "table") return yield* printData(format, { name, uuid, done: deed.said })
        yield* (yield* Screen).write(`${name} ${deed.said}\n`)
      })
    )
  })
