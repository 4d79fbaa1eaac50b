/**
 * Owns one engine's single subscription to domain events, for all clients together: an event wakes
 * one fiber and is handed on in its turn to whoever asked for its id. Lives while anybody listens.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { CallError } from "../../../actors/driver/once.ts"
import { assert } from "../../base/assert.ts"
import type { Engine, TroupeEvent } from "../../engine/engine.ts"
import { eventIdMax, type Told, toldOf } from "./events-message.ts"

/** Somebody who wants the events of one id. */
export interface Listener {
  /** virDomainEventID. */
  readonly id: number
  /** Of this domain only. */
  readonly uuid: string | undefined
  /** Must neither wait nor throw. */
  readonly hear: (told: Told) => void
  /** Whose it is: one that listens for many ids is told of a gap once. */
  readonly owner: object
  /** Events are missing here, and nobody knows which. */
  readonly missed: () => void
}

/** A subscription that is being made or has been made. */
interface Life {
  readonly scope: Scope.Closeable
  readonly ready: Deferred.Deferred<void, CallError>
}

export class EventFeed {
  readonly #engine: Engine
  readonly #listeners: readonly Set<Listener>[]
  #count = 0
  #life: Life | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    this.#listeners = Array.from({ length: eventIdMax + 1 }, () => new Set<Listener>())
  }

  /** Listens until the scope closes. Every event after this has succeeded is heard. */
  listen(listener: Listener): Effect.Effect<void, CallError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.suspend(() => {
        this.#of(listener.id).add(listener)
        this.#count++
        return Effect.onError(this.#started(), () => this.#leave(listener))
      }),
      () => this.#leave(listener)
    )
  }

  #of(id: number): Set<Listener> {
    const listeners = this.#listeners[id]
    assert(listeners !== undefined, "an event id is within the known ones")
    return listeners
  }

  #leave(listener: Listener): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#of(listener.id).delete(listener)) this.#count--
      const life = this.#life
      if (this.#count > 0 || life === undefined) return Effect.void
      this.#life = undefined
      return Scope.close(life.scope, Exit.void)
    })
  }

  /** Whoever comes while the subscription is being made waits until it is there. */
  #started(): Effect.Effect<void, CallError> {
    if (this.#life !== undefined) return Deferred.await(this.#life.ready)
    const life: Life = { scope: Scope.makeUnsafe(), ready: Deferred.makeUnsafe() }
    this.#life = life
    return Scope.provide(this.#engine.subscribe(), life.scope).pipe(
      Effect.flatMap((take) => Effect.forkIn(this.#handOn(take, life), life.scope)),
      Effect.asVoid,
      Effect.onExit((exit) => Deferred.done(life.ready, exit))
    )
  }

  #handOn(take: Effect.Effect<TroupeEvent | undefined>, life: Life): Effect.Effect<void> {
    const hear = (event: TroupeEvent) => this.#hear(event)
    const end = () => {
      // The engine has ended. Whoever asks it again is told so.
      if (this.#life === life) this.#life = undefined
    }
    return Effect.gen(function* () {
      for (let event = yield* take; event !== undefined; event = yield* take) hear(event)
      end()
    })
  }

  #hear(event: TroupeEvent): void {
    if (event.type === "gap") return this.#tellOfGap()
    assert(event.type !== "current", "present states were not asked for")
    for (const told of toldOf(event)) {
      for (const listener of this.#of(told.id)) {
        if (listener.uuid === undefined || listener.uuid === event.uuid) listener.hear(told)
      }
    }
  }

  #tellOfGap(): void {
    const all = this.#listeners.flatMap((listeners) => [...listeners])
    for (const { missed } of new Map(all.map((one) => [one.owner, one])).values()) missed()
  }
}

const feeds = new WeakMap<Engine, EventFeed>()

/** The one feed of an engine. */
export const feedOf = (engine: Engine): EventFeed => {
  const existing = feeds.get(engine)
  if (existing !== undefined) return existing
  const made = new EventFeed(engine)
  feeds.set(engine, made)
  return made
}
