/**
 * Owns the channel to one guest's agent: one command at a time, each after a handshake that proves
 * that the agent is there and that what it says next is the answer. Believes nothing the guest
 * sends: floods, noise and silence cost a bounded amount and end in an error. Knows no commands.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { type Connection, Sockets } from "../src/host/socket.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision, Fact } from "../src/kernel/behaviour.ts"
import { CurrentCall } from "../src/kernel/call.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { askDeadlineMs } from "../src/kernel/limits.ts"
import {
  type AgentFrame,
  agentLineBytesMax,
  type AgentReply,
  agentReplyOf,
  delimiter,
  emptyAgentFrame,
  feedAgent
} from "../src/qmp/agent-frame.ts"
import { formatJson, type Json } from "../src/qmp/json.ts"
import type { Sendable } from "../src/qmp/session.ts"

/** libvirt's default for the handshake (VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT), in ms. */
export const syncTimeoutMs = 5_000

/** Bytes that answer nothing: past this the channel is closed, until the next command. */
export const noiseBytesMax = 2 * agentLineBytesMax

/** A command that may take as long as it takes still has a deadline in the kernel: a day. */
const patientMs = 24 * 60 * 60 * 1000

/** How long an answer is waited for, when the agent has answered the handshake. */
export type Patience =
  | { readonly type: "block" }
  | { readonly type: "within"; readonly ms: number }
  /** Written, and not waited for. */
  | { readonly type: "nowait" }
  /** No answer in this time, or the end of the channel, is one: how a shutdown is answered. */
  | { readonly type: "silence"; readonly ms: number }

/** The agent did not do it. */
export class AgentFailure extends Data.TaggedError("AgentFailure")<{
  readonly command: string
  /** It refused, with its error class; without one it did not answer. */
  readonly class: string | undefined
  readonly why: string
}> {
  override get message(): string {
    return this.why
  }
}

interface Current {
  readonly call: number
  readonly token: number
  readonly command: string
  readonly patience: Patience
  readonly stage: "opening" | "syncing" | "waiting"
}

interface State {
  readonly current: Current | undefined
  /** Which connection it is, while there is one. */
  readonly link: number | undefined
  readonly frame: AgentFrame
  readonly noiseBytes: number
  readonly syncId: number
}

interface AgentProtocol {
  /** What is sent stays with the script: it may hold a password, and messages are kept. */
  readonly execute: Request<
    { readonly token: number; readonly command: string; readonly patience: Patience },
    Json | undefined,
    AgentFailure
  >
}

type AgentFact =
  | (Fact & { readonly type: "opened"; readonly link: number })
  | (Fact & { readonly type: "openFailed"; readonly why: string })
  | (Fact & { readonly type: "bytes"; readonly link: number; readonly bytes: Uint8Array })
  | (Fact & { readonly type: "ended"; readonly link: number; readonly why: string })
  | (Fact & { readonly type: "sent" })
  | (Fact & { readonly type: "overdue" })
  | (Fact & { readonly type: "abandoned"; readonly token: number })
  | (Fact & { readonly type: "portClosed" })

type Message = RequestMessage<AgentProtocol> | AgentFact
type Step = Decision<State>

const stopTimer: Action = { type: "stop", params: { script: "deadline" } }
const stopOpening: Action = { type: "stop", params: { script: "connect" } }
const closeLink: Action = { type: "close", params: {} }
const deadline = (ms: number): Action => ({ type: "deadline", params: { ms } })
const unlinked = { link: undefined, frame: emptyAgentFrame, noiseBytes: 0 } as const

const replyTo = ({ call }: Current, answer: ReturnType<typeof answered>): Action => ({
  type: "reply",
  params: { calls: [call], answer }
})

const finish = (state: State, answer: ReturnType<typeof answered>): Step => {
  if (state.current === undefined) return { next: state, actions: [] }
  return {
    next: { ...state, current: undefined },
    actions: [stopTimer, stopOpening, replyTo(state.current, answer)]
  }
}

const fail = (state: State, why: string): Step => {
  const { current } = state
  if (current === undefined) return { next: state, actions: [] }
  const { command, patience, stage } = current
  // It was told, and the guest may be gone already.
  if (patience.type === "silence" && stage === "waiting") return finish(state, answered(undefined))
  return finish(state, failed(new AgentFailure({ command, class: undefined, why })))
}

/** Ends the command and the connection: the next command begins with a new one. */
const drop = (state: State, why: string): Step => {
  const { next, actions } = fail(state, why)
  return { next: { ...next, ...unlinked }, actions: [...actions, closeLink] }
}

const synchronise = (state: State, current: Current): Step => {
  const syncId = state.syncId + 1
  const { patience } = current
  const ms = patience.type === "within" ? Math.min(patience.ms, syncTimeoutMs) : syncTimeoutMs
  return {
    next: { ...state, current: { ...current, stage: "syncing" }, syncId },
    actions: [{ type: "sendSync", params: { id: syncId } }, stopTimer, deadline(ms)]
  }
}

const execute = (state: State, message: Message & { readonly type: "execute" }): Step => {
  if (state.current !== undefined) return { next: state, actions: [{ type: "postpone" }] }
  const { call, token, command, patience } = message
  const current: Current = { call, token, command, patience, stage: "opening" }
  if (state.link !== undefined) return synchronise(state, current)
  return {
    next: { ...state, current },
    actions: [{ type: "connect", params: {} }, deadline(syncTimeoutMs)]
  }
}

/** The agent is there and has nothing more to say of the past. */
const send = (state: State, current: Current): Step => {
  const { token, patience } = current
  const write: Action = { type: "sendCommand", params: { token } }
  const timer = "ms" in patience ? [deadline(patience.ms)] : []
  const next: State = { ...state, current: { ...current, stage: "waiting" }, noiseBytes: 0 }
  return { next, actions: [write, stopTimer, ...timer] }
}

const answerOf = (command: string, reply: AgentReply) =>
  reply.type === "return"
    ? answered(reply.value)
    : failed(new AgentFailure({ command, class: reply.class, why: reply.desc }))

const receive = (state: State, bytes: Uint8Array): Step => {
  const { frame, objects } = feedAgent(state.frame, bytes)
  const noiseBytes = state.noiseBytes + bytes.length
  const next: State = { ...state, frame, noiseBytes }
  const { current } = state
  for (const object of objects) {
    const reply = agentReplyOf(object)
    if (current === undefined || reply === undefined) continue
    if (current.stage === "waiting")
      return finish({ ...next, noiseBytes: 0 }, answerOf(current.command, reply))
    // What else this piece holds was said before the command, and is no answer to it.
    if (reply.type === "return" && reply.value === state.syncId) return send(next, current)
  }
  return noiseBytes > noiseBytesMax
    ? drop(next, "the guest floods its channel")
    : { next, actions: [] }
}

const overdue = (state: State): Step => {
  const stage = state.current?.stage
  if (stage === "waiting") return fail(state, "it took too long")
  // It may not even read: what it was sent must not pile up.
  return drop(state, "it does not answer the handshake")
}

const decide = (state: State, message: Message): Step => {
  const isOld = "link" in message && message.type !== "opened" && message.link !== state.link
  if (isOld) return { next: state, actions: [] }
  switch (message.type) {
    case "execute":
      return execute(state, message)
    case "opened": {
      const open: State = { ...state, ...unlinked, link: message.link }
      return state.current === undefined
        ? { next: open, actions: [] }
        : synchronise(open, state.current)
    }
    case "openFailed":
      return fail(state, message.why)
    case "bytes":
      return receive(state, message.bytes)
    case "ended":
      return drop(state, message.why)
    case "sent":
      return state.current?.patience.type === "nowait"
        ? finish(state, answered(undefined))
        : { next: state, actions: [] }
    case "overdue":
      return overdue(state)
    case "abandoned":
      return state.current?.token === message.token
        ? fail(state, "nobody waits for it")
        : { next: state, actions: [] }
    case "portClosed":
      return drop(state, "it has gone")
  }
}

const describe = ({ current, link }: State): string =>
  current === undefined
    ? link === undefined
      ? "closed"
      : "open"
    : `${current.stage} ${current.token}`

export interface Agent {
  /**
   * One command, when those before it are done. `undefined` where no answer was waited for. Who is
   * interrupted leaves the agent free for the next.
   */
  readonly execute: (
    command: Sendable,
    patience: Patience
  ) => Effect.Effect<Json | undefined, AgentFailure | KernelError>
  /** Whether the guest has closed its end: what is under way will not be answered. */
  readonly portClosed: () => void
  /** How long `execute` waits by libvirt's DOMAIN_AGENT_SET_RESPONSE_TIMEOUT: seconds, or -2..0. */
  responseTimeoutSeconds: number
  readonly close: Effect.Effect<void>
}

export interface AgentOptions {
  readonly kernel: Kernel
  readonly name: string
  readonly path: string
  /** After a defect: it answers nobody any more, and another one may be made. */
  readonly onCrash?: () => void
}

const lineOf = (value: Json): Result.Result<Uint8Array, string> =>
  Result.map(formatJson(value), (text) => new TextEncoder().encode(`${text}\n`))

const syncLine = (id: number): Uint8Array => {
  const text = JSON.stringify({ execute: "guest-sync-delimited", arguments: { id } })
  const bytes = new TextEncoder().encode(`.${text}\n`)
  // The agent's own parser begins anew at it, too.
  bytes[0] = delimiter
  return bytes
}

const patienceMs = (patience: Patience): number =>
  "ms" in patience ? patience.ms : patience.type === "block" ? patientMs : 0

type AgentActor = Actor<State, AgentProtocol, AgentFact>

/** Where it says what it hears: `push` is false when there is no room. */
type Ears = Pick<AgentActor, "push" | "whenRoom">

/** The connection, and what is to be written: it may hold a password, and messages are kept. */
class Cable {
  readonly lines = new Map<number, Uint8Array>()
  private readonly sockets: Sockets["Service"]
  private readonly path: string
  private connection: Connection | undefined

  constructor(sockets: Sockets["Service"], path: string) {
    this.sockets = sockets
    this.path = path
  }

  readonly close = (): void => {
    this.connection?.close()
    this.connection = undefined
  }

  readonly write = (bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined) this.connection?.write(bytes)
  }

  connect(ears: Ears, link: number): Effect.Effect<AgentFact> {
    this.close()
    const listener = {
      onData: (bytes: Uint8Array) => {
        if (ears.push({ type: "bytes", link, bytes })) return
        const { connection } = this
        connection?.pause()
        ears.whenRoom(() => connection?.resume())
      },
      onEnd: (error: string | undefined) =>
        void ears.push({ type: "ended", link, why: error ?? "its channel ended" })
    }
    return this.sockets.connect(this.path, listener).pipe(
      Effect.map((made) => {
        this.connection = made
        return { type: "opened" as const, link }
      }),
      Effect.catch((error) => Effect.succeed({ type: "openFailed" as const, why: error.message }))
    )
  }
}

const scriptsOf = (cable: Cable, connect: Effect.Effect<AgentFact>) => ({
  connect: () => connect,
  close: () => Effect.sync(cable.close),
  sendSync: ({ id }: { readonly id: number }) => Effect.sync(() => cable.write(syncLine(id))),
  sendCommand: ({ token }: { readonly token: number }) =>
    Effect.sync(() => {
      cable.write(cable.lines.get(token))
      return { type: "sent" as const }
    }),
  deadline: ({ ms }: { readonly ms: number }) =>
    Effect.as(Effect.sleep(ms), { type: "overdue" as const })
})

const executeOn =
  (actor: AgentActor, { lines }: Cable): Agent["execute"] =>
  ({ execute: command, arguments: words }, patience) =>
    Effect.withFiber((fiber) => {
      const line = lineOf({
        execute: command,
        ...(words === undefined ? {} : { arguments: words })
      })
      if (Result.isFailure(line))
        return Effect.fail(new AgentFailure({ command, class: "Unwritable", why: line.failure }))
      const { kernel } = actor
      const token = kernel.number()
      lines.set(token, line.success)
      const turnMs = patience.type === "block" ? patientMs : askDeadlineMs
      const deadlineMs = kernel.timers.nowMs() + turnMs + 2 * syncTimeoutMs + patienceMs(patience)
      const call = { ...fiber.getRef(CurrentCall), deadlineMs }
      return actor.ask("execute", { token, command, patience }).pipe(
        Effect.provideService(CurrentCall, call),
        Effect.onInterrupt(() => Effect.sync(() => actor.tell({ type: "abandoned", token }))),
        Effect.ensuring(Effect.sync(() => lines.delete(token)))
      )
    })

/** Connects when it is first asked. Never fails: what is wrong is told to who asks. */
export const make = Effect.fnUntraced(function* ({ kernel, name, path, onCrash }: AgentOptions) {
  const cable = new Cable(yield* Sockets, path)
  // What an earlier engine asked for must not look like the answer to our first handshake.
  const nowMs = yield* Clock.currentTimeMillis
  const connect = Effect.suspend(() => cable.connect(actor, kernel.number()))
  const actor: AgentActor = new Actor<State, AgentProtocol, AgentFact>(
    {
      name,
      initial: {
        next: { current: undefined, ...unlinked, syncId: nowMs * 1024 },
        actions: []
      },
      decide,
      describe,
      onCrash: () => {
        cable.close()
        onCrash?.()
      },
      scripts: scriptsOf(cable, connect)
    },
    kernel,
    kernel.context
  )
  const agent: Agent = {
    execute: executeOn(actor, cable),
    portClosed: () => actor.tell({ type: "portClosed" }),
    responseTimeoutSeconds: -2,
    close: Effect.suspend(() => {
      cable.close()
      return actor.stop()
    })
  }
  return agent
})
