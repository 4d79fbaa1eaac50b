/**
 * What happens, as an async iterable: from the moment it was asked for, with a bound on what waits.
 * One that is too slow is told how much it missed.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Heard, Subscription } from "../../actors/event-bus.ts"
import type { TroupeEvent } from "../engine/engine.ts"
import { type CallOptions, run } from "./run.ts"

type Take<E> = Effect.Effect<E | undefined>

/** Ends with the engine, or with `return`. */
export class Events<E = TroupeEvent> implements AsyncIterableIterator<E>, AsyncDisposable {
  readonly #take: Take<E>
  readonly #scope: Scope.Closeable
  readonly #signal: AbortSignal | undefined

  constructor(take: Take<E>, scope: Scope.Closeable, signal: AbortSignal | undefined) {
    this.#take = take
    this.#scope = scope
    this.#signal = signal
  }

  /** Aborted, it throws the signal's reason and is over. */
  async next(): Promise<IteratorResult<E, undefined>> {
    try {
      const value = await run(this.#take, { signal: this.#signal })
      return value === undefined ? await this.return() : { done: false, value }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<E, undefined>> {
    await run(Scope.close(this.#scope, Exit.void))
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/** Of a source that is there at once: it listens before this returns. */
export const eventsNow = <E, F>(
  subscribing: Effect.Effect<Take<E>, F, Scope.Scope>,
  signal: AbortSignal | undefined
): Events<E> => {
  signal?.throwIfAborted()
  const scope = Scope.makeUnsafe()
  return new Events(Effect.runSync(Scope.provide(subscribing, scope)), scope, signal)
}

/** Of a source that calls back; over when `home` closes. */
export const eventsOf = async <E, F>(
  subscribe: (hear: (event: E) => void) => Effect.Effect<void, F, Scope.Scope>,
  home: Scope.Scope,
  { signal }: CallOptions = {}
): Promise<Events<Heard<E>>> => {
  signal?.throwIfAborted()
  const scope = Scope.forkUnsafe(home)
  const subscription = new Subscription<E>()
  const listening = Effect.andThen(
    Scope.addFinalizer(
      scope,
      Effect.sync(() => subscription.end())
    ),
    Scope.provide(
      subscribe((event) => subscription.hear(event)),
      scope
    )
  )
  await run(
    Effect.onError(listening, () => Scope.close(scope, Exit.void)),
    { signal }
  )
  return new Events<Heard<E>>(subscription.take, scope, signal)
}
