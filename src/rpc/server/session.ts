/**
 * Owns one client's connection: cuts its bytes into packets, lets its calls in (some at a time),
 * sends the answers, and cleans up after it. Pure with respect to sockets: bytes come by
 * `listener`, and leave by a `Transport`. What a procedure does is its handler's.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { defectError, errorOf, type Fault, wireError } from "../error-code.ts"
import type { WireError } from "../protocol/error-payload.ts"
import { decodeArgs } from "../protocol/codec.ts"
import { type Packet, packetStatus, packetType } from "../protocol/packet.ts"
import { Belongings } from "./belongings.ts"
import { Call, type CallSession } from "./call.ts"
import type { Desk, Holder } from "./desk.ts"
import type { Served } from "./dispatch.ts"
import type { Callbacks, Emit, HostServices, Service } from "./handler.ts"
import { Inbox } from "./inbox.ts"
import { Keepalive } from "./keepalive.ts"
import * as limits from "./limits.ts"
import { Outgoing } from "./outgoing.ts"
import { ClientStreams } from "./streams.ts"
import { type Peer, roomBytes, type Transport, type TransportListener } from "./transport.ts"
import * as Wire from "./wire.ts"

/** What the server has to know of a session that it holds. */
export interface SessionOptions {
  readonly number: number
  readonly peer: Peer
  readonly transport: Transport
  /** It may be read from: until then its bytes wait in the kernel. */
  readonly isAdmitted: boolean
  /** The client has opened its connection, or is gone: it is anonymous no longer. */
  readonly onKnown: () => void
  readonly onGone: () => void
}

export class Session implements CallSession, Holder {
  readonly number: number
  readonly isSecure: boolean
  readonly identity: string | undefined
  readonly listener: TransportListener
  readonly onClose: CallSession["onClose"]
  readonly #desk: Desk
  readonly #options: SessionOptions
  readonly #inbox = new Inbox()
  readonly #outgoing: Outgoing
  readonly #keepalive: Keepalive
  readonly #belongings: Belongings
  readonly #streams: ClientStreams
  #uri = ""
  #isReadOnly: boolean
  #isAdmitted: boolean
  #inFlight = 0
  #anonymousMs = 0
  #wasHeard = false
  #isPumping = false
  #isBreathing = false
  #isPaused = false
  #isLeaving = false
  #isGone = false

  constructor(desk: Desk, options: SessionOptions) {
    const { number, peer, transport } = options
    this.#desk = desk
    this.#options = options
    this.number = number
    this.isSecure = peer.isSecure
    this.identity = peer.identity
    this.#isReadOnly = peer.isReadOnly
    this.#isAdmitted = options.isAdmitted
    this.#outgoing = new Outgoing(transport)
    this.#keepalive = new Keepalive(desk.keepalive)
    this.#belongings = new Belongings(desk.service.engine, this.emit)
    this.onClose = this.#belongings.onClose
    this.#streams = new ClientStreams({
      outgoing: this.#outgoing,
      fork: desk.fork,
      errorOf: (procedure, cause) => this.#errorOf(procedure, cause),
      onRead: () => this.#turn()
    })
    this.listener = {
      onData: (bytes) => this.#received(bytes),
      onEnd: () => this.#end(undefined),
      onDrain: () => {
        this.#outgoing.drained()
        this.#turn()
      }
    }
    if (!this.#isAdmitted) this.#pause()
  }

  // What a call sees of its client.

  get service(): Service {
    return this.#desk.service
  }
  get isReadOnly(): boolean {
    return this.#isReadOnly
  }
  get uri(): string {
    return this.#uri
  }
  get isOpen(): boolean {
    return this.#uri !== ""
  }
  get isAnonymous(): boolean {
    return !this.isOpen && !this.#isGone
  }
  /** Nothing of it is under way. */
  get isIdle(): boolean {
    return this.#inFlight === 0
  }

  get connection(): CallSession["connection"] {
    return this.#belongings.connection
  }

  readonly emit: Emit = (program, event, message) => {
    if (this.#isGone) return
    const packet = Wire.event(program, event, message)
    if (packet === undefined || packet._tag === "Failure")
      return this.#desk.tell({
        what: `event ${event} not sent`,
        why: packet?.failure.message ?? "there is no such event"
      })
    this.#outgoing.sendEvent(packet.success)
    if (this.#outgoing.unreadEvents() > limits.unreadEventBytesMax)
      return this.#end("it does not read its events")
    if (this.#outgoing.unread() > roomBytes) this.#enter()
  }

  opened({ uri, isReadOnly }: { readonly uri: string; readonly isReadOnly: boolean }): void {
    this.#uri = uri
    this.#isReadOnly ||= isReadOnly
    this.#options.onKnown()
  }

  speaksKeepalive(): void {
    this.#keepalive.start()
  }

  closeAfterReply(): void {
    this.#isLeaving = true
  }

  callbacksFor(afterReply: (go: () => void) => void): Callbacks {
    return this.#belongings.callbacks.within(afterReply)
  }

  // What the server tells it.

  /** It has waited for a place, and may speak now. */
  admit(): void {
    this.#isAdmitted = true
    this.#turn()
  }

  /** Once each `tickMs`. `others` wait for a place among the anonymous. */
  tick({ areOthersWaiting }: { readonly areOthersWaiting: boolean }): void {
    this.#enter()
    if (this.isAnonymous && this.#isAdmitted) {
      this.#anonymousMs += limits.tickMs
      if (this.#anonymousMs >= limits.openDeadlineMs) return this.#end("it did not open in time")
      if (areOthersWaiting && !this.#wasHeard && this.#anonymousMs >= limits.silentAnonymousMs)
        return this.#end("it said nothing while others waited")
    }
    // Nothing can be heard of a client that is not read from.
    if (this.#isPaused) return
    const due = this.#keepalive.tick()
    if (due === "dead") this.#end("it does not answer pings")
    if (due === "ping") this.#outgoing.send(Wire.ping)
  }

  /** Takes no further calls; those under way are answered. */
  drain(): void {
    this.#isLeaving = true
    this.#turn()
  }

  /** Drops the connection now. */
  close(): void {
    this.#end(undefined)
  }

  // Bytes in.

  #received(bytes: Uint8Array): void {
    if (this.#isGone) return
    this.#wasHeard = true
    this.#keepalive.heard()
    this.#inbox.push(bytes)
    const isTooLong = this.#inbox.begunBytes > limits.anonymousFrameBytesMax
    if (!this.isOpen && isTooLong) return this.#end("it says too much before it is known")
    this.#turn()
  }

  /** Whether one more packet may be taken up. */
  #hasRoom(): boolean {
    return (
      this.#isAdmitted &&
      !this.#isBreathing &&
      !this.#isLeaving &&
      this.#inFlight < this.#desk.callsInFlightMax &&
      this.#streams.unreadBytes <= limits.unreadStreamBytesMax &&
      this.#outgoing.unread() <= limits.unreadReplyBytesMax
    )
  }

  /** Takes up what has come and may be taken up; answers of one turn leave together. */
  #turn(): void {
    if (this.#isPumping || this.#isGone) return
    this.#isPumping = true
    this.#outgoing.corked(() => this.#pump())
    this.#isPumping = false
    if (this.#isGone) return
    if (this.#isLeaving && this.#inFlight === 0) return this.#leave()
    if (this.#hasRoom()) this.#resume()
    else this.#pause()
    this.#enter()
  }

  #pump(): void {
    for (let taken = 0; this.#hasRoom() && !this.#isGone; taken++) {
      if (taken === limits.packetsPerTurn) return this.#breathe()
      const packet = this.#inbox.take()
      if (packet === undefined)
        return this.#inbox.lost === undefined ? undefined : this.#end(this.#inbox.lost)
      this.#take(packet)
    }
  }

  /** A flood of calls that need no waiting lets the others in between. */
  #breathe(): void {
    this.#isBreathing = true
    this.#desk.fork(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => {
          this.#isBreathing = false
          this.#turn()
        })
      )
    )
  }

  /** Enters what this client keeps from being let go: after turns, and with each tick. */
  #enter(): void {
    if (this.#isGone) return
    const { transport } = this.#options
    const unread = this.#outgoing.unread() + this.#streams.unreadBytes
    this.#desk.account.enter(this, this.#inbox.heldBytes + unread + (transport.readBytes?.() ?? 0))
  }

  /** All clients together hold too much, and this one most of it. */
  letGo(): void {
    this.#end("it holds more memory than any other, and all hold too much")
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#options.transport.pause()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#options.transport.resume()
  }

  #take(packet: Packet): void {
    if (Wire.isKeepalive(packet)) {
      if (Wire.isPing(packet)) this.#outgoing.send(Wire.pong)
      return
    }
    switch (packet.type) {
      case packetType.call:
        return this.#call(packet)
      case packetType.stream:
      case packetType.streamHole:
        return this.#streams.received(packet)
      case packetType.callWithDescriptors:
        // The byte that carries them follows the packet, so that what comes next is no packet.
        this.#refuse(packet, wireError("NO_SUPPORT", "passing file descriptors"))
        this.#isLeaving = true
        return
      default:
        return this.#end(`it sent a packet of type ${packet.type}`)
    }
  }

  // Calls.

  #call(packet: Packet): void {
    if (packet.status !== packetStatus.ok)
      return this.#refuse(packet, wireError("RPC", "a call has no status", { domain: "RPC" }))
    if (this.#streams.has(packet.serial))
      return this.#refuse(packet, wireError("RPC", "its serial is in use", { domain: "RPC" }))
    const served = this.#desk.dispatch.find(packet, this)
    if ("code" in served) return this.#refuse(packet, served)
    const args = decodeArgs(served.procedure, packet.payload)
    if (args._tag === "Failure")
      return this.#refuse(packet, wireError("RPC", args.failure.message, { domain: "RPC" }))
    const call = new Call(this, served.procedure, packet.serial)
    const answer = this.#ask(served, args.success, call)
    if (Effect.isEffect(answer)) this.#wait(call, answer as Effect.Effect<unknown, Fault>)
    else this.#answer(call, answer)
  }

  /** A handler that throws has a mistake; it costs this one call, not the daemon. */
  #ask({ answer }: Served, args: unknown, call: Call): unknown {
    try {
      return answer(args, call)
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  /** Runs to its end also when the client goes meanwhile. */
  #wait(call: Call, answer: Effect.Effect<unknown, Fault, HostServices>): void {
    this.#inFlight += 1
    this.#desk.fork(answer).addObserver((exit) => {
      this.#inFlight -= 1
      if (this.#isGone) return
      if (Exit.isSuccess(exit)) this.#answer(call, exit.value)
      else
        this.#refuse(
          Wire.callHeader(call.procedure, call.serial),
          this.#errorOf(call.procedure.name, exit.cause)
        )
      this.#turn()
    })
  }

  #answer(call: Call, value: unknown): void {
    const { serve } = call
    // Two calls that were under way together: the one stream would be out of everybody's reach.
    if (serve !== undefined && this.#streams.has(call.serial))
      return this.#refuse(
        Wire.callHeader(call.procedure, call.serial),
        wireError("RPC", "its serial is in use", { domain: "RPC" })
      )
    if (serve !== undefined && this.#streams.count >= limits.streamsMax) {
      const text = `a client has at most ${limits.streamsMax} streams`
      return this.#refuse(
        Wire.callHeader(call.procedure, call.serial),
        wireError("OPERATION_FAILED", text)
      )
    }
    const packet = Wire.reply(call.procedure, call.serial, value)
    if (packet._tag === "Failure") {
      this.#desk.tell({ what: `answer of ${call.procedure.name}`, why: packet.failure.message })
      return this.#refuse(
        Wire.callHeader(call.procedure, call.serial),
        wireError("RPC", packet.failure.message)
      )
    }
    this.#outgoing.send(packet.success)
    if (serve !== undefined) this.#streams.open(call, serve)
    call.answered()
  }

  #refuse(header: Wire.CallHeader, error: WireError): void {
    this.#outgoing.send(Wire.refusal(header, error))
  }

  #errorOf(procedure: string, cause: Cause.Cause<Fault>): WireError {
    const failure = cause.reasons.find(Cause.isFailReason)
    if (failure !== undefined) return errorOf(failure.error)
    this.#desk.tell({ what: `a mistake of ours in ${procedure}`, why: Cause.pretty(cause) })
    return defectError(procedure)
  }

  // The end.

  /** What is queued still goes out. */
  #leave(): void {
    this.#options.transport.end()
    this.#forget()
  }

  #end(why: string | undefined): void {
    if (this.#isGone) return
    if (why !== undefined) this.#desk.tell({ what: `client ${this.number} dropped`, why })
    this.#options.transport.close()
    this.#forget()
  }

  #forget(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#desk.account.enter(this, 0)
    this.#outgoing.ended()
    this.#streams.end()
    this.#desk.fork(this.#belongings.end)
    this.#options.onGone()
  }
}
