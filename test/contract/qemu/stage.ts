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
  const clients = new Map<string, Client>()
  let ids = 0
  const note = () => {
    for (const client of clients.values()) {
      for (const line of client.voice.lines.slice(client.noted))
        client.entries.push({ at: "heard", line })
      client.noted = client.voice.lines.length
      if (client.voice.hasEnded() && !client.hasNotedEnd) {
        client.hasNotedEnd = true
        client.entries.push({ at: "ended" })
      }
    }
  }
  const clientOf = (name: string): Client => {
    const client = clients.get(name)
    if (client === undefined) throw new Error(`no client ${name} in '${scenario.name}'`)
    return client
  }
  const send = (name: string, text: string) => {
    note()
    clientOf(name).voice.write(text)
    clientOf(name).entries.push({ at: "sent", text })
  }
  const hear = async (name: string, what: string) => {
    const client = clientOf(name)
    const find = () =>
      client.voice.lines.findIndex((line, at) => at >= client.passed && isOf(line, what))
    await stage.until(`${what} in '${scenario.name}', heard ${client.voice.lines.join("")}`, () => {
      note()
      return find() >= 0 || client.voice.hasEnded()
    })
    client.passed = Math.max(client.passed, find() + 1)
  }
  const perform = async (step: Step): Promise<void> => {
    switch (step.do) {
      case "connect": {
        note()
        const voice = await stage.connect()
        const entries: TraceEntry[] = [{ at: "connected" }]
        clients.set(step.by, {
          voice,
          entries,
          noted: 0,
          passed: 0,
          hasNotedEnd: false,
          hasClosed: false
        })
        return
      }
      case "ask": {
        const id = `${step.by}${++ids}`
        send(step.by, `${JSON.stringify({ execute: step.execute, arguments: step.words, id })}\n`)
        return hear(step.by, `#${id}`)
      }
      case "send":
        return send(step.by, step.text)
      case "hear":
        return hear(step.by, step.what)
      case "close":
        note()
        clientOf(step.by).voice.close()
        clientOf(step.by).hasNotedEnd = true
        clientOf(step.by).hasClosed = true
        return void clientOf(step.by).entries.push({ at: "closed" })
      case "guest":
        return stage.act(step.act)
      case "up":
        return stage.until(`guest up ${step.times} times in '${scenario.name}'`, () => {
          note()
          return stage.ups() >= step.times
        })
      case "signal":
        return stage.signal(step.signal)
      case "freeze":
        return stage.signal("SIGSTOP")
      case "thaw":
        return stage.signal("SIGCONT")
      case "ended":
        return stage.until("the end of the connection", () => {
          note()
          return clientOf(step.by).voice.hasEnded()
        })
      case "exited":
        return stage.until("the exit", () => stage.exit() !== undefined)
      case "pause":
        return stage.pause(step.ms)
    }
  }
  for (const step of scenario.steps) await perform(step)
  note()
  return {
    heard: Object.fromEntries(
      [...clients].map(([name, { voice }]) => [name, normalised(voice.lines)])
    ),
    ended: [...clients]
      .filter(([, { voice, hasClosed }]) => voice.hasEnded() && !hasClosed)
      .map(([name]) => name),
    exit: stage.exit(),
    // One is served after the other, in the order in which they came.
    trace: [
      { at: "start", argv: stage.argv },
      ...[...clients.values()].flatMap((one) => one.entries)
    ]
  }
}

const isOf = (line: string, what: string): boolean => {
  const heard = JSON.parse(line)
  if (what.startsWith("#")) return heard.id === what.slice(1)
  if (what === "error") return heard.error !== undefined && heard.id === undefined
  return heard.event === what
}

/** SeaBIOS resets once more, or twice: so many are one. */
const echo = '{"event":"RESET","data":{"guest":true,"reason":"guest-reset"}}'

const normalised = (lines: readonly string[]): readonly string[] => {
  const plain = lines.map((line) => JSON.stringify(sorted(withoutChance(JSON.parse(line)))))
  const echoed = JSON.stringify(sorted(JSON.parse(echo)))
  return plain.filter((line, at) => line !== echoed || plain[at - 1] !== echoed)
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
