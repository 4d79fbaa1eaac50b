/**
 * A domain as its callers hold it: by uuid, so that it stays the same through renames and restarts.
 * Every deed runs within a lease of the engine, under libvirt's name for it; reads take what is
 * published. Holds no state of its own.
 */
import * as Effect from "effect/Effect"
import type { Affects } from "../../machines/domain/change.ts"
import type { Signal, SignalMode } from "../../machines/domain/context.ts"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { DomainRef } from "../../actors/domain/domain.ts"
import * as Calls from "../../actors/driver/calls.ts"
import type { CallError } from "../../actors/driver/once.ts"
import * as Changes from "../../actors/driver/changes.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import * as Reads from "../../actors/driver/reads.ts"
import type { DomainSummary } from "../../actors/driver/reads.ts"
import { lastWords } from "../host/log-file.ts"
import { agentOf, type DomainAgent } from "./agent.ts"
import { consolesOf, type DomainConsoles } from "./console.ts"
import { devicesOf, type DomainDevices } from "./device.ts"
import { consultOn, find, type LookupError, type Perform, performOn } from "./consult.ts"
import {
  type DomainExists,
  type DomainGone,
  type DomainNotFound,
  OperationFailed,
  type StartFailed,
  type StillDying
} from "../model/domain-error.ts"
import type { InvalidDomain } from "../model/error.ts"
import type { DomainState } from "../model/state.ts"
import { logPath } from "../store/layout.ts"
import {
  type Identity,
  reached,
  reading,
  type StateNotReached,
  waitFor,
  type WaitOptions
} from "./waiting.ts"
import { formatDomain } from "../xml/domain.ts"
import type { Guest } from "./guest.ts"
import { guestFunctionsOf } from "./guest-functions.ts"
import type { XmlError } from "../xml/error.ts"
import { formatMetadata, namespaceOf, parseMetadata } from "../xml/metadata.ts"

export type { LookupError }
type GuestError = LookupError | OperationFailed | DomainGone
type ChangeError = LookupError | OperationFailed

/** libvirt's virDomainInfo, with the state's reason and the moment of the start. */
export interface DomainInfo extends DomainSummary {
  /** What the guest may have at most. */
  readonly maximumMemoryKiB: number
  readonly memoryKiB: number
  readonly vcpus: number
  /** Of QEMU, guest and emulator, in ns; `undefined` while there is no process. */
  readonly cpuTimeNs: number | undefined
  readonly pid: number | undefined
  /** The chart's own name for the state, all regions. */
  readonly chart: string
}

export interface StartOptions {
  /** The guest waits before its first instruction, for `resume`. */
  readonly isPaused?: boolean
  /** The guest ends with this connection. */
  readonly autoDestroy?: { readonly id: string }
}

export interface XmlOptions {
  /** The persistent definition, also while another one runs. */
  readonly isInactive?: boolean
  /** Passwords too. */
  readonly withSecrets?: boolean
}

/** Which of the two definitions: by default the live one of a running domain, else the other. */
export interface AffectsOptions {
  readonly config?: boolean
  readonly live?: boolean
}

export interface Domain extends DomainConsoles, DomainDevices {
  readonly uuid: string
  /** As it was called when this handle was made. */
  readonly name: string
  readonly summary: Effect.Effect<DomainSummary, DomainNotFound | CallError>
  readonly info: Effect.Effect<DomainInfo, LookupError>
  readonly xml: (options?: XmlOptions) => Effect.Effect<string, ChangeError>

  /** Starts the persistent definition; the number of the running domain. */
  readonly start: (options?: StartOptions) => Effect.Effect<number, LookupError | StartFailed>
  readonly suspend: Effect.Effect<void, GuestError>
  readonly resume: Effect.Effect<void, GuestError>
  /**
   * Asks the guest to end; succeeds when it was told. Default: the agent, else the power button.
   */
  readonly shutdown: (mode?: SignalMode) => Effect.Effect<void, GuestError>
  readonly reboot: (mode?: SignalMode) => Effect.Effect<void, GuestError>
  readonly reset: Effect.Effect<void, GuestError>
  /** Wakes a guest that sleeps (pmsuspended). */
  readonly wakeup: Effect.Effect<void, GuestError>
  /** Ends the guest, in bounded time. Graceful: QEMU gets time to flush its disks. */
  readonly destroy: (options?: {
    readonly isGraceful?: boolean
  }) => Effect.Effect<void, LookupError | StillDying>

  readonly undefine: Effect.Effect<void, ChangeError>
  readonly rename: (name: string) => Effect.Effect<void, ChangeError | DomainExists | InvalidDomain>
  readonly setAutostart: (isAutostart: boolean) => Effect.Effect<void, ChangeError>
  readonly title: Effect.Effect<string | undefined, LookupError>
  readonly description: Effect.Effect<string | undefined, LookupError>
  /** The element of `<metadata>` in this namespace, as text. */
  readonly metadata: (uri: string) => Effect.Effect<string | undefined, LookupError>
  readonly setTitle: SetText
  readonly setDescription: SetText
  /** An element for this namespace, as text; nothing takes it away. */
  readonly setMetadata: (
    metadata: { readonly uri: string; readonly key: string; readonly xml: string | undefined },
    affects?: AffectsOptions
  ) => Effect.Effect<void, ChangeError | InvalidDomain | XmlError>

  /** What is asked of the guest itself, through its agent. */
  readonly agent: DomainAgent

  /** What is asked of its QEMU, and told to it: figures, memory, vCPUs, disks, screen, keys. */
  readonly guest: Guest

  /** Returns when the domain is in this state; one that is no more counts as shut off. */
  readonly waitFor: (
    state: DomainState,
    options?: WaitOptions
  ) => Effect.Effect<void, StateNotReached | DomainNotFound | CallError>
  /** What QEMU said last, on its standard error. */
  readonly log: (options?: {
    readonly linesMax?: number
  }) => Effect.Effect<readonly string[], LookupError>
}

type SetText = (
  text: string | undefined,
  affects?: AffectsOptions
) => Effect.Effect<void, ChangeError | InvalidDomain>

const infoOf = (ref: DomainRef, parts: Parts) =>
  Effect.gen(function* () {
    const { context, chart } = DomainActor.view(ref)
    const definition = Reads.definitionOf(ref)
    const summary = Reads.summaryOf({
      uuid: ref.uuid,
      name: context.name,
      isAutostart: context.isAutostart,
      ref
    })
    const maximumMemoryKiB = definition?.memory.maximumKiB ?? 0
    const vcpus = definition?.vcpus
    const info: DomainInfo = {
      ...summary,
      maximumMemoryKiB,
      memoryKiB: definition?.memory.currentKiB ?? maximumMemoryKiB,
      vcpus: vcpus?.current ?? vcpus?.maximum ?? 0,
      cpuTimeNs: yield* Reads.cpuTimeNs(ref).pipe(Effect.provideContext(parts.needs)),
      pid: context.process?.pid,
      chart
    }
    return info
  })

const xmlOf = (ref: DomainRef, { isInactive = false, withSecrets = false }: XmlOptions) =>
  Effect.suspend(() => {
    const { live, persistent, id, name } = DomainActor.view(ref).context
    if (live !== undefined && !isInactive)
      return Effect.succeed(
        formatDomain(live, { kind: "active", withSecrets, ...(id === -1 ? {} : { id }) })
      )
    const definition = persistent ?? live
    return definition === undefined
      ? Effect.fail(
          new OperationFailed({ domain: name, operation: "describe", why: "it is being made" })
        )
      : Effect.succeed(formatDomain(definition, { withSecrets }))
  })

/** libvirt's VIR_DOMAIN_AFFECT_CURRENT, unless it is said. */
const affectsOf = ({ config, live }: AffectsOptions = {}): Affects =>
  config === undefined && live === undefined
    ? "current"
    : { config: config === true, live: live === true }

const setText =
  (perform: Perform, type: "title" | "description"): SetText =>
  (text, affects) =>
    perform("domainSetMetadata", (ref) =>
      Changes.setMetadata(ref, { type, text }, affectsOf(affects))
    )

const elementOf = (ref: DomainRef, uri: string) => {
  const elements = Reads.definitionOf(ref)?.metadata ?? []
  const found = elements.find((element) => namespaceOf(element) === uri)
  return found && formatMetadata(found)
}

/** What is told to the guest, over its monitor. */
const orders = (driver: Driver, perform: Perform) => {
  const order = <E>(procedure: string, tell: (ref: DomainRef) => Effect.Effect<void, E>) =>
    perform(procedure, (ref) => Effect.andThen(reached(driver, ref), tell(ref)))
  const signal = (procedure: string, what: Signal, mode?: SignalMode) =>
    order(procedure, (ref) => DomainActor.signal(ref, what, mode))
  return {
    suspend: order("domainSuspend", DomainActor.suspend),
    resume: order("domainResume", DomainActor.resume),
    // A guest that is off before QEMU has answered has done what it was told.
    shutdown: (mode?: SignalMode) =>
      Effect.catchTag(signal("domainShutdown", "shutdown", mode), "DomainGone", () => Effect.void),
    reboot: (mode?: SignalMode) => signal("domainReboot", "reboot", mode),
    reset: signal("domainReset", "reset"),
    wakeup: signal("domainPMWakeup", "wakeup")
  }
}

const deeds = (perform: Perform) => ({
  start: ({ isPaused = false, autoDestroy }: StartOptions = {}) =>
    perform("domainCreate", (ref, parts) =>
      Calls.start(parts, ref, { isPaused, autoDestroy: autoDestroy?.id })
    ),
  destroy: ({ isGraceful = false } = {}) =>
    perform("domainDestroy", (ref) => DomainActor.destroy(ref, { isGraceful })),
  undefine: perform("domainUndefine", Changes.undefine),
  rename: (name: string) =>
    perform("domainRename", (ref, parts) => Changes.rename(parts, ref, name)),
  setAutostart: (isAutostart: boolean) =>
    perform("domainSetAutostart", (ref) => Changes.setAutostart(ref, isAutostart))
})

/**
 * The handle of a domain that is known to exist, or was. One is made for most calls of a client, so
 * that the large parts, which few of them use, are made when they are asked for.
 */
export const handleOf = (driver: Driver, identity: Identity): Domain => {
  const consult = consultOn(driver, identity)
  const perform = performOn(consult)
  const { uuid, name } = identity
  const inDefinition = (key: "title" | "description") =>
    consult("domainGetMetadata", (ref) => Effect.sync(() => Reads.definitionOf(ref)?.[key]))
  let guest: Domain["guest"] | undefined
  let agent: Domain["agent"] | undefined
  return {
    uuid,
    name,
    ...deeds(perform),
    ...orders(driver, perform),
    get guest() {
      return (guest ??= guestFunctionsOf({ driver, consult, perform }))
    },
    ...consolesOf(consult),
    ...devicesOf(driver, perform),
    get agent() {
      return (agent ??= agentOf(consult, perform))
    },
    summary: Effect.flatMap(
      reading(driver, "domainGetState", (parts) =>
        Effect.map(find(parts, uuid, name), Reads.summaryOf)
      ),
      (found) => found
    ),
    info: consult("domainGetInfo", infoOf),
    xml: (options = {}) => consult("domainGetXMLDesc", (ref) => xmlOf(ref, options)),
    title: inDefinition("title"),
    description: inDefinition("description"),
    metadata: (uri) =>
      consult("domainGetMetadata", (ref) => Effect.sync(() => elementOf(ref, uri))),
    setTitle: setText(perform, "title"),
    setDescription: setText(perform, "description"),
    setMetadata: ({ uri, key, xml }, affects) =>
      perform("domainSetMetadata", (ref) =>
        Effect.gen(function* () {
          const element =
            xml === undefined
              ? undefined
              : yield* Effect.fromResult(parseMetadata(xml, { uri, key }))
          const metadata = { type: "metadata" as const, uri, element }
          yield* Changes.setMetadata(ref, metadata, affectsOf(affects))
        })
      ),
    waitFor: waitFor(driver, identity),
    log: ({ linesMax = 10 } = {}) =>
      consult("domainGetLog", (ref, { store }) =>
        lastWords(logPath(store.layout, DomainActor.view(ref).context.name), { from: 0, linesMax })
      )
  }
}
