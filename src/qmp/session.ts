/**
 * One QMP conversation as a pure state machine: bytes in, greeting, replies and events out;
 * commands in, bytes and ids out. Owns the ids and what is in flight. Has no clock and no socket:
 * deadlines are the caller's, who abandons an id and never hears of it again.
 */
import * as Result from "effect/Result"
import { assert } from "../base/assert.ts"
import { QmpFault, QmpRefused } from "./error.ts"
import { decodeEvent, type QmpEvent, type RawEvent } from "./event.ts"
import { emptyFrame, feed, type Frame } from "./frame.ts"
import { formatJson, type Json, type JsonObject } from "./json.ts"
import { decodeMessage, type Message, type QmpGreeting } from "./message.ts"

/** Commands that QEMU has not answered, abandoned ones too: it owes those a reply still. */
export const inFlightMax = 256

/** What a session needs of a command; `command.ts` builds them. */
export interface Sendable {
  readonly execute: string
  readonly arguments?: JsonObject
}

interface InFlight {
  readonly command: string
  /** Nobody waits any more; the reply, when it comes, is dropped. */
  readonly isAbandoned: boolean
}

export interface Session {
  readonly phase: "greeting" | "open" | "ended"
  readonly frame: Frame
  readonly nextId: number
  readonly inFlight: ReadonlyMap<number, InFlight>
}

export type Output =
  | QmpGreeting
  | {
      readonly _tag: "Reply"
      readonly id: number
      readonly command: string
      readonly result: Result.Result<Json, QmpRefused>
    }
  | {
      readonly _tag: "Event"
      readonly event: QmpEvent
      /** As it came: for who knows more of QEMU than we do. */
      readonly raw: RawEvent
    }

export interface Received {
  readonly session: Session
  readonly outputs: readonly Output[]
  /** Set once, when the peer broke the protocol after those outputs: drop the connection. */
  readonly fault: QmpFault | undefined
}

/** Why a command was not sent; nothing changed. */
export type NotSent = "ended" | "too many commands in flight" | { readonly unwritable: string }

export interface Sent {
  readonly session: Session
  readonly id: number
  /** To be written whole, in the order of sending. */
  readonly bytes: Uint8Array
}

export const make = (): Session => ({
  phase: "greeting",
  frame: emptyFrame,
  nextId: 1,
  inFlight: new Map()
})

const encoder = new TextEncoder()

/** QEMU reads its socket before it greets, so that the first command need not wait for it. */
export const send = (session: Session, command: Sendable): Result.Result<Sent, NotSent> => {
  if (session.phase === "ended") return Result.fail("ended")
  if (session.inFlight.size >= inFlightMax) return Result.fail("too many commands in flight")
  const id = session.nextId
  const { execute, arguments: words } = command
  const text = formatJson(words === undefined ? { execute, id } : { execute, arguments: words, id })
  if (Result.isFailure(text)) return Result.fail({ unwritable: text.failure })
  const inFlight = new Map(session.inFlight).set(id, { command: execute, isAbandoned: false })
  const bytes = encoder.encode(`${text.success}\n`)
  return Result.succeed({ session: { ...session, nextId: id + 1, inFlight }, id, bytes })
}

/** Its reply will be dropped. Nothing happens when it was answered or abandoned before. */
export const abandon = (session: Session, id: number): Session => {
  const waiting = session.inFlight.get(id)
  if (waiting === undefined || waiting.isAbandoned) return session
  const inFlight = new Map(session.inFlight).set(id, { ...waiting, isAbandoned: true })
  return { ...session, inFlight }
}

export const receive = (session: Session, bytes: Uint8Array): Received => {
  if (session.phase === "ended") return { session, outputs: [], fault: undefined }
  const { frame, lines, problem } = feed(session.frame, bytes)
  const outputs: Output[] = []
  let now: Session = { ...session, frame }
  for (const line of lines) {
    const step = take(now, decodeMessage(line), line.length)
    now = step.session
    if (step.output !== undefined) outputs.push(step.output)
    if (step.problem !== undefined) return faulty(now, outputs, step.problem)
  }
  if (problem !== undefined) return faulty(now, outputs, problem)
  return { session: now, outputs, fault: undefined }
}

export interface Ended {
  readonly session: Session
  /** Those who still wait, in the order of sending: each is to be failed now, and only now. */
  readonly unanswered: readonly { readonly id: number; readonly command: string }[]
}

/** The connection is over, whatever ended it. A second end tells nobody. */
export const end = (session: Session): Ended => {
  const unanswered = [...session.inFlight]
    .filter(([, { isAbandoned }]) => !isAbandoned)
    .map(([id, { command }]) => ({ id, command }))
  return {
    session: { ...session, phase: "ended", frame: emptyFrame, inFlight: new Map() },
    unanswered
  }
}

const faulty = (session: Session, outputs: readonly Output[], problem: string): Received => ({
  session: { ...session, phase: "ended", frame: emptyFrame },
  outputs,
  fault: new QmpFault({ problem })
})

interface Step {
  readonly session: Session
  readonly output?: Output
  readonly problem?: string
}

const take = (session: Session, message: Message, sizeBytes: number): Step => {
  if (message._tag === "Malformed") return { session, problem: message.problem }
  if (message._tag === "Greeting") return greet(session, message)
  // Before its greeting QEMU answers nothing and emits nothing.
  if (session.phase === "greeting") {
    return { session, problem: `${message._tag.toLowerCase()} before the greeting` }
  }
  if (message._tag === "Event") {
    return {
      session,
      output: { _tag: "Event", event: decodeEvent(message, sizeBytes), raw: message }
    }
  }
  return answer(session, message)
}

const greet = (session: Session, greeting: QmpGreeting): Step =>
  session.phase === "greeting"
    ? { session: { ...session, phase: "open" }, output: greeting }
    : { session, problem: "a second greeting" }

/** A reply belongs to a command that was sent and is not answered yet, or the peer is at fault. */
const answer = (session: Session, reply: Message & { readonly _tag: "Return" | "Error" }): Step => {
  const { id } = reply
  if (id === undefined) {
    // QEMU answers so to a line that it could not read at all.
    const words = reply._tag === "Error" ? `: ${reply.description}` : ""
    return { session, problem: `a reply without an id${words}` }
  }
  const waiting = typeof id === "number" ? session.inFlight.get(id) : undefined
  if (typeof id !== "number" || waiting === undefined) {
    return { session, problem: `a reply to a command that waits for none, id ${String(id)}` }
  }
  assert(id < session.nextId, "only ids that were issued are in flight")
  const inFlight = new Map(session.inFlight)
  inFlight.delete(id)
  const next = { ...session, inFlight }
  if (waiting.isAbandoned) return { session: next }
  const result = resultOf(waiting.command, reply)
  return { session: next, output: { _tag: "Reply", id, command: waiting.command, result } }
}

const resultOf = (
  command: string,
  reply: Message & { readonly _tag: "Return" | "Error" }
): Result.Result<Json, QmpRefused> =>
  reply._tag === "Return"
    ? Result.succeed(reply.value)
    : Result.fail(new QmpRefused({ command, class: reply.class, desc: reply.description }))
