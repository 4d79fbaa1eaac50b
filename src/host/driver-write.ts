/**
 * Writes to files of sysfs that move devices between drivers, and whose turn it is to do so. The
 * kernel answers each write when it has done it; some drivers never do. Such a write cannot be
 * taken back: it is left to itself, told as `DriverStuck`, and keeps its turn until it ends.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type FileError, Files } from "./files.ts"

/** A driver may have to wait for its device; what takes longer is not waited for. */
export const driverBoundMs = 10_000

/** Each write that hangs has a thread of Node's four: as many again are left for all else. */
export const turnsMax = 2

/** A write to sysfs has not ended in time, and goes on. */
export class DriverStuck extends Data.TaggedError("DriverStuck")<{
  readonly what: string
  /** Waits until it has ended. */
  readonly ended: Effect.Effect<void>
}> {
  override get message(): string {
    return `${this.what} has not ended for ${driverBoundMs / 1_000} s and still hangs`
  }
}

/** Every turn has a write that hangs: nothing was touched. */
export class DriversHang extends Data.TaggedError("DriversHang")<{
  /** Which, by what each was to do. */
  readonly hanging: readonly string[]
  /** Waits until one of them has ended. */
  readonly ended: Effect.Effect<void>
}> {
  override get message(): string {
    const { hanging } = this
    return `${hanging.length} other drivers hang: ${hanging.join("; ")}`
  }
}

/** What a deed on one device writes with, in its turn. */
export class DriverTurn extends Context.Service<
  DriverTurn,
  {
    readonly write: (
      what: string,
      path: string,
      text: string
    ) => Effect.Effect<void, FileError | DriverStuck, Files>
  }
>()("troupe/host/DriverTurn") {}

const put = Effect.fnUntraced(function* (path: string, text: string) {
  const files = yield* Files
  const file = yield* files.open(path, "write")
  yield* Effect.ensuring(files.write(file, new TextEncoder().encode(text)), files.close(file))
}, Effect.uninterruptible)

interface Turn {
  /** What is being written, or hangs. */
  writing: string | undefined
  hangs: boolean
  /** Its deed has ended; the write may not have. */
  isLeft: boolean
  readonly ended: Deferred.Deferred<void>
}

interface Waiter {
  readonly go: (turn: Turn) => void
  readonly refuse: (error: DriversHang) => void
}

/**
 * Who may move a device between drivers now: one for each engine, whatever the devices are. A deed
 * waits for its turn as long as one of those before it may still end in time, and its own time
 * begins with its turn.
 */
export class DriverTurns {
  private readonly turns = new Set<Turn>()
  private waiting: readonly Waiter[] = []

  /** Runs a deed of one or more writes in its turn, or refuses it before it has begun. */
  within<A, E, R>(
    deed: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | DriversHang, Exclude<R, DriverTurn>> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.next), (turn) =>
        deed.pipe(
          Effect.provideService(DriverTurn, { write: this.writing(turn) }),
          restore,
          Effect.ensuring(Effect.sync(() => this.leave(turn)))
        )
      )
    )
  }

  private readonly next = Effect.callback<Turn, DriversHang>((resume) => {
    const waiter: Waiter = {
      go: (turn) => resume(Effect.succeed(turn)),
      refuse: (error) => resume(Effect.fail(error))
    }
    this.waiting = [...this.waiting, waiter]
    this.serve()
    return Effect.sync(() => {
      this.waiting = this.waiting.filter((one) => one !== waiter)
    })
  })

  /** First come, first served; nobody, when no turn is known to end. */
  private serve(): void {
    while (this.waiting.length > 0) {
      const [waiter, ...others] = this.waiting
      const isFree = this.turns.size < turnsMax
      if (waiter === undefined || !(isFree || this.allHang)) return
      this.waiting = others
      if (isFree) waiter.go(this.take())
      else waiter.refuse(this.refusal())
    }
  }

  private get allHang(): boolean {
    return [...this.turns].every(({ hangs }) => hangs)
  }

  private take(): Turn {
    const ended = Deferred.makeUnsafe<void>()
    const turn: Turn = { writing: undefined, hangs: false, isLeft: false, ended }
    this.turns.add(turn)
    return turn
  }

  private refusal(): DriversHang {
    const turns = [...this.turns]
    const hanging = turns.map(({ writing }) => writing ?? "a write")
    return new DriversHang({ hanging, ended: endedOne(turns) })
  }

  private leave(turn: Turn): void {
    turn.isLeft = true
    // Nobody waits for the write any more: when it ends is not known.
    turn.hangs = turn.writing !== undefined
    if (turn.hangs) this.serve()
    this.settle(turn)
  }

  private settle(turn: Turn): void {
    if (!turn.isLeft || turn.writing !== undefined) return
    this.turns.delete(turn)
    Deferred.doneUnsafe(turn.ended, Effect.void)
    this.serve()
  }

  private readonly writing = (turn: Turn) => (what: string, path: string, text: string) =>
    Effect.gen({ self: this }, function* () {
      turn.writing = what
      const fiber = yield* Effect.forkDetach(put(path, text))
      fiber.addObserver(() => {
        turn.writing = undefined
        turn.hangs = false
        this.settle(turn)
      })
      const exit = yield* Effect.timeoutOption(Fiber.await(fiber), driverBoundMs)
      if (exit._tag === "Some") return yield* exit.value
      turn.hangs = true
      this.serve()
      return yield* new DriverStuck({ what, ended: Deferred.await(turn.ended) })
    })
}

const endedOne = (turns: readonly Turn[]): Effect.Effect<void> =>
  Effect.raceAll(turns.map(({ ended }) => Deferred.await(ended)))
