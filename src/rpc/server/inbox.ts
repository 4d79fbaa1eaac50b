/** Owns what has come of one client and was not taken up: whole packets, and one that begins. */
import { Framer } from "../protocol/framer.ts"
import type { Packet } from "../protocol/packet.ts"
import { packetBytes } from "./limits.ts"

export class Inbox {
  readonly #framer = new Framer()
  #packets: Packet[] = []
  /** Those before it have been taken. */
  #next = 0
  /** Of those that have not been taken. */
  #waitingBytes = 0
  #lost: string | undefined

  push(bytes: Uint8Array): void {
    const { packets, failure } = this.#framer.push(bytes)
    for (const packet of packets) {
      this.#packets.push(packet)
      this.#waitingBytes += packetBytes + packet.payload.length
    }
    this.#lost = failure?.message
  }

  /** The next packet; `undefined` when all that have come are taken. */
  take(): Packet | undefined {
    const packet = this.#packets[this.#next]
    if (packet !== undefined) {
      this.#next += 1
      this.#waitingBytes -= packetBytes + packet.payload.length
    } else if (this.#next > 0) {
      this.#packets = []
      this.#next = 0
    }
    return packet
  }

  /** Why no packet can follow those that have come; `undefined` while all is well. */
  get lost(): string | undefined {
    return this.#lost
  }

  /** Of a packet that is not whole yet. */
  get begunBytes(): number {
    return this.#framer.pendingBytes
  }

  /** All that is kept for this client. */
  get heldBytes(): number {
    return this.#framer.pendingBytes + this.#waitingBytes
  }
}
