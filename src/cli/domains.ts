/**
 * The commands about domains, in virsh's words, on an engine that the command opens for itself.
 * What they start goes on when they end.
 */
import * as Effect from "effect/Effect"
import type { DomainState } from "../model/state.ts"
import { type Engine, Engines, type Filter, type Guest, type Info, type Mode } from "./engine.ts"
import { readXml } from "./input.ts"
import { durationText, styleOf } from "./live-table.ts"
import { type Format, printData, printTable } from "./output.ts"
import { Screen } from "./screen.ts"
import { tellReports } from "./validate.ts"

export interface Where {
  readonly root: string | undefined
}

/** Runs with an engine on this root, which nobody else may have meanwhile. */
const withEngine = <A, E, R>({ root }: Where, use: (engine: Engine) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
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

export const list = (where: Where, filter: Filter, format: Format) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const screen = yield* Screen
      const rows = yield* engine.list(filter)
      if (format !== "table") return yield* printData(format, rows)
      yield* printTable(
        ["ID", "NAME", "STATE", "REASON", "AUTOSTART", "PERSISTENT", "UUID"],
        rows.map(({ id, name, state, reason, isAutostart, isPersistent, uuid }) => [
          { text: id === undefined ? "-" : String(id) },
          { text: name, paint: (text) => screen.paint("name", text) },
          { text: state, paint: (text) => screen.paint(styleOf(state), text) },
          { text: reason },
          { text: isAutostart ? "yes" : "no" },
          { text: isPersistent ? "yes" : "no" },
          { text: uuid }
        ])
      )
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
  ["chart", info.chart]
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

export const dumpxml = (
  where: Where,
  key: string,
  options: { readonly isInactive: boolean; readonly withSecrets: boolean }
) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const guest = yield* engine.lookup(key)
      yield* (yield* Screen).write(yield* guest.xml(options))
    })
  )

export const define = (where: Where, file: string, isValidated: boolean) =>
  Effect.gen(function* () {
    const xml = yield* readXml(file)
    yield* withEngine(where, (engine) =>
      Effect.gen(function* () {
        const guest = yield* engine.defineXML(xml, { isValidated })
        yield* tellReports(file, guest.reports)
        yield* (yield* Screen).write(`${guest.name} is defined, uuid ${guest.uuid}\n`)
      })
    )
  })

/** A deed on one domain, and what is said when it is done. */
export interface Deed {
  readonly said: string
  readonly work: (guest: Guest) => ReturnType<Guest["destroy"]>
  /** What `--wait` waits for. */
  readonly leadsTo?: DomainState
}

export const deeds = {
  start: (isPaused: boolean): Deed => ({
    said: isPaused ? "is started and paused" : "is started",
    work: (guest) => Effect.asVoid(guest.start({ isPaused }))
  }),
  suspend: (): Deed => ({ said: "is paused", work: (guest) => guest.suspend }),
  resume: (): Deed => ({ said: "runs again", work: (guest) => guest.resume }),
  shutdown: (mode: Mode): Deed => ({
    said: "is told to shut down",
    work: (guest) => guest.shutdown(mode),
    leadsTo: "shutoff"
  }),
  reboot: (mode: Mode): Deed => ({
    said: "is told to reboot",
    work: (guest) => guest.reboot(mode)
  }),
  reset: (): Deed => ({ said: "is reset", work: (guest) => guest.reset }),
  destroy: (isGraceful: boolean): Deed => ({
    said: "is destroyed",
    work: (guest) => guest.destroy({ isGraceful })
  }),
  undefine: (): Deed => ({ said: "is undefined", work: (guest) => guest.undefine }),
  autostart: (isAutostart: boolean): Deed => ({
    said: isAutostart ? "starts with the engine" : "does not start with the engine",
    work: (guest) => guest.setAutostart(isAutostart)
  }),
  rename: (name: string): Deed => ({
    said: `is called ${name} now`,
    work: (guest) => guest.rename(name)
  })
} as const

export interface PerformOptions extends Where {
  /** Waits until the deed shows, at most so long. */
  readonly waitMs: number | undefined
}

export const perform = ({ waitMs, ...where }: PerformOptions, key: string, deed: Deed) =>
  withEngine(where, (engine) =>
    Effect.gen(function* () {
      const guest = yield* engine.lookup(key)
      yield* deed.work(guest)
      if (waitMs !== undefined && deed.leadsTo !== undefined)
        yield* guest.waitFor(deed.leadsTo, { timeoutMs: waitMs })
      yield* (yield* Screen).write(`${guest.name} ${deed.said}\n`)
    })
  )
