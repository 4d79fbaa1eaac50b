/**
 * Owns one QMP connection: what was asked and not answered, and whether QEMU is silent. Passes
 * events on in order with the reader's speed; every pending command ends exactly once, whatever
 * ends the connection. Knows nothing of domains: what an event means is decided where it arrives.
 */
import * as Effect from "effect/Effect"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import {
  type Connection,
  type ConnectionListener,
  type SocketError,
  Sockets
} from "../src/host/socket.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { askDeadlineMs } from "../src/kernel/limits.ts"
import { QmpEnded, type QmpError, type QmpFault, QmpRefused, QmpTimeout } from "../src/qmp/error.ts"
import type { QmpEvent, RawEvent } from "../src/qmp/event.ts"
import type { Json } from "../src/qmp/json.ts"
import * as Session from "../src/qmp/session.ts"

/**
 * QEMU's longest honest silence that we know (a large savevm) is not on this path. Shorter than a
 * call may take, so that whoever asked is told that QEMU is silent, and not just that it took long.
 */
export const replyTimeoutMs = 20_000
if (replyTimeoutMs >= askDeadlineMs) throw new Error("a call outlives the command it waits for")

/** Bytes that QEMU has not taken: past this it is not reading, and commands are refused. */
export const unreadBytesMax = 1024 * 1024

interface Waiting {
  readonly call: number
  readonly command: string
  readonly timeoutMs: number
  /** When it was asked. */
  readonly atMs: number
}

interface State {
  readonly session: Session.Session
  readonly waiting: ReadonlyMap<number, Waiting>
  readonly isSilent: boolean
}

interface MonitorProtocol {
  readonly execute: Request<
    { readonly command: Session.Sendable; readonly timeoutMs: number; readonly atMs: number },
    Json,
    QmpError
  >
}

type MonitorFact =
  | (Fact & { readonly type: "bytes"; readonly bytes: Uint8Array })
  | (Fact & { readonly type: "timeout"; readonly id: number })
  | (Fact & { readonly type: "ended"; readonly because: string })

type Message = RequestMessage<MonitorProtocol> | MonitorFact

/** What the one who opened it is told, in order. `onEvent` returns false when it has no room. */
export interface MonitorListener {
  readonly onEvent: (event: QmpEvent, raw: RawEvent) => boolean
  /** Calls back once when there is room for events again. */
  readonly whenRoom: (resume: () => void) => void
  readonly onSilent: () => void
  readonly onHeard: () => void
  /** Once, after the last event, and not after `close`. False when there is no room. */
  readonly onEnd: (why: string) => boolean
}

type Told =
  | { readonly type: "event"; readonly event: QmpEvent; readonly raw: RawEvent }
  | { readonly type: "silent" | "heard" }
  | { readonly type: "ended"; readonly why: string }

const tell = (event: Told): Action => ({ type: "emit", params: { event } })
const stopTimer = (id: number): Action => ({ type: "stop", params: { script: `deadline:${id}` } })

const without = (waiting: State["waiting"], id: number): State["waiting"] => {
  const rest = new Map(waiting)
  rest.delete(id)
  return rest
}

/** Only an end is told as one: a guest whose QEMU has much to answer is not gone. */
const notSent = (command: string, why: Session.NotSent): QmpError => {
  if (why === "ended") return new QmpEnded({ command, because: why })
  if (why === "too many commands in flight") return new QmpTimeout({ command, timeoutMs: 0 })
  return new QmpRefused({ command, class: "Unwritable", desc: why.unwritable })
}

const execute = (
  state: State,
  { call, command, timeoutMs, atMs }: Message & { readonly type: "execute" }
): Decision<State> => {
  const sent = Session.send(state.session, command)
  if (sent._tag === "Failure") {
    const error = notSent(command.execute, sent.failure)
    const reply = { type: "reply", params: { calls: [call], answer: failed(error) } }
    return { next: state, actions: [reply] }
  }
  const { session, id, bytes } = sent.success
  const waiting = new Map(state.waiting).set(id, {
    call,
    command: command.execute,
    timeoutMs,
    atMs
  })
  return {
    next: { ...state, session, waiting },
    actions: [
      { type: "write", params: { key: id, bytes } },
      { type: "deadline", params: { key: id, timeoutMs } }
    ]
  }
}

const end = (state: State, because: string): Decision<State> => {
  const { session } = Session.end(state.session)
  const replies = [...state.waiting].flatMap(([id, { call, command }]) => [
    stopTimer(id),
    {
      type: "reply",
      params: { calls: [call], answer: failed(new QmpEnded({ command, because })) }
    }
  ])
  return {
    next: { session, waiting: new Map(), isSilent: false },
    actions: [...replies, { type: "close", params: {} }, tell({ type: "ended", why: because })]
  }
}

const deliver = (
  state: State,
  output: Session.Output
): { readonly waiting: State["waiting"]; readonly actions: readonly Action[] } => {
  if (output._tag === "Greeting") return { waiting: state.waiting, actions: [] }
  if (output._tag === "Event")
    return {
      waiting: state.waiting,
      actions: [tell({ type: "event", event: output.event, raw: output.raw })]
    }
  const { id, result } = output
  const waiting = state.waiting.get(id)
  if (waiting === undefined) return { waiting: state.waiting, actions: [] }
  const answer = result._tag === "Success" ? answered(result.success) : failed(result.failure)
  return {
    waiting: without(state.waiting, id),
    actions: [stopTimer(id), { type: "reply", params: { calls: [waiting.call], answer } }]
  }
}

const faultText = (fault: QmpFault) => fault.message

const receive = (state: State, bytes: Uint8Array): Decision<State> => {
  const { session, outputs, fault } = Session.receive(state.session, bytes)
  let next: State = { ...state, session, isSilent: false }
  const actions: Action[] = state.isSilent ? [tell({ type: "heard" })] : []
  for (const output of outputs) {
    const step = deliver(next, output)
    next = { ...next, waiting: step.waiting }
    actions.push(...step.actions)
  }
  if (fault === undefined) return { next, actions }
  const ended = end(next, faultText(fault))
  return { next: ended.next, actions: [...actions, ...ended.actions] }
}

const timeout = (state: State, id: number): Decision<State> => {
  const waiting = state.waiting.get(id)
  if (waiting === undefined) return { next: state, actions: [] }
  const { command, timeoutMs, call } = waiting
  const error = new QmpTimeout({ command, timeoutMs })
  const reply = { type: "reply", params: { calls: [call], answer: failed(error) } }
  return {
    next: {
      // Its reply may still come, when QEMU goes on: it is dropped by its id.
      session: Session.abandon(state.session, id),
      waiting: without(state.waiting, id),
      isSilent: true
    },
    actions: state.isSilent ? [reply] : [reply, tell({ type: "silent" })]
  }
}

const decide = (state: State, message: Message): Decision<State> => {
  switch (message.type) {
    case "execute":
      return execute(state, message)
    case "bytes":
      return receive(state, message.bytes)
    case "timeout":
      return timeout(state, message.id)
    case "ended":
      return state.session.phase === "ended" && state.waiting.size === 0
        ? { next: state, actions: [] }
        : end(state, message.because)
  }
}

const describe = ({ session, waiting, isSilent }: State): string =>
  `${isSilent ? "silent" : session.phase}, ${waiting.size} commands`

/** Stops the reading; what it gives lets go. The socket is read when nobody holds it. */
const valveOf = (connection: Connection) => {
  let holders = 0
  return () => {
    let isHeld = true
    holders++
    connection.pause()
    return () => {
      if (!isHeld) return
      isHeld = false
      holders--
      if (holders === 0) connection.resume()
    }
  }
}

/**
 * Hands things to a listener that may have no room; what it could not take waits here, in order.
 */
class Outlet {
  private backlog: readonly (() => boolean)[] = []
  private readonly listener: MonitorListener
  private readonly close: () => () => void
  private reopen: () => void = () => {}
  isOver = false

  constructor(listener: MonitorListener, close: () => () => void) {
    this.listener = listener
    this.close = close
  }

  /** The socket is not read while anything waits, so the backlog is at most what one read held. */
  push(hand: () => boolean): void {
    if (this.isOver) return
    if (this.backlog.length === 0 && hand()) return
    if (this.backlog.length === 0) {
      this.reopen = this.close()
      this.listener.whenRoom(() => this.drain())
    }
    this.backlog = [...this.backlog, hand]
  }

  /** What was not taken yet will not be: the next connection begins by asking how things are. */
  end(): void {
    this.isOver = true
    this.backlog = []
  }

  private drain(): void {
    const stuck = this.backlog.findIndex((hand) => !hand())
    this.backlog = stuck === -1 ? [] : this.backlog.slice(stuck)
    if (stuck === -1) this.reopen()
    else this.listener.whenRoom(() => this.drain())
  }
}

const scriptsOf = (connection: Connection) => ({
  write: ({ bytes }: { readonly bytes: Uint8Array }) => Effect.sync(() => connection.write(bytes)),
  close: () => Effect.sync(() => connection.close()),
  deadline: ({ key, timeoutMs }: { readonly key: number; readonly timeoutMs: number }) =>
    Effect.as(Effect.sleep(timeoutMs), { type: "timeout" as const, id: key })
})

export interface Monitor {
  /**
   * One QMP command. Fails once: refused by QEMU, not answered in time, or the connection ended.
   */
  readonly execute: (
    command: Session.Sendable,
    timeoutMs?: number
  ) => Effect.Effect<Json, QmpError | KernelError>
  /** When the oldest command was asked that is not answered, in the kernel's time. */
  readonly busySinceMs: () => number | undefined
  /** Drops the connection; QEMU goes on. Pending commands fail. Idempotent. */
  readonly close: Effect.Effect<void>
}

export interface MonitorOptions {
  readonly kernel: Kernel
  readonly name: string
  readonly path: string
  readonly listener: MonitorListener
}

/** Connects and negotiates (no capabilities: out-of-band commands are not used). */
export const open = Effect.fnUntraced(function* ({
  kernel,
  name,
  path,
  listener
}: MonitorOptions): Effect.fn.Return<Monitor, SocketError | QmpError | KernelError, Sockets> {
  const sockets = yield* Sockets
  const events: ConnectionListener = {
    // One lane for all that the socket says: words that overtake each other are garbage.
    onData: (bytes) => {
      if (actor.push({ type: "bytes", bytes })) return
      // By the valve: the listener may hold the socket too, and only the last one lets go.
      actor.whenRoom(valve())
    },
    onEnd: (error) => void actor.push({ type: "ended", because: error ?? "the peer closed" })
  }
  const connection = yield* sockets.connect(path, events)
  const valve = valveOf(connection)
  const outlet = new Outlet(listener, valve)
  const onEmit = (event: unknown) => {
    const told = event as Told
    if (told.type === "event") outlet.push(() => listener.onEvent(told.event, told.raw))
    else if (told.type === "ended") outlet.push(() => listener.onEnd(told.why))
    else if (outlet.isOver) return
    else if (told.type === "silent") listener.onSilent()
    else listener.onHeard()
  }
  const actor: Actor<State, MonitorProtocol, MonitorFact> = new Actor<
    State,
    MonitorProtocol,
    MonitorFact
  >(
    {
      name,
      initial: {
        next: { session: Session.make(), waiting: new Map(), isSilent: false },
        actions: []
      },
      decide,
      describe,
      onEmit,
      onCrash: () => {
        connection.close()
        outlet.push(() => listener.onEnd("the monitor actor failed"))
      },
      scripts: scriptsOf(connection)
    },
    kernel,
    // Its deadlines keep the kernel's time.
    kernel.context
  )
  const run: Monitor["execute"] = (command, timeoutMs = replyTimeoutMs) =>
    Effect.suspend(() =>
      connection.pendingBytes() > unreadBytesMax
        ? Effect.fail(new QmpTimeout({ command: command.execute, timeoutMs: 0 }))
        : actor.ask("execute", { command, timeoutMs, atMs: kernel.timers.nowMs() })
    )
  const close = Effect.suspend(() => {
    outlet.end()
    connection.close()
    return actor.stop()
  })
  yield* Effect.onError(run({ execute: "qmp_capabilities" }), () => close)
  // The first of the map is the first that was sent.
  const busySinceMs = () => actor.published.waiting.values().next().value?.atMs
  return { execute: run, busySinceMs, close }
})
