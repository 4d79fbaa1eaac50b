/**
 * Runs a short program of the host to its end and keeps what it says: bounded in time and bytes,
 * never through a shell, with nothing of ours inherited.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type ProcessExit, Processes } from "./process.ts"

/** It could not be run, did not end in time, or ended badly; in its own words where it has any. */
export class ProgramFailed extends Data.TaggedError("ProgramFailed")<{
  readonly program: string
  readonly why: string
}> {
  override get message(): string {
    return `'${this.program}' failed: ${this.why}`
  }
}

const boundMs = 10_000

/** Of standard output, and of its complaints. */
const outputBytesMax = 4 * 1024 * 1024
const wordsBytesMax = 4096

/** Text that arrives in pieces. What is beyond the bound is read and dropped. */
const makeText = (bytesMax: number) => {
  const decoder = new TextDecoder()
  let text = ""
  let bytes = 0
  return {
    add: (piece: Uint8Array) => {
      bytes += piece.length
      if (bytes <= bytesMax) text += decoder.decode(piece, { stream: true })
    },
    read: () => text,
    isWhole: () => bytes <= bytesMax
  }
}

/** Its standard output. */
export const runProgram = Effect.fnUntraced(function* (argv: readonly [string, ...string[]]) {
  const processes = yield* Processes
  const [program] = argv
  const failed = (why: string) => new ProgramFailed({ program, why })
  const output = makeText(outputBytesMax)
  const words = makeText(wordsBytesMax)
  let ended: (() => void) | undefined
  // The exit may be told before the last of the output.
  const drained = Effect.callback<void>((resume) => {
    ended = () => resume(Effect.void)
  })
  let isDrained = false
  const onEnd = () => {
    isDrained = true
    ended?.()
  }
  const child = yield* processes
    .spawn({
      argv,
      environment: { LC_ALL: "C", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      directory: "/",
      descriptors: {
        1: { kind: "pipe", onData: output.add, onEnd },
        2: { kind: "pipe", onData: words.add }
      },
      isDetached: false
    })
    .pipe(Effect.mapError(({ code }) => failed(code)))
  const exit = yield* Effect.callback<ProcessExit>((resume) =>
    child.onExit((how) => resume(Effect.succeed(how)))
  ).pipe(
    Effect.tap(() => (isDrained ? Effect.void : drained)),
    Effect.timeoutOption(boundMs)
  )
  if (exit._tag === "None") {
    yield* processes.signal(child, "SIGKILL")
    return yield* failed(`it did not end in ${boundMs / 1000} s`)
  }
  const { code, signal } = exit.value
  const said = words.read().trim().replaceAll(/\s+/g, " ")
  if (code !== 0)
    return yield* failed(said || (signal === undefined ? `exit code ${code}` : `it got ${signal}`))
  return output.isWhole() ? output.read() : yield* failed("it says more than can be true")
}, Effect.uninterruptible)
