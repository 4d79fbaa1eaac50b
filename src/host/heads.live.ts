/**
 * The beginnings of thousands of small files. A file takes three system calls of some microseconds
 * each, to which a way to another thread and back would add ten times as much: so they are done
 * here, for a moment at a time. Where the disk makes one of them wait, the rest go the usual way.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { errnoName } from "./errno.live.ts"
import { FileError } from "./files.ts"

type Head = Result.Result<Uint8Array, FileError>

/** Work between two breaths of the event loop. */
const turnMs = 4

/** A file that takes this long is not in memory, and whoever else waits here would feel it. */
const slowMs = 2

/** Clocks are read once for so many files. */
const filesPerLook = 8

const { O_NONBLOCK, O_RDONLY } = fs.constants

const headOf = (path: string, into: Uint8Array): Head => {
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
    return Result.fail(new FileError({ operation, path, code: errnoName(cause) }))
  }
}

/** Each file's first bytes, in order; `readOne` does what a file needs on a thread of its own. */
export const readHeads = (
  paths: readonly string[],
  bytesMax: number,
  readOne: (path: string) => Effect.Effect<Uint8Array, FileError>
): Effect.Effect<readonly Head[]> =>
  Effect.flatMap(quickHeads(paths, bytesMax), (quick) =>
    Effect.map(
      Effect.forEach(paths.slice(quick.length), (path) => Effect.result(readOne(path)), {
        concurrency: filesAtOnce
      }),
      (rest) => [...quick, ...rest]
    )
  )

/** Enough to keep a disk busy. */
const filesAtOnce = 32

/** As many as are read without a wait. */
const quickHeads = (paths: readonly string[], bytesMax: number) =>
  Effect.uninterruptible(
    Effect.callback<readonly Head[]>((resume) => {
      const heads: Head[] = []
      const into = new Uint8Array(bytesMax)
      const some = (): void => {
        const begun = performance.now()
        for (let last = begun; heads.length < paths.length; ) {
          for (const path of paths.slice(heads.length, heads.length + filesPerLook))
            heads.push(headOf(path, into))
          const now = performance.now()
          if (now - last > slowMs * filesPerLook) return resume(Effect.succeed(heads))
          if (now - begun > turnMs) return void setImmediate(some)
          last = now
        }
        resume(Effect.succeed(heads))
      }
      some()
    })
  )
