/**
 * Owns the open streams of one client, by the serial of the call that opened each: brings packets
 * to their stream and says on the wire what a stream says.
 */
import type * as Cause from "effect/Cause"
import type { Fault } from "../error-code.ts"
import type { WireError } from "../protocol/error-payload.ts"
import { type Packet, packetStatus, packetType } from "../protocol/packet.ts"
import type { Call, Serve } from "./call.ts"
import type { Desk } from "./desk.ts"
import type { Outgoing } from "./outgoing.ts"
import { ServedStream, type StreamOutlet } from "./stream.ts"
import * as Wire from "./wire.ts"

export interface StreamSurroundings {
  readonly outgoing: Outgoing
  readonly fork: Desk["fork"]
  readonly errorOf: (procedure: string, cause: Cause.Cause<Fault>) => WireError
  /** Somebody has read: there may be room for more of the client's packets. */
  readonly onRead: () => void
}

interface Entry {
  readonly stream: ServedStream
  readonly program: number
  readonly procedure: number
}

export class ClientStreams {
  readonly #surroundings: StreamSurroundings
  readonly #entries = new Map<number, Entry>()
  #unreadBytes = 0
  #isOver = false

  constructor(surroundings: StreamSurroundings) {
    this.#surroundings = surroundings
  }

  get count(): number {
    return this.#entries.size
  }

  /** What has come of all of them and was not read. */
  get unreadBytes(): number {
    return this.#unreadBytes
  }

  has(serial: number): boolean {
    return this.#entries.has(serial)
  }

  open({ procedure, serial }: Call, serve: Serve): void {
    const header = Wire.callHeader(procedure, serial)
    const stream = new ServedStream(this.#outlet(header, procedure.name))
    const { program, procedure: number } = header
    this.#entries.set(serial, { stream, program, procedure: number })
    stream.begin(() => this.#surroundings.fork(serve(stream)))
  }

  /** A packet of a stream that is not open is nobody's: it crossed with our end of it. */
  received(packet: Packet): void {
    const entry = this.#entries.get(packet.serial)
    if (entry?.program !== packet.program || entry.procedure !== packet.procedure) return
    const { stream } = entry
    switch (packet.status) {
      case packetStatus.continue:
        return this.#chunk(stream, packet)
      case packetStatus.ok:
        return stream.finished()
      default:
        return stream.aborted()
    }
  }

  /** The client is gone. */
  end(): void {
    this.#isOver = true
    const all = [...this.#entries.values()]
    this.#entries.clear()
    for (const { stream } of all) stream.aborted()
  }

  #chunk(stream: ServedStream, { type, payload }: Packet): void {
    if (type === packetType.stream) {
      // An empty one says that nothing follows; what counts is the finish, which follows it.
      if (payload.length > 0) stream.received(payload)
      return
    }
    const holeBytes = Wire.holeIn(payload)
    if (holeBytes === undefined) stream.aborted()
    else stream.received({ holeBytes })
  }

  #outlet(header: Wire.CallHeader, procedure: string): StreamOutlet {
    const { outgoing, errorOf, onRead } = this.#surroundings
    const last = (packet: () => Uint8Array) => {
      if (this.#isOver) return
      this.#entries.delete(header.serial)
      outgoing.send(packet())
      onRead()
    }
    return {
      data: (bytes) => outgoing.send(Wire.data(header, bytes)),
      hole: (length) => {
        const packet = Wire.hole(header, length)
        if (packet._tag === "Success") outgoing.send(packet.success)
      },
      confirm: () => last(() => Wire.confirmation(header)),
      fail: (cause) => last(() => Wire.streamError(header, errorOf(procedure, cause))),
      whenRoom: (go) => outgoing.whenRoom(go),
      waits: (bytes) => {
        this.#unreadBytes += bytes
        if (bytes < 0 && !this.#isOver) onRead()
      }
    }
  }
}
