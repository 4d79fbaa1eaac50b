/**
 * What a QEMU binary can do, by asking it: one process without a machine, all questions at once
 * over QMP, once per binary (path, size, mtime, inode). Whether KVM works is asked apart, and only
 * by who needs it: `kvm-trial.ts`. Keeps the answers on disk; decides nothing.
 */
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { Ids } from "../base/ids.ts"
import { Files, type FileStat } from "../host/files.ts"
import { Processes } from "../host/process.ts"
import { Sockets } from "../host/socket.ts"
import type { QmpClient } from "../qmp/client.ts"
import { command } from "../qmp/command.ts"
import type { Json } from "../qmp/json.ts"
import {
  type Capabilities,
  type CapabilityQuery,
  capabilitiesFromReplies,
  capabilityQueries,
  cpuQueries,
  type ProbeRecord,
  type QmpAnswer
} from "./capabilities.ts"
import { connectMonitor } from "./connect.ts"
import { kvmTrial } from "./kvm-trial.ts"
import { whileAlive } from "./launcher.ts"
import {
  type BinaryIdentity,
  keepAnswers,
  keepKvm,
  keepModels,
  keptAnswers,
  keptKvm,
  keptModels
} from "./probe-cache.ts"
import { type ModelFeatures, modelQueries, modelsFromReplies } from "./probe-models.ts"
import { launchProbe, ProbeFailed, probePlan, type ProbeRoom } from "./probe-process.ts"

/** From the spawn to the last answer: 0.1 s on an idle host. */
export const probeTimeoutMs = 15_000

/** QEMU binaries on one host; the distributions have about 30. */
const binariesMax = 64

export type ProbeServices = Files | Processes | Sockets | Ids

/** Answers about binaries, each asked once however many want to know at once. */
export interface Prober {
  /** `accelerators.kvm` tells that nobody has tried yet. */
  readonly capabilities: (binary: string) => Effect.Effect<Capabilities, ProbeFailed>
  /** With KVM tried: the first time takes a trial guest's time, at most some seconds. */
  readonly withKvm: (binary: string) => Effect.Effect<Capabilities, ProbeFailed>
  /** Its CPU models, each spelled out: a second question, for who compares processors. */
  readonly models: (binary: string) => Effect.Effect<readonly ModelFeatures[], ProbeFailed>
}

/** What stands for KVM until it was tried. */
export const kvmUntried = { unusable: "nobody has tried it yet" } as const

export const makeProber = Effect.fnUntraced(function* (room: ProbeRoom) {
  // Not the whole context: what is asked here runs for whoever asks, not for who made the prober.
  const services = Context.pick(
    Files,
    Processes,
    Sockets,
    Ids
  )(yield* Effect.context<ProbeServices>())
  const plain = yield* onceFor((binary) => probeCommon(room, binary))
  const full = yield* onceFor((binary) =>
    Effect.flatMap(Cache.get(plain, keyOf(binary)), (probed) => withKvm(room, binary, probed))
  )
  const models = yield* onceFor((binary) =>
    Effect.flatMap(Cache.get(plain, keyOf(binary)), ({ capabilities }) =>
      probeModels(room, binary, capabilities)
    )
  )
  const prober: Prober = {
    capabilities: (binary) =>
      identify(binary).pipe(
        Effect.flatMap((identity) => Cache.get(plain, keyOf(identity))),
        Effect.map(({ capabilities }) => capabilities),
        Effect.provideContext(services)
      ),
    withKvm: (binary) =>
      identify(binary).pipe(
        Effect.flatMap((identity) => Cache.get(full, keyOf(identity))),
        Effect.provideContext(services)
      ),
    models: (binary) =>
      identify(binary).pipe(
        Effect.flatMap((identity) => Cache.get(models, keyOf(identity))),
        Effect.provideContext(services)
      )
  }
  return prober
})

/** The cache's key is text; the identity is read back from it. */
const keyOf = (identity: BinaryIdentity): string => JSON.stringify(identity)

/** Shares one lookup among all who ask, and keeps only what succeeded. */
const onceFor = <A, E, R>(lookup: (binary: BinaryIdentity) => Effect.Effect<A, E, R>) =>
  Cache.makeWith((key: string) => lookup(JSON.parse(key)), {
    capacity: binariesMax,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? "100000 days" : 0)
  })

/** A name may be a link (`/etc/alternatives`): what it leads to is what is asked and kept. */
const linksMax = 16

export const identify = Effect.fnUntraced(function* (binary: string) {
  let path = binary
  for (let links = 0; links < linksMax; links++) {
    const stat = yield* statOf(binary, path)
    if (stat.kind === "file") {
      const { size, mtimeMs, inode, device } = stat
      const identity: BinaryIdentity = { binary, path, size, mtimeMs, inode, device }
      return identity
    }
    if (stat.kind !== "symlink") return yield* missing(binary, `it is a ${stat.kind}, not a file`)
    path = yield* followed(binary, path)
  }
  return yield* missing(binary, "it is a link without an end")
})

const missing = (binary: string, why: string) =>
  new ProbeFailed({ binary, because: "missing", why })

const statOf = Effect.fnUntraced(function* (binary: string, path: string) {
  const files = yield* Files
  return yield* Effect.mapError(files.stat(path), (error) => missing(binary, error.message))
}) satisfies (binary: string, path: string) => Effect.Effect<FileStat, ProbeFailed, Files>

const followed = Effect.fnUntraced(function* (binary: string, path: string) {
  const files = yield* Files
  const target = yield* Effect.mapError(files.readLink(path), (error) =>
    missing(binary, error.message)
  )
  return target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`
})

const capabilitiesOf = (record: ProbeRecord): Effect.Effect<Capabilities, ProbeFailed> => {
  const read = capabilitiesFromReplies(record)
  if (Result.isSuccess(read)) return Effect.succeed(read.success)
  const { message } = read.failure
  return Effect.fail(
    new ProbeFailed({ binary: record.binary, because: "unexpected answers", why: message })
  )
}

type Common = Omit<ProbeRecord, "kvm">

interface Probed {
  readonly record: Common
  readonly capabilities: Capabilities
}

/** Kept answers, or those of a QEMU asked now; a cache that cannot be written is no failure. */
const probeCommon = Effect.fnUntraced(function* (room: ProbeRoom, identity: BinaryIdentity) {
  const kept = yield* keptAnswers(room.cacheDirectory, identity)
  if (kept !== undefined) return yield* readRecord({ binary: identity.binary, ...kept })
  // TCG first, for KVM is not to be trusted yet; a QEMU built without it still answers.
  const words = ["-machine", "none,accel=tcg:kvm", "-S"]
  const queries = [...capabilityQueries, ...cpuQueries("tcg")]
  const answers = yield* ask(room, { binary: identity.binary, words }, queries)
  const common = answers.slice(0, capabilityQueries.length)
  const cpus = { tcg: answers.slice(capabilityQueries.length) }
  // Answers that cannot be read are told now, and not kept.
  const probed = yield* readRecord({ binary: identity.binary, common, cpus })
  yield* keepAnswers(room.cacheDirectory, identity, { common, cpus })
  return probed
})

/** A model is made of the same features under each accelerator: TCG tells it of all. */
const probeModels = Effect.fnUntraced(function* (
  room: ProbeRoom,
  identity: BinaryIdentity,
  capabilities: Capabilities
) {
  const kept = yield* keptModels(room.cacheDirectory, identity)
  if (kept !== undefined) return kept
  const words = ["-machine", "none,accel=tcg:kvm", "-S"]
  const { binary } = identity
  const models = modelsFromReplies(yield* ask(room, { binary, words }, modelQueries(capabilities)))
  yield* keepModels(room.cacheDirectory, identity, models)
  return models
})

const readRecord = Effect.fnUntraced(function* (record: Common) {
  // Reading takes milliseconds, as parsing did: the event loop has its turn in between.
  yield* Effect.yieldNow
  const probed: Probed = {
    record,
    capabilities: yield* capabilitiesOf({ ...record, kvm: kvmUntried })
  }
  return probed
})

const withKvm = Effect.fnUntraced(function* (
  room: ProbeRoom,
  identity: BinaryIdentity,
  { record, capabilities }: Probed
) {
  const { state, cpus } = yield* probeKvm(room, identity)
  if (cpus !== undefined) {
    return yield* capabilitiesOf({ ...record, kvm: state, cpus: { ...record.cpus, kvm: cpus } })
  }
  const { tcg } = capabilities.accelerators
  const without: Capabilities = { ...capabilities, accelerators: { tcg, kvm: state } }
  return without
})

/** KVM's state, and what KVM says of processors where it is usable. */
const probeKvm = Effect.fnUntraced(function* (room: ProbeRoom, identity: BinaryIdentity) {
  const kept = yield* keptKvm(room.cacheDirectory, identity)
  if (kept !== undefined) return kept
  const trial = yield* kvmTrial(room, { binary: identity.binary })
  if (trial.state !== "usable") {
    const tried = { state: trial.state, cpus: undefined }
    if (trial.isLasting) yield* keepKvm(room.cacheDirectory, identity, tried)
    return tried
  }
  const words = ["-machine", "none,accel=kvm", "-S"]
  const cpus = yield* ask(room, { binary: identity.binary, words }, cpuQueries("kvm"))
  const tried = { state: trial.state, cpus }
  yield* keepKvm(room.cacheDirectory, identity, tried)
  return tried
})

interface Start {
  readonly binary: string
  readonly words: readonly string[]
}

/** One QEMU, all questions in flight at once, and its end. */
const ask = Effect.fnUntraced(
  function* (room: ProbeRoom, start: Start, queries: readonly CapabilityQuery[]) {
    const plan = yield* probePlan(room, start)
    const launched = yield* launchProbe(plan)
    const timeoutMs = room.timeoutMs ?? probeTimeoutMs
    const asking = Effect.gen(function* () {
      const client = yield* connectMonitor(plan.monitor.path, { timeoutMs })
      return yield* Effect.forEach(queries, (query) => answerTo(client, query), {
        concurrency: "unbounded"
      })
    })
    return yield* whileAlive(plan, launched, asking)
  },
  Effect.scoped,
  (effect, { timeoutMs = probeTimeoutMs }, { binary }) => explained(effect, binary, timeoutMs)
)

/** A refusal is an answer too: this QEMU has no such command or type. */
const answerTo = (client: QmpClient, query: CapabilityQuery) =>
  client
    .execute(command(query.execute, query.arguments as { readonly [name: string]: Json }), {
      timeoutMs: probeTimeoutMs
    })
    .pipe(
      Effect.map((value): QmpAnswer => ({ ...query, return: value })),
      Effect.catchTag("QmpRefused", (error) =>
        Effect.succeed<QmpAnswer>({ ...query, error: { class: error.class, desc: error.desc } })
      )
    )

const becauseOf = {
  FieldUnenforceable: "host",
  LaunchFailed: "host",
  SocketError: "host",
  QemuDied: "died",
  QmpTimeout: "silent",
  QmpEnded: "no QMP",
  QmpRefused: "no QMP",
  QmpFault: "no QMP"
} as const satisfies { readonly [tag: string]: ProbeFailed["because"] }

interface Explainable {
  readonly _tag: keyof typeof becauseOf
  readonly message: string
}

const explained = <A, E extends Explainable, R>(
  effect: Effect.Effect<A, E, R>,
  binary: string,
  timeoutMs: number
) =>
  effect.pipe(
    Effect.mapError(
      (error) => new ProbeFailed({ binary, because: becauseOf[error._tag], why: error.message })
    ),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail(
          new ProbeFailed({
            binary,
            because: "silent",
            why: `it did not answer within ${timeoutMs} ms`
          })
        )
    })
  )
