/** What all sessions of one daemon share: who answers, how effects are run, and the account. */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Dispatch } from "./dispatch.ts"
import type { HostServices, Service } from "./handler.ts"
import type { KeepaliveOptions } from "./keepalive.ts"

/** Something that an operator should read: a client dropped, a handler that threw. */
export interface Trouble {
  readonly what: string
  readonly why: string
}

export interface Desk {
  readonly service: Service
  readonly dispatch: Dispatch
  /** Runs it at once, up to its first wait. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E, HostServices>) => Fiber.Fiber<A, E>
  readonly tell: (trouble: Trouble) => void
  readonly account: Account
  readonly callsInFlightMax: number
  readonly keepalive: KeepaliveOptions
}

/** Bytes that all clients together keep us from letting go. */
export class Account {
  readonly #max: number
  #held = 0

  constructor(max: number) {
    this.#max = max
  }

  get held(): number {
    return this.#held
  }

  /** Enters a change; whether the whole is still within its bound. */
  change(bytes: number): boolean {
    this.#held += bytes
    return bytes <= 0 || this.#held <= this.#max
  }
}
