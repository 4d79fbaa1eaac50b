/**
 * Writes to files of sysfs that move devices between drivers. The kernel answers each write when it
 * has done it; some drivers never do. Such a write cannot be taken back: it is left to itself, told
 * as `DriverStuck`, and only so many may be.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import { type FileError, Files } from "./files.ts"

/** A driver may have to wait for its device; what takes longer is not waited for. */
export const driverBoundMs = 10_000

/** Each that hangs has a thread: as many again are left for everything else. */
const stuckMax = 2

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

const put = Effect.fnUntraced(function* (path: string, text: string) {
  const files = yield* Files
  const file = yield* files.open(path, "write")
  yield* Effect.ensuring(files.write(file, new TextEncoder().encode(text)), files.close(file))
}, Effect.uninterruptible)

export type DriverWrite = (
  what: string,
  path: string,
  text: string
) => Effect.Effect<void, FileError | DriverStuck, Files>

/** Once for each pool: it remembers how many writes hang. */
export const makeDriverWrite = (): DriverWrite => {
  const permits = Semaphore.makeUnsafe(stuckMax)
  return Effect.fnUntraced(function* (what: string, path: string, text: string) {
    const fiber = yield* Effect.forkDetach(permits.withPermit(put(path, text)))
    const exit = yield* Effect.timeoutOption(Fiber.await(fiber), driverBoundMs)
    if (exit._tag === "None")
      return yield* new DriverStuck({ what, ended: Effect.asVoid(Fiber.await(fiber)) })
    return yield* exit.value
  })
}
