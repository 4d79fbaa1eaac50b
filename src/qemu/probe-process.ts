/**
 * A QEMU for a question: launched in a scratch directory, asked or watched for a bounded time, and
 * gone with its scope, its files too. Carries a token like every QEMU of ours, so that recovery
 * ends one whose engine died meanwhile.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Ids } from "../base/ids.ts"
import { Files } from "../host/files.ts"
import { killAndConfirm } from "./kill.ts"
import type { LaunchPlan } from "./launch-plan.ts"
import { launch } from "./launcher.ts"
import { monitorId } from "./monitor-id.ts"

/** Where probes may put files and sockets, and what is kept. */
export interface ProbeRoom {
  /** Short: monitor sockets are made in it. */
  readonly scratchDirectory: string
  /** Answers are kept here from one engine to the next. */
  readonly cacheDirectory: string
  /** The engine root's id, for the token. */
  readonly root: string
  /** By default `probeTimeoutMs`. */
  readonly timeoutMs?: number
}

/** A binary that cannot be used; what a user may do about it is in `why`. */
export class ProbeFailed extends Data.TaggedError("ProbeFailed")<{
  readonly binary: string
  readonly because: "missing" | "host" | "died" | "silent" | "no QMP" | "unexpected answers"
  readonly why: string
}> {
  override get message(): string {
    return `cannot use QEMU '${this.binary}': ${this.why}`
  }
}

/** No domain has it; recovery sees that it guards no guest. */
export const probeUuid = "00000000-0000-0000-0000-000000000000"

/** Between SIGKILL and leaving it to the next recovery. */
const endBoundMs = 5_000

/** What every probe is spared: the user's configuration, default devices, a display. */
const bareWords = ["-no-user-config", "-nodefaults", "-display", "none"]

export interface ProbeStart {
  readonly binary: string
  readonly words: readonly string[]
}

export const probePlan = Effect.fnUntraced(function* (room: ProbeRoom, start: ProbeStart) {
  const ids = yield* Ids
  const token = yield* ids.token
  const name = `${room.scratchDirectory}/p-${token}`
  const plan: LaunchPlan = {
    argv: [start.binary, ...bareWords, ...start.words],
    environment: { PATH: "/usr/bin:/bin" },
    directory: "/",
    monitor: {
      path: `${name}.s`,
      id: monitorId({ root: room.root, epoch: `probe-${token}`, uuid: probeUuid })
    },
    logPath: `${name}.log`
  }
  return plan
})

/** Runs until the scope closes. */
export const launchProbe = Effect.fnUntraced(function* (plan: LaunchPlan) {
  const files = yield* Files
  const remove = Effect.forEach(
    [plan.monitor.path, plan.logPath],
    (path) => Effect.ignore(files.unlink(path)),
    { discard: true }
  )
  yield* Effect.addFinalizer(() => remove)
  return yield* Effect.acquireRelease(launch(plan), ({ process, onExit }) =>
    // One that does not die keeps its token: the next recovery finds it.
    Effect.ignore(killAndConfirm(process, { graceMs: 0, boundMs: endBoundMs, onExit }))
  )
})
