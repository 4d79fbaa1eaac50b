/** What all sessions of one daemon share: who answers, how effects are run, and the account. */
import { assert } from "../../base/assert.ts"
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

/** Whose bytes are entered. */
export interface Holder {
  /** Lets all of it go, now. */
  readonly letGo: () => void
}

/**
 * Bytes that all clients together keep us from letting go. Never more than the bound: where an
 * entry goes beyond it, those that hold most are made to let go, whoever made the entry.
 */
export class Account {
  readonly #max: number
  readonly #entries = new Map<Holder, number>()
  #held = 0

  constructor(max: number) {
    this.#max = max
  }

  get held(): number {
    return this.#held
  }

  /** What this one holds now, instead of what was entered before. */
  enter(holder: Holder, bytes: number): void {
    this.#held += bytes - (this.#entries.get(holder) ?? 0)
    if (bytes > 0) this.#entries.set(holder, bytes)
    else this.#entries.delete(holder)
    while (this.#held > this.#max) {
      const largest = this.#largest()
      this.enter(largest, 0)
      largest.letGo()
    }
  }

  #largest(): Holder {
    let most: readonly [Holder, number] | undefined
    for (const entry of this.#entries) if (entry[1] > (most?.[1] ?? 0)) most = entry
    assert(most !== undefined, "what is held is held by somebody")
    return most[0]
  }
}
