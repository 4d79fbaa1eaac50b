/**
 * Owns what goes out to one client: packets of one turn leave as one buffer, and what the client
 * does not take is counted. Decides nothing about it; the session does.
 */
import { roomBytes, type Transport } from "./transport.ts"

const joined = (parts: readonly Uint8Array[], bytes: number): Uint8Array => {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export class Outgoing {
  readonly #transport: Transport
  #parts: Uint8Array[] = []
  #bytes = 0
  #isCorked = false
  #eventBytes = 0
  #waiting: (() => void)[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Keeps what is sent while `turn` runs, and lets it go as one buffer. */
  corked(turn: () => void): void {
    if (this.#isCorked) return turn()
    let next: (() => void) | undefined = turn
    while (next !== undefined) {
      this.#isCorked = true
      try {
        next()
      } finally {
        this.#isCorked = false
        this.#flush()
      }
      // Who waited for room may have waited for this flush only: no drain would tell.
      const hasRoom = this.#waiting.length > 0 && this.unread() <= roomBytes
      next = hasRoom ? () => this.#release() : undefined
    }
  }

  send(packet: Uint8Array): void {
    this.#parts.push(packet)
    this.#bytes += packet.length
    if (!this.#isCorked) this.#flush()
  }

  /** As `send`; what of it the client has not taken is counted apart. */
  sendEvent(packet: Uint8Array): void {
    this.#eventBytes = this.unreadEvents() + packet.length
    this.send(packet)
  }

  /** Bytes that the kernel has not taken. */
  unread(): number {
    return this.#bytes + this.#transport.pendingBytes()
  }

  unreadEvents(): number {
    return Math.min(this.#eventBytes, this.unread())
  }

  /** Runs `go` when there is room: at once, or when all that waits has been taken. */
  whenRoom(go: () => void): void {
    if (this.unread() <= roomBytes) go()
    else this.#waiting.push(go)
  }

  /** The socket has taken everything. */
  drained(): void {
    this.#release()
  }

  /** Nobody waits for a client that is gone. */
  ended(): void {
    this.#parts = []
    this.#bytes = 0
    this.#release()
  }

  #release(): void {
    const due = this.#waiting
    this.#waiting = []
    for (const go of due) go()
  }

  #flush(): void {
    const { length } = this.#parts
    if (length === 0) return
    const first = this.#parts[0]
    const whole = length === 1 && first !== undefined ? first : joined(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    this.#transport.write(whole)
  }
}
