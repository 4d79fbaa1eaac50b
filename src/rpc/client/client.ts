/**
 * One connection to a daemon, from the client's side: calls and their answers in any order,
 * streams, events, pings. Knows no socket: bytes come by its listener and go to the connection
 * that it is given. What the calls mean is for others to know.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { assert } from "../../base/assert.ts"
import type { Connection, ConnectionListener } from "../../host/socket.ts"
import { decodeMessage, decodeRet, encodeArgs } from "../protocol/codec.ts"
import { decodeError } from "../protocol/error-payload.ts"
import { Framer } from "../protocol/framer.ts"
import { streamDataBytesMax } from "../protocol/limits.ts"
import { encodeRaw, type Packet, packetStatus, packetType } from "../protocol/packet.ts"
import {
  type ArgsOf,
  type MessageOf,
  type Procedure,
  type ProcedureName,
  procedure,
  procedureOf,
  type RetOf
} from "../protocol/procedures.ts"
import * as Wire from "../server/wire.ts"
import { type CallFailure, ConnectionLost, RemoteError } from "./error.ts"
import { callsInFlightMax, unsentBytesMax } from "./limits.ts"
import { ClientStream } from "./stream.ts"

/** The programs that are called. */
export type Program = "remote" | "qemu" | "troupe"

type Answer = Result.Result<unknown, CallFailure>

interface Waiting {
  readonly procedure: Procedure
  /** Gone when the asker was interrupted: the answer is dropped then. */
  resume: ((answer: Answer) => void) | undefined
  /** Where a successful call opens one. */
  readonly stream: ClientStream | undefined
}

const nothing = new Uint8Array(0)

/** Node's own mark for a socket that is full. */
const roomBytes = 64 * 1024

export class Client {
  readonly #framer = new Framer()
  readonly #waiting = new Map<number, Waiting>()
  readonly #streams = new Map<number, ClientStream>()
  readonly #hearers = new Map<string, Set<(message: unknown) => void>>()
  readonly #enders = new Set<(why: string) => void>()
  readonly #roomWaiters = new Set<() => void>()
  readonly #places = Semaphore.makeUnsafe(callsInFlightMax)
  #connection: Connection | undefined
  #serial = 0
  #fullStreams = 0
  #end: string | undefined

  /** Where the connection's bytes are to go. */
  readonly listener: ConnectionListener = {
    onData: (bytes) => this.#received(bytes),
    onEnd: (error) => this.#ended(error ?? "the daemon closed it"),
    onDrain: () => this.#drained()
  }

  attach(connection: Connection): void {
    assert(this.#connection === undefined, "a client has one connection")
    this.#connection = connection
  }

  /** Why the connection has ended; undefined while it has not. */
  get end(): string | undefined {
    return this.#end
  }

  /** Calls a procedure and waits for its answer. An interrupted caller does not take it back. */
  call<P extends Program, N extends ProcedureName<P>>(
    program: P,
    name: N,
    args: ArgsOf<P, N>
  ): Effect.Effect<RetOf<P, N>, CallFailure> {
    const called = procedure(program, name)
    // The answer was decoded by the type that the tables name for this procedure.
    return Effect.map(this.#ask(called, args, undefined), (ret) => ret as RetOf<P, N>)
  }

  /** Calls a procedure that opens a stream. */
  open<P extends Program, N extends ProcedureName<P>>(
    program: P,
    name: N,
    args: ArgsOf<P, N>
  ): Effect.Effect<{ readonly ret: RetOf<P, N>; readonly stream: ClientStream }, CallFailure> {
    return Effect.suspend(() => {
      const called = procedure(program, name)
      const serial = this.#serial++
      const stream = this.#streamOf(called, serial)
      const asked = this.#ask(called, args, { serial, stream })
      return Effect.map(asked, (ret) => ({ ret: ret as RetOf<P, N>, stream }))
    })
  }

  /** Is told each message of that name, within the turn in which it came. */
  on<P extends Program, N extends ProcedureName<P>>(
    program: P,
    name: N,
    hear: (message: MessageOf<P, N>) => void
  ): () => void {
    const key = `${program} ${name}`
    const hearers = this.#hearers.get(key) ?? new Set()
    this.#hearers.set(key, hearers)
    // Decoded by the type that the tables name for this message.
    const told = (message: unknown) => hear(message as MessageOf<P, N>)
    hearers.add(told)
    return () => void hearers.delete(told)
  }

  /** Is told once when the connection ends; at once where it has. */
  onEnd(told: (why: string) => void): () => void {
    if (this.#end === undefined) this.#enders.add(told)
    else told(this.#end)
    return () => void this.#enders.delete(told)
  }

  /** Drops the connection. Whoever waits is told so. */
  close(): void {
    this.#connection?.close()
    this.#ended("it was closed here")
  }

  #ask(
    called: Procedure,
    args: unknown,
    opens: { readonly serial: number; readonly stream: ClientStream } | undefined
  ): Effect.Effect<unknown, CallFailure> {
    const asked = Effect.callback<unknown, CallFailure>((resume) => {
      if (this.#end !== undefined)
        return resume(Effect.fail(new ConnectionLost({ why: this.#end })))
      const serial = opens?.serial ?? this.#serial++
      const packet = encodeArgs(called, serial, args)
      if (Result.isFailure(packet)) return resume(Effect.fail(packet.failure))
      const waiting: Waiting = {
        procedure: called,
        resume: (answer) => resume(Effect.fromResult(answer)),
        stream: opens?.stream
      }
      this.#waiting.set(serial, waiting)
      this.#send(packet.success)
      return Effect.sync(() => {
        waiting.resume = undefined
      })
    })
    return this.#places.withPermit(asked)
  }

  #streamOf(called: Procedure, serial: number): ClientStream {
    const header = Wire.callHeader(called, serial)
    return new ClientStream({
      sendData: (bytes) => this.#sendPieces(header, bytes),
      sendFinish: () => this.#send(Wire.confirmation(header)),
      sendAbort: () =>
        this.#send(
          encodeRaw({ ...header, type: packetType.stream, status: packetStatus.error }, nothing)
        ),
      onFull: (isFull) => {
        this.#fullStreams += isFull ? 1 : -1
        if (isFull) this.#connection?.pause()
        else if (this.#fullStreams === 0) this.#connection?.resume()
      }
    })
  }

  #sendPieces(header: Wire.CallHeader, bytes: Uint8Array): Effect.Effect<void, CallFailure> {
    const pieces: Uint8Array[] = []
    for (let from = 0; from < bytes.byteLength; from += streamDataBytesMax)
      pieces.push(bytes.subarray(from, from + streamDataBytesMax))
    return Effect.forEach(
      pieces,
      (piece) =>
        Effect.andThen(
          Effect.sync(() => this.#send(Wire.data(header, piece))),
          this.#room
        ),
      { discard: true }
    )
  }

  /** Waits until what was sent has gone, where that is much. */
  readonly #room: Effect.Effect<void, CallFailure> = Effect.callback((resume) => {
    if (this.#end !== undefined) return resume(Effect.fail(new ConnectionLost({ why: this.#end })))
    if ((this.#connection?.pendingBytes() ?? 0) <= roomBytes) return resume(Effect.void)
    const go = () => resume(Effect.void)
    this.#roomWaiters.add(go)
    return Effect.sync(() => void this.#roomWaiters.delete(go))
  })

  #send(packet: Uint8Array): void {
    this.#connection?.write(packet)
  }

  #drained(): void {
    const waiters = [...this.#roomWaiters]
    this.#roomWaiters.clear()
    for (const go of waiters) go()
  }

  #received(bytes: Uint8Array): void {
    const { packets, failure } = this.#framer.push(bytes)
    for (const packet of packets) this.#packet(packet)
    if (failure !== undefined) this.#broken(failure.message)
  }

  #packet(packet: Packet): void {
    if (this.#end !== undefined) return
    if (Wire.isKeepalive(packet)) return this.#sign(packet)
    switch (packet.type) {
      case packetType.reply:
        return this.#reply(packet)
      case packetType.message:
        return this.#message(packet)
      case packetType.stream:
      case packetType.streamHole:
        return this.#stream(packet)
      default:
        // Descriptors are never asked for.
        return this.#broken(`it sent a packet of type ${packet.type}`)
    }
  }

  /** Who pings and never takes the answers would fill our memory with them. */
  #sign(packet: Packet): void {
    if (!Wire.isPing(packet)) return
    if ((this.#connection?.pendingBytes() ?? 0) > unsentBytesMax)
      return this.#broken("it does not read")
    this.#send(Wire.pong)
  }

  #reply(packet: Packet): void {
    const waiting = this.#waiting.get(packet.serial)
    if (waiting === undefined || waiting.procedure.number !== packet.procedure)
      return this.#broken(`it answered call ${packet.serial}, which is not under way`)
    this.#waiting.delete(packet.serial)
    const { procedure: called, resume, stream } = waiting
    const answer = answerIn(called, packet)
    if (stream !== undefined && Result.isSuccess(answer)) {
      this.#streams.set(packet.serial, stream)
      // Nobody waits for it any more: the daemon is not to wait either.
      if (resume === undefined) stream.giveUp()
    }
    resume?.(answer)
  }

  #message(packet: Packet): void {
    const told = procedureOf(packet.program, packet.procedure)
    // A newer daemon may tell more than we know.
    if (told === undefined) return
    const hearers = this.#hearers.get(`${told.program.name} ${told.name}`)
    if (hearers === undefined || hearers.size === 0) return
    const message = decodeMessage(told, packet.payload)
    if (Result.isFailure(message)) return this.#broken(message.failure.message)
    for (const hear of hearers) hear(message.success)
  }

  /** A packet of a stream that is not open is nobody's: it crossed with our end of it. */
  #stream(packet: Packet): void {
    const stream = this.#streams.get(packet.serial)
    if (stream === undefined) return
    if (packet.status === packetStatus.continue) {
      const holeBytes = packet.type === packetType.streamHole ? Wire.holeIn(packet.payload) : 0n
      if (holeBytes === undefined) return this.#broken("it sent a hole that is none")
      if (packet.type === packetType.streamHole) return stream.came({ holeBytes })
      // An empty piece says that all has come.
      if (packet.payload.byteLength === 0) return stream.completed()
      return stream.came(packet.payload)
    }
    this.#streams.delete(packet.serial)
    if (packet.status === packetStatus.ok) return stream.confirmed()
    const error = decodeError(packet.payload)
    stream.failed(
      Result.isFailure(error) ? error.failure : remoteError("the stream", error.success)
    )
  }

  #broken(why: string): void {
    this.#connection?.close()
    this.#ended(why)
  }

  #ended(why: string): void {
    if (this.#end !== undefined) return
    this.#end = why
    const failure = new ConnectionLost({ why })
    const waiting = [...this.#waiting.values()]
    const streams = [...this.#streams.values()]
    const enders = [...this.#enders]
    this.#waiting.clear()
    this.#streams.clear()
    this.#enders.clear()
    for (const { resume } of waiting) resume?.(Result.fail(failure))
    for (const stream of streams) stream.failed(failure)
    for (const told of enders) told(why)
    this.#drained()
  }
}

const remoteError = (
  name: string,
  { code, domain, message }: { code: number; domain: number; message: string | null }
) => new RemoteError({ procedure: name, code, domain, text: message ?? `error ${code}` })

const answerIn = (called: Procedure, packet: Packet): Answer => {
  if (packet.status === packetStatus.ok) return decodeRet(called, packet.payload)
  return Result.flatMap(decodeError(packet.payload), (error) =>
    Result.fail(remoteError(called.name, error))
  )
}
