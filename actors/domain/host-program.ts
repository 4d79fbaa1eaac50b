/** Runs a short program of the host to its end: bounded, never through a shell, output kept. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Processes } from "../../src/host/process.ts"

/** A step on the host was refused, in the words of whoever refused it. */
export class HelperRefused extends Data.TaggedError("HelperRefused")<{
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.what}: ${this.why}`
  }
}

const wordsBytesMax = 4096
const boundMs = 10_000

/** Runs a short helper and fails with its own words when it does. */
export const runHelper = Effect.fnUntraced(function* (
  what: string,
  argv: readonly [string, ...string[]]
) {
  const processes = yield* Processes
  let said = ""
  const child = yield* processes
    .spawn({
      argv,
      environment: { LC_ALL: "C", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      directory: "/",
      descriptors: {
        1: { kind: "null" },
        2: {
          kind: "pipe",
          onData: (bytes) => {
            said = `${said}${new TextDecoder().decode(bytes)}`.slice(0, wordsBytesMax)
          }
        }
      },
      isDetached: false
    })
    .pipe(Effect.mapError(({ message }) => new HelperRefused({ what, why: message })))
  const ended = yield* Effect.callback<number | undefined>((resume) =>
    child.onExit(({ code }) => resume(Effect.succeed(code)))
  ).pipe(Effect.timeoutOption(boundMs))
  if (ended._tag === "None") {
    yield* processes.signal(child, "SIGKILL")
    return yield* new HelperRefused({ what, why: `'${argv[0]}' did not end in ${boundMs} ms` })
  }
  if (ended.value === 0) return
  const why = said.trim().replaceAll(/\s+/g, " ") || `'${argv[0]}' ended with ${ended.value}`
  return yield* new HelperRefused({ what, why })
}, Effect.uninterruptible)
