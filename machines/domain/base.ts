/**
 * What the regions of the domain's chart share: the types, the names of the scripts with what they
 * are given, and the guards by which one region reads another. Regions never assign for each other.
 */
import { and, not, or, setup, stateIn } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { DomainGone } from "../../src/model/domain-error.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainHappening } from "../../src/model/event.ts"
import { words } from "../words.ts"
import { type Attach, type Change, type Definitions, type Detach, isPossible } from "./change.ts"
import type {
  DomainContext,
  DomainInput,
  DomainMessage,
  Signal,
  SignalMode,
  Starter
} from "./context.ts"
import { deviceGuards } from "./device-guards.ts"
import { factGuards } from "./fact-guards.ts"
import { isAgentPort, movesPort } from "./port.ts"

/** The longest a start may take, from the request to the guest's first instruction. */
export const startDeadlineMs = 60_000
/** From the order to die until a process that lives on is reported: libvirt waits 15 s and more. */
export const stopDeadlineMs = 900
/** What a guest with managed devices gets beside: a driver takes one back in 10 s, or never. */
export const deviceReturnMs = 11_000
/** From SIGKILL on: nothing can hold it back but the kernel. */
export const deathBoundMs = 500
/** A destroyed QEMU gets this long to flush its disks; stopped or hung, it is killed then. */
export const destroyGraceMs = 400
/** One whose guest powered off by itself: nobody waits, and its data may be large. */
export const shutdownGraceMs = 10_000

export interface Launch {
  readonly epoch: string
  readonly definition: Domain
  readonly starter: Starter
  readonly isTransient: boolean
}

export const base = setup({
  types: { context: {} as DomainContext, events: {} as DomainMessage, input: {} as DomainInput },
  actions: {
    ...words,
    /**
     * Reserve, prepare, launch, connect, configure, continue: ends in `started` or `startFailed`.
     */
    launch: (_, _params: Launch) => {},
    /** From now on what QEMU tells is acted on; what it told during the start comes first. */
    hear: (_, _params: { readonly epoch: string }) => {},
    /** Kill, confirm the death, give everything back: ends in `released`, and only then. */
    release: (_, _params: { readonly epoch: string; readonly graceMs: number }) => {},
    /** Ends in `overdue`. */
    deadline: (_, _params: { readonly ms: number }) => {},
    /** QMP `stop` and `cont`: each ends in `answered`. */
    pauseGuest: (_, _params: { readonly epoch: string }) => {},
    continueGuest: (_, _params: { readonly epoch: string }) => {},
    /** QMP `system_reset`, then `cont`: a guest that had powered off or panicked boots again. */
    bootAgain: (_, _params: { readonly epoch: string }) => {},
    /** Power button, agent, reset: ends in `signalled`. */
    sendSignal: (
      _,
      _params: { readonly epoch: string; readonly signal: Signal; readonly mode: SignalMode }
    ) => {},
    /** Writes the present state to the status record. Says nothing. */
    saveStatus: (_, _params: { readonly state: "running" | "paused" }) => {},
    /** Makes the change durable: ends in `written` or `writeFailed`. */
    write: (_, _params: { readonly change: Change; readonly after: Definitions }) => {},
    /**
     * Adds a device: to the guest, to the definition that it completes, or to both. Ends in
     * `attached` or `deviceFailed`.
     */
    attach: (_, _params: { readonly epoch: string; readonly change: Attach }) => {},
    /** Tells QEMU to let a device go, and waits a while: ends in `unplugged` or `deviceFailed`. */
    detach: (_, _params: { readonly epoch: string; readonly change: Detach }) => {},
    /** Gives back what a device had that QEMU has let go: ends in `parted`. */
    letGo: (_, _params: { readonly epoch: string; readonly alias: string }) => {},
    /** Takes the domain off the list: ends in `unregistered`. */
    unregister: () => {},
    /** Finds the living QEMU and its monitor again: ends in `reattached` or `exited`. */
    reattach: (_, _params: { readonly epoch: string }) => {}
  },
  guards: {
    ...deviceGuards,
    ...factGuards,
    /** After the guest's power-off it is reset: asked for, or the definition's `on_poweroff`. */
    bootsAgain: ({ context, event }) =>
      event.type === "qmpShutdown" &&
      event.reason === "guest-shutdown" &&
      (context.isRebooting || context.live?.onPoweroff === "restart"),
    keepsPoweredOff: ({ context, event }) =>
      event.type === "qmpShutdown" &&
      event.reason === "guest-shutdown" &&
      context.live?.onPoweroff === "preserve",
    isThisEpoch: ({ context, event }) =>
      event.type === "destroy" && (event.epoch === undefined || event.epoch === context.epoch),
    /** Whoever destroys does not wait for a guest that takes its time to end. */
    isHastened: ({ context, event }) =>
      event.type === "destroy" && !event.isGraceful && context.graceMs > destroyGraceMs,
    /** Made for a request that came to nothing: neither defined nor started. */
    isShell: and([
      stateIn({ life: "shutoff" }),
      ({ context }: { context: DomainContext }) =>
        context.persistent === undefined && context.epoch === undefined
    ]),
    /** A definition for the domain as it is called now: it may have been renamed meanwhile. */
    isOfName: ({ context, event }) =>
      event.type === "create" && event.definition.name === context.name,
    fits: ({ context, event }) => event.type === "change" && isPossible(context, event.change),
    movesPort: ({ context, event }) => movesPort(context, event),
    isAgentPort: ({ context, event }) => isAgentPort(context, event),
    wasClean: ({ event }) => event.type === "exited" && event.isClean,
    isDefined: ({ context }) => context.persistent !== undefined,
    isUnproven: ({ context }) => context.isUnproven,
    /** QEMU is sought: it will be found, or seen dead, and what it is to be told waits for that. */
    isSought: or([stateIn({ monitor: "connecting" }), stateIn({ monitor: "lost" })]),
    isJobIdle: stateIn({ job: "idle" }),
    isEnding: stateIn({ life: "stopping" }),
    /** There is a QEMU, and the guest in it has been started. */
    isAlive: or([
      stateIn({ life: "running" }),
      stateIn({ life: "paused" }),
      stateIn({ life: "pmsuspended" }),
      stateIn({ life: "crashed" }),
      stateIn({ life: "rebooting" })
    ]),
    /** Between two states that last: a change of the definition waits for the outcome. */
    isTransitional: or([stateIn({ life: "starting" }), stateIn({ life: "stopping" })]),
    isSettled: not(
      or([stateIn({ life: "starting" }), stateIn({ life: "stopping" }), stateIn({ life: "gone" })])
    )
  }
})

/** Tells the world what happened to this domain. */
export const happened = (
  what: DomainHappening | ((context: DomainContext) => DomainHappening)
) => ({
  type: "emit" as const,
  params: ({ context }: { context: DomainContext }) => ({
    event: {
      uuid: context.uuid,
      name: context.name,
      id: context.id,
      ...(typeof what === "function" ? what(context) : what)
    }
  })
})

/** The epoch of a domain that has one. */
export const epochOf = (context: DomainContext): string => context.epoch ?? ""

/** What QEMU told meanwhile is for the states of a guest, and it is in one now. */
export const hear = {
  type: "hear" as const,
  params: ({ context }: { context: DomainContext }) => ({ epoch: epochOf(context) })
}

export const gone = (context: DomainContext, operation: string) =>
  failed(new DomainGone({ domain: context.name, operation }))

/** Suspends and resumes that waited get their word. */
export const acknowledge = [
  {
    type: "reply" as const,
    params: ({ context }: { context: DomainContext }) => ({
      calls: context.waiters,
      answer: answered()
    })
  },
  base.assign({ waiters: [] })
]

/** Something else happened to the guest than what these calls waited for. */
export const disappoint = [
  {
    type: "reply" as const,
    params: ({ context }: { context: DomainContext }) => ({
      calls: context.waiters,
      answer: gone(context, "suspend or resume")
    })
  },
  base.assign({ waiters: [] })
]

/** The newest state wins: an older write that is under way is stopped, and settles first. */
export const noteStatus = (state: "running" | "paused") => [
  { type: "stop" as const, params: { script: "saveStatus" } },
  { type: "saveStatus" as const, params: { state } }
]

export const because = (reason: string) => base.assign({ reason })

const graceOf = (isGraceful: boolean) => (isGraceful ? shutdownGraceMs : destroyGraceMs)

export const joinDestroy = base.assign({
  destroyers: ({ context, event }) =>
    event.type === "destroy" ? [...context.destroyers, event.call] : context.destroyers,
  graceMs: ({ context, event }) =>
    event.type === "destroy" ? graceOf(event.isGraceful) : context.graceMs
})

/** Of a guest that ends already: who is gentle does not prolong the grace that others cut short. */
export const joinEnding = base.assign({
  destroyers: ({ context, event }) =>
    event.type === "destroy" ? [...context.destroyers, event.call] : context.destroyers,
  graceMs: ({ context, event }) =>
    event.type === "destroy"
      ? Math.min(context.graceMs, graceOf(event.isGraceful))
      : context.graceMs
})

const pauseDetail = (reason: string) =>
  reason === "ioerror" || reason === "watchdog" ? reason : "paused"

export const tellPaused = happened(({ reason }) => ({
  type: "lifecycle",
  event: "suspended",
  detail: pauseDetail(reason)
}))

export const tellResumed = happened({ type: "lifecycle", event: "resumed", detail: "unpaused" })

/** QEMU refused what these calls asked for. */
export const refuse = [
  {
    type: "reply" as const,
    params: ({ context, event }: { context: DomainContext; event: DomainMessage }) => ({
      calls: context.waiters,
      answer: failed(event.type === "answered" ? event.failure : undefined)
    })
  },
  base.assign({ waiters: [] })
]
