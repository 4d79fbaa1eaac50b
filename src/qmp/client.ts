/**
 * A QMP conversation over any connection, for probes and tools: connect, negotiate, execute with
 * deadlines, hear events. The monitor actor of a domain is not this: it stands on `session.ts`.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type Command, negotiate } from "./command.ts"
import { QmpEnded, QmpFault, QmpRefused, QmpTimeout } from "./error.ts"
import type { QmpEvent } from "./event.ts"
import type { Json } from "./json.ts"
import type { QmpGreeting } from "./message.ts"
import { abandon, end, make, type NotSent, type Output, receive, send } from "./session.ts"

/** A stream of bytes to a QEMU, as `host`'s `Sockets` makes one. */
export interface QmpConnection {
  readonly write: (bytes: Uint8Array) => void
  readonly close: () => void
}

export interface QmpListener {
  readonly onData: (bytes: Uint8Array) => void
  readonly onEnd: (error: string | undefined) => void
}

export interface QmpClient {
  readonly greeting: QmpGreeting
  readonly execute: <A>(
    command: Command<A>,
    options?: ExecuteOptions
  ) => Effect.Effect<A, QmpRefused | QmpTimeout | QmpEnded | QmpFault>
  /** Calls for each event in order, until the answer is called. */
  readonly onEvent: (listener: (event: QmpEvent) => void) => () => void
  /** Calls once, when the conversation is over for whatever reason but our own closing. */
  readonly onEnd: (listener: (because: QmpFault | string) => void) => void
}

export interface ExecuteOptions {
  readonly timeoutMs?: number
}

/** QEMU answers in milliseconds; a loaded host may take it off the processor for seconds. */
export const replyTimeoutMs = 30_000

type Waiting = (result: Result.Result<Json, QmpRefused | QmpEnded | QmpFault>) => void

/** The conversation's mutable side: the session, who waits, who listens. */
class Conversation {
  #session = make()
  #over: QmpFault | string | undefined
  #connection: QmpConnection | undefined
  #greeting: QmpGreeting | undefined
  readonly #waiting = new Map<number, Waiting>()
  readonly #greeted: ((greeting: Result.Result<QmpGreeting, QmpEnded | QmpFault>) => void)[] = []
  readonly #events = new Set<(event: QmpEvent) => void>()
  readonly #ends: ((because: QmpFault | string) => void)[] = []

  readonly listener: QmpListener = {
    onData: (bytes) => this.#take(bytes),
    onEnd: (error) => this.#finish(error ?? "QEMU closed the connection")
  }

  open(connection: QmpConnection): void {
    this.#connection = connection
  }

  close(): void {
    this.#connection?.close()
    this.#ends.length = 0
    this.#finish("closed by us")
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#events.add(listener)
    return () => void this.#events.delete(listener)
  }

  onEnd(listener: (because: QmpFault | string) => void): void {
    if (this.#over === undefined) this.#ends.push(listener)
    else listener(this.#over)
  }

  readonly greeting = Effect.callback<QmpGreeting, QmpEnded | QmpFault>((resume) => {
    if (this.#greeting !== undefined) return resume(Effect.succeed(this.#greeting))
    if (this.#over !== undefined) return resume(Effect.fail(endedBy(this.#over, "the greeting")))
    this.#greeted.push((greeting) => resume(Effect.fromResult(greeting)))
  })

  request(command: Command<unknown>): Effect.Effect<Json, QmpRefused | QmpEnded | QmpFault> {
    return Effect.callback((resume) => {
      if (this.#over !== undefined) {
        return resume(Effect.fail(endedBy(this.#over, command.execute)))
      }
      const sent = send(this.#session, command)
      if (Result.isFailure(sent)) return resume(Effect.fail(notSent(command, sent.failure)))
      const { session, id, bytes } = sent.success
      this.#session = session
      this.#waiting.set(id, (result) => resume(Effect.fromResult(result)))
      this.#connection?.write(bytes)
      return Effect.sync(() => {
        this.#waiting.delete(id)
        this.#session = abandon(this.#session, id)
      })
    })
  }

  #take(bytes: Uint8Array): void {
    const { session, outputs, fault } = receive(this.#session, bytes)
    this.#session = session
    for (const output of outputs) this.#give(output)
    if (fault === undefined) return
    this.#connection?.close()
    this.#finish(fault)
  }

  #give(output: Output): void {
    switch (output._tag) {
      case "Greeting":
        this.#greeting = output
        for (const greeted of this.#greeted.splice(0)) greeted(Result.succeed(output))
        return
      case "Event":
        for (const listener of this.#events) listener(output.event)
        return
      case "Reply": {
        const waiting = this.#waiting.get(output.id)
        this.#waiting.delete(output.id)
        waiting?.(output.result)
      }
    }
  }

  #finish(because: QmpFault | string): void {
    if (this.#over !== undefined) return
    this.#over = because
    const { session, unanswered } = end(this.#session)
    this.#session = session
    for (const greeted of this.#greeted.splice(0)) {
      greeted(Result.fail(endedBy(because, "the greeting")))
    }
    for (const { id, command } of unanswered) {
      this.#waiting.get(id)?.(Result.fail(endedBy(because, command)))
      this.#waiting.delete(id)
    }
    for (const listener of this.#ends.splice(0)) listener(because)
  }
}

const endedBy = (because: QmpFault | string, command: string): QmpEnded | QmpFault =>
  typeof because === "string" ? new QmpEnded({ command, because }) : because

const notSent = ({ execute }: Command<unknown>, why: NotSent): QmpRefused | QmpEnded => {
  if (why === "ended") return new QmpEnded({ command: execute, because: why })
  const desc = typeof why === "string" ? why : why.unwritable
  return new QmpRefused({ command: execute, class: "NotSent", desc })
}

export interface ConnectOptions {
  /** For greeting and negotiation together. */
  readonly timeoutMs?: number
}

/**
 * Opens a conversation: greeting, then negotiation with no capability (out-of-band off). The
 * connection closes with the scope.
 */
export const converse = Effect.fnUntraced(function* <E, R>(
  open: (listener: QmpListener) => Effect.Effect<QmpConnection, E, R>,
  { timeoutMs = replyTimeoutMs }: ConnectOptions = {}
) {
  const conversation = new Conversation()
  const execute: QmpClient["execute"] = (command, options) =>
    conversation.request(command).pipe(
      timed(command.execute, options?.timeoutMs ?? replyTimeoutMs),
      Effect.flatMap((reply) => read(command, reply))
    )
  yield* Effect.acquireRelease(
    Effect.map(open(conversation.listener), (connection) => conversation.open(connection)),
    () => Effect.sync(() => conversation.close()),
    { interruptible: true } // Connecting is a wait.
  )
  // The first command goes out before the greeting has come: QEMU reads it when it is ready.
  const [greeting] = yield* timed(
    "qmp_capabilities",
    timeoutMs
  )(
    Effect.all([conversation.greeting, conversation.request(negotiate())], {
      concurrency: "unbounded"
    })
  )
  const client: QmpClient = {
    greeting,
    execute,
    onEvent: (listener) => conversation.onEvent(listener),
    onEnd: (listener) => conversation.onEnd(listener)
  }
  return client
})

const timed =
  (command: string, timeoutMs: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.timeoutOrElse(effect, {
      duration: timeoutMs,
      orElse: () => Effect.fail(new QmpTimeout({ command, timeoutMs }))
    })

/** A reply that is not of its command's shape is QEMU's fault, yet the next one may be well. */
const read = <A>(command: Command<A>, reply: Json): Effect.Effect<A, QmpFault> => {
  const decoded = command.decode(reply)
  return Result.isSuccess(decoded)
    ? Effect.succeed(decoded.success)
    : Effect.fail(
        new QmpFault({ problem: `the reply to '${command.execute}': ${decoded.failure}` })
      )
}
