/**
 * One engine over one root: what may be asked of it, and how each call reaches its actors. The two
 * faces of the library, promises and Effect, are thin layers over this file. Holds nothing but the
 * driver; every deed runs within one of its leases.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ReloadError } from "../../actors/config.ts"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Needs } from "../../actors/domain/needs.ts"
import * as Calls from "../../actors/driver/calls.ts"
import { type CallError, once } from "../../actors/driver/once.ts"
import { type Driver, makeDriver } from "../../actors/driver/driver.ts"
import type { Parts, Problem } from "../../actors/driver/parts.ts"
import * as Reads from "../../actors/driver/reads.ts"
import type { DomainFilter, DomainSummary } from "../../actors/driver/reads.ts"
import type { Heard } from "../../actors/event-bus.ts"
import type { Holdings } from "../../actors/host-device-pool.ts"
import { Ids } from "../base/ids.ts"
import type { ConfigError, ConfigSnapshot } from "../config/snapshot.ts"
import { type Domain, handleOf, type StartOptions } from "./handle.ts"
import { type ToNative, toNative } from "./native.ts"
import { type HostDevices, makeHostDevices } from "./hostdevs.ts"
import { makeNode, type Node } from "./node.ts"
import { type Published, readPublished } from "./published.ts"
import { type SubscribeMonitors, subscribeMonitors } from "./guest-events.ts"
import { type StatsOfMany, statsOfMany } from "./guest-many.ts"
import { type Storage, storageOf } from "./storage.ts"
import { traceOf } from "./trace.ts"
import { reading } from "./waiting.ts"
import type { FileError } from "../host/files.ts"
import { makeCall } from "../kernel/call.ts"
import type { Dispatcher } from "../kernel/dispatcher.ts"
import type { Inspection } from "../kernel/inspection.ts"
import {
  type DefinitionQuarantined,
  type DomainExists,
  DomainNotFound,
  type StartFailed
} from "../model/domain-error.ts"
import type { Domain as Definition } from "../model/domain.ts"
import type { ModelError } from "../model/error.ts"
import { validateDomain } from "../model/validate.ts"
import type { Capabilities } from "../qemu/capabilities.ts"
import type { ProbeFailed } from "../qemu/probe-process.ts"
import type { CompleteError } from "../qemu/refusal.ts"
import type { RootLocked, StoreError } from "../store/error.ts"
import { parseDomain } from "../xml/domain.ts"
import { XmlError } from "../xml/error.ts"
import { parseIdentity } from "../xml/identity.ts"
import type { Report } from "../xml/reading.ts"

/** Where an engine keeps what it has. */
export interface Place {
  readonly root: string
  /** Sockets and status. */
  readonly run: string
}

/** What becomes of the guests when an engine closes. By default they go on. */
export type GuestsAtClose = "leave" | "stop"

/** What an engine is told of where it lives: nothing in it is looked up by the engine itself. */
export interface Setting {
  readonly place: Place
  /** Who opens it, for the message that a second engine on this root gives. */
  readonly owner: string
  /** The version of the program, for its traces. */
  readonly program?: string
  /** Hashes of the statecharts by their ids, for its traces. */
  readonly charts?: () => { readonly [machine: string]: string }
  readonly dispatcher: Dispatcher
  /** The QEMU of an architecture, when neither definition nor config name one. */
  readonly emulatorFor: (arch: string | undefined) => string
  /** Guests that start at the same time, when the config does not say. */
  readonly startConcurrency: number
  /** qemu.conf. By default `ROOT/etc/qemu.conf`, which need not exist. */
  readonly config?: string | undefined
  /** Whether domains with autostart are started when the engine opens. True by default. */
  readonly autostart?: boolean | undefined
  readonly guests?: GuestsAtClose | undefined
  /** Told of the driver before it opens: for whoever watches from the first turn on. */
  readonly onMade?: (driver: Driver) => void
}

export type OpenError = RootLocked | StoreError | ConfigError | FileError | CallError

/** How a definition can fail to be taken. */
export type DefineError =
  | XmlError
  | ModelError
  | ProbeFailed
  | CompleteError
  | DomainExists
  | DefinitionQuarantined
  | DomainNotFound
  | StoreError
  | CallError

export interface DefineOptions {
  /** What this version has never heard of is an error, not only reported. */
  readonly isValidated?: boolean
}

/** A domain with what its definition says and what is not acted on, by line and column. */
export interface DefinedDomain extends Domain {
  readonly reports: readonly Report[]
}

/** How a domain was when the listener came. */
export interface Current extends DomainSummary {
  readonly type: "current"
}

export type TroupeEvent = Heard | Current

export interface EventOptions {
  /** The uuid of the one domain. By default all. */
  readonly domain?: string
  /** First the present state of each, then all that follows, nothing left out between. */
  readonly withCurrent?: boolean
}

export type Key =
  | string
  | { readonly name: string }
  | { readonly uuid: string }
  | { readonly id: number }

export interface Connection {
  readonly id: string
}

export interface Engine {
  readonly place: Place
  /** `starting`, `running`, `draining`, `stopping`, `stopped`, `failed`. */
  readonly phase: () => string
  /** Makes a persistent domain, or replaces its definition. Durable when it succeeds. */
  readonly defineXML: (
    xml: string,
    options?: DefineOptions
  ) => Effect.Effect<DefinedDomain, DefineError>
  /** Starts this definition; a domain that was not there before ends with its guest. */
  readonly createXML: (
    xml: string,
    options?: DefineOptions & StartOptions
  ) => Effect.Effect<DefinedDomain, DefineError | StartFailed>
  /** By name, uuid or number; a text is tried as each of them, in this order. */
  readonly lookup: (key: Key) => Effect.Effect<Domain, DomainNotFound | CallError>
  /** One consistent cut, by name. */
  readonly list: (filter?: DomainFilter) => Effect.Effect<readonly DomainSummary[], CallError>
  /** What is published, at once and without a fiber; `undefined` unless the engine is running. */
  readonly published: () => Published | undefined
  /** Pools of disk images, and the volumes in them. */
  readonly storage: Storage
  readonly events: (options?: EventOptions) => Stream.Stream<TroupeEvent, CallError>
  /** The same as one effect each: `undefined` when the engine has ended. */
  readonly subscribe: (
    options?: EventOptions
  ) => Effect.Effect<Effect.Effect<TroupeEvent | undefined>, CallError, Scope.Scope>
  /** The command line that a definition would be started with. Takes nothing of the host. */
  readonly toNative: ToNative
  /** QEMU's own events, as the QEMUs of all domains or of one tell them. */
  readonly monitorEvents: SubscribeMonitors
  /** Guests that were started with it end with it: when the scope closes. */
  readonly connect: Effect.Effect<Connection, CallError, Scope.Scope>
  readonly config: Effect.Effect<ConfigSnapshot, CallError>
  /** Takes the file as a whole, or says what is wrong with it and changes nothing. */
  readonly reloadConfig: Effect.Effect<ConfigSnapshot, ReloadError | CallError>
  /**
   * For a signal handler of the program's own (SIGHUP): the config is read again soon. What is
   * wrong with it shows in `problems`, and the old one stays.
   */
  readonly reloadConfigSoon: Effect.Effect<void>
  /** What went wrong without a call to tell it to, oldest first. */
  readonly problems: Effect.Effect<readonly Problem[]>
  /** What a QEMU can do; KVM is tried by a guest that really runs. */
  readonly capabilities: (emulator?: string) => Effect.Effect<Capabilities, ProbeFailed | CallError>
  /** The host itself: its size, memory, processor, and which guests it can have. */
  readonly node: Node
  /** Figures of many domains; what a QEMU does not tell in time is left out. */
  readonly domainStats: StatsOfMany
  /** Host devices and which start of which domain has each. */
  readonly hostDevices: Effect.Effect<{ readonly pci: Holdings; readonly usb: Holdings }, CallError>
  /** What of the host can be given to guests, who has it, and why not, where it cannot be given. */
  readonly hostdevs: HostDevices
  /** Every turn of every actor. */
  readonly inspection: Pick<Inspection, "watch" | "recent">
  /** The last turns of every actor, as the text of a trace file: types of messages only. */
  readonly trace: Effect.Effect<string>
  /** Drains, gives the root back. Idempotent; the scope's end does the same. */
  readonly close: (options?: { readonly guests?: GuestsAtClose }) => Effect.Effect<void>
}

/**
 * A definition from a client's text. One without a uuid is of the domain that has its name, so that
 * a program may define the same text at each of its starts; where there is none, it is given a
 * fresh one.
 */
const definitionFrom = (parts: Parts, xml: string, { isValidated = false }: DefineOptions = {}) =>
  Effect.gen(function* () {
    const uuid = yield* (yield* Ids).uuid
    const { domain: read, reports } = yield* Effect.fromResult(parseDomain(xml, { uuid }))
    const unknown = isValidated ? reports.find(({ kind }) => kind === "unknown") : undefined
    if (unknown !== undefined) {
      const { line, column, path, sentence: reason } = unknown
      return yield* new XmlError({ problem: "invalid", line, column, path, reason })
    }
    const namesake = read.uuid === uuid ? parts.domains.byName(read.name)?.uuid : undefined
    const domain = { ...read, uuid: namesake ?? read.uuid }
    return { definition: yield* Effect.fromResult(validateDomain(domain)), reports }
  })

/** A call that takes a definition; what it says and is not acted on comes with the handle. */
const taking = <E>(
  driver: Driver,
  { procedure, xml, options }: { procedure: string; xml: string; options?: DefineOptions },
  work: (parts: Parts, definition: Definition) => Effect.Effect<DomainRef, E, Needs>
) =>
  driver.call(makeCall(procedure), (parts) =>
    Effect.gen(function* () {
      const { definition, reports } = yield* definitionFrom(parts, xml, options)
      const done = Effect.map(work(parts, definition), (ref) => ref.uuid)
      const uuid = yield* once(parts, procedure, done)
      const handle = handleOf(driver, { uuid, name: definition.name })
      const defined: DefinedDomain = { ...handle, reports }
      return defined
    }).pipe(Effect.provideContext(parts.needs))
  )

const entryOf = (parts: Parts, key: Key) => {
  if (typeof key === "string") return Calls.find(parts, key)
  const { domains } = parts
  const entry =
    "name" in key
      ? domains.byName(key.name)
      : "uuid" in key
        ? domains.byUuid(key.uuid.toLowerCase())
        : domains.all().find((one) => Reads.summaryOf(one).id === key.id)
  return entry !== undefined && Calls.isVisible(entry) ? entry : undefined
}

const lookup =
  (driver: Driver): Engine["lookup"] =>
  (key) =>
    Effect.flatMap(
      reading(driver, "domainLookup", (parts) => entryOf(parts, key)),
      (entry) => {
        if (entry !== undefined) return Effect.succeed(handleOf(driver, entry))
        const text = typeof key === "string" ? key : String(Object.values(key)[0])
        return Effect.fail(new DomainNotFound({ key: text }))
      }
    )

/** The listener is in place before the present states are taken, and nothing runs in between. */
const subscribe =
  (driver: Driver): Engine["subscribe"] =>
  ({ domain, withCurrent = false } = {}) =>
    Effect.gen(function* () {
      const isMeant = ({ uuid }: { readonly uuid: string }) =>
        domain === undefined || uuid === domain
      const { events } = yield* reading(driver, "connectDomainEventRegisterAny", (parts) => parts)
      const subscription = yield* events.subscribe(isMeant)
      const parts = driver.parts()
      const present = withCurrent && parts !== undefined ? Reads.summaries(parts) : []
      const waiting: Current[] = present
        .filter(isMeant)
        .map((summary) => ({ type: "current", ...summary }))
      return Effect.suspend((): Effect.Effect<TroupeEvent | undefined> => {
        const current = waiting.shift()
        return current === undefined ? subscription.take : Effect.succeed(current)
      })
    })

const streamOf = (
  subscription: ReturnType<Engine["subscribe"]>
): Stream.Stream<TroupeEvent, CallError> =>
  Stream.unwrap(
    Effect.map(subscription, (take) =>
      Stream.fromPull(
        Effect.succeed(
          Effect.flatMap(take, (event) =>
            event === undefined ? Cause.done() : Effect.succeed([event] as const)
          )
        )
      )
    )
  )

/** Ends the guests of a connection, and returns when they have ended or do not end. */
const endConnection = (driver: Driver, id: string) =>
  Effect.gen(function* () {
    const parts = driver.parts()
    if (parts === undefined) return
    const mine = parts.connections.registered().filter(({ connection }) => connection === id)
    parts.connections.closed(id)
    yield* Effect.forEach(
      mine,
      ({ uuid, epoch }) => {
        const ref = parts.domains.byUuid(uuid)?.ref
        return ref === undefined ? Effect.void : Effect.ignore(DomainActor.destroy(ref, { epoch }))
      },
      { concurrency: "unbounded", discard: true }
    )
  })

const connect = (driver: Driver): Engine["connect"] =>
  Effect.acquireRelease(
    reading(driver, "connectOpen", ({ kernel }) => ({ id: `library-${kernel.number()}` })),
    ({ id }) => endConnection(driver, id)
  )

/** The chart hands on what the disk failed with as `unknown`; it is a StoreError. */
const define = (parts: Parts, definition: Definition) =>
  Calls.define(parts, definition) as Effect.Effect<DomainRef, DefineError, Needs>

const create = (parts: Parts, definition: Definition, { isPaused, autoDestroy }: StartOptions) =>
  Calls.create(parts, definition, {
    isPaused: isPaused === true,
    autoDestroy: autoDestroy?.id
  }) as Effect.Effect<DomainRef, DefineError | StartFailed, Needs>

const calls = (driver: Driver, emulatorFor: Setting["emulatorFor"]) => ({
  defineXML: (xml: string, options: DefineOptions = {}) =>
    taking(driver, { procedure: "domainDefineXML", xml, options }, define),
  createXML: (xml: string, options: DefineOptions & StartOptions = {}) =>
    taking(driver, { procedure: "domainCreateXML", xml, options }, (parts, definition) =>
      create(parts, definition, options)
    ),
  config: reading(driver, "connectGetConfig", ({ config }) => config.current()),
  reloadConfig: driver.call(makeCall("daemonReloadConfig"), ({ config }) => config.reload("api")),
  reloadConfigSoon: Effect.sync(() => driver.parts()?.config.signalled()),
  problems: Effect.sync(driver.problems),
  capabilities: (emulator?: string) =>
    driver.call(makeCall("connectGetCapabilities"), ({ prober, config }) => {
      const usual = config.current().values.troupeEmulator
      return prober.withKvm(emulator ?? (usual === "" ? emulatorFor(undefined) : usual))
    }),
  hostDevices: reading(driver, "nodeListDevices", ({ pools: { pci, usb } }) => ({
    pci: pci.holdings(),
    usb: usb.holdings()
  }))
})

/** Opens an engine for the life of the scope. */
export const openEngine = Effect.fnUntraced(function* (setting: Setting) {
  const { place, owner, dispatcher, emulatorFor, startConcurrency } = setting
  const driver = yield* makeDriver({
    ...place,
    owner,
    readIdentity: parseIdentity,
    dispatcher,
    emulatorFor,
    isAutostarting: setting.autostart ?? true,
    startConcurrency,
    ...(setting.config === undefined ? {} : { configPath: setting.config })
  })
  setting.onMade?.(driver)
  const close: Engine["close"] = ({ guests = setting.guests } = {}) =>
    Effect.ignore(driver.close({ stopsGuests: guests === "stop" }))
  // Before the opening, which may be interrupted: what it has taken by then is given back too.
  yield* Effect.addFinalizer(() => close())
  yield* driver.open as Effect.Effect<void, OpenError>
  const node = yield* makeNode(driver, setting)
  const hostdevs = yield* makeHostDevices(driver)
  return engineOf(driver, { ...setting, close, node, hostdevs })
})

type Standing = Pick<Engine, "close" | "hostdevs" | "node">

const engineOf = (driver: Driver, standing: Setting & Standing): Engine => ({
  place: standing.place,
  phase: driver.phase,
  node: standing.node,
  hostdevs: standing.hostdevs,
  domainStats: statsOfMany(driver),
  monitorEvents: subscribeMonitors(driver),
  toNative: toNative(driver),
  ...calls(driver, standing.emulatorFor),
  lookup: lookup(driver),
  list: (filter) =>
    reading(driver, "connectListAllDomains", (parts) => Reads.summaries(parts, filter)),
  published: readPublished(driver),
  subscribe: subscribe(driver),
  events: (which) => streamOf(subscribe(driver)(which)),
  connect: connect(driver),
  storage: storageOf(driver),
  inspection: driver.kernel.inspection,
  trace: traceOf(driver.kernel, standing),
  close: standing.close
})
