/**
 * Says whether the model could have produced a recorded QMP conversation, and where not. The guest,
 * signals and the moment at which QEMU reads a command are not in a recording: every machine that
 * fits what was heard so far is followed at once. Pure.
 */
import * as Result from "effect/Result"
import type { Json, JsonObject } from "../../qmp/json.ts"
import { isObject, parseJson } from "../../qmp/json.ts"
import { measuredAnswers } from "./answers.ts"
import { type CommandLine, ownWords, readCommandLine } from "./command-line.ts"
import { perform, type Surroundings } from "./commands.ts"
import {
  type Act,
  act,
  command,
  type EventWords,
  type Machine,
  mayAct,
  type Outcome,
  powerOn,
  refusal,
  type Reply,
  signal
} from "./model.ts"
import { plannedRefusal } from "./monitor.ts"
import { negotiation } from "./negotiation.ts"
import { type Request, Requests } from "./request.ts"

/** One line of a recording, in the order in which the client's side saw it. */
export type TraceEntry =
  | { readonly at: "start"; readonly argv: readonly string[] }
  | { readonly at: "connected" }
  /** To QEMU, in whatever pieces. */
  | { readonly at: "sent"; readonly text: string }
  /** From QEMU, one line. */
  | { readonly at: "heard"; readonly line: string }
  /** By the client. */
  | { readonly at: "closed" }
  /** By QEMU, or by its end. */
  | { readonly at: "ended" }

export type Verdict =
  | {
      readonly isAccepted: true
      /** Each end of a connection: did QEMU end it by its own doing, or was it killed? */
      readonly ends: readonly ("explained" | "unexplained")[]
    }
  | {
      readonly isAccepted: false
      /** Which entry, from 0, and what it says. */
      readonly index: number
      readonly entry: string
      /** What could have come instead. */
      readonly expected: readonly string[]
    }

/** What is still to come of a deed that was begun. */
type Words =
  | { readonly kind: "event"; readonly words: EventWords }
  | {
      readonly kind: "reply"
      readonly reply: Reply
      readonly id: Json | undefined
      readonly of: string
    }
  | { readonly kind: "greeting" }

/** One way in which it may be inside. */
interface State {
  readonly machine: Machine
  readonly isConnected: boolean
  readonly hasNegotiated: boolean
  readonly queue: readonly Request[]
  readonly due: readonly Words[]
}

/** Told whenever it pleases QEMU; of no consequence to the machine. */
const passingEvents = new Set([
  "RTC_CHANGE",
  "NIC_RX_FILTER_CHANGED",
  "VSERPORT_CHANGE",
  "BALLOON_CHANGE",
  "DEVICE_TRAY_MOVED",
  "VNC_CONNECTED",
  "VNC_INITIALIZED",
  "VNC_DISCONNECTED"
])

/** A part of a device that goes, as its back-end: only the whole has a name. */
const isOfPart = ({ event, data }: JsonObject): boolean =>
  event === "DEVICE_DELETED" && isObject(data) && data["device"] === undefined

/** Told by a processor or a disk, so even amid what a command does. */
const abruptEvents = new Set(["BLOCK_IO_ERROR", "GUEST_PANICKED", "WATCHDOG"])

/** Commands whose replies tell of more than the machine: only whether they were refused counts. */
const machineReplies = new Set(["query-status", "qmp_capabilities"])

export const accept = (trace: readonly TraceEntry[]): Verdict => {
  const [start, ...rest] = trace
  const line = start?.at === "start" ? readCommandLine(ownWords(start.argv)) : undefined
  if (line === undefined || Result.isFailure(line))
    return rejected(0, start, ["the start of a QEMU, with a command line that it can read"])
  return new Follower(line.success).follow(rest)
}

const rejected = (
  index: number,
  entry: TraceEntry | undefined,
  expected: readonly string[]
): Verdict => ({ isAccepted: false, index, entry: JSON.stringify(entry), expected })

class Follower {
  private readonly surroundings: Surroundings
  private readonly nodes: readonly string[]
  private states: readonly State[]
  private requests = new Requests()
  private readonly ends: ("explained" | "unexplained")[] = []

  constructor(line: CommandLine) {
    this.surroundings = {
      line,
      answers: measuredAnswers,
      pid: 0,
      chardevs: [],
      open: () => undefined
    }
    this.nodes = line.nodes
    const { hasBoard, actions, devices } = line
    const off = powerOn({ hasBoard, actions, devices })
    // Without -S it runs before it reads its first command.
    const machine = line.isStopped ? off : command(off, "cont").next
    const first = { machine, isConnected: false, hasNegotiated: false, queue: [], due: [] }
    this.states = this.closure([first])
  }

  follow(entries: readonly TraceEntry[]): Verdict {
    for (const [index, entry] of entries.entries()) {
      const before = this.states
      const next = this.step(entry)
      if (next.length === 0) return rejected(index + 1, entry, expectations(before))
      this.states = this.closure(next)
    }
    return { isAccepted: true, ends: this.ends }
  }

  private step(entry: TraceEntry): readonly State[] {
    switch (entry.at) {
      case "start":
        return []
      case "connected":
        this.requests = new Requests()
        return this.states.map((state) => ({
          ...state,
          isConnected: true,
          hasNegotiated: false,
          queue: [],
          due: [{ kind: "greeting" }]
        }))
      case "sent": {
        const requests = this.requests.feed(new TextEncoder().encode(entry.text))
        return this.states.map((state) => ({ ...state, queue: [...state.queue, ...requests] }))
      }
      case "heard":
        return this.hear(entry.line)
      case "closed":
        return this.states.flatMap((state) => this.left(state))
      case "ended": {
        const isExplained = this.states.some(mayHaveEnded)
        this.ends.push(isExplained ? "explained" : "unexplained")
        return this.states.flatMap((state) => this.left(state))
      }
    }
  }

  /** What was asked and not answered may have been done, up to any point. */
  private left(state: State): readonly State[] {
    const gone: State = { ...state, isConnected: false, hasNegotiated: false, queue: [], due: [] }
    const [first] = state.queue
    if (first === undefined || !state.isConnected) return [gone]
    return [gone, ...begun(state, this.surroundings).flatMap((next) => this.left(next))]
  }

  private hear(line: string): readonly State[] {
    const parsed = parseJson(line)
    if (Result.isFailure(parsed) || !isObject(parsed.success)) return []
    const heard = parsed.success
    const name = heard["event"]
    const isPassing = typeof name === "string" && (passingEvents.has(name) || isOfPart(heard))
    return this.states.flatMap((state) => {
      if (!state.isConnected) return []
      if (isPassing) return state.hasNegotiated ? [state] : []
      return this.candidates(state, heard).flatMap(({ due, ...rest }) => {
        const [first, ...more] = due
        return first !== undefined && isMatch(first, heard) ? [{ ...rest, due: more }] : []
      })
    })
  }

  /** Every deed that might have begun with these words. */
  private candidates(state: State, heard: JsonObject): readonly State[] {
    const name = heard["event"]
    if (state.due.length > 0)
      return [state, ...(abruptEvents.has(String(name)) ? this.acted(state, heard) : [])]
    return [
      ...begun(state, this.surroundings),
      ...this.acted(state, heard),
      ...(name === "SHUTDOWN" ? [withOutcome(state, signal(state.machine))] : [])
    ]
  }

  private acted(state: State, heard: JsonObject): readonly State[] {
    const acts = actsOf(heard, this.nodes)
    return acts
      .filter((one) => mayAct(state.machine, one))
      .map((one) => withOutcome(state, act(state.machine, one)))
  }

  /** With all that can happen without a word that would be heard. */
  private closure(states: readonly State[]): readonly State[] {
    const seen = new Map<string, State>()
    const waiting = [...states]
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      const plain = { ...state, machine: { ...state.machine, echoes: 0 } }
      const key = JSON.stringify(plain)
      if (seen.has(key)) continue
      seen.set(key, plain)
      waiting.push(...this.silent(plain))
    }
    return [...seen.values()]
  }

  private silent(state: State): readonly State[] {
    const { machine } = state
    const isHeard = state.isConnected && state.hasNegotiated
    const acts = isHeard ? silentActs : [...silentActs, ...loudActs(this.nodes)]
    const acted = acts
      .filter((one) => mayAct(machine, one))
      .map((one) => act(machine, one))
      .filter(({ events, next }) => (events.length === 0 || !isHeard) && next.exit === undefined)
      .map(({ next }) => ({ ...state, machine: next }))
    return acted
  }
}

const silentActs: readonly Act[] = [{ act: "boot" }, { act: "hang" }, { act: "settle" }]

const loudActs = (nodes: readonly string[]): readonly Act[] => [
  { act: "again" },
  { act: "poweroff" },
  { act: "reset" },
  { act: "panic" },
  { act: "suspend" },
  { act: "watchdog" },
  { act: "ioerror", node: nodes[0] ?? "disk" }
]

/** The acts that begin with such an event. */
const actsOf = (heard: JsonObject, nodes: readonly string[]): readonly Act[] => {
  const data = heard["data"]
  const node = isObject(data) ? data["node-name"] : undefined
  const ioerror: Act = { act: "ioerror", node: typeof node === "string" ? node : "" }
  const id = isObject(data) ? data["device"] : undefined
  const gone: readonly Act[] =
    heard["event"] === "DEVICE_DELETED" && typeof id === "string"
      ? [
          { act: "eject", id },
          { act: "vanish", id }
        ]
      : []
  return [...loudActs(nodes), ...gone, { act: "settle" }, ...(node === undefined ? [] : [ioerror])]
}

/** The next request is read, and carried out or refused as planned; nothing when there is none. */
const begun = (state: State, surroundings: Surroundings): readonly State[] => {
  const [request, ...queue] = state.queue
  if (request === undefined || state.machine.exit !== undefined) return []
  const reply = (words: Reply, of: string): Words => ({
    kind: "reply",
    reply: words,
    id: request.id,
    of
  })
  const rest: State = { ...state, queue }
  if (request.kind === "bad") return [{ ...rest, due: [...state.due, reply(request.reply, "")] }]
  const { execute } = request
  const refused = { ...rest, due: [...state.due, reply(plannedRefusal, execute)] }
  if (execute === "qmp_capabilities" || !state.hasNegotiated) {
    const answer = negotiation(request, state.hasNegotiated)
    const hasNegotiated = state.hasNegotiated || "return" in answer
    const due = [...state.due, reply(answer, "qmp_capabilities")]
    return [{ ...rest, hasNegotiated, due }, refused]
  }
  const { reply: answer, ...outcome } = perform(state.machine, request, surroundings)
  const next = withOutcome(rest, outcome)
  // Whether the host gives what a device needs is not in a recording.
  const denied =
    execute === "device_add" ? [{ ...rest, due: [...state.due, anyError(request.id)] }] : []
  return [{ ...next, due: [...next.due, reply(answer, execute)] }, refused, ...denied]
}

const anyError = (id: Json | undefined): Words => ({
  kind: "reply",
  reply: refusal(""),
  id,
  of: "device_add"
})

/** Events go to those who have negotiated. */
const withOutcome = (state: State, { next, events }: Outcome): State => {
  const told = events.map((words): Words => ({ kind: "event", words }))
  return { ...state, machine: next, due: state.hasNegotiated ? [...told, ...state.due] : state.due }
}

/** It was told to end, and of that only the reply of `quit` may be missing. */
const mayHaveEnded = ({ machine, due }: State): boolean =>
  machine.exit !== undefined && due.every(({ kind }) => kind === "reply")

const isMatch = (expected: Words, heard: JsonObject): boolean => {
  switch (expected.kind) {
    case "greeting":
      return isObject(heard["QMP"])
    case "event": {
      const { event, data } = expected.words
      if (heard["event"] !== event) return false
      // What failed on a disk, and how, is the disk's affair.
      if (event === "BLOCK_IO_ERROR")
        return isObject(heard["data"]) && heard["data"]["action"] === "stop"
      return isSame(heard["data"] ?? {}, data ?? {})
    }
    case "reply":
      return isReply(expected, heard)
  }
}

const isReply = (
  { reply, id, of }: Words & { readonly kind: "reply" },
  heard: JsonObject
): boolean => {
  if (heard["event"] !== undefined || !isSame(heard["id"] ?? null, id ?? null)) return false
  if ("error" in reply && reply.error.desc === "") return isObject(heard["error"])
  if ("error" in reply) return isSame(heard["error"] ?? null, reply.error)
  const value = heard["return"]
  if (value === undefined) return false
  return machineReplies.has(of) ? isSame(value, reply.return) : true
}

const isSame = (one: Json, other: Json): boolean => canonical(one) === canonical(other)

/** The same text for the same value, in whatever order its members stand. */
const canonical = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (!isObject(value)) return typeof value === "bigint" ? String(value) : JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`)
  return `{${members.join(",")}}`
}

/** What the next line could have been, for the message. */
const expectations = (states: readonly State[]): readonly string[] => {
  const told = states.flatMap(({ machine, due, queue, isConnected }) => {
    const first = due[0]
    const where = `${machine.status}, guest ${machine.guest}`
    if (!isConnected) return [`nothing: no client is connected (${where})`]
    if (first?.kind === "event") return [`${JSON.stringify(first.words)} (${where})`]
    if (first?.kind === "greeting") return [`the greeting (${where})`]
    if (first?.kind === "reply") return [`the reply to ${first.of} (${where})`]
    const next = queue[0]
    return [`${next?.kind === "command" ? `what ${next.execute} does` : "an event"} (${where})`]
  })
  return [...new Set(told)].slice(0, 8)
}
