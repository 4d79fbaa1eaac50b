/**
 * What `demo --once` puts each guest through, and what it demands after each step. Every failure
 * names the guest, the step and the reason.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Files } from "../../host/files.ts"
import { isAlive, type ProcessId, Processes } from "../../host/process.ts"
import type { DomainState } from "../../model/state.ts"
import type { Failure, Guest } from "../engine.ts"
import type { Shown } from "../live-table.ts"
import type { SerialLog } from "../serial.ts"
import { guestLines } from "./guest.ts"

export class DemoFailed extends Data.TaggedError("DemoFailed")<{
  readonly guest: string
  readonly step: string
  readonly why: string
}> {
  override get message(): string {
    return `${this.guest}: ${this.step}: ${this.why}`
  }
}

/** A guest under TCG speaks after a second; a loaded host may take many times that. */
const patienceMs = 30_000
const lookMs = 50

const at =
  (guest: Guest, step: string) =>
  <A, R>(work: Effect.Effect<A, Failure, R>) =>
    Effect.mapError(work, ({ message: why }) => new DemoFailed({ guest: guest.name, step, why }))

const spoken = (
  { guest, serial }: Shown,
  step: string,
  matches: (line: string) => boolean
): Effect.Effect<void, DemoFailed> => {
  const look = Effect.suspend(() =>
    serial.all.some(matches) ? Effect.void : Effect.fail(quiet(guest, step, serial))
  )
  const last = Effect.suspend(() => Effect.fail(quiet(guest, step, serial)))
  return Effect.retry(look, Schedule.spaced(lookMs)).pipe(
    Effect.timeoutOrElse({ duration: patienceMs, orElse: () => last })
  )
}

const quiet = (guest: Guest, step: string, serial: SerialLog) =>
  new DemoFailed({
    guest: guest.name,
    step,
    why: `its serial line said ${JSON.stringify(serial.last ?? "nothing")} last`
  })

interface Demand {
  readonly step: string
  readonly state: DomainState
  readonly reason: string
}

const demandState = (guest: Guest, { step, state: wanted, reason }: Demand) =>
  Effect.gen(function* () {
    const summary = yield* at(guest, step)(guest.summary)
    if (summary.state === wanted && summary.reason === reason) return
    const why = `it is ${summary.state} (${summary.reason}), not ${wanted} (${reason})`
    return yield* new DemoFailed({ guest: guest.name, step, why })
  })

/** How many seconds the guest has counted. */
const ticksOf = ({ all }: SerialLog): number =>
  Math.max(0, ...all.map((line) => Number(guestLines.tick.exec(line)?.[1] ?? 0)))

/** Long enough that a guest which was not stopped would have counted on. */
const pauseMs = 1_500

/** Paused, it counts at most one second more, which it had said before and we had not read. */
const provePaused = Effect.fnUntraced(function* ({ guest, serial }: Shown) {
  yield* at(guest, "pause")(guest.suspend)
  yield* demandState(guest, { step: "pause", state: "paused", reason: "user" })
  yield* Effect.sleep(lookMs * 6)
  const before = ticksOf(serial)
  yield* Effect.sleep(pauseMs)
  const after = ticksOf(serial)
  if (after !== before)
    return yield* new DemoFailed({
      guest: guest.name,
      step: "pause",
      why: `it counted from ${before} to ${after} while it was paused`
    })
})

/** Speaks, is paused, resumed, and powers off at its button. */
export const prove = Effect.fnUntraced(function* (shown: Shown) {
  const { guest, serial } = shown
  yield* demandState(guest, { step: "start", state: "running", reason: "booted" })
  yield* spoken(shown, "boot", (line) => line === guestLines.up)
  yield* spoken(shown, "count", (line) => guestLines.tick.test(line))
  yield* provePaused(shown)
  const paused = ticksOf(serial)
  yield* at(guest, "resume")(guest.resume)
  yield* demandState(guest, { step: "resume", state: "running", reason: "unpaused" })
  yield* spoken(shown, "resume", () => ticksOf(serial) > paused)
  yield* at(guest, "power button")(guest.shutdown("acpi"))
  yield* at(guest, "power button")(guest.waitFor("shutoff", { timeoutMs: patienceMs }))
  yield* demandState(guest, { step: "power button", state: "shutoff", reason: "shutdown" })
  yield* spoken(shown, "power button", (line) => line === guestLines.powerButton)
})

/** The process of a running guest, to be looked for afterwards. */
export interface Witness {
  readonly name: string
  readonly process: ProcessId
}

export const witness = Effect.fnUntraced(function* (guest: Guest) {
  const { pid } = yield* at(guest, "start")(guest.info)
  const info = pid === undefined ? undefined : yield* (yield* Processes).inspect(pid)
  if (info === undefined)
    return yield* new DemoFailed({ guest: guest.name, step: "start", why: "it has no process" })
  const seen: Witness = {
    name: guest.name,
    process: { pid: info.pid, startTime: info.startTime }
  }
  return seen
})

/** No process lives, no socket and no record is left. */
export const proveReleased = Effect.fnUntraced(function* (
  witnesses: readonly Witness[],
  root: string
) {
  const processes = yield* Processes
  const files = yield* Files
  for (const { name, process } of witnesses) {
    const found = yield* processes.inspect(process.pid)
    if (found?.startTime === process.startTime && isAlive(found))
      return yield* new DemoFailed({
        guest: name,
        step: "release",
        why: `process ${process.pid} lives on`
      })
  }
  const left = (yield* files.list(`${root}/run`)).filter((name) => name !== "status")
  const records = yield* files.list(`${root}/run/status`)
  if (left.length + records.length > 0)
    return yield* new DemoFailed({
      guest: "the engine",
      step: "release",
      why: `it left ${[...left, ...records].join(", ")}`
    })
})
