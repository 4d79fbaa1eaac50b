/**
 * Owns who listens to the domains' events. Each listener has a bounded queue of its own: one that
 * does not keep up is told how many it missed, and nobody waits for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { answered, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../src/kernel/behaviour.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { DomainEvent, MonitorEvent } from "../src/model/event.ts"

/** Events that wait for one listener. A guest that reboots in a loop makes about 20 a second. */
export const backlogLengthMax = 1024

/** The listener was too slow: so many events are missing here. */
export interface Gap {
  readonly type: "gap"
  readonly missed: number
}

export type Heard<E = DomainEvent> = E | Gap

interface Listener<E> {
  readonly hear: (event: E) => void
  readonly end: () => void
}

type Listeners<E> = { readonly [number: number]: Listener<E> }

interface BusProtocol {
  /** Behind all that happened before: every listener hears that, and then that it is over. */
  readonly close: Request
}

type BusFact<E> =
  | (Fact & { readonly type: "listen"; readonly number: number; readonly listener: Listener<E> })
  | (Fact & { readonly type: "leave"; readonly number: number })
  | (Fact & { readonly type: "happened"; readonly event: E })

const tell = (act: () => void): Action => ({ type: "emit", params: { event: act } })

const decide = <E>(
  state: Listeners<E>,
  message: RequestMessage<BusProtocol> | BusFact<E>
): Decision<Listeners<E>> => {
  switch (message.type) {
    case "listen":
      return { next: { ...state, [message.number]: message.listener }, actions: [] }
    case "leave": {
      const { [message.number]: _, ...rest } = state
      return { next: rest, actions: [] }
    }
    case "happened": {
      const { event } = message
      const listeners = Object.values(state)
      return { next: state, actions: listeners.map(({ hear }) => tell(() => hear(event))) }
    }
    case "close": {
      const calls = [message.call]
      const acknowledge = { type: "reply", params: { calls, answer: answered() } }
      const ends = Object.values(state).map(({ end }) => tell(end))
      return { next: {}, actions: [...ends, acknowledge] }
    }
  }
}

/** A listener's own queue. Takes from its head, or waits; never more than the bound. */
export class Subscription<E = DomainEvent> {
  private waiting: Heard<E>[] = []
  private missed = 0
  private isOver = false
  private taker: ((heard: Heard<E> | undefined) => void) | undefined

  hear(event: E): void {
    if (this.isOver) return
    const taker = this.taker
    if (taker !== undefined) {
      this.taker = undefined
      return taker(event)
    }
    if (this.waiting.length >= backlogLengthMax) this.missed++
    else {
      this.noteGap()
      this.waiting.push(event)
    }
  }

  /** The next event, a gap, or `undefined` when the subscription is over. One taker at a time. */
  readonly take: Effect.Effect<Heard<E> | undefined> = Effect.callback((resume) => {
    const next = this.waiting.shift()
    if (next !== undefined) return resume(Effect.succeed(next))
    if (this.missed > 0) return resume(Effect.succeed(this.gap()))
    if (this.isOver) return resume(Effect.succeed(undefined))
    this.taker = (heard) => resume(Effect.succeed(heard))
    return Effect.sync(() => {
      this.taker = undefined
    })
  })

  end(): void {
    this.isOver = true
    this.taker?.(undefined)
    this.taker = undefined
  }

  private noteGap(): void {
    if (this.missed > 0) this.waiting.push(this.gap())
  }

  private gap(): Gap {
    const { missed } = this
    this.missed = 0
    return { type: "gap", missed }
  }
}

export interface EventBus<E = DomainEvent> {
  /** Never waits and never refuses: each listener's own bound applies. */
  readonly happened: (event: E) => void
  readonly subscribe: (
    filter?: (event: E) => boolean
  ) => Effect.Effect<Subscription<E>, never, Scope.Scope>
  readonly stop: () => Effect.Effect<void>
}

/** A filter that throws is its listener's mistake: it hears no more, and nobody else notices. */
const listenerOf = <E>(
  subscription: Subscription<E>,
  filter: (event: E) => boolean
): Listener<E> => ({
  hear: (event) => {
    const isMeant = Result.try(() => filter(event))
    if (Result.isFailure(isMeant)) subscription.end()
    else if (isMeant.success) subscription.hear(event)
  },
  end: () => subscription.end()
})

export const makeEventBus = <E = DomainEvent>(kernel: Kernel, name = "event-bus"): EventBus<E> => {
  const actor = new Actor<Listeners<E>, BusProtocol, BusFact<E>>(
    {
      name,
      initial: { next: {}, actions: [] },
      decide,
      describe: (state) => `${Object.keys(state).length} listeners`,
      onEmit: (act) => (act as () => void)(),
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  const ending = { hasBegun: false }
  const subscribe: EventBus<E>["subscribe"] = (filter = () => true) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const subscription = new Subscription<E>()
        const number = kernel.number()
        if (ending.hasBegun) subscription.end()
        else actor.tell({ type: "listen", number, listener: listenerOf(subscription, filter) })
        return { subscription, number }
      }),
      ({ subscription, number }) =>
        Effect.sync(() => {
          actor.tell({ type: "leave", number })
          subscription.end()
        })
    ).pipe(Effect.map(({ subscription }) => subscription))
  return {
    happened: (event) => actor.tell({ type: "happened", event }),
    subscribe,
    stop: () =>
      Effect.suspend(() => {
        ending.hasBegun = true
        return Effect.andThen(Effect.ignore(actor.ask("close", {}, "control")), actor.stop())
      })
  }
}

/** What QEMUs tell, as they tell it, for whoever listens. */
export interface MonitorEvents extends Pick<EventBus<MonitorEvent>, "subscribe" | "stop"> {
  /** Put into words only when somebody listens. */
  readonly told: (words: () => MonitorEvent) => void
}

/** A bus of its own, made with its first listener. */
export const makeMonitorEvents = (kernel: Kernel): MonitorEvents => {
  let bus: EventBus<MonitorEvent> | undefined
  return {
    told: (words) => bus?.happened(words()),
    subscribe: (filter) =>
      Effect.suspend(() => {
        bus ??= makeEventBus<MonitorEvent>(kernel, "monitor-events")
        return bus.subscribe(filter)
      }),
    stop: () => Effect.suspend(() => bus?.stop() ?? Effect.void)
  }
}
