/**
 * A guest's log: an append-only file that QEMU writes and we bound. Rotates at opening (NAME.log to
 * NAME.log.0, .1, ...), trims while QEMU holds it, and reads the last words. Policy over `Files`.
 */
import * as Effect from "effect/Effect"
import { type FileError, type FileHandle, Files } from "./files.ts"

export interface LogLimits {
  /** Past this the log is rotated or trimmed. */
  readonly bytesMax: number
  /** How many older files are kept beside it. */
  readonly backups: number
}

/** virtlogd's own (virtlogd.conf: max_size, max_backups). */
export const logLimits: LogLimits = { bytesMax: 2 * 1024 * 1024, backups: 3 }

/** Last words are read from the end only, however long the log is. */
const lastWordsBytesMax = 16 * 1024

/** Copied at once while trimming. */
const copyChunkBytes = 256 * 1024

const sizeOf = (path: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    return (yield* files.stat(path)).size
  }).pipe(
    Effect.catch((error: FileError) =>
      error.code === "ENOENT" ? Effect.succeed(0) : Effect.fail(error)
    )
  )

/** Moves a file on, if there is one. */
const move = Effect.fnUntraced(function* (from: string, to: string) {
  const files = yield* Files
  yield* Effect.catch(files.rename(from, to), (error) =>
    error.code === "ENOENT" ? Effect.void : Effect.fail(error)
  )
})

const makeRoom = Effect.fnUntraced(function* (path: string, backups: number) {
  for (let number = backups - 1; number > 0; number--) {
    yield* move(`${path}.${number - 1}`, `${path}.${number}`)
  }
})

export interface OpenLog {
  readonly file: FileHandle
  /** Where what is written from now on begins, for `lastWords`. */
  readonly offset: number
}

/** Opens for appending, after a rotation when it is full. The file is the caller's to close. */
export const openLog = Effect.fnUntraced(function* (path: string, limits: LogLimits = logLimits) {
  const files = yield* Files
  if ((yield* sizeOf(path)) >= limits.bytesMax) {
    yield* makeRoom(path, limits.backups)
    if (limits.backups > 0) yield* move(path, `${path}.0`)
    else yield* files.unlink(path)
  }
  const file = yield* files.open(path, "append", 0o600)
  const offset = yield* Effect.onError(sizeOf(path), () => files.close(file))
  const opened: OpenLog = { file, offset }
  return opened
}, Effect.uninterruptible)

/**
 * Bounds a log that a QEMU holds open: what it said last moves to NAME.log.0, and the file is cut
 * to nothing, where QEMU's appending goes on. What is written between the two is lost; QEMU is
 * never held up. Answers whether there was something to trim.
 */
export const trimLog = Effect.fnUntraced(function* (path: string, limits: LogLimits = logLimits) {
  const files = yield* Files
  const size = yield* sizeOf(path)
  if (size <= limits.bytesMax) return false
  if (limits.backups > 0) {
    const copy = `${path}.new`
    yield* copyTail(path, copy, { from: size - limits.bytesMax, to: size })
    yield* makeRoom(path, limits.backups)
    yield* files.rename(copy, `${path}.0`)
  }
  yield* files.truncate(path, 0)
  return true
}, Effect.uninterruptible)

interface Range {
  readonly from: number
  readonly to: number
}

const copyTail = Effect.fnUntraced(function* (path: string, copy: string, { from, to }: Range) {
  const files = yield* Files
  const input = yield* files.open(path, "read")
  const copying = Effect.gen(function* () {
    const output = yield* files.open(copy, "write", 0o600)
    yield* Effect.ensuring(copyAll(input, output, { from, to }), files.close(output))
  })
  yield* Effect.ensuring(copying, files.close(input))
})

const copyAll = Effect.fnUntraced(function* (input: FileHandle, output: FileHandle, range: Range) {
  const files = yield* Files
  for (let at = range.from; at < range.to; ) {
    const bytes = yield* files.readAt(input, at, Math.min(copyChunkBytes, range.to - at))
    if (bytes.byteLength === 0) return
    yield* files.write(output, bytes)
    at += bytes.byteLength
  }
})

export interface LastWordsOptions {
  /** `OpenLog.offset`: older words are another run's. */
  readonly from: number
  readonly linesMax?: number
}

/** The last lines, safe to show. A log that cannot be read says nothing. */
export const lastWords = Effect.fnUntraced(
  function* (path: string, { from, linesMax = 10 }: LastWordsOptions) {
    const files = yield* Files
    const size = yield* sizeOf(path)
    // A log that was trimmed meanwhile is shorter than where this run began.
    const begin = size < from ? 0 : from
    const start = Math.max(begin, size - lastWordsBytesMax)
    const bytes = yield* Effect.acquireUseRelease(
      files.open(path, "read"),
      (file) => files.readAt(file, start, size - start),
      (file) => files.close(file)
    )
    const lines = new TextDecoder().decode(bytes).split("\n")
    const whole = start > begin ? lines.slice(1) : lines
    return whole
      .filter((line) => line.trim() !== "")
      .slice(-linesMax)
      .map(printable)
  },
  Effect.catch(() => Effect.succeed<readonly string[]>([]))
)

/** Control and format characters as escapes: a guest's words must not drive a terminal. */
export const printable = (text: string): string =>
  text.trimEnd().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return character === "\t" ? " " : `\\u{${code.toString(16)}}`
  })
