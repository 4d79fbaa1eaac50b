/**
 * Ends a QEMU process and confirms its death; finds those of ours that live. A process is dead when
 * it is a zombie or gone, by pid and start time, never because a signal was sent.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import {
  type Child,
  isAlive,
  type ProcessId,
  type ProcessInfo,
  Processes
} from "../host/process.ts"
import { heldBy, type Said } from "./held.ts"
import { type MonitorToken, monitorIdIn, parseMonitorId } from "./monitor-id.ts"

/** It did not die within the bound: it keeps what it holds, and nothing of it may be given away. */
export class StillAlive extends Data.TaggedError("StillAlive")<{
  readonly pid: number
  /** `uninterruptible`: it waits in the kernel, and will die when that wait ends. */
  readonly state: ProcessInfo["state"]
  readonly waitedMs: number
}> {
  override get message(): string {
    return `process ${this.pid} is still alive (${this.state}) after ${this.waitedMs} ms`
  }
}

export interface DeathOptions {
  readonly boundMs: number
  /** Of our own child: its exit is seen at once, without looking. */
  readonly onExit?: Child["onExit"] | undefined
}

export interface KillOptions extends DeathOptions {
  /** Time to end by itself after SIGTERM; 0 sends SIGKILL at once. */
  readonly graceMs: number
}

/** Looking costs 30 us: often while a death is near, seldom when it tarries. */
const lookDelayMs = (looks: number): number => {
  if (looks < 4) return 1
  if (looks < 60) return 4
  return looks < 100 ? 25 : 100
}

const gone = Effect.fnUntraced(function* (process: ProcessId) {
  const processes = yield* Processes
  for (let looks = 0; ; looks++) {
    const info = yield* processes.inspect(process.pid)
    if (!isAlive(info) || info.startTime !== process.startTime) return
    yield* Effect.sleep(lookDelayMs(looks))
  }
})

const exited = (onExit: Child["onExit"]) =>
  Effect.callback<void>((resume) => onExit(() => resume(Effect.void)))

/** Waits for a death that something else brings about. */
export const confirmDeath = Effect.fnUntraced(function* (
  process: ProcessId,
  { boundMs, onExit }: DeathOptions
) {
  const processes = yield* Processes
  const seen = gone(process)
  const death = onExit === undefined ? seen : Effect.raceFirst(exited(onExit), seen)
  const inTime = yield* Effect.timeoutOption(death, boundMs)
  if (inTime._tag === "Some") return
  const info = yield* processes.inspect(process.pid)
  if (!isAlive(info) || info.startTime !== process.startTime) return
  return yield* new StillAlive({ pid: process.pid, state: info.state, waitedMs: boundMs })
})

/** Ends that very process, and returns when it is dead; harmless when it is already. */
export const killAndConfirm = Effect.fnUntraced(function* (
  process: ProcessId,
  { graceMs, boundMs, onExit }: KillOptions
) {
  const processes = yield* Processes
  if (graceMs > 0) {
    yield* processes.signal(process, "SIGTERM")
    const inGrace = yield* Effect.exit(confirmDeath(process, { boundMs: graceMs, onExit }))
    if (inGrace._tag === "Success") return
  }
  yield* processes.signal(process, "SIGKILL")
  yield* confirmDeath(process, { boundMs, onExit })
})

export interface Found {
  readonly process: ProcessId
  readonly id: string
  readonly token: MonitorToken
  /** What its words say that it has of the host. */
  readonly said: Said
}

export interface Search {
  readonly found: readonly Found[]
  /** Alive, and their command line could not be read in time: one of them might be ours. */
  readonly unreadable: readonly ProcessId[]
}

/** A read that takes longer hangs with the process; see `Processes.commandLine`. */
const commandLineBoundMs = 1_000
const searchConcurrency = 16

/** The living QEMUs whose monitor id begins with `prefix` (`monitorIdPrefix(root)`). */
export const findByToken = Effect.fnUntraced(function* (prefix: string) {
  const processes = yield* Processes
  const living = (yield* processes.list).filter(isAlive)
  const read = yield* Effect.forEach(
    living,
    (info) =>
      Effect.map(Effect.timeoutOption(processes.commandLine(info), commandLineBoundMs), (argv) => ({
        process: { pid: info.pid, startTime: info.startTime },
        argv
      })),
    { concurrency: searchConcurrency }
  )
  const search: Search = {
    found: read.flatMap(({ process, argv }) => {
      const words = argv._tag === "Some" ? (argv.value ?? []) : []
      const id = monitorIdIn(words)
      const token = id?.startsWith(prefix) === true ? parseMonitorId(id) : undefined
      if (id === undefined || token === undefined) return []
      return [{ process, id, token, said: heldBy(words) }]
    }),
    unreadable: read.flatMap(({ process, argv }) => (argv._tag === "None" ? [process] : []))
  }
  return search
})
