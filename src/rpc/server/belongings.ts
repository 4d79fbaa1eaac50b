/**
 * Owns what ends with a client: its connection with the engine (and with it guests that are started
 * for its life), its event sources, and what handlers want done when it is gone.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { CallError } from "../../../actors/driver/once.ts"
import type { Connection, Engine } from "../../engine/engine.ts"
import { ClientCallbacks } from "./callbacks.ts"
import type { Client, Emit, HostServices } from "./handler.ts"

export class Belongings {
  readonly callbacks: ClientCallbacks
  readonly #engine: Engine
  readonly #scope = Scope.makeUnsafe()
  readonly #hooks = new Set<Effect.Effect<void, never, HostServices>>()
  /** From the first call that asks for it; again from the next one if it could not be made. */
  #connection: Deferred.Deferred<Connection, CallError> | undefined

  constructor(engine: Engine, emit: Emit) {
    this.#engine = engine
    this.callbacks = new ClientCallbacks(emit)
  }

  /**
   * Made when first asked for, and once: calls of one client that ask at the same time wait for the
   * same. One that is made for a client that is gone is closed at once.
   */
  readonly connection: Effect.Effect<Connection, CallError> = Effect.suspend(() => {
    if (this.#connection !== undefined) return Deferred.await(this.#connection)
    const made = Deferred.makeUnsafe<Connection, CallError>()
    this.#connection = made
    return Scope.provide(this.#engine.connect, this.#scope).pipe(
      Effect.onExit((exit) => {
        if (Exit.isFailure(exit)) this.#connection = undefined
        return Deferred.done(made, exit)
      }),
      // Who asked first may be given up; those who wait for the same are not.
      Effect.uninterruptible
    )
  })

  readonly onClose: Client["onClose"] = (work) => {
    this.#hooks.add(work)
    return () => void this.#hooks.delete(work)
  }

  /** The client is gone. */
  readonly end: Effect.Effect<void, never, HostServices> = Effect.suspend(() =>
    Effect.andThen(
      Effect.forEach([this.callbacks.end, ...this.#hooks], Effect.exit, { discard: true }),
      Scope.close(this.#scope, Exit.void)
    )
  )
}
