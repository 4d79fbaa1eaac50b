/**
 * The client's side of one stream: pieces that came wait here, within a bound that stops the whole
 * connection, until they are read. Written pieces go as fast as the connection takes them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { type CallFailure, ConnectionLost } from "./error.ts"
import { streamHeldBytesMax, streamHeldChunksMax } from "./limits.ts"

/** A hole in a sparse file. */
export interface Hole {
  readonly holeBytes: bigint
}

export type Chunk = Uint8Array | Hole

const sizeOf = (chunk: Chunk): number => ("holeBytes" in chunk ? 0 : chunk.byteLength)

/** What a stream needs of its connection. */
export interface StreamWire {
  readonly sendData: (bytes: Uint8Array) => Effect.Effect<void, CallFailure>
  readonly sendFinish: () => void
  readonly sendAbort: () => void
  /** Whether this stream holds as much as it may. */
  readonly onFull: (isFull: boolean) => void
}

export class ClientStream {
  readonly #wire: StreamWire
  readonly #held: Chunk[] = []
  #heldBytes = 0
  #isFull = false
  /** All has come: a read beyond it gives `undefined`. */
  #isComplete = false
  #failure: CallFailure | undefined
  #reader: ((end: Effect.Effect<Chunk | undefined, CallFailure>) => void) | undefined
  readonly #confirmed = Deferred.makeUnsafe<void, CallFailure>()

  constructor(wire: StreamWire) {
    this.#wire = wire
  }

  /** The next piece; `undefined` when the daemon has sent all. One reader at a time. */
  readonly read: Effect.Effect<Chunk | undefined, CallFailure> = Effect.suspend(() => {
    const next = this.#next()
    if (next !== undefined) return next
    return Effect.callback<Chunk | undefined, CallFailure>((resume) => {
      this.#reader = resume
      return Effect.sync(() => {
        this.#reader = undefined
      })
    })
  })

  /** Sends bytes; returns when the connection has room again. */
  write(bytes: Uint8Array): Effect.Effect<void, CallFailure> {
    return Effect.suspend(() =>
      this.#failure === undefined ? this.#wire.sendData(bytes) : Effect.fail(this.#failure)
    )
  }

  /** Says that no more follows, and waits until the daemon has done with it. */
  readonly finish: Effect.Effect<void, CallFailure> = Effect.suspend(() => {
    if (this.#failure === undefined) this.#wire.sendFinish()
    return Deferred.await(this.#confirmed)
  })

  /** Gives the stream up. */
  readonly abort: Effect.Effect<void> = Effect.sync(() => this.giveUp())

  /** The same, for the connection. */
  giveUp(): void {
    if (this.#failure !== undefined || this.#isComplete) return
    this.#wire.sendAbort()
    this.failed(new ConnectionLost({ why: "the stream was given up" }))
  }

  /** For the connection: a piece came. */
  came(chunk: Chunk): void {
    this.#held.push(chunk)
    this.#heldBytes += sizeOf(chunk)
    this.#tell()
    this.#look()
  }

  /** For the connection: all has come. */
  completed(): void {
    this.#isComplete = true
    this.#tell()
  }

  /** For the connection: the daemon confirms that it has done with the stream. */
  confirmed(): void {
    this.#isComplete = true
    Deferred.doneUnsafe(this.#confirmed, Effect.void)
    this.#tell()
  }

  /** For the connection: nothing more comes, and why. */
  failed(failure: CallFailure): void {
    this.#failure ??= failure
    Deferred.doneUnsafe(this.#confirmed, Effect.fail(failure))
    this.#tell()
  }

  #tell(): void {
    const reader = this.#reader
    if (reader === undefined) return
    const next = this.#next()
    if (next === undefined) return
    this.#reader = undefined
    reader(next)
  }

  #next(): Effect.Effect<Chunk | undefined, CallFailure> | undefined {
    const chunk = this.#held.shift()
    if (chunk !== undefined) {
      this.#heldBytes -= sizeOf(chunk)
      this.#look()
      return Effect.succeed(chunk)
    }
    if (this.#failure !== undefined) return Effect.fail(this.#failure)
    return this.#isComplete ? Effect.undefined : undefined
  }

  /** Tells the connection when this stream becomes full, and when it is so no more. */
  #look(): void {
    const isFull = this.#heldBytes > streamHeldBytesMax || this.#held.length > streamHeldChunksMax
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    this.#wire.onFull(isFull)
  }
}
