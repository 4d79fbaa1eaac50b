/**
 * An open console or channel of a guest: bytes both ways as web streams, at the speed of the slower
 * side. Closing it frees the device; a reader that stops does not.
 */
import type { ByteChannel, ChannelEnd } from "../engine/console.ts"
import { OperationFailed } from "../model/domain-error.ts"

/** The channel ends if far more than this is written to it at once; so it gets pieces. */
const pieceBytesMax = 64 * 1024

const sentenceOf = (why: ChannelEnd | "closed"): string => {
  if (why === "taken over") return "somebody else has opened it by force"
  if (why === "closed") return "it was closed"
  return why === "guest ended" ? "the guest has ended" : why.failed
}

/** Pieces of bytes that are small enough, in order; a text is UTF-8. */
function* piecesOf(data: Uint8Array | string): Generator<Uint8Array> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data
  for (let at = 0; at < bytes.length; at += pieceBytesMax)
    yield bytes.subarray(at, at + pieceBytesMax)
}

export class Console implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The device's alias: `serial0`, `channel0`. */
  readonly device: string
  /** What the guest says. Nothing is taken from it before somebody reads. Ends with the guest. */
  readonly readable: ReadableStream<Uint8Array>
  /** What the guest is told. Closing it closes nothing else. */
  readonly writable: WritableStream<Uint8Array>
  /** Why it ended. A guest's end is noticed behind its last byte: when that has been read. */
  readonly ended: Promise<ChannelEnd | "closed">
  readonly #channel: ByteChannel
  readonly #domain: string
  #why: ChannelEnd | "closed" | undefined
  #hasBegun = false
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined
  /** A read that waits; of those there is one at most. */
  #isAsked = false
  #isCancelled = false
  #drained = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<ChannelEnd | "closed">()

  constructor(channel: ByteChannel, domain: string) {
    this.#channel = channel
    this.#domain = domain
    this.device = channel.device
    this.ended = this.#over.promise
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (reader) => void (this.#reader = reader),
        pull: () => this.#pull(),
        cancel: () => {
          this.#isCancelled = true
          channel.pause()
        }
      },
      { highWaterMark: 0 }
    )
    this.writable = new WritableStream<Uint8Array>({ write: (bytes) => this.write(bytes) })
    channel.onDrain(() => this.#wakeWriters())
    channel.onEnd((why) => this.#end(why))
  }

  /** Returns when the guest has taken so much of it that more may follow. */
  async write(data: Uint8Array | string): Promise<void> {
    for (const piece of piecesOf(data)) {
      this.#check()
      if (!this.#channel.write(piece)) {
        await this.#drained.promise
        this.#check()
      }
    }
  }

  /** Frees the device. Idempotent. */
  async close(): Promise<void> {
    this.#channel.close()
    this.#end("closed")
  }

  /** One after the other may iterate; who stops leaves the console open. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.readable.values({ preventCancel: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #failure(why: ChannelEnd | "closed"): OperationFailed {
    const operation = `use ${this.device} of`
    return new OperationFailed({ domain: this.#domain, operation, why: sentenceOf(why) })
  }

  #check(): void {
    if (this.#why !== undefined) throw this.#failure(this.#why)
  }

  #pull(): void {
    this.#isAsked = true
    if (this.#why !== undefined) this.#finish(this.#why)
    else if (this.#hasBegun) this.#channel.resume()
    else {
      this.#hasBegun = true
      this.#channel.onData((bytes) => this.#hear(bytes))
    }
  }

  #hear(bytes: Uint8Array): void {
    if (this.#isCancelled) return
    this.#isAsked = false
    this.#channel.pause()
    this.#reader?.enqueue(bytes)
  }

  #end(why: ChannelEnd | "closed"): void {
    if (this.#why !== undefined) return
    this.#why = why
    this.#over.resolve(why)
    this.#wakeWriters()
    // Who has not read all of it yet gets that first: `pull` finishes then.
    if (this.#isAsked) this.#finish(why)
  }

  #finish(why: ChannelEnd | "closed"): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    if (why === "guest ended" || why === "closed") this.#reader?.close()
    else this.#reader?.error(this.#failure(why))
  }

  #wakeWriters(): void {
    const { resolve } = this.#drained
    this.#drained = Promise.withResolvers<void>()
    resolve()
  }
}
