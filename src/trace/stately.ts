/**
 * The bridge to the inspection events of `@statelyai/inspect` (`@xstate.actor`, `@xstate.event`,
 * `@xstate.snapshot`), in both directions: a trace for those who have tools for the events, and
 * events of anybody's xstate program as a trace, for `troupe trace play`, `sequence` and `report`.
 * Pure, and without that package: its events are plain JSON.
 *
 * A trace has no contexts and no contents of messages, so that its events have none either; events
 * that are read are not asked for theirs.
 */
import * as Result from "effect/Result"
import type { TraceError } from "./error.ts"
import { definitionLengthMax, entriesMax } from "./limits.ts"
import { machineOf, outside } from "./names.ts"
import { type Fields, Reading } from "./reading.ts"
import { kindOf, type Trace, type TurnEntry } from "./trace.ts"

/** The version of the package whose events these are. */
export const statelyVersion = "0.7.2"

type StateValue = string | { readonly [key: string]: StateValue }

interface Base {
  readonly sessionId: string
  readonly rootId: string | undefined
  /** Milliseconds since 1970, as text. */
  readonly createdAt: string
  readonly id: string
  readonly _version: string
}

interface Snapshot {
  readonly status: "active" | "done" | "error" | "stopped"
  readonly value?: StateValue
  readonly context: { readonly [key: string]: string }
}

export type StatelyEvent = Base &
  (
    | {
        readonly type: "@xstate.actor"
        readonly name: string
        readonly snapshot: Snapshot
        /** The machine as JSON; the inspector draws it. */
        readonly definition: string | undefined
        readonly parentId: undefined
      }
    | {
        readonly type: "@xstate.event"
        readonly event: { readonly type: string }
        readonly sourceId: string | undefined
      }
    | {
        readonly type: "@xstate.snapshot"
        readonly event: { readonly type: string }
        readonly snapshot: Snapshot
      }
  )

export interface StatelyOptions {
  /** The definition of a machine by its id, as JSON. Without one nothing is drawn of it. */
  readonly definitionOf?: (machine: string) => string | undefined
}

const nested = (keys: readonly string[]): StateValue => {
  const [first = "", ...rest] = keys
  return rest.length === 0 ? first : { [first]: nested(rest) }
}

/** `life.running.steady job.idle` as xstate has it: by region. */
const valueOf = (state: string): StateValue => {
  const regions = state.split(" ").map((region) => region.split("."))
  const [only = []] = regions
  if (regions.length === 1) return nested(only)
  return Object.fromEntries(regions.map(([first = "", ...rest]) => [first, nested(rest)]))
}

const statusOf = ({ outcome }: TurnEntry): Snapshot["status"] =>
  outcome === "crashed" ? "error" : outcome === "stopped" ? "stopped" : "active"

/** The turns of the trace as inspection events, in order; notes have no event to be. */
export function toStately(trace: Trace, options: StatelyOptions = {}): readonly StatelyEvent[] {
  const { header, entries } = trace
  const met = new Set<string>()
  return entries.flatMap((entry, at): readonly StatelyEvent[] => {
    if (entry.kind !== "turn") return []
    const { actor, message, sender, from, to, outcome, atMs, life } = entry
    const session = (name: string) => (life === 1 ? name : `${name} (life ${life})`)
    const machine = machineOf(trace, actor)
    const snapshot = (state: string): Snapshot => ({
      status: statusOf(entry),
      ...(machine === undefined ? {} : { value: valueOf(state) }),
      context: { state, outcome }
    })
    const base = (part: string): Base => ({
      sessionId: session(actor),
      rootId: session(actor),
      createdAt: String(Math.round((header.wallOriginMs ?? 0) + atMs)),
      id: `${at}.${part}`,
      _version: statelyVersion
    })
    const known = met.has(session(actor))
    met.add(session(actor))
    const definition = machine === undefined ? undefined : options.definitionOf?.(machine)
    const birth: StatelyEvent = {
      type: "@xstate.actor",
      name: actor,
      snapshot: { ...snapshot(from), status: "active" },
      definition: definition ?? JSON.stringify({ id: actor }),
      parentId: undefined,
      ...base("actor")
    }
    const sourceId = sender === undefined ? undefined : session(sender)
    const event = { type: message }
    return [
      ...(known ? [] : [birth]),
      { type: "@xstate.event", event, sourceId, ...base("event") },
      { type: "@xstate.snapshot", event, snapshot: snapshot(to), ...base("snapshot") }
    ]
  })
}

/** The same as text: an array, one event a line. */
export const statelyText = (trace: Trace, options: StatelyOptions = {}): string =>
  `[\n${toStately(trace, options)
    .map((event) => JSON.stringify(event))
    .join(",\n")}\n]\n`

/** `{ a: { b: "c" }, d: "e" }` as a trace has it: `a.b.c d.e`. Bounded: values may be hostile. */
function stateText(value: unknown, path: readonly string[] = []): string {
  if (typeof value === "string") return [...path, value].join(".")
  if (typeof value !== "object" || value === null || path.length > 16) return path.join(".")
  const parts = Object.entries(value).map(([key, part]) => stateText(part, [...path, key]))
  return parts.length === 0 ? path.join(".") : parts.join(" ")
}

/** The state of an actor before its first snapshot. */
export const unborn = "not started"

/** What the header of such a trace has where ours have a version. */
export const foreignProgram = "xstate"

/** What xstate calls a machine that was given no id. */
const namelessMachine = "(machine)"

/** A message that was sent to an actor, and whose snapshot has not come yet. */
interface Sent {
  readonly type: string
  readonly source: string | undefined
  readonly sent: number
  readonly atMs: number
}

interface Session {
  readonly actor: string
  state: string
  version: number
  readonly waiting: Sent[]
}

class Reader {
  readonly reading = new Reading()
  readonly turns: TurnEntry[] = []
  readonly machines: { [kind: string]: string } = Object.create(null)
  /** Machines as JSON, by what they are called in `machines`. */
  readonly definitions = new Map<string, string>()
  originMs: number | undefined
  private readonly sessions = new Map<string, Session>()
  private atMs = 0

  event(value: unknown, place: string): void {
    const { reading } = this
    const fields = reading.fields(value, place)
    const type = reading.text(fields["type"], `${place}.type`)
    const id = reading.text(fields["sessionId"], `${place}.sessionId`)
    this.time(fields["createdAt"], `${place}.createdAt`)
    if (type === "@xstate.actor") this.actor(id, fields, place)
    else if (type === "@xstate.event") this.sent(id, fields, place)
    else if (type === "@xstate.snapshot") this.snapshot(id, fields, place)
    // Later versions of the package have more kinds, which tell nothing that is needed here.
  }

  /** Whatever was sent and never answered by a snapshot: nothing is known to have come of it. */
  end(): void {
    for (const session of this.sessions.values())
      for (const sent of session.waiting) this.turn(session, sent, session.state)
  }

  private time(value: unknown, place: string): void {
    const ms = Number(typeof value === "string" ? value : Number.NaN)
    if (!Number.isFinite(ms)) return this.reading.fail(place, "it is no time in ms, as text")
    this.originMs ??= ms
    // Clocks are set back now and then; a trace's is not.
    this.atMs = Math.max(this.atMs, ms - this.originMs)
  }

  private session(id: string, name = id): Session {
    const known = this.sessions.get(id)
    if (known !== undefined) return known
    // The kind of an actor is the first word of its name; a session that is a name is whole.
    const actor = name === id ? id : `${name.replaceAll("/", "-")}/${id}`
    const session = { actor, state: "", version: 0, waiting: [] }
    this.sessions.set(id, session)
    return session
  }

  private actor(id: string, fields: Fields, place: string): void {
    const { definition } = fields
    const machine = machineIn(definition)
    // An actor of a machine without an id has no name either: it is called as xstate calls both.
    const name = this.reading.text(fields["name"] ?? machine, `${place}.name`)
    const session = this.session(id, name)
    session.state = stateOf(fields["snapshot"])
    if (machine !== undefined && typeof definition === "string")
      this.machines[kindOf(session.actor)] = this.defined(machine, definition)
  }

  /** What the machine is called: its id, with a number where another one has that id too. */
  private defined(machine: string, definition: string): string {
    for (let nth = 1; ; nth += 1) {
      const name = nth === 1 ? machine : `${machine} (${nth})`
      const known = this.definitions.get(name)
      if (known !== undefined && known !== definition) continue
      if (definition.length <= definitionLengthMax) this.definitions.set(name, definition)
      return name
    }
  }

  private sent(id: string, fields: Fields, place: string): void {
    const { type } = this.reading.fields(fields["event"], `${place}.event`)
    const source = fields["sourceId"]
    this.session(id).waiting.push({
      type: this.reading.text(type, `${place}.event.type`),
      source: typeof source === "string" ? this.session(source).actor : undefined,
      sent: this.turns.length,
      atMs: this.atMs
    })
  }

  private snapshot(id: string, fields: Fields, place: string): void {
    const session = this.session(id)
    const event = this.reading.fields(fields["event"], `${place}.event`)
    const type = this.reading.text(event["type"], `${place}.event.type`)
    const at = session.waiting.findIndex((one) => one.type === type)
    const [sent] = at < 0 ? [] : session.waiting.splice(at, 1)
    const state = stateOf(fields["snapshot"])
    const own = { type, source: undefined, sent: this.turns.length, atMs: this.atMs }
    this.turn(session, sent ?? own, state)
  }

  private turn(session: Session, { type, source, sent }: Sent, to: string): void {
    // Events come late: what an actor's birth says of its state may be a state of later.
    const from = type === "xstate.init" ? unborn : session.state
    if (from !== to) session.version += 1
    session.state = to
    this.turns.push({
      kind: "turn",
      life: 1,
      serial: this.turns.length,
      atMs: this.atMs,
      actor: session.actor,
      message: type,
      lane: "user",
      outcome: "taken",
      from,
      to,
      actions: [],
      version: session.version,
      call: undefined,
      procedure: undefined,
      cause: "tell",
      sender: source === outside ? undefined : source,
      script: undefined,
      sent,
      answers: [],
      defect: undefined,
      epoch: undefined,
      moved: []
    })
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Fields)[name]
    : undefined

/** The state's name; of what is no machine, whether it goes on. */
function stateOf(snapshot: unknown): string {
  const value = fieldOf(snapshot, "value")
  if (value !== undefined) return stateText(value)
  const status = fieldOf(snapshot, "status")
  return typeof status === "string" ? status : "active"
}

/** The id of a machine whose definition is there; of other actors there is no more than a name. */
function machineIn(definition: unknown): string | undefined {
  if (typeof definition !== "string") return undefined
  try {
    const config: unknown = JSON.parse(definition)
    const id = fieldOf(config, "id") ?? namelessMachine
    return fieldOf(config, "states") === undefined || typeof id !== "string" ? undefined : id
  } catch {
    return undefined
  }
}

/** Inspection events, in the order in which they came, as a trace. */
export function fromStately(events: readonly unknown[]): Result.Result<Trace, TraceError> {
  const reader = new Reader()
  if (events.length > entriesMax)
    reader.reading.fail("the events", `there are ${events.length}, and ${entriesMax} are read`)
  for (const [at, event] of events.entries()) {
    if (reader.reading.error !== undefined) return Result.fail(reader.reading.error)
    reader.event(event, `[${at}]`)
  }
  reader.end()
  if (reader.reading.error !== undefined) return Result.fail(reader.reading.error)
  const header = {
    program: foreignProgram,
    createdBy: "inspection events",
    wallOriginMs: reader.originMs,
    simulation: undefined,
    machines: { ...reader.machines },
    things: {},
    charts: {},
    definitions: Object.fromEntries(reader.definitions),
    omitted: 0
  }
  return Result.succeed({ header, entries: reader.turns })
}
