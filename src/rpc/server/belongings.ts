/**
 * Owns what ends with a client: its connection with the engine (and with it guests that are started
 * for its life), its event sources, and what handlers want done when it is gone.
 */
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
  #connection: Connection | undefined

  constructor(engine: Engine, emit: Emit) {
    this.#engine = engine
    this.callbacks = new ClientCallbacks(emit)
  }

  /** Made when first asked for. One that is made for a client that is gone is closed at once. */
  readonly connection: Effect.Effect<Connection, CallError> = Effect.suspend(() =>
    this.#connection === undefined
      ? Effect.tap(Scope.provide(this.#engine.connect, this.#scope), (made) =>
          Effect.sync(() => {
            this.#connection = made
          })
        )
      : Effect.succeed(this.#connection)
  )

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
