/**
 * Whether a client is still there: counts its silence in steps of the tick, and says when to ping
 * and when to give up. Sends nothing itself.
 */
import { tickMs } from "./limits.ts"

export interface KeepaliveOptions {
  /** Silence after which a ping goes out; 0 or less for none. */
  readonly intervalMs: number
  /** Pings that may stay unanswered. */
  readonly countMax: number
}

export class Keepalive {
  readonly #options: KeepaliveOptions
  #isSpoken = false
  #silentMs = 0
  #unanswered = 0

  constructor(options: KeepaliveOptions) {
    this.#options = options
  }

  /** The client has said that it knows pings; before that it is sent none. */
  start(): void {
    this.#isSpoken = true
  }

  /** Anything that comes is a sign of life. */
  heard(): void {
    this.#silentMs = 0
    this.#unanswered = 0
  }

  /** Once each `tickMs`, while the client is read from. */
  tick(): "ping" | "dead" | undefined {
    const { intervalMs, countMax } = this.#options
    if (!this.#isSpoken || intervalMs <= 0) return undefined
    this.#silentMs += tickMs
    if (this.#silentMs < intervalMs) return undefined
    if (this.#unanswered >= countMax) return "dead"
    this.#silentMs = 0
    this.#unanswered += 1
    return "ping"
  }
}
