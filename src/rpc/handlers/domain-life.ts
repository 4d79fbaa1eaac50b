/** What is told to a domain and its guest: start, stop, pause, sleep. The engine does it. */
import * as Effect from "effect/Effect"
import type { StartOptions } from "../../engine/handle.ts"
import type { Client, Handler, Handlers } from "../server/handler.ts"
import {
  affect,
  affects,
  contradiction,
  onDomain,
  onGuest,
  reference,
  refuse,
  unknownFlags
} from "./domain-reference.ts"

/**
 * virDomainCreateFlags. `bypassCache` and `forceBoot` say how to go about a managed save; there is
 * none here, so that a start is what both ask for.
 */
export const startFlags = {
  paused: 1,
  autoDestroy: 2,
  bypassCache: 4,
  forceBoot: 8,
  validate: 16
} as const

/** How a start is meant; the guest of an `autoDestroy` ends with this client. */
export const startOptions = (flags: number, client: Client) =>
  Effect.map(
    (flags & startFlags.autoDestroy) === 0 ? Effect.succeed(undefined) : client.connection,
    (autoDestroy): StartOptions => ({
      isPaused: (flags & startFlags.paused) !== 0,
      ...(autoDestroy === undefined ? {} : { autoDestroy })
    })
  )

const start = (
  { dom, flags }: { readonly dom: Parameters<typeof onDomain>[1]; readonly flags: number },
  client: Client
) =>
  onDomain(client, dom, (domain, found) =>
    found.isActive
      ? refuse("OPERATION_INVALID", "domain is already running")
      : Effect.map(
          Effect.flatMap(startOptions(flags, client), (options) => domain.start(options)),
          (id) => ({ dom: reference({ uuid: found.uuid, name: found.name, id }) })
        )
  )

/** virDomainShutdownFlagValues, and the same for a reboot: those that QEMU's guests have. */
const acpi = { flag: 1, name: "ACPI_POWER_BTN" } as const
const agent = { flag: 2, name: "GUEST_AGENT" } as const

/** Both: the agent, and the button where there is none, which is what the engine does unasked. */
const modeOf = (flags: number) =>
  flags === acpi.flag ? "acpi" : flags === agent.flag ? "agent" : "default"

const reboot: Handler<"remote", "DOMAIN_REBOOT"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainReboot", flags, acpi.flag | agent.flag) ??
  onGuest(client, dom, ({ reboot: tell }) => tell(modeOf(flags)))

const shutdown: Handler<"remote", "DOMAIN_SHUTDOWN_FLAGS"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainShutdownFlags", flags, acpi.flag | agent.flag) ??
  onGuest(client, dom, ({ shutdown: tell }) => tell(modeOf(flags)))

const graceful = 1

const destroy: Handler<"remote", "DOMAIN_DESTROY_FLAGS"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainDestroyFlags", flags, graceful) ??
  onGuest(client, dom, (domain) => domain.destroy({ isGraceful: flags === graceful }))

const createFlags =
  startFlags.paused | startFlags.autoDestroy | startFlags.bypassCache | startFlags.forceBoot

const createWithFlags: Handler<"remote", "DOMAIN_CREATE_WITH_FLAGS"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainCreateWithFlags", flags, createFlags) ??
  contradiction(
    flags,
    { flag: startFlags.bypassCache, name: "BYPASS_CACHE" },
    { flag: startFlags.forceBoot, name: "FORCE_BOOT" }
  ) ??
  start({ dom, flags }, client)

/** virNodeSuspendTarget, in its order. */
const suspendTargets = ["mem", "disk", "hybrid"] as const

const pmSuspend: Handler<"remote", "DOMAIN_PM_SUSPEND_FOR_DURATION"> = (
  { dom, target, duration, flags },
  client
) =>
  unknownFlags("virDomainPMSuspendForDuration", flags, 0) ??
  onGuest(client, dom, ({ agent: inGuest }) => {
    const where = suspendTargets[target]
    if (where === undefined) return refuse("INVALID_ARG", `unknown suspend target ${target}`)
    return duration === 0n
      ? inGuest.pmSuspend(where)
      : refuse("INVALID_ARG", "Duration not supported. Use 0 for now")
  })

/** virDomainLifecycle and virDomainLifecycleAction, in their order; those that are carried out. */
const occasions = ["poweroff", "reboot", "crash"] as const
const actions = ["destroy", "restart", undefined, "preserve"] as const

const setLifecycleAction: Handler<"remote", "DOMAIN_SET_LIFECYCLE_ACTION"> = (
  { dom, type, action, flags },
  client
) =>
  unknownFlags("virDomainSetLifecycleAction", flags, affect.live | affect.config) ??
  onDomain(client, dom, (domain, found) =>
    Effect.gen(function* () {
      const which = yield* affects(flags, found)
      const occasion = occasions[type]
      const wanted = actions[action]
      if (occasion === undefined)
        return yield* refuse("INVALID_ARG", `unknown lifecycle event ${type}`)
      if (wanted === undefined)
        return yield* refuse("OPERATION_UNSUPPORTED", `lifecycle action ${action} is not done here`)
      return yield* domain.guest.setLifecycleAction(occasion, wanted, which)
    })
  )

export const domainLife: Handlers = {
  remote: {
    DOMAIN_CREATE: ({ dom }, client) => Effect.asVoid(start({ dom, flags: 0 }, client)),
    DOMAIN_CREATE_WITH_FLAGS: createWithFlags,
    DOMAIN_SET_LIFECYCLE_ACTION: setLifecycleAction,
    DOMAIN_SUSPEND: ({ dom }, client) => onGuest(client, dom, ({ suspend }) => suspend),
    DOMAIN_RESUME: ({ dom }, client) =>
      onGuest(client, dom, ({ resume }, { state }) =>
        state === "running" ? refuse("OPERATION_INVALID", "domain is already running") : resume
      ),
    DOMAIN_SHUTDOWN: ({ dom }, client) => shutdown({ dom, flags: 0 }, client),
    DOMAIN_SHUTDOWN_FLAGS: shutdown,
    DOMAIN_REBOOT: reboot,
    DOMAIN_RESET: ({ dom, flags }, client) =>
      unknownFlags("virDomainReset", flags, 0) ?? onGuest(client, dom, ({ reset }) => reset),
    DOMAIN_DESTROY: ({ dom }, client) => destroy({ dom, flags: 0 }, client),
    DOMAIN_DESTROY_FLAGS: destroy,
    DOMAIN_PM_SUSPEND_FOR_DURATION: pmSuspend,
    DOMAIN_PM_WAKEUP: ({ dom, flags }, client) =>
      unknownFlags("virDomainPMWakeup", flags, 0) ?? onGuest(client, dom, ({ wakeup }) => wakeup)
  }
}
