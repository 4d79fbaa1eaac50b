/**
 * Runs `qemu-img`: bounded in time and in what it may say, and gone with whoever asked for it. The
 * only way in which this folder learns what is in an image.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Files } from "../host/files.ts"
import { type Child, type ProcessExit, Processes } from "../host/process.ts"
import { ImageToolFailed } from "../model/storage-error.ts"
import { killAndConfirm } from "../qemu/kill.ts"

/** What `qemu-img info` says of an image with many snapshots is some 100 KiB. */
const answerBytesMax = 4 * 1024 * 1024

/** Of what it complains about, the end is kept. */
const complaintLengthMax = 2_000

/** A look at an image reads a few blocks; a disk that takes longer is as good as gone. */
const lookTimeoutMs = 15_000

/** Making, copying and resizing write up to the whole image: a day is the end of patience. */
const workTimeoutMs = 24 * 60 * 60 * 1000

/** Between SIGKILL and leaving it: it waits in the kernel, and holds nothing of ours. */
const endBoundMs = 2_000

export interface Run {
  /** An infinitive, for messages: `look at '/pool/a'`. */
  readonly doing: string
  readonly words: readonly string[]
  readonly timeoutMs?: number
}

interface Said {
  readonly exit: ProcessExit
  readonly answer: Uint8Array
  readonly isCut: boolean
  readonly complaint: string
}

/** What one run has said so far; over when it has exited and both pipes have ended. */
class Listening {
  readonly #decoder = new TextDecoder("utf-8", { fatal: false })
  #chunks: Uint8Array[] = []
  #length = 0
  #isCut = false
  #complaint = ""
  #ends = 0
  #exit: ProcessExit | undefined
  #over: ((said: Said) => void) | undefined

  readonly answer = (bytes: Uint8Array): void => {
    this.#length += bytes.length
    if (this.#length > answerBytesMax) this.#isCut = true
    else this.#chunks.push(bytes.slice())
  }

  readonly complain = (bytes: Uint8Array): void => {
    const text = this.#complaint + this.#decoder.decode(bytes, { stream: true })
    this.#complaint = text.slice(-complaintLengthMax)
  }

  readonly ended = (): void => {
    this.#ends++
    this.#tell()
  }

  exited(exit: ProcessExit): void {
    this.#exit = exit
    this.#tell()
  }

  /** One listener, told at once if it is over already. */
  whenOver(over: (said: Said) => void): void {
    this.#over = over
    this.#tell()
  }

  #tell(): void {
    const exit = this.#exit
    if (exit === undefined || this.#ends < 2 || this.#over === undefined) return
    const answer = new Uint8Array(this.#isCut ? 0 : this.#length)
    let at = 0
    for (const chunk of this.#isCut ? [] : this.#chunks) {
      answer.set(chunk, at)
      at += chunk.length
    }
    this.#over({ exit, answer, isCut: this.#isCut, complaint: this.#complaint })
  }
}

const start = Effect.fnUntraced(function* (program: string, run: Run, listening: Listening) {
  const processes = yield* Processes
  const child = yield* processes
    .spawn({
      argv: [program, ...run.words],
      environment: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
      directory: "/",
      descriptors: {
        1: { kind: "pipe", onData: listening.answer, onEnd: listening.ended },
        2: { kind: "pipe", onData: listening.complain, onEnd: listening.ended }
      },
      isDetached: false
    })
    .pipe(
      Effect.mapError(({ code }) => {
        const why = `'${program}' cannot be run: ${code}`
        return new ImageToolFailed({ doing: run.doing, because: "missing", why })
      })
    )
  child.onExit((exit) => listening.exited(exit))
  return child
})

const end = ({ pid, startTime, onExit }: Child) =>
  Effect.ignore(killAndConfirm({ pid, startTime }, { graceMs: 0, boundMs: endBoundMs, onExit }))

const lastWords = ({ exit, complaint }: Said): string => {
  const text = complaint
    .trim()
    .replace(/^qemu-img: /, "")
    .replaceAll("\n", "; ")
  if (text !== "") return text
  return exit.signal === undefined ? `it ended with ${exit.code}` : `it was ended by ${exit.signal}`
}

/** What it said on standard output. Interrupting kills it, and returns when it is dead. */
export const runTool = (program: string, run: Run) =>
  Effect.suspend(() => {
    const { doing, timeoutMs = workTimeoutMs } = run
    const listening = new Listening()
    const fail = (because: ImageToolFailed["because"], why: string) =>
      Effect.fail(new ImageToolFailed({ doing, because, why }))
    const waiting = Effect.callback<Said>((resume) => {
      listening.whenOver((said) => resume(Effect.succeed(said)))
    })
    return Effect.acquireUseRelease(
      start(program, run, listening),
      () => Effect.timeoutOption(waiting, timeoutMs),
      (child, exit) =>
        exit._tag === "Success" && Option.isSome(exit.value) ? Effect.void : end(child)
    ).pipe(
      Effect.flatMap((said) => {
        if (Option.isNone(said)) return fail("overdue", `no answer within ${timeoutMs} ms`)
        if (said.value.exit.code !== 0) return fail("failed", lastWords(said.value))
        if (said.value.isCut) return fail("unexpected answer", "it said more than 4 MiB")
        return Effect.succeed(new TextDecoder("utf-8").decode(said.value.answer))
      })
    )
  })

/** That of the QEMU in use, if it has one beside it; else the host's. */
export const imageToolBeside = Effect.fnUntraced(function* (emulator: string) {
  const files = yield* Files
  const beside = `${emulator.slice(0, emulator.lastIndexOf("/"))}/qemu-img`
  const found = yield* Effect.option(files.stat(beside))
  return Option.isSome(found) ? beside : "/usr/bin/qemu-img"
})

const Answer = Schema.Struct({
  format: Schema.String,
  "virtual-size": Schema.Number,
  "backing-filename": Schema.optional(Schema.String),
  "full-backing-filename": Schema.optional(Schema.String),
  "backing-filename-format": Schema.optional(Schema.String),
  "cluster-size": Schema.optional(Schema.Number),
  "format-specific": Schema.optional(
    Schema.Struct({
      data: Schema.optional(
        Schema.Struct({
          compat: Schema.optional(Schema.String),
          "lazy-refcounts": Schema.optional(Schema.Boolean)
        })
      )
    })
  )
})

const decodeAnswer = Schema.decodeUnknownResult(Schema.fromJsonString(Answer))

/** What QEMU makes of an image. The backing file itself is not opened. */
export type ImageFacts = typeof Answer.Type

/**
 * Looks at an image without a lock, so that one that a guest writes to can be looked at too. The
 * path is absolute, so that no part of it can be read as a protocol.
 */
export const lookIntoImage = Effect.fnUntraced(function* (program: string, path: string) {
  const doing = `look at '${path}'`
  const words = ["info", "--force-share", "--output=json", path]
  const text = yield* runTool(program, { doing, words, timeoutMs: lookTimeoutMs })
  const facts = decodeAnswer(text)
  if (Result.isSuccess(facts)) return facts.success
  const why = "its answer is not as expected"
  return yield* new ImageToolFailed({ doing, because: "unexpected answer", why })
})
