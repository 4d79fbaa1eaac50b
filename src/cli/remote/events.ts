/** Events of a daemon: which there are, and how one listens to some of them. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Scope } from "effect/Scope"
import type { Remote } from "../../rpc/client/connect.ts"
import { type CallFailure, ConnectionLost } from "../../rpc/client/error.ts"
import type { Messages } from "../../rpc/protocol/types.ts"
import type { Reference } from "./reference.ts"

type MessageName = keyof Messages["remote"] & string

/** virDomainEventID: its word, and the message that tells it; in the order of the numbers. */
const rows = [
  ["lifecycle", "DOMAIN_EVENT_CALLBACK_LIFECYCLE"],
  ["reboot", "DOMAIN_EVENT_CALLBACK_REBOOT"],
  ["rtc-change", "DOMAIN_EVENT_CALLBACK_RTC_CHANGE"],
  ["watchdog", "DOMAIN_EVENT_CALLBACK_WATCHDOG"],
  ["io-error", "DOMAIN_EVENT_CALLBACK_IO_ERROR"],
  ["graphics", "DOMAIN_EVENT_CALLBACK_GRAPHICS"],
  ["io-error-reason", "DOMAIN_EVENT_CALLBACK_IO_ERROR_REASON"],
  ["control-error", "DOMAIN_EVENT_CALLBACK_CONTROL_ERROR"],
  ["block-job", "DOMAIN_EVENT_CALLBACK_BLOCK_JOB"],
  ["disk-change", "DOMAIN_EVENT_CALLBACK_DISK_CHANGE"],
  ["tray-change", "DOMAIN_EVENT_CALLBACK_TRAY_CHANGE"],
  ["pm-wakeup", "DOMAIN_EVENT_CALLBACK_PMWAKEUP"],
  ["pm-suspend", "DOMAIN_EVENT_CALLBACK_PMSUSPEND"],
  ["balloon-change", "DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE"],
  ["pm-suspend-disk", "DOMAIN_EVENT_CALLBACK_PMSUSPEND_DISK"],
  ["device-removed", "DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED"],
  ["block-job-2", "DOMAIN_EVENT_BLOCK_JOB_2"],
  ["tunable", "DOMAIN_EVENT_CALLBACK_TUNABLE"],
  ["agent-lifecycle", "DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE"],
  ["device-added", "DOMAIN_EVENT_CALLBACK_DEVICE_ADDED"],
  ["migration-iteration", "DOMAIN_EVENT_CALLBACK_MIGRATION_ITERATION"],
  ["job-completed", "DOMAIN_EVENT_CALLBACK_JOB_COMPLETED"],
  ["device-removal-failed", "DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED"],
  ["metadata-change", "DOMAIN_EVENT_CALLBACK_METADATA_CHANGE"],
  ["block-threshold", "DOMAIN_EVENT_BLOCK_THRESHOLD"],
  ["memory-failure", "DOMAIN_EVENT_MEMORY_FAILURE"],
  ["memory-device-size-change", "DOMAIN_EVENT_MEMORY_DEVICE_SIZE_CHANGE"]
] as const satisfies readonly (readonly [string, MessageName])[]

/** The words of all events, by their numbers. */
export const eventWords: readonly string[] = rows.map(([word]) => word)

/** What was told, with the fields that libvirt gives to it. */
export interface Told {
  readonly event: string
  readonly dom: Reference
  readonly fields: Readonly<Record<string, unknown>>
}

/** Events that a slow reader may have before it; past it the oldest go. */
const queueMax = 4096

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null

/** Some messages have their own fields beside the number of the callback, others one deeper. */
const toldOf = (event: string, message: Record<string, unknown>): Told => {
  const { msg, ...flat } = message
  const { dom, callbackID: _id, ...fields } = isFields(msg) ? msg : flat
  // Every message about a domain names it: the generated types say so.
  return { event, dom: dom as Reference, fields }
}

export interface ListenOptions {
  /** Words of events. */
  readonly events: readonly string[]
  /** Of one domain only. */
  readonly dom?: Reference
}

/**
 * Listens until the scope closes. Each run of what this gives is the next event; it fails when the
 * connection is lost.
 */
export const listen = (
  remote: Remote,
  { events, dom }: ListenOptions
): Effect.Effect<Effect.Effect<Told, CallFailure>, CallFailure, Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.sliding<Told, CallFailure>(queueMax)
    const { client } = remote
    const stopEnd = client.onEnd((why) =>
      Queue.failCauseUnsafe(queue, Cause.fail(new ConnectionLost({ why })))
    )
    yield* Effect.addFinalizer(() => Effect.sync(stopEnd))
    for (const [eventID, [word, name]] of rows.entries()) {
      if (!events.includes(word)) continue
      const stop = client.on("remote", name, (message) =>
        Queue.offerUnsafe(queue, toldOf(word, { ...message }))
      )
      yield* Effect.addFinalizer(() => Effect.sync(stop))
      yield* remote.call("remote", "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", {
        eventID,
        dom: dom ?? null
      })
    }
    return Queue.take(queue)
  })
