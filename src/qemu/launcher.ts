/**
 * Launches QEMU by a plan and tells its early death. Every socket is bound before the spawn and
 * inherited, so that connecting needs no retry. Keeps no list of processes: that is the domain
 * actors'.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { FileHandle } from "../host/files.ts"
import { Files } from "../host/files.ts"
import { lastWords, logLimits, openLog } from "../host/log-file.ts"
import {
  type Child,
  type ProcessExit,
  type ProcessId,
  Processes,
  type SpawnPlan
} from "../host/process.ts"
import { type BoundSocket, Sockets } from "../host/socket.ts"
import { placeInCgroup } from "../host/cgroup.ts"
import { killAndConfirm } from "./kill.ts"
import { launchFacts } from "./launch-facts.ts"
import {
  execChain,
  FieldUnenforceable,
  type LaunchPlan,
  monitorFd,
  needsFacts
} from "./launch-plan.ts"
import { monitorArguments } from "./monitor-id.ts"

/** The host refused a step of the launch. Nothing is left of it, unless there is a `survivor`. */
export class LaunchFailed extends Data.TaggedError("LaunchFailed")<{
  readonly binary: string
  readonly step:
    | "open the log"
    | "bind a socket"
    | "start the process"
    | "hand over a socket"
    | "enter the cgroup"
  readonly why: string
  /** A process that was started and could not be ended: it still holds what the plan gave it. */
  readonly survivor: ProcessId | undefined
}> {
  override get message(): string {
    return `cannot launch '${this.binary}': failed to ${this.step}: ${this.why}`
  }
}

/** QEMU ended when it should have been there; in its own words where it left any. */
export class QemuDied extends Data.TaggedError("QemuDied")<{
  readonly binary: string
  readonly exit: ProcessExit
  readonly lastWords: readonly string[]
}> {
  override get message(): string {
    const how =
      this.exit.signal === undefined
        ? `ended with exit code ${this.exit.code}`
        : `was killed by ${this.exit.signal}`
    const words = this.lastWords.length === 0 ? "without a word" : this.lastWords.join("; ")
    return `'${this.binary}' ${how}: ${words}`
  }
}

export type LaunchError = LaunchFailed | FieldUnenforceable

export interface Launched {
  readonly process: ProcessId
  readonly onExit: Child["onExit"]
  /** Where this run's words begin in the log. */
  readonly logOffset: number
}

/** Between SIGKILL and giving up, when a launch is undone. */
const undoBoundMs = 5_000

/**
 * Starts QEMU; returns when the process exists and its monitor can be connected to, which is before
 * QEMU has read its words: whoever waits for more uses `whileAlive`. A deed: uninterruptible.
 */
export const launch = Effect.fnUntraced(function* (plan: LaunchPlan) {
  const argv = yield* commandOf(plan)
  const log = yield* Effect.mapError(openLog(plan.logPath, plan.logLimits ?? logLimits), (error) =>
    failed(plan, "open the log", error.message)
  )
  const files = yield* Files
  return yield* Effect.ensuring(
    Effect.gen(function* () {
      const sockets = yield* bindAll(plan)
      const child = yield* Effect.onError(spawn(plan, { argv, log: log.file, sockets }), () =>
        discardAll(sockets)
      )
      yield* settle(plan, child, sockets)
      const launched: Launched = {
        process: { pid: child.pid, startTime: child.startTime },
        onExit: child.onExit,
        logOffset: log.offset
      }
      return launched
    }),
    files.close(log.file)
  )
}, Effect.uninterruptible)

const failed = (plan: LaunchPlan, step: LaunchFailed["step"], why: string) =>
  new LaunchFailed({ binary: plan.argv[0], step, why, survivor: undefined })

const commandOf = Effect.fnUntraced(function* (plan: LaunchPlan) {
  const [binary, ...words] = plan.argv
  const argv = [binary, ...words, ...monitorArguments(plan.monitor.id, monitorFd)] as const
  if (plan.cgroup !== undefined) yield* groupIsThere(plan.cgroup)
  if (!needsFacts(plan)) return argv
  return yield* Effect.fromResult(execChain(plan, argv, yield* launchFacts))
})

const groupIsThere = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  yield* Effect.mapError(
    files.stat(`${path}/cgroup.procs`),
    (error) => new FieldUnenforceable({ field: "cgroup", why: error.message })
  )
})

/** All or none. */
const bindAll = Effect.fnUntraced(function* (plan: LaunchPlan) {
  const sockets = yield* Sockets
  const bound = new Map<number, BoundSocket>()
  const wanted = [{ fd: monitorFd, path: plan.monitor.path }, ...(plan.listeners ?? [])]
  for (const { fd, path } of wanted) {
    const socket = yield* sockets.bind(path).pipe(
      Effect.mapError((error) => failed(plan, "bind a socket", error.message)),
      Effect.onError(() => discardAll(bound))
    )
    bound.set(fd, socket)
  }
  return bound
})

type Bound = ReadonlyMap<number, BoundSocket>

const discardAll = (sockets: Bound) =>
  Effect.forEach(sockets.values(), (socket) => socket.discard, { discard: true })

interface Parts {
  readonly argv: readonly [string, ...string[]]
  readonly log: FileHandle
  readonly sockets: Bound
}

const spawn = Effect.fnUntraced(function* (plan: LaunchPlan, { argv, log, sockets }: Parts) {
  const processes = yield* Processes
  const output = { kind: "file", file: log } as const
  const descriptors: SpawnPlan["descriptors"] = {
    1: output,
    2: output,
    ...Object.fromEntries(
      (plan.files ?? []).map(({ fd, file }) => [fd, { kind: "file", file } as const])
    ),
    ...Object.fromEntries(
      [...sockets].map(([fd, { listener }]) => [fd, { kind: "listener", listener } as const])
    )
  }
  const { environment, directory } = plan
  return yield* Effect.mapError(
    processes.spawn({ argv, environment, directory, descriptors, isDetached: true }),
    (error) => failed(plan, "start the process", error.message)
  )
})

/** What follows the spawn; when it fails the process is ended again. */
const settle = (plan: LaunchPlan, child: Child, sockets: Bound) =>
  Effect.gen(function* () {
    for (const socket of sockets.values()) {
      yield* Effect.mapError(socket.handOver, (error) =>
        failed(plan, "hand over a socket", error.message)
      )
    }
    if (plan.cgroup === undefined) return
    yield* Effect.mapError(placeInCgroup(plan.cgroup, child), (error) =>
      failed(plan, "enter the cgroup", error.message)
    )
  }).pipe(Effect.catch((error) => undo(child, sockets, error)))

const undo = Effect.fnUntraced(function* (child: Child, sockets: Bound, error: LaunchFailed) {
  const survivor = yield* killAndConfirm(child, {
    graceMs: 0,
    boundMs: undoBoundMs,
    onExit: child.onExit
  }).pipe(
    Effect.as(undefined),
    Effect.catch(() => Effect.succeed({ pid: child.pid, startTime: child.startTime }))
  )
  yield* discardAll(sockets)
  return yield* new LaunchFailed({ ...error, survivor })
})

/** How a death is told: exit code or signal, and QEMU's last words of this run. */
export const explainDeath = Effect.fnUntraced(function* (
  plan: Pick<LaunchPlan, "argv" | "logPath">,
  launched: Launched,
  exit: ProcessExit
) {
  const words = yield* lastWords(plan.logPath, { from: launched.logOffset })
  return new QemuDied({ binary: plan.argv[0], exit, lastWords: words })
})

/** The exit of a dying QEMU can come a little after the end of its sockets. */
const exitAfterEndMs = 500

/**
 * Runs a wait that only makes sense while this QEMU lives (connecting, the handshake). Its death
 * ends the wait with `QemuDied`; so does a failure of the wait that its death caused.
 */
export const whileAlive = <A, E, R>(
  plan: Pick<LaunchPlan, "argv" | "logPath">,
  launched: Launched,
  wait: Effect.Effect<A, E, R>
): Effect.Effect<A, E | QemuDied, R | Files> => {
  const death = Effect.callback<ProcessExit>((resume) =>
    launched.onExit((exit) => resume(Effect.succeed(exit)))
  ).pipe(
    Effect.flatMap((exit) => explainDeath(plan, launched, exit)),
    Effect.flatMap(Effect.fail)
  )
  const explained = Effect.catch(wait, (error) =>
    Effect.raceFirst(death, Effect.andThen(Effect.sleep(exitAfterEndMs), Effect.fail(error)))
  )
  return Effect.raceFirst(explained, death)
}
