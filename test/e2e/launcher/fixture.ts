/**
 * What the tests with real QEMU processes share: the live services, a short scratch directory, and
 * a plan for a QEMU without a machine. Ends each QEMU of the test's own root, pass or fail.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as FilesLive from "../../../src/host/files.live.ts"
import type { Files } from "../../../src/host/files.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import { Processes } from "../../../src/host/process.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import type { Sockets } from "../../../src/host/socket.ts"
import { findByToken, killAndConfirm } from "../../../src/qemu/kill.ts"
import type { LaunchPlan } from "../../../src/qemu/launch-plan.ts"
import { monitorId, monitorIdPrefix } from "../../../src/qemu/monitor-id.ts"

export const qemu = "/usr/bin/qemu-system-x86_64"

export type Host = Files | Processes | Sockets

export const hostLayer: Layer.Layer<Host> = Layer.mergeAll(
  FilesLive.layer,
  ProcessesLive.layer,
  SocketsLive.layer
)

export interface Bench {
  readonly directory: string
  readonly root: string
  /** A QEMU that starts in 30 ms and has a monitor; no machine, no guest. */
  readonly plan: (name: string, more?: Partial<LaunchPlan>) => LaunchPlan
}

const bareWords = ["-machine", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S"]

let count = 0

const makeBench = Effect.acquireRelease(
  Effect.sync((): Bench => {
    const directory = fs.mkdtempSync(join(tmpdir(), "tr-"))
    const root = `t${process.pid}-${count++}`
    const plan = (name: string, more: Partial<LaunchPlan> = {}): LaunchPlan => ({
      argv: [qemu, ...bareWords, "-accel", "tcg"],
      environment: { PATH: "/usr/bin:/bin" },
      directory: "/",
      monitor: {
        path: join(directory, `${name}.sock`),
        id: monitorId({ root, epoch: "1-1", uuid: uuidOf(name) })
      },
      logPath: join(directory, `${name}.log`),
      ...more
    })
    return { directory, root, plan }
  }),
  ({ directory, root }) =>
    Effect.gen(function* () {
      const { found } = yield* findByToken(monitorIdPrefix(root))
      for (const { process } of found) {
        const processes = yield* Processes
        yield* processes.signal(process, "SIGCONT")
        yield* Effect.orDie(killAndConfirm(process, { graceMs: 0, boundMs: 10_000 }))
      }
      fs.rmSync(directory, { recursive: true, force: true })
    })
)

/** Any name to a uuid of its own. */
export const uuidOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString("hex").padStart(12, "0").slice(-12)}`

/** Runs one test's effect against this host. */
export const onHost = <A, E>(
  test: (bench: Bench) => Effect.Effect<A, E, Host | Scope.Scope>
): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.scoped(Effect.flatMap(makeBench, test)), hostLayer))

/** A number of milliseconds that no step here comes near: a test that waits so long has failed. */
export const patienceMs = 20_000

/** Polls a fact of the host until it holds. */
export const until = (holds: () => boolean) =>
  Effect.gen(function* () {
    while (!holds()) yield* Effect.sleep(5)
  }).pipe(Effect.timeout(patienceMs))
