/**
 * Two ends of a connection in the simulated world: bytes arrive in pieces of any size, each a
 * delivery of its own, until one end is gone.
 */
import * as Effect from "effect/Effect"
import type { Transport, TransportListener } from "../../../src/rpc/server/transport.ts"
import type { Chance } from "../../../src/testing/strategy/chance.ts"

type Fork = (effect: Effect.Effect<void>) => unknown

/** What is on its way to one end. */
class Half {
  private readonly fork: Fork
  private readonly chance: Chance
  private queue: Uint8Array[] = []
  private isMoving = false
  private isPaused = false
  private isOver = false
  private isEnding = false
  listener: TransportListener | undefined
  /** Told when all that was written has arrived, and when the end has, too. */
  onEmpty: () => void = () => {}
  onEnded: () => void = () => {}

  constructor(fork: Fork, chance: Chance) {
    this.fork = fork
    this.chance = chance
  }

  get pendingBytes(): number {
    return this.queue.reduce((sum, { length }) => sum + length, 0)
  }

  push(bytes: Uint8Array): void {
    if (this.isOver || this.isEnding) return
    this.queue.push(bytes.slice())
    this.move()
  }

  /** What was written arrives, and then the end. */
  end(): void {
    this.isEnding = true
    this.move()
  }

  /** What has not arrived never does. */
  cut(isTold: boolean): void {
    if (this.isOver) return
    this.isOver = true
    this.queue = []
    const { listener } = this
    if (isTold)
      this.fork(
        Effect.andThen(
          Effect.yieldNow,
          told(() => listener?.onEnd(undefined))
        )
      )
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused
    this.move()
  }

  private move(): void {
    if (this.isMoving) return
    this.isMoving = true
    const step = Effect.sync(() => this.step())
    this.fork(
      Effect.gen({ self: this }, function* () {
        do yield* Effect.andThen(Effect.yieldNow, step)
        while (this.isMoving)
      })
    )
  }

  private step(): void {
    const [first, ...rest] = this.queue
    if (this.isOver || this.isPaused || (first === undefined && !this.isEnding)) {
      this.isMoving = false
      return
    }
    if (first === undefined) {
      this.cut(true)
      return this.onEnded()
    }
    const size = this.chance.oneIn(3) ? 1 + this.chance.below(first.length) : first.length
    const left = first.subarray(size)
    this.queue = left.length === 0 ? rest : [left, ...rest]
    this.listener?.onData(first.subarray(0, size))
    if (this.queue.length === 0) this.onEmpty()
  }
}

const told = (tell: () => void): Effect.Effect<void> => Effect.sync(tell)

interface End extends Transport {
  /** Whoever hears what arrives here. */
  readonly hear: (listener: TransportListener) => void
}

const endOf = (out: Half, into: Half): End => ({
  write: (bytes) => out.push(bytes),
  pendingBytes: () => out.pendingBytes,
  pause: () => into.pause(true),
  resume: () => into.pause(false),
  close: () => {
    out.cut(true)
    into.cut(false)
  },
  end: () => out.end(),
  hear: (listener) => {
    into.listener = listener
    out.onEmpty = () => listener.onDrain()
    out.onEnded = () => listener.onEnd(undefined)
  }
})

/** A connection; each end's writes arrive at the other. */
export const makePipe = (fork: Fork, chance: Chance): readonly [End, End] => {
  const [there, back] = [new Half(fork, chance), new Half(fork, chance)]
  return [endOf(there, back), endOf(back, there)]
}
