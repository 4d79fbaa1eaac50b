/**
 * What a domain's event is on the wire: which of libvirt's event ids it has, and the message of
 * each. One total table: an event without a row does not compile. Pure.
 */
import {
  type DomainEvent,
  type GraphicsEndpoint,
  lifecycleOnWire,
  memoryFailureActions,
  memoryFailureRecipients
} from "../../model/event.ts"
import type { Messages, remote_nonnull_domain } from "../protocol/types.ts"
import { reference } from "./domain-reference.ts"

type Remote = Messages["remote"]
type MessageOf<K extends keyof Remote> = Remote[K]["message"]

/** A message with the name of its procedure. */
export type EventMessage = {
  [K in keyof Remote]: { readonly event: K; readonly message: MessageOf<K> }
}[keyof Remote]

/** An event as a client hears it. */
export interface Told {
  /** virDomainEventID. */
  readonly id: number
  readonly modern: (callbackID: number) => EventMessage
  /** For clients that know no callback numbers; the later ids have none. */
  readonly legacy?: EventMessage
}

/** The event of a type, also where several types share a shape. */
type Of<T extends DomainEvent["type"]> = DomainEvent extends infer E
  ? E extends DomainEvent
    ? T extends E["type"]
      ? E
      : never
    : never
  : never

type Rows = {
  readonly [T in DomainEvent["type"]]: (event: Of<T>, dom: remote_nonnull_domain) => readonly Told[]
}

/** The names that both sets have: modern ones say CALLBACK and carry the legacy message. */
type Paired = {
  [K in keyof Remote & string]: K extends `DOMAIN_EVENT_CALLBACK_${infer N}`
    ? `DOMAIN_EVENT_${N}` extends keyof Remote
      ? MessageOf<K> extends { readonly msg: MessageOf<`DOMAIN_EVENT_${N}`> }
        ? N
        : never
      : never
    : never
}[keyof Remote & string]

/** Ids whose modern message holds the legacy one. */
const paired = <N extends Paired>(
  id: number,
  name: N,
  msg: MessageOf<`DOMAIN_EVENT_${N}`>
): readonly Told[] => [
  {
    id,
    modern: (callbackID) =>
      ({
        event: `DOMAIN_EVENT_CALLBACK_${name}`,
        message: { callbackID, msg }
      }) as unknown as EventMessage,
    legacy: { event: `DOMAIN_EVENT_${name}`, message: msg } as unknown as EventMessage
  }
]

/** Sleep and waking have a reason beside the legacy message, which nobody gives a meaning to. */
const withNoReason = (all: readonly Told[]): readonly Told[] =>
  all.map((told) => ({
    ...told,
    modern: (callbackID) => {
      const { event, message } = told.modern(callbackID)
      return { event, message: { ...message, reason: 0 } } as unknown as EventMessage
    }
  }))

/** Ids that came with callback numbers. */
const modern = <K extends keyof Remote>(
  id: number,
  event: K,
  rest: Omit<MessageOf<K>, "callbackID">
): readonly Told[] => [
  {
    id,
    modern: (callbackID) => ({ event, message: { callbackID, ...rest } }) as unknown as EventMessage
  }
]

const watchdogActions = {
  none: 0,
  pause: 1,
  reset: 2,
  poweroff: 3,
  shutdown: 4,
  debug: 5,
  "inject-nmi": 6
} as const satisfies Record<Of<"watchdog">["action"], number>

const ioErrorActions = { none: 0, pause: 1, report: 2 } as const
const graphicsPhases = { connect: 0, initialize: 1, disconnect: 2 } as const
const addressFamilies = { ipv4: 0, ipv6: 1, unix: 2 } as const
const agentStates = { connected: 1, disconnected: 2 } as const
const agentReasons = { unknown: 0, "domain-started": 1, channel: 2 } as const
const trayReasons = { open: 0, close: 1 } as const
const diskReasons = { "missing-on-start": 0, dropped: 1 } as const
const metadataKinds = { description: 0, title: 1, element: 2 } as const
/** virDomainMemoryFailureFlags. */
const memoryFailureFlags = { actionRequired: 1, recursive: 2 } as const

const endpoint = ({ family, node, service }: GraphicsEndpoint) => ({
  family: addressFamilies[family],
  node,
  service
})

const ioError = (event: Of<"io-error">, dom: remote_nonnull_domain): readonly Told[] => {
  const { path: srcPath, device: devAlias, reason } = event
  const msg = { dom, srcPath, devAlias, action: ioErrorActions[event.action] }
  return [...paired(4, "IO_ERROR", msg), ...paired(6, "IO_ERROR_REASON", { ...msg, reason })]
}

const graphics = (event: Of<"graphics">, dom: remote_nonnull_domain): readonly Told[] =>
  paired(5, "GRAPHICS", {
    dom,
    phase: graphicsPhases[event.phase],
    local: endpoint(event.local),
    remote: endpoint(event.remote),
    authScheme: event.authScheme,
    subject: event.identities
  })

const memoryFailure = (event: Of<"memory-failure">, dom: remote_nonnull_domain): readonly Told[] =>
  modern(25, "DOMAIN_EVENT_MEMORY_FAILURE", {
    dom,
    recipient: memoryFailureRecipients.indexOf(event.recipient),
    action: memoryFailureActions.indexOf(event.action),
    flags:
      (event.isActionRequired ? memoryFailureFlags.actionRequired : 0) |
      (event.isRecursive ? memoryFailureFlags.recursive : 0)
  })

const rows = {
  lifecycle: (event, dom) => paired(0, "LIFECYCLE", { dom, ...lifecycleOnWire(event) }),
  reboot: (_, dom) => paired(1, "REBOOT", { dom }),
  "rtc-change": ({ offsetSeconds }, dom) =>
    paired(2, "RTC_CHANGE", { dom, offset: BigInt(Math.trunc(offsetSeconds)) }),
  watchdog: ({ action }, dom) => paired(3, "WATCHDOG", { dom, action: watchdogActions[action] }),
  "io-error": ioError,
  graphics,
  "control-error": (_, dom) => paired(7, "CONTROL_ERROR", { dom }),
  // Which file it was is not known where the disk is only named.
  "disk-change": ({ device: devAlias, reason }, dom) =>
    paired(9, "DISK_CHANGE", {
      dom,
      oldSrcPath: null,
      newSrcPath: null,
      devAlias,
      reason: diskReasons[reason]
    }),
  "tray-change": ({ device: devAlias, reason }, dom) =>
    paired(10, "TRAY_CHANGE", { dom, devAlias, reason: trayReasons[reason] }),
  "pm-wakeup": (_, dom) => withNoReason(paired(11, "PMWAKEUP", { dom })),
  "pm-suspend": (_, dom) => withNoReason(paired(12, "PMSUSPEND", { dom })),
  "balloon-change": ({ actualKiB }, dom) =>
    paired(13, "BALLOON_CHANGE", { dom, actual: BigInt(actualKiB) }),
  "pm-suspend-disk": (_, dom) => withNoReason(paired(14, "PMSUSPEND_DISK", { dom })),
  "device-removed": ({ device: devAlias }, dom) => paired(15, "DEVICE_REMOVED", { dom, devAlias }),
  tunable: ({ params }, dom) => modern(17, "DOMAIN_EVENT_CALLBACK_TUNABLE", { dom, params }),
  "agent-lifecycle": ({ state, reason }, dom) =>
    modern(18, "DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE", {
      dom,
      state: agentStates[state],
      reason: agentReasons[reason]
    }),
  "device-added": ({ device: devAlias }, dom) =>
    modern(19, "DOMAIN_EVENT_CALLBACK_DEVICE_ADDED", { dom, devAlias }),
  "migration-iteration": ({ iteration }, dom) =>
    modern(20, "DOMAIN_EVENT_CALLBACK_MIGRATION_ITERATION", { dom, iteration }),
  "device-removal-failed": ({ device: devAlias }, dom) =>
    modern(22, "DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED", { dom, devAlias }),
  "metadata-change": ({ what, uri = null }, dom) =>
    modern(23, "DOMAIN_EVENT_CALLBACK_METADATA_CHANGE", {
      dom,
      type: metadataKinds[what],
      nsuri: uri
    }),
  "block-threshold": ({ device: dev, path = null, thresholdBytes, exceededBytes }, dom) =>
    modern(24, "DOMAIN_EVENT_BLOCK_THRESHOLD", {
      dom,
      dev,
      path,
      threshold: BigInt(thresholdBytes),
      excess: BigInt(exceededBytes)
    }),
  "memory-failure": memoryFailure,
  "memory-device-size-change": ({ device: alias, sizeBytes }, dom) =>
    modern(26, "DOMAIN_EVENT_MEMORY_DEVICE_SIZE_CHANGE", { dom, alias, size: BigInt(sizeBytes) })
} as const satisfies Rows

/** virDomainEventID of libvirt 9.0 goes from 0 to 26; block jobs are not told of yet. */
export const eventIdMax = 26

/** From here on there are no messages of the legacy set. */
export const legacyIdMax = 15

/** One event may be two of libvirt's: an I/O error is told with its reason and without. */
export const toldOf = (event: DomainEvent): readonly Told[] => {
  const row = rows[event.type] as (
    event: DomainEvent,
    dom: remote_nonnull_domain
  ) => readonly Told[]
  return row(event, reference(event))
}
