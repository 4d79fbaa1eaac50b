/**
 * The start of an engine, in order: lock the root, load the config, index the definitions, take
 * over what lives. Handshakes with living QEMUs and autostart follow on their own: one silent QEMU
 * delays nobody.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { Kernel } from "../../src/kernel/kernel.ts"
import { Supervisor } from "../../src/kernel/supervisor.ts"
import type { Domain } from "../../src/model/domain.ts"
import { makeProber } from "../../src/qemu/probe.ts"
import { imageToolBeside } from "../../src/storage/image-tool.ts"
import * as Store from "../../src/store/store.ts"
import { withoutCaller } from "../../src/kernel/script.ts"
import { makeConfigHolder } from "../config.ts"
import { type CloseCallback, makeConnections } from "../connections.ts"
import * as DomainActor from "../domain/domain.ts"
import type { Needs } from "../domain/needs.ts"
import { Surroundings } from "../domain/surroundings.ts"
import { type Entry, makeDomains } from "../domains.ts"
import { makeEventBus, makeMonitorEvents } from "../event-bus.ts"
import { makeDevicePools, settlePools } from "../device-pools.ts"
import { makePorts } from "../ports.ts"
import { makeStartLane } from "../start-lane.ts"
import { makeStoragePools } from "../storage/pools.ts"
import { openDomain, spawnDomain, start, supervise } from "./calls.ts"
import { keepLogsBounded } from "./logs.ts"
import type { HostServices, Parts, Problem } from "./parts.ts"
import { type Obtain, recover } from "./recover.ts"

export interface BootOptions extends Store.StoreOptions {
  /** qemu.conf. Absent: `ROOT/etc/qemu.conf`, which need not exist. */
  readonly configPath?: string
  /** The binary for an architecture when neither definition nor config name one. */
  readonly emulatorFor: (arch: string | undefined) => string
  /** Starts at once, when the config does not say. */
  readonly startConcurrency: number
  /** Whether the domains that are to start with the engine do. */
  readonly isAutostarting: boolean
}

/** What is needed by the children before there are any: filled in before anything runs. */
interface Later {
  parts: Parts | undefined
}

type Note = (problem: Problem) => void

/** The root, the config and the index: what stands on disk, and what is wrong with it. */
const readRoot = Effect.fnUntraced(function* (kernel: Kernel, options: BootOptions, note: Note) {
  const store = yield* Store.make(options)
  const path = options.configPath ?? `${store.layout.root}/etc/qemu.conf`
  const config = yield* makeConfigHolder({
    kernel,
    path,
    onProblem: (error) => note({ what: "reload of the config", why: messageOf(error) })
  })
  for (const { line, message } of config.current().warnings)
    note({ what: `${path}:${line}`, why: message })
  for (const recovery of store.recovered)
    note({ what: "a rename that a crash had interrupted", why: JSON.stringify(recovery) })
  const index = yield* store.indexDefinitions
  for (const { path: file, reason } of index.quarantined) note({ what: file, why: reason })
  const statuses = yield* store.listStatuses
  const hostdevs = yield* store.listHostdevs
  for (const { path: file, reason } of hostdevs.unreadable) note({ what: file, why: reason })
  return { store, config, index, statuses, hostdevs }
})

type Root = Effect.Success<ReturnType<typeof readRoot>>

const makeSiblings = Effect.fnUntraced(function* (
  kernel: Kernel,
  { store, config, hostdevs }: Root,
  options: BootOptions & { readonly later: Later; readonly note: Note }
) {
  const { startConcurrency, emulatorFor, later, note } = options
  const host = withoutCaller(yield* Effect.context<HostServices>())
  const width = () => config.current().values.troupeStartConcurrency || startConcurrency
  return {
    pools: makeDevicePools(kernel, { store, context: host, recalled: hostdevs.records }),
    ports: makePorts(kernel),
    connections: makeConnections(kernel, {
      autoDestroy: (callback) => endWithConnection(later, callback),
      killSwitch: (callback) => endWithConnection(later, callback)
    }),
    lane: makeStartLane(kernel, width),
    prober: yield* makeProber({
      scratchDirectory: store.layout.run,
      cacheDirectory: store.layout.cache,
      root: store.rootId
    }),
    storage: yield* makeStoragePools({
      kernel,
      layout: store.layout,
      root: store.rootId,
      program: Effect.suspend(() =>
        imageToolBeside(config.current().values.troupeEmulator || emulatorFor(undefined))
      ),
      note
    }),
    events: makeEventBus(kernel),
    monitorEvents: makeMonitorEvents(kernel),
    supervisor: new Supervisor("supervisor", kernel, {
      context: host as Context.Context<never>,
      onGivenUp: (uuid) => {
        note({ what: `domain ${uuid}`, why: "it failed too often and is down for a while" })
        if (later.parts !== undefined) Effect.runForkWith(host)(bringBackLater(later.parts, uuid))
      }
    })
  }
})

/** What made a domain fail again and again may pass; until then it is not tried without a pause. */
const downMs = 5_000

/** Nobody could destroy the guest of a domain that stayed down: it is tried again, slowly. */
const bringBackLater = (parts: Parts, uuid: string) =>
  FiberSet.run(
    parts.errands,
    Effect.andThen(
      Effect.sleep(downMs),
      Effect.sync(() => {
        const ref = parts.domains.byUuid(uuid)?.ref
        if (ref === undefined) return
        supervise(parts, ref)
        parts.supervisor.crashed(uuid)
      })
    )
  )

type Siblings = Effect.Success<ReturnType<typeof makeSiblings>>

/** What domains act with: their siblings, each behind the few functions that they need of it. */
const surroundingsOf = (
  siblings: Siblings & Pick<Parts, "kernel" | "config" | "domains" | "note">,
  emulatorFor: BootOptions["emulatorFor"]
): Surroundings["Service"] => {
  const { kernel, config, domains, prober, supervisor, events, lane } = siblings
  const { pools, ports, connections } = siblings
  return {
    kernel,
    config: config.current,
    capabilities: ({ type, emulator, os }: Domain) => {
      const binary = emulator ?? (config.current().values.troupeEmulator || emulatorFor(os.arch))
      return type === "kvm" ? prober.withKvm(binary) : prober.capabilities(binary)
    },
    allocateId: domains.nextId,
    unregister: (uuid) =>
      Effect.suspend(() => {
        supervisor.forget(uuid)
        // It fails only when there is no list any more.
        return Effect.ignore(domains.remove(uuid))
      }),
    pools,
    ports,
    connections,
    happened: events.happened,
    note: siblings.note,
    qemuTold: siblings.monitorEvents.told,
    inStartLane: lane.within
  }
}

export const boot = Effect.fnUntraced(function* (kernel: Kernel, options: BootOptions, note: Note) {
  const root = yield* readRoot(kernel, options, note)
  const { store, config, index, statuses } = root
  const later: Later = { parts: undefined }
  const siblings = yield* makeSiblings(kernel, root, { ...options, later, note })
  const entries = index.heads.map((head): Entry => ({ ...head, ref: undefined }))
  const lastId = Math.max(0, ...statuses.records.map(({ id }) => id))
  const domains = makeDomains(kernel, { entries, lastId })
  const host = withoutCaller(yield* Effect.context<HostServices>())
  const surroundings = surroundingsOf(
    { ...siblings, kernel, config, domains, note },
    options.emulatorFor
  )
  const needs: Context.Context<Needs> = host.pipe(
    Context.add(Store.Store, store),
    Context.add(Surroundings, surroundings)
  )
  let counter = 0
  const parts: Parts = {
    kernel,
    store,
    config,
    ...siblings,
    domains,
    needs,
    nextEpoch: Effect.sync(() => `${store.generation}.${++counter}`),
    quarantined: index.quarantined,
    errands: yield* FiberSet.make<void>(),
    operations: new Set(),
    note
  }
  later.parts = parts
  yield* recover(parts, statuses, (identity) => obtainRecovered(parts, identity)).pipe(
    Effect.provideContext(needs)
  )
  // Whose guest is no more: the engine before us had not come to giving it back.
  yield* Effect.orDie(settlePools(siblings.pools))
  if (options.isAutostarting)
    yield* FiberSet.run(parts.errands, autostart(parts).pipe(Effect.provideContext(needs)))
  yield* FiberSet.run(parts.errands, forgetOldOperations(parts))
  yield* FiberSet.run(parts.errands, keepLogsBounded(parts).pipe(Effect.provideContext(needs)))
  return parts
})

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Answers that nobody asks for any more are dropped, once a day and at each start. */
const forgetOldOperations = ({ store }: Parts) =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    yield* Effect.ignore(store.compactOperations(nowMs))
  }).pipe(Effect.andThen(Effect.sleep("1 day")), Effect.forever)

/** A connection is gone: its guests go, each only in the start that was bound to it. */
const endWithConnection = ({ parts }: Later, { uuid, epoch }: CloseCallback): void => {
  const ref = parts?.domains.byUuid(uuid)?.ref
  if (parts === undefined || ref === undefined) return
  const end = Effect.ignore(DomainActor.destroy(ref, { epoch }))
  Effect.runForkWith(parts.needs)(FiberSet.run(parts.errands, end))
}

/** The actor for a guest of the engine before: with its definition if it has one. */
const obtainRecovered = (parts: Parts, { uuid, name, live }: Parameters<Obtain>[0]) =>
  Effect.gen(function* () {
    const entry = parts.domains.byUuid(uuid)
    if (entry !== undefined) {
      const opened = yield* Effect.option(openDomain(parts, entry))
      if (opened._tag === "Some") return opened.value
      parts.note({ what: `definition of '${name}'`, why: "it cannot be read; its guest goes on" })
    }
    // It has a definition, and stays listed when its guest ends. The file is left as it is.
    const persistent = entry === undefined ? undefined : live
    const ref = yield* spawnDomain(parts, {
      uuid,
      name,
      ...(persistent === undefined ? {} : { persistent })
    })
    const isAutostart = entry?.isAutostart ?? false
    yield* Effect.orDie(parts.domains.commit("recovery", { uuid, name, isAutostart, ref }))
    supervise(parts, ref)
    return ref
  })

/** More would only wait in the start lane, and be told there that they waited too long. */
const autostartsMax = 16

const autostart = Effect.fnUntraced(function* (parts: Parts) {
  const wanted = parts.domains.all().filter((entry) => entry.isAutostart)
  yield* Effect.forEach(
    wanted,
    (entry) =>
      Effect.gen(function* () {
        const ref = yield* openDomain(parts, entry)
        const { epoch, isUnproven } = DomainActor.view(ref).context
        // A start that was cut short is over when this one's turn has come; a guest goes on.
        const isGuest = epoch !== undefined && DomainActor.isSettled(ref) && !isUnproven
        if (!isGuest) yield* start(parts, ref)
      }).pipe(
        Effect.catch((error) =>
          Effect.sync(() => {
            const found = parts.domains.byUuid(entry.uuid)?.ref
            // It had been continued after all.
            if (found !== undefined && DomainActor.view(found).state === "running") return
            parts.note({ what: `autostart of '${entry.name}'`, why: error.message })
          })
        )
      ),
    { concurrency: autostartsMax, discard: true }
  )
})
