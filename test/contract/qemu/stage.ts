/**
 * Where a scenario is played: a QEMU, real or simulated, behind one interface, and what was seen of
 * it in a form in which the two can be compared.
 */
import type { TraceEntry } from "../../../src/testing/qemu/accept.ts"

/** What a guest is made to do by itself. */
export type GuestAct = "poweroff" | "reset" | "panic" | "hang" | "suspend" | "ioerror"

export type Step =
  | { readonly do: "connect"; readonly by: string }
  /** Sends a command and waits for its reply. */
  | {
      readonly do: "ask"
      readonly by: string
      readonly execute: string
      readonly words?: object | undefined
    }
  /** Sends these bytes, whatever they are. */
  | { readonly do: "send"; readonly by: string; readonly text: string }
  /** Waits for an event of this name, for `error` without an id, or for the reply `#ID`. */
  | { readonly do: "hear"; readonly by: string; readonly what: string }
  | { readonly do: "close"; readonly by: string }
  | { readonly do: "guest"; readonly act: GuestAct }
  /** The guest has booted so many times. */
  | { readonly do: "up"; readonly times: number }
  | { readonly do: "signal"; readonly signal: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL" }
  | { readonly do: "freeze" | "thaw" }
  /** QEMU has ended this connection. */
  | { readonly do: "ended"; readonly by: string }
  | { readonly do: "exited" }
  | { readonly do: "pause"; readonly ms: number }

export interface Scenario {
  readonly name: string
  /** `none` has no guest. `suspending` and `failing` have one that sleeps, or whose disk fails. */
  readonly machine: "none" | "pc" | "suspending" | "failing"
  /** More words of the command line. */
  readonly words?: readonly string[]
  readonly steps: readonly Step[]
  /** What is not compared, and why; both recordings must still be accepted. */
  readonly varies?: string
}

export interface Voice {
  readonly lines: readonly string[]
  readonly hasEnded: () => boolean
  readonly write: (text: string) => void
  readonly close: () => void
}

export interface Stage {
  readonly argv: readonly string[]
  readonly connect: () => Promise<Voice>
  readonly act: (act: GuestAct) => void
  readonly ups: () => number
  readonly signal: (
    name: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL" | "SIGSTOP" | "SIGCONT"
  ) => void
  readonly exit: () => number | string | undefined
  readonly until: (what: string, holds: () => boolean) => Promise<void>
  readonly pause: (ms: number) => Promise<void>
}

export interface Seen {
  /** By client: what it heard, one line each, without what is never the same. */
  readonly heard: { readonly [client: string]: readonly string[] }
  readonly ended: readonly string[]
  readonly exit: number | string | undefined
  /** For the acceptor. */
  readonly trace: readonly TraceEntry[]
}

interface Client {
  readonly voice: Voice
  readonly entries: TraceEntry[]
  /** Lines that were noted and those that a wait has passed. */
  noted: number
  passed: number
  /** Its end stands in its entries, or it has closed. */
  hasNotedEnd: boolean
  hasClosed: boolean
}

/** Plays the steps and gives what was seen. */
export const play = async (scenario: Scenario, stage: Stage): Promise<Seen> => {
  const player = new Player(scenario, stage)
  for (const step of scenario.steps) await player.perform(step)
  return player.seen()
}

class Player {
  private readonly scenario: Scenario
  private readonly stage: Stage
  private readonly clients = new Map<string, Client>()
  private ids = 0

  constructor(scenario: Scenario, stage: Stage) {
    this.scenario = scenario
    this.stage = stage
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case "connect":
        return this.connect(step.by)
      case "ask": {
        const id = `${step.by}${++this.ids}`
        const { execute, words } = step
        this.send(step.by, `${JSON.stringify({ execute, arguments: words, id })}\n`)
        return this.hear(step.by, `#${id}`)
      }
      case "send":
        return this.send(step.by, step.text)
      case "hear":
        return this.hear(step.by, step.what)
      case "close":
        return this.close(this.client(step.by))
      case "guest":
        return this.stage.act(step.act)
      case "up":
        return this.until(`guest up ${step.times} times`, () => this.stage.ups() >= step.times)
      case "signal":
        return this.stage.signal(step.signal)
      case "freeze":
        return this.stage.signal("SIGSTOP")
      case "thaw":
        return this.stage.signal("SIGCONT")
      case "ended":
        return this.until("the end", () => this.client(step.by).voice.hasEnded())
      case "exited":
        return this.until("the exit", () => this.stage.exit() !== undefined)
      case "pause":
        return this.stage.pause(step.ms)
    }
  }

  seen(): Seen {
    this.note()
    const clients = [...this.clients]
    return {
      heard: Object.fromEntries(
        clients.map(([name, { voice }]) => [name, normalised(voice.lines)])
      ),
      ended: clients
        .filter(([, { voice, hasClosed }]) => voice.hasEnded() && !hasClosed)
        .map(([name]) => name),
      exit: this.stage.exit(),
      // One is served after the other, in the order in which they came.
      trace: [
        { at: "start", argv: this.stage.argv },
        ...clients.flatMap(([, { entries }]) => entries)
      ]
    }
  }

  private client(name: string): Client {
    const client = this.clients.get(name)
    if (client === undefined) throw new Error(`no client ${name} in '${this.scenario.name}'`)
    return client
  }

  /** What has come in since, in order. */
  private note(): void {
    for (const client of this.clients.values()) {
      for (const line of client.voice.lines.slice(client.noted))
        client.entries.push({ at: "heard", line })
      client.noted = client.voice.lines.length
      if (client.voice.hasEnded() && !client.hasNotedEnd) {
        client.hasNotedEnd = true
        client.entries.push({ at: "ended" })
      }
    }
  }

  private async connect(name: string): Promise<void> {
    this.note()
    const voice = await this.stage.connect()
    const counts = { noted: 0, passed: 0, hasNotedEnd: false, hasClosed: false }
    this.clients.set(name, { voice, entries: [{ at: "connected" }], ...counts })
  }

  private send(name: string, text: string): void {
    this.note()
    const { voice, entries } = this.client(name)
    voice.write(text)
    entries.push({ at: "sent", text })
  }

  private close(client: Client): void {
    this.note()
    client.voice.close()
    client.hasNotedEnd = true
    client.hasClosed = true
    client.entries.push({ at: "closed" })
  }

  private async hear(name: string, what: string): Promise<void> {
    const client = this.client(name)
    const { lines, hasEnded } = client.voice
    const find = () => lines.findIndex((line, at) => at >= client.passed && isOf(line, what))
    await this.until(`${what}, heard ${lines.join(" ")}`, () => find() >= 0 || hasEnded())
    client.passed = Math.max(client.passed, find() + 1)
  }

  private until(what: string, holds: () => boolean): Promise<void> {
    return this.stage.until(`${what} in '${this.scenario.name}'`, () => {
      this.note()
      return holds()
    })
  }
}

const isOf = (line: string, what: string): boolean => {
  const heard = JSON.parse(line)
  if (what.startsWith("#")) return heard.id === what.slice(1)
  if (what === "error") return heard.error !== undefined && heard.id === undefined
  return heard.event === what
}

/** SeaBIOS resets once more, or twice: so many are one. */
const echo = { event: "RESET", data: { guest: true, reason: "guest-reset" } }

/**
 * A guest that was told to reset goes on telling until its processor stops: where a reset is a
 * shutdown, QEMU says so once, or again after STOP.
 */
const shutdownEcho = { event: "SHUTDOWN", data: { guest: true, reason: "guest-reset" } }

const normalised = (lines: readonly string[]): readonly string[] => {
  const plain = lines.map((line) => JSON.stringify(sorted(withoutChance(JSON.parse(line)))))
  const [reset, shutdown, stop] = [echo, shutdownEcho, { event: "STOP" }].map((message) =>
    JSON.stringify(sorted(message))
  )
  const isEcho = (line: string, at: number) =>
    (line === reset && plain[at - 1] === reset) ||
    (line === shutdown && plain[at - 1] === stop && plain[at - 2] === shutdown)
  return plain.filter((line, at) => !isEcho(line, at))
}

const withoutChance = ({ timestamp: _, ...message }: { [member: string]: unknown }) => {
  if (message["QMP"] !== undefined) return { greeting: true }
  const value = message["return"]
  // Threads, and names of terminals and sockets, are never the same.
  if (!Array.isArray(value)) return message
  const rows = value.map((row) => ({
    ...row,
    ...("thread-id" in row ? { "thread-id": 0 } : {}),
    ...("label" in row ? { label: String(row.label).replace(/^troupe\..*/, "mon") } : {}),
    ...("filename" in row ? { filename: String(row.filename).replace(/:.*/, "") } : {})
  }))
  return {
    ...message,
    return: rows.toSorted((a, b) => (String(a.label) < String(b.label) ? -1 : 1))
  }
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]))
}
