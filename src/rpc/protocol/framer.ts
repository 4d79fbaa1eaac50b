/**
 * Bytes of a connection to packets, however they were split or joined on the way. Owns what of a
 * packet has come so far. A packet that lies in one chunk is not copied; of others, each byte is
 * copied a bounded number of times, and no more memory is held than twice what has arrived.
 */
import { FrameError } from "./error.ts"
import { headerBytes, packetBytesMax } from "./limits.ts"
import { decodePacket, type Packet } from "./packet.ts"

export interface Framed {
  readonly packets: readonly Packet[]
  /** What was wrong behind those packets: nothing more is to be read of this connection then. */
  readonly failure: FrameError | undefined
}

const lengthBytes = 4

const leastCapacity = 1024

const lengthAt = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset + at, lengthBytes).getUint32(0)

export class Framer {
  readonly #most: number
  /** The packet that has begun, in a buffer that grows; its first `#size` bytes have come. */
  #begun: Uint8Array = new Uint8Array(0)
  #size = 0
  #failure: FrameError | undefined

  /** Packets longer than `most` bytes, length word included, are refused. */
  constructor(most: number = packetBytesMax) {
    this.#most = most
  }

  /** How many bytes of an unfinished packet have come. */
  get pendingBytes(): number {
    return this.#size
  }

  /**
   * Takes the next bytes and gives the packets that they complete, in order. Payloads are views of
   * the chunk where they can be: it must not be written to afterwards. After a failure, nothing
   * more is taken, and every push tells the same failure.
   */
  push(chunk: Uint8Array): Framed {
    const packets: Packet[] = []
    let from = this.#continue(chunk, packets)
    while (this.#failure === undefined && from < chunk.byteLength) {
      const left = chunk.byteLength - from
      const length = left >= lengthBytes ? this.#checked(lengthAt(chunk, from)) : undefined
      if (length === undefined || length > left) {
        if (this.#failure === undefined) this.#keep(chunk.subarray(from), length)
        break
      }
      packets.push(decodePacket(chunk.subarray(from, from + length)))
      from += length
    }
    return { packets, failure: this.#failure }
  }

  /** Completes the packet that has begun, if there is one; gives where in the chunk that ended. */
  #continue(chunk: Uint8Array, packets: Packet[]): number {
    if (this.#failure !== undefined || this.#size === 0) return 0
    let from = 0
    if (this.#size < lengthBytes) {
      from = Math.min(lengthBytes - this.#size, chunk.byteLength)
      this.#keep(chunk.subarray(0, from), undefined)
      if (this.#size < lengthBytes) return from
    }
    const length = this.#checked(lengthAt(this.#begun, 0))
    if (length === undefined) return from
    const to = Math.min(chunk.byteLength, from + length - this.#size)
    this.#keep(chunk.subarray(from, to), length)
    if (this.#size === length) {
      packets.push(decodePacket(this.#begun.subarray(0, length)))
      this.#begun = new Uint8Array(0)
      this.#size = 0
    }
    return to
  }

  /** The length, if it is one; else the failure that ends it all. */
  #checked(length: number): number | undefined {
    if (length >= headerBytes && length <= this.#most) return length
    this.#failure = new FrameError({ length, least: headerBytes, most: this.#most })
    this.#begun = new Uint8Array(0)
    this.#size = 0
    return undefined
  }

  /**
   * Adds bytes to the packet that has begun. The buffer doubles, but never beyond the packet: what
   * a peer declares and does not send is not allocated.
   */
  #keep(part: Uint8Array, length: number | undefined): void {
    const size = this.#size + part.byteLength
    if (size > this.#begun.byteLength) {
      const capacity = Math.max(size, this.#begun.byteLength * 2, leastCapacity)
      const larger = new Uint8Array(Math.min(capacity, Math.max(size, length ?? capacity)))
      larger.set(this.#begun.subarray(0, this.#size))
      this.#begun = larger
    }
    this.#begun.set(part, this.#size)
    this.#size = size
  }
}
