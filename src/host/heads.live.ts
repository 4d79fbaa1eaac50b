/**
 * The beginnings of thousands of small files, and where thousands of links lead. Each takes up to
 * three system calls of some microseconds, to which a way to another thread and back would add ten
 * times as much: so they are done here, for a moment at a time. Where the disk makes one of them
 * wait, the rest go the usual way.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { errnoName } from "./errno.live.ts"
import { FileError } from "./files.ts"

type Found<A> = Result.Result<A, FileError>

/** Work between two breaths of the event loop. */
const turnMs = 4

/** A file that takes this long is not in memory, and whoever else waits here would feel it. */
const slowMs = 2

/** Clocks are read once for so many files. */
const filesPerLook = 8

const { O_NONBLOCK, O_RDONLY } = fs.constants

const failed = (operation: string, path: string, cause: unknown) =>
  Result.fail(new FileError({ operation, path, code: errnoName(cause) }))

const headOf = (path: string, into: Uint8Array): Found<Uint8Array> => {
  let operation = "open"
  try {
    const fd = fs.openSync(path, O_RDONLY | O_NONBLOCK)
    operation = "read"
    try {
      const count = fs.readSync(fd, into, 0, into.byteLength, 0)
      return Result.succeed(into.slice(0, count))
    } finally {
      fs.closeSync(fd)
    }
  } catch (cause) {
    return failed(operation, path, cause)
  }
}

const linkOf = (path: string): Found<string> => {
  try {
    return Result.succeed(fs.readlinkSync(path))
  } catch (cause) {
    return failed("readlink", path, cause)
  }
}

/** Of each path, in order. */
interface Reading<A> {
  /** At once. */
  readonly quick: (path: string) => Found<A>
  /** On a thread of its own. */
  readonly slow: (path: string) => Effect.Effect<A, FileError>
}

/** Each file's first bytes, in order; `slow` does what a file needs on a thread of its own. */
export const readHeads = (
  paths: readonly string[],
  bytesMax: number,
  slow: (path: string) => Effect.Effect<Uint8Array, FileError>
): Effect.Effect<readonly Found<Uint8Array>[]> => {
  const into = new Uint8Array(bytesMax)
  return readAll(paths, { quick: (path) => headOf(path, into), slow })
}

/** Where each link leads, in order. */
export const readLinks = (
  paths: readonly string[],
  slow: (path: string) => Effect.Effect<string, FileError>
): Effect.Effect<readonly Found<string>[]> => readAll(paths, { quick: linkOf, slow })

const readAll = <A>(
  paths: readonly string[],
  { quick, slow }: Reading<A>
): Effect.Effect<readonly Found<A>[]> =>
  Effect.flatMap(quickOnes(paths, quick), (ones) =>
    Effect.map(
      Effect.forEach(paths.slice(ones.length), (path) => Effect.result(slow(path)), {
        concurrency: filesAtOnce
      }),
      (rest) => [...ones, ...rest]
    )
  )

/** Enough to keep a disk busy. */
const filesAtOnce = 32

/** Of many links most are not there: to tell where a failure was made costs more than to fail. */
const withoutStacks = (run: () => void): void => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** As many as are read without a wait. */
const quickOnes = <A>(paths: readonly string[], quick: (path: string) => Found<A>) =>
  Effect.uninterruptible(
    Effect.callback<readonly Found<A>[]>((resume) => {
      const found: Found<A>[] = []
      const upTo = (last: number): void => {
        while (found.length < last) found.push(quick(paths[found.length] ?? ""))
      }
      const some = (): void => {
        const begun = performance.now()
        for (let last = begun; found.length < paths.length; ) {
          withoutStacks(() => upTo(Math.min(paths.length, found.length + filesPerLook)))
          const now = performance.now()
          if (now - last > slowMs * filesPerLook) return resume(Effect.succeed(found))
          if (now - begun > turnMs) return void setImmediate(some)
          last = now
        }
        resume(Effect.succeed(found))
      }
      some()
    })
  )
