/** A client in memory: a transport that keeps what is written, and words for packets both ways. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Engine } from "../../../../src/engine/engine.ts"
import { connect } from "../../../../src/rpc/handlers/connect.ts"
import { decodeValue, encodeArgs, headerOf } from "../../../../src/rpc/protocol/codec.ts"
import { decodeError, type WireError } from "../../../../src/rpc/protocol/error-payload.ts"
import { Framer } from "../../../../src/rpc/protocol/framer.ts"
import {
  encodeRaw,
  type Packet,
  packetStatus,
  packetType
} from "../../../../src/rpc/protocol/packet.ts"
import { type Procedure, procedure } from "../../../../src/rpc/protocol/procedures.ts"
import { Account, type Desk, type Trouble } from "../../../../src/rpc/server/desk.ts"
import { makeDispatch } from "../../../../src/rpc/server/dispatch.ts"
import type { Handlers, HostServices } from "../../../../src/rpc/server/handler.ts"
import * as limits from "../../../../src/rpc/server/limits.ts"
import { Session } from "../../../../src/rpc/server/session.ts"
import {
  type Peer,
  roomBytes,
  type Transport,
  type TransportListener
} from "../../../../src/rpc/server/transport.ts"

export const status = packetStatus

/** What a test sees of the wire, and can make it do. */
export class Wire implements Transport {
  readonly written: Uint8Array[] = []
  readonly #framer = new Framer()
  isPaused = false
  isClosed = false
  isEnded = false
  /** Nothing is taken while it is false: what is written waits. */
  takes = true
  /** What it has read and keeps while it is paused. */
  keeps = 0
  #pending = 0

  write(bytes: Uint8Array): void {
    if (this.isClosed || this.isEnded) return
    this.written.push(bytes)
    if (!this.takes) this.#pending += bytes.length
  }
  pendingBytes(): number {
    return this.#pending
  }
  readBytes(): number {
    return this.keeps
  }
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  close(): void {
    this.isClosed = true
  }
  end(): void {
    this.isEnded = true
  }

  /** The peer reads everything; a socket tells so only after more than a little has waited. */
  drain(listener: TransportListener): void {
    const wasMuch = this.#pending > roomBytes
    this.#pending = 0
    this.takes = true
    if (wasMuch) listener.onDrain()
  }

  /** The packets written since the last look. */
  packets(): readonly Packet[] {
    return this.written.splice(0).flatMap((bytes) => this.#framer.push(bytes).packets)
  }
}

export const engineStub = (overrides: Partial<Engine> = {}): Engine =>
  ({ phase: () => "running", ...overrides }) as Engine

export interface Talk {
  readonly session: Session
  readonly wire: Wire
  readonly troubles: Trouble[]
  readonly isGone: () => boolean
  readonly send: (...packets: readonly Uint8Array[]) => void
  /** Sends calls of these procedures and gives what came back by the end of the turn. */
  readonly says: (...packets: readonly Uint8Array[]) => readonly Packet[]
}

export interface TalkOptions {
  readonly handlers?: readonly Handlers[]
  readonly engine?: Engine
  readonly peer?: Partial<Peer>
  readonly account?: Account
  readonly isOpen?: boolean
}

export const makeDesk = ({ handlers = [], engine = engineStub(), account }: TalkOptions = {}) => {
  const troubles: Trouble[] = []
  const fork = Effect.runForkWith(Context.empty() as Context.Context<HostServices>)
  const desk: Desk = {
    service: {
      engine,
      hostname: "here",
      libraryVersion: 9_000_000,
      defaultUri: "qemu:///system"
    },
    dispatch: makeDispatch([connect, ...handlers]),
    fork: (effect) => fork(effect),
    tell: (trouble) => troubles.push(trouble),
    account: account ?? new Account(limits.heldBytesMax),
    callsInFlightMax: limits.callsInFlightMax,
    keepalive: { intervalMs: limits.keepaliveIntervalMs, countMax: limits.keepaliveCountMax }
  }
  return { desk, troubles }
}

export const openPacket = (serial: number, flags = 0): Uint8Array =>
  packet(encodeArgs(procedure("remote", "CONNECT_OPEN"), serial, { name: "qemu:///system", flags }))

/** A session over a wire in memory; opened, unless it is not to be. */
export const talk = (options: TalkOptions = {}): Talk => {
  const { desk, troubles } = makeDesk(options)
  const wire = new Wire()
  let isGone = false
  const session = new Session(desk, {
    number: 1,
    peer: { isReadOnly: false, isSecure: true, identity: undefined, ...options.peer },
    transport: wire,
    isAdmitted: true,
    onKnown: () => undefined,
    onGone: () => {
      isGone = true
    }
  })
  const send = (...packets: readonly Uint8Array[]) => session.listener.onData(joined(packets))
  const says = (...packets: readonly Uint8Array[]) => {
    send(...packets)
    return wire.packets()
  }
  if (options.isOpen !== false) says(openPacket(900))
  return { session, wire, troubles, isGone: () => isGone, send, says }
}

export const joined = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

export const packet = <E>(result: Result.Result<Uint8Array, E>): Uint8Array =>
  Result.getOrThrow(result)

/** A call of a procedure of the remote program. */
export const call = (
  name: Parameters<typeof procedure<"remote", never>>[1] | string,
  serial: number,
  args?: unknown
): Uint8Array => packet(encodeArgs(named(name), serial, args))

export const named = (name: string): Procedure => procedure("remote", name as never)

export const streamPacket = (
  name: string,
  serial: number,
  { status: how, bytes = new Uint8Array(0) }: { status: number; bytes?: Uint8Array }
): Uint8Array =>
  encodeRaw(headerOf(named(name), { type: packetType.stream, serial, status: how }), bytes)

export const errorIn = (reply: Packet | undefined): WireError => {
  if (reply?.status !== packetStatus.error) throw new Error("the reply is an error")
  return Result.getOrThrow(decodeError(reply.payload))
}

/** What a good reply carries. */
export const valueIn = (name: string, reply: Packet | undefined): unknown => {
  if (reply?.status !== packetStatus.ok) throw new Error("the reply is a good one")
  return Result.getOrThrow(decodeValue(named(name).ret, reply.payload))
}

/** Lets fibers that wait for the event loop run. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve))
  })
