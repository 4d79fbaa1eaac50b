/**
 * The start of an engine, in order: lock the root, load the config, index the definitions, take over
 * what lives. Handshakes with living QEMUs and autostart follow on their own: one silent QEMU delays
 * nobody.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Kernel } from "../../src/kernel/kernel.ts"
import { Supervisor } from "../../src/kernel/supervisor.ts"
import type { Domain } from "../../src/model/domain.ts"
import { makeProber } from "../../src/qemu/probe.ts"
import * as Store from "../../src/store/store.ts"
import { makeConfigHolder } from "../config.ts"
import { type CloseCallback, makeConnections } from "../connections.ts"
import * as DomainActor from "../domain/domain.ts"
import type { Needs } from "../domain/needs.ts"
import { Surroundings } from "../domain/surroundings.ts"
import { type Domains, type Entry, makeDomains } from "../domains.ts"
import { makeEventBus } from "../event-bus.ts"
import { makePciPool } from "../pci-pool.ts"
import { makePorts } from "../ports.ts"
import { makeStartLane } from "../start-lane.ts"
import { makeUsbPool } from "../usb-pool.ts"
import { openDomain, reviveDomain, spawnDomain, start } from "./calls.ts"
import type { HostServices, Parts, Problem } from "./parts.ts"
import { recover } from "./recover.ts"

export interface BootOptions extends Store.StoreOptions {
  /** qemu.conf. Absent: `ROOT/etc/qemu.conf`, which need not exist. */
  readonly configPath?: string
  /** The binary for an architecture when neither definition nor config name one. */
  readonly emulatorFor: (arch: string | undefined) => string
  /** Starts at once, when the config does not say. */
  readonly startConcurrency: number
}

/** What has no parts yet when it is needed by them: filled in before anything runs. */
interface Later {
  domains: Domains | undefined
  parts: Parts | undefined
}

export const boot = Effect.fnUntraced(function* (
  kernel: Kernel,
  options: BootOptions,
  note: (problem: Problem) => void
) {
  const host = yield* Effect.context<HostServices>()
  const store = yield* Store.make(options)
  const configPath = options.configPath ?? `${store.layout.root}/etc/qemu.conf`
  const config = yield* makeConfigHolder({
    kernel,
    path: configPath,
    onProblem: (error) => note({ what: "reload of the config", why: messageOf(error) })
  })
  for (const warning of config.current().warnings)
    note({ what: `${configPath}:${warning.line}`, why: warning.message })
  for (const { name, outcome } of store.recovered.map(asProblem)) note({ what: name, why: outcome })
  const index = yield* store.indexDefinitions
  for (const { path, reason } of index.quarantined) note({ what: path, why: reason })

  const later: Later = { domains: undefined, parts: undefined }
  const width = () => {
    const { troupeStartConcurrency: width } = config.current().values
    return width > 0 ? width : options.startConcurrency
  }
  const events = makeEventBus(kernel)
  const siblings = {
    pci: makePciPool(kernel),
    usb: makeUsbPool(kernel),
    ports: makePorts(kernel),
    connections: makeConnections(kernel, (callback) => endWithConnection(later, callback)),
    lane: makeStartLane(kernel, width),
    prober: yield* makeProber(proberRoom(store))
  }
  const supervisor = new Supervisor("supervisor", kernel, {
    context: host as Context.Context<never>,
    onGivenUp: (uuid) =>
      note({ what: `domain ${uuid}`, why: "it failed too often and is left alone; see the log" })
  })
  const capabilities = ({ type, emulator, os }: Domain) => {
    const usual = config.current().values.troupeEmulator || options.emulatorFor(os.arch)
    const { prober } = siblings
    return type === "kvm"
      ? prober.withKvm(emulator ?? usual)
      : prober.capabilities(emulator ?? usual)
  }
  const needs = host.pipe(
    Context.add(Store.Store, store),
    Context.add(Surroundings, {
      kernel,
      config: config.current,
      capabilities,
      allocateId: Effect.suspend(() => Effect.orDie(parts.domains.nextId)),
      unregister: (uuid) =>
        Effect.suspend(() => {
          supervisor.forget(uuid)
          return Effect.orDie(parts.domains.remove(uuid))
        }),
      pci: siblings.pci,
      usb: siblings.usb,
      ports: siblings.ports,
      connections: siblings.connections,
      happened: events.happened,
      inStartLane: siblings.lane.within
    })
  ) as Context.Context<Needs>
  const entries = index.heads.map((head): Entry => ({ ...head, ref: undefined }))
  let counter = 0
  const parts: Parts = {
    kernel,
    store,
    config,
    ...siblings,
    events,
    supervisor,
    needs,
    domains: makeDomains(kernel, { entries, lastId: 0 }),
    nextEpoch: Effect.sync(() => `${store.generation}.${++counter}`),
    quarantined: index.quarantined,
    note
  }
  later.parts = parts
  yield* recover(parts, (identity) => obtainRecovered(parts, identity)).pipe(
    Effect.provideContext(needs)
  )
  yield* Effect.forkDetach(autostart(parts).pipe(Effect.provideContext(needs)))
  return parts
})

const proberRoom = ({ layout, rootId }: Store.Store["Service"]) => ({
  scratchDirectory: layout.run,
  cacheDirectory: layout.cache,
  root: rootId
})

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

const asProblem = (recovery: Store.Store["Service"]["recovered"][number]) => ({
  name: "a rename that a crash had interrupted",
  outcome: JSON.stringify(recovery)
})

/** A connection is gone: its guests go, each only in the start that was bound to it. */
const endWithConnection = ({ parts }: Later, { uuid, epoch }: CloseCallback): void => {
  const ref = parts?.domains.byUuid(uuid)?.ref
  if (parts === undefined || ref === undefined) return
  Effect.runForkWith(parts.needs)(Effect.ignore(DomainActor.destroy(ref, { epoch })))
}

/** The actor for a guest of the engine before: with its definition if it has one. */
const obtainRecovered = (
  parts: Parts,
  { uuid, name }: { readonly uuid: string; readonly name: string }
) =>
  Effect.gen(function* () {
    const entry = parts.domains.byUuid(uuid)
    if (entry !== undefined) {
      const opened = yield* Effect.option(openDomain(parts, entry))
      if (opened._tag === "Some") return opened.value
      parts.note({ what: `definition of '${name}'`, why: "it cannot be read; its guest goes on" })
    }
    const ref = yield* spawnDomain(parts, { uuid, name }, (one) => reviveDomain(parts, one))
    const isAutostart = entry?.isAutostart ?? false
    yield* Effect.orDie(parts.domains.commit("recovery", { uuid, name, isAutostart, ref }))
    return ref
  })

const autostart = Effect.fnUntraced(function* (parts: Parts) {
  const wanted = parts.domains.all().filter((entry) => entry.isAutostart)
  yield* Effect.forEach(
    wanted,
    (entry) =>
      Effect.gen(function* () {
        const ref = yield* openDomain(parts, entry)
        if (DomainActor.view(ref).context.epoch === undefined) yield* start(parts, ref)
      }).pipe(
        Effect.catch((error) =>
          Effect.sync(() =>
            parts.note({ what: `autostart of '${entry.name}'`, why: error.message })
          )
        )
      ),
    { concurrency: "unbounded", discard: true }
  )
})
