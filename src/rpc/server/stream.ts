/**
 * Owns one call's stream: what of it has come and was not read, whether either side has finished,
 * and the fiber that copies. Says what goes out through `StreamOutlet`; knows no packets.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Fault } from "../error-code.ts"
import type { ByteStream, StreamChunk } from "./handler.ts"
import { streamPacketBytesMax } from "./limits.ts"

/** What a stream says to its client and to its session. */
export interface StreamOutlet {
  readonly data: (bytes: Uint8Array) => void
  readonly hole: (holeBytes: bigint) => void
  /** Confirms the end, or the giving up, that the client asked for. The stream is no more. */
  readonly confirm: () => void
  /** The stream is no more. */
  readonly fail: (cause: Cause.Cause<Fault>) => void
  readonly whenRoom: (go: () => void) => void
  /** So many bytes more (or less) wait to be read. */
  readonly waits: (bytes: number) => void
}

const sizeOf = (chunk: StreamChunk): number => (chunk instanceof Uint8Array ? chunk.length : 16)

const nothing = new Uint8Array(0)

type Answer = Effect.Effect<StreamChunk | undefined>

export class ServedStream implements ByteStream {
  readonly #outlet: StreamOutlet
  #chunks: StreamChunk[] = []
  #reader: ((answer: Answer) => void) | undefined
  #fiber: Fiber.Fiber<void, Fault> | undefined
  /** What the client has said last: it may send, it has finished, or it has given up. */
  #client: "open" | "finished" | "gone" = "open"
  #hasServed = false
  #hasEnded = false

  constructor(outlet: StreamOutlet) {
    this.#outlet = outlet
  }

  /** Begins the work; what it ends with is told to the client. */
  begin(fork: () => Fiber.Fiber<void, Fault>): void {
    const fiber = fork()
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#worked(exit))
  }

  /** The client sent data. After its finish, or when nobody reads any more, it is dropped. */
  received(chunk: StreamChunk): void {
    if (this.#client !== "open" || this.#hasServed) return
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      return reader(Effect.succeed(chunk))
    }
    this.#chunks.push(chunk)
    this.#outlet.waits(sizeOf(chunk))
  }

  /** The client sends no more, and waits for the confirmation. */
  finished(): void {
    if (this.#client !== "open") return
    this.#client = "finished"
    if (this.#hasServed) return this.#outlet.confirm()
    const reader = this.#reader
    this.#reader = undefined
    reader?.(Effect.succeed(undefined))
  }

  /** The client gives up, or is gone: the work is interrupted. */
  aborted(): void {
    if (this.#client === "gone") return
    this.#client = "gone"
    this.#forget()
    if (this.#hasServed) this.#outlet.confirm()
    else this.#fiber?.interruptUnsafe()
  }

  readonly read: Answer = Effect.suspend(() => {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#outlet.waits(-sizeOf(chunk))
      return Effect.succeed(chunk)
    }
    if (this.#client !== "open") return Effect.succeed(undefined)
    return Effect.callback<StreamChunk | undefined>((resume) => {
      this.#reader = resume
      return Effect.sync(() => {
        this.#reader = undefined
      })
    })
  })

  write(bytes: Uint8Array): Effect.Effect<void> {
    const parts: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += streamPacketBytesMax)
      parts.push(bytes.subarray(at, at + streamPacketBytesMax))
    return Effect.forEach(parts, (part) => this.#send(() => this.#outlet.data(part)), {
      discard: true
    })
  }

  writeHole(holeBytes: bigint): Effect.Effect<void> {
    return this.#send(() => this.#outlet.hole(holeBytes))
  }

  readonly end: Effect.Effect<void> = Effect.sync(() => this.#sendEnd())

  #send(say: () => void): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.#client !== "gone" && !this.#hasEnded) say()
      this.#outlet.whenRoom(() => resume(Effect.void))
    })
  }

  #sendEnd(): void {
    if (this.#hasEnded || this.#client !== "open") return
    this.#hasEnded = true
    this.#outlet.data(nothing)
  }

  #worked(exit: Exit.Exit<void, Fault>): void {
    this.#forget()
    if (this.#client === "gone") return this.#outlet.confirm()
    if (Exit.isFailure(exit)) return this.#outlet.fail(exit.cause)
    this.#sendEnd()
    this.#hasServed = true
    if (this.#client === "finished") this.#outlet.confirm()
  }

  #forget(): void {
    for (const chunk of this.#chunks) this.#outlet.waits(-sizeOf(chunk))
    this.#chunks = []
  }
}
