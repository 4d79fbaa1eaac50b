/**
 * Owns who listens to the domains' events. Each listener has a bounded queue of its own: one that
 * does not keep up is told how many it missed, and nobody waits for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../src/kernel/behaviour.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { DomainEvent } from "../src/model/event.ts"

/** Events that wait for one listener. A guest that reboots in a loop makes about 20 a second. */
export const backlogLengthMax = 1024

/** The listener was too slow: so many events are missing here. */
export interface Gap {
  readonly type: "gap"
  readonly missed: number
}

export type Heard = DomainEvent | Gap

type Listeners = { readonly [number: number]: (event: DomainEvent) => void }

type Message =
  | (Fact & {
      readonly type: "listen"
      readonly number: number
      readonly heard: (event: DomainEvent) => void
    })
  | (Fact & { readonly type: "leave"; readonly number: number })
  | (Fact & { readonly type: "happened"; readonly event: DomainEvent })

const decide = (state: Listeners, message: Message): Decision<Listeners> => {
  switch (message.type) {
    case "listen":
      return { next: { ...state, [message.number]: message.heard }, actions: [] }
    case "leave": {
      const { [message.number]: _, ...rest } = state
      return { next: rest, actions: [] }
    }
    case "happened":
      return {
        next: state,
        actions: Object.values(state).map(
          (heard): Action => ({ type: "emit", params: { event: () => heard(message.event) } })
        )
      }
  }
}

/** A listener's own queue. Takes from its head, or waits; never more than the bound. */
export class Subscription {
  private waiting: Heard[] = []
  private missed = 0
  private isOver = false
  private taker: ((heard: Heard | undefined) => void) | undefined

  hear(event: DomainEvent): void {
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
  readonly take: Effect.Effect<Heard | undefined> = Effect.callback((resume) => {
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

export interface EventBus {
  /** Never waits and never refuses: each listener's own bound applies. */
  readonly happened: (event: DomainEvent) => void
  readonly subscribe: (
    filter?: (event: DomainEvent) => boolean
  ) => Effect.Effect<Subscription, never, Scope.Scope>
  readonly stop: () => Effect.Effect<void>
}

export const makeEventBus = (kernel: Kernel): EventBus => {
  const subscriptions = new Set<Subscription>()
  const actor = new Actor<Listeners, object, Message>(
    {
      name: "event-bus",
      initial: { next: {}, actions: [] },
      decide: (state, message) => decide(state, message as Message),
      describe: (state) => `${Object.keys(state).length} listeners`,
      onEmit: (deliver) => (deliver as () => void)(),
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  const subscribe: EventBus["subscribe"] = (filter) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const subscription = new Subscription()
        const number = kernel.number()
        const heard = (event: DomainEvent) => {
          if (filter === undefined || filter(event)) subscription.hear(event)
        }
        actor.tell({ type: "listen", number, heard })
        subscriptions.add(subscription)
        return { subscription, number }
      }),
      ({ subscription, number }) =>
        Effect.sync(() => {
          actor.tell({ type: "leave", number })
          subscriptions.delete(subscription)
          subscription.end()
        })
    ).pipe(Effect.map(({ subscription }) => subscription))
  return {
    happened: (event) => actor.tell({ type: "happened", event }),
    subscribe,
    stop: () =>
      Effect.suspend(() => {
        for (const subscription of subscriptions) subscription.end()
        return actor.stop()
      })
  }
}
