/** A daemon in a test's hands: what the client says, as packets, and words to answer it with. */
import * as Result from "effect/Result"
import { Client } from "../../../../src/rpc/client/client.ts"
import { encodeMessage, encodeRet } from "../../../../src/rpc/protocol/codec.ts"
import { encodeError } from "../../../../src/rpc/protocol/error-payload.ts"
import { Framer } from "../../../../src/rpc/protocol/framer.ts"
import {
  encodeRaw,
  type Packet,
  packetStatus,
  packetType
} from "../../../../src/rpc/protocol/packet.ts"
import { procedure, procedureOf } from "../../../../src/rpc/protocol/procedures.ts"

export class Peer {
  readonly client = new Client()
  readonly #framer = new Framer()
  readonly #said: Packet[] = []
  isClosed = false
  isPaused = false
  /** What waits to be taken by the daemon. */
  pending = 0

  constructor() {
    this.client.attach({
      write: (bytes) => void this.#said.push(...this.#framer.push(Buffer.from(bytes)).packets),
      pendingBytes: () => this.pending,
      pause: () => void (this.isPaused = true),
      resume: () => void (this.isPaused = false),
      close: () => void (this.isClosed = true)
    })
  }

  /** What the client has said since the last look. */
  said(): readonly Packet[] {
    return this.#said.splice(0)
  }

  /** Bytes to the client, as they are. */
  send(...packets: readonly Uint8Array[]): void {
    this.client.listener.onData(Buffer.concat(packets))
  }

  /** The good answer to a call. */
  answer(call: Packet, ret: unknown): Uint8Array {
    const called = procedureOf(call.program, call.procedure)
    if (called === undefined) throw new Error("the client calls what there is")
    return Result.getOrThrow(encodeRet(called, call.serial, ret))
  }

  /** The answer that is an error. */
  refuse(call: Packet, code: number, text: string): Uint8Array {
    const { program, version, procedure: number, serial } = call
    return encodeError(
      { program, version, procedure: number, serial, type: packetType.reply },
      {
        code,
        domain: 10,
        message: text,
        level: 2,
        str1: null,
        str2: null,
        str3: null,
        int1: -1,
        int2: -1
      }
    )
  }

  /** A packet of the stream that a call has opened. */
  piece(call: Packet, bytes: Uint8Array, status: number = packetStatus.continue): Uint8Array {
    const { program, version, procedure: number, serial } = call
    return encodeRaw(
      { program, version, procedure: number, serial, type: packetType.stream, status },
      bytes
    )
  }
}

export const ping: Uint8Array = Result.getOrThrow(
  encodeMessage(procedure("keepalive", "PING"), undefined)
)
