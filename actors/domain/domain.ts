/**
 * Owns one domain: its definitions, its guest, and what may be asked of it now. Mailbox, chart and
 * the table action -> script; what the scripts do stands in the files beside this one.
 */
import * as Effect from "effect/Effect"
import type { Change } from "../../machines/domain/change.ts"
import type {
  AdoptedGuest,
  DomainContext,
  DomainFact,
  DomainInput,
  DomainProtocol,
  Signal,
  SignalMode
} from "../../machines/domain/context.ts"
import { domainMachine, reasonOf, stateOfLife } from "../../machines/domain/domain.ts"
import { shutdownGraceMs, startDeadlineMs } from "../../machines/domain/base.ts"
import { Actor } from "../../src/kernel/actor.ts"
import { CurrentCall } from "../../src/kernel/call.ts"
import type { ActorCrashed } from "../../src/kernel/error.ts"
import { initialStep, stateName, step } from "../../src/kernel/statechart.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainEvent } from "../../src/model/event.ts"
import type { DomainState } from "../../src/model/state.ts"
import { withoutCaller } from "../../src/kernel/script.ts"
import { askAgent } from "./agent.ts"
import { Wardrobe } from "./belongings.ts"
import { attach } from "./attach.ts"
import { unregister, write } from "./change.ts"
import { detach } from "./detach.ts"
import { because } from "./because.ts"
import type { DomainActor, DomainMessage, DomainSnapshot, Identity, Needs } from "./needs.ts"
import { letGo } from "./plugged.ts"
import { bootAgain, continueGuest, pauseGuest, sendSignal } from "./power.ts"
import { reattach } from "./reattach.ts"
import { startGuest } from "./start.ts"
import { leaveStatus, saveStatus } from "./status.ts"
import { release } from "./stop.ts"
import { Surroundings } from "./surroundings.ts"

/** A domain to its callers. What it is made of is its own. */
export interface DomainRef {
  readonly uuid: string
  readonly actor: DomainActor
  readonly belongings: Wardrobe<Needs>
}

const decide = step(domainMachine) as (
  state: DomainSnapshot,
  message: DomainMessage
) => ReturnType<ReturnType<typeof step<typeof domainMachine>>>

export const spawn = Effect.fnUntraced(function* (
  input: DomainInput,
  onCrash: (crashed: ActorCrashed) => void
) {
  const context = withoutCaller(yield* Effect.context<Needs>())
  const { kernel, happened } = yield* Surroundings
  const belongings = new Wardrobe<Needs>()
  const { uuid } = input
  const self: Identity = { uuid, belongings, now: () => actor.published }
  const deadline = ({ ms }: { readonly ms: number }) =>
    Effect.as(Effect.sleep(ms), { type: "overdue" as const })
  const actor: DomainActor = new Actor<DomainSnapshot, DomainProtocol, DomainFact, Needs>(
    {
      name: `domain/${uuid}`,
      initial: initialStep(domainMachine, input),
      decide,
      describe: (state) => stateName(state.value),
      epochOf: (state) => state.context.epoch,
      because,
      onEmit: (event) => {
        if (event !== undefined) happened(event as DomainEvent)
      },
      onCrash,
      scripts: {
        launch: startGuest(self),
        hear: ({ epoch }: { readonly epoch: string }) =>
          Effect.sync(() => belongings.find(epoch)?.ear?.open()),
        release: release(self),
        deadline,
        pauseGuest: pauseGuest(self),
        continueGuest: continueGuest(self),
        bootAgain: bootAgain(self),
        sendSignal: sendSignal(self, askAgent),
        saveStatus: saveStatus(self),
        write: write(self),
        unregister: unregister(self),
        attach: attach(self),
        detach: detach(self),
        letGo: letGo(self),
        reattach: reattach(self)
      }
    },
    kernel,
    context
  )
  const ref: DomainRef = { uuid, actor, belongings }
  return ref
})

export interface StartOptions {
  readonly isPaused?: boolean
  /** The connection whose end destroys the guest. */
  readonly autoDestroy?: string | undefined
}

const startFields = (epoch: string, { isPaused = false, autoDestroy }: StartOptions) => ({
  epoch,
  isPaused,
  autoDestroy
})

/** A start has a deadline of its own, and what it took is given back before it is answered. */
const startPatienceMs = startDeadlineMs + shutdownGraceMs

/** Waits for the answer as long as a start may take, unless the call says when it wants it. */
const patiently = <A, E>(ref: DomainRef, asked: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const call = fiber.getRef(CurrentCall)
    const nowMs = ref.actor.kernel.timers.nowMs()
    const deadlineMs = call.deadlineMs ?? nowMs + startPatienceMs
    return Effect.provideService(asked, CurrentCall, { ...call, deadlineMs })
  })

/** Starts the persistent definition. The number of the running domain. */
export const start = (ref: DomainRef, epoch: string, options: StartOptions = {}) =>
  patiently(ref, ref.actor.ask("start", startFields(epoch, options)))

/** Starts this definition, whatever the persistent one says. */
export const create = (
  ref: DomainRef,
  definition: Domain,
  options: StartOptions & { readonly epoch: string }
) => patiently(ref, ref.actor.ask("create", { ...startFields(options.epoch, options), definition }))

export interface DestroyOptions {
  readonly isGraceful?: boolean
  readonly epoch?: string
}

/** Ends the guest. Admitted in every state, past full mailboxes; ends in bounded time. */
export const destroy = (ref: DomainRef, { isGraceful = false, epoch }: DestroyOptions = {}) =>
  ref.actor.ask("destroy", { isGraceful, epoch }, "control")

export const suspend = (ref: DomainRef) => ref.actor.ask("suspend", {})
export const resume = (ref: DomainRef) => ref.actor.ask("resume", {})

/** Tells the guest; answered when it was told. */
export const signal = (ref: DomainRef, what: Signal, mode: SignalMode = "default") =>
  ref.actor.ask("signal", { signal: what, mode })

/** One change of the definition; durable when it succeeds. */
export const change = (ref: DomainRef, what: Change) => {
  const asked = ref.actor.ask("change", { change: what })
  // Drivers take their time over a device, and QEMU over all the memory that it puts in place.
  return what.type === "attach" || what.type === "detach" ? patiently(ref, asked) : asked
}

/** Takes it off the list, if it is neither defined nor started; else does nothing. */
export const discard = (ref: DomainRef) => ref.actor.ask("discard", {}, "control")

/**
 * Takes over a guest of an earlier engine. Its belongings are filled before. Returns when the chart
 * has the guest: nobody may find the domain without it.
 */
export const adopt = (ref: DomainRef, record: AdoptedGuest): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const { name, kernel } = ref.actor
    const unwatch = kernel.inspection.watch(({ actor, message, outcome }) => {
      const isOver = outcome === "crashed" || outcome === "stopped"
      if (actor !== name || (message !== "adopt" && !isOver)) return
      unwatch()
      resume(Effect.void)
    })
    ref.actor.tell({ type: "adopt", record })
    return Effect.sync(unwatch)
  })

/**
 * After a defect: the actor runs again from what is durable, and with its guest if it has one. Both
 * in one step: what was asked meanwhile is served next, and must not find a domain without a guest.
 */
export const restart = (ref: DomainRef, input: DomainInput, guest?: AdoptedGuest): void => {
  const fresh = initialStep(domainMachine, input)
  if (guest === undefined) return ref.actor.restart(fresh)
  const { next, actions } = decide(fresh.next, { type: "adopt", record: guest })
  ref.actor.restart({ next, actions: [...fresh.actions, ...actions] })
}

/** Neither between two states nor at its end. */
export const isSettled = (ref: DomainRef): boolean => {
  const { life } = ref.actor.published.value
  return typeof life === "string" || !("starting" in life || "stopping" in life)
}

/** Nobody finds it any more, and it takes no request. */
export const isGone = (ref: DomainRef): boolean => ref.actor.published.value.life === "gone"

/** What readers see: one immutable snapshot, taken without a message. */
export interface DomainView {
  readonly state: DomainState
  /** Always one of that state's. */
  readonly reason: string
  readonly context: DomainContext
  /** The chart's own name for the state, all regions. */
  readonly chart: string
}

export const view = (ref: DomainRef): DomainView => {
  const { value, context } = ref.actor.published
  const state = stateOfLife(value.life)
  return { state, reason: reasonOf(state, context), context, chart: stateName(value) }
}

/** Ends the actor, not the guest: everything it has stays where it is. */
export const abandon = (ref: DomainRef): Effect.Effect<void, never, Needs> =>
  Effect.gen(function* () {
    yield* ref.actor.stop()
    const { published } = ref.actor
    if (isSettled(ref)) yield* leaveStatus(ref.belongings.find(published.context.epoch), published)
    for (const epoch of ref.belongings.present) {
      const mine = ref.belongings.of(epoch)
      mine.consoles.endAll({ failed: "the engine ends" })
      yield* mine.agent?.close ?? Effect.void
      yield* mine.monitor?.close ?? Effect.void
    }
  })
