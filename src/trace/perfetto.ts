/**
 * A trace for ui.perfetto.dev and chrome://tracing, in Chrome's Trace Event Format (JSON). Each
 * life of the engine is a process and each actor a thread: the states it was in are slices, its
 * turns are moments in them, messages between actors are arrows, calls of clients are bars of
 * their own. Pure; the same trace gives the same text.
 *
 * Two entries of one instant are a microsecond apart here, so that every state has a width; `atMs`
 * among a moment's arguments is as it was.
 */
import { lanesOf, lanesShown, laneOf } from "./names.ts"
import type { Entry, NoteEntry, Trace, TurnEntry } from "./trace.ts"

type Event = { readonly [key: string]: unknown }

/** Times of the entries in whole microseconds, each later than the one before. */
function timesOf(entries: readonly Entry[]): readonly number[] {
  let last = -1
  return entries.map(({ atMs }) => {
    last = Math.max(last + 1, Math.round(atMs * 1000))
    return last
  })
}

interface Open {
  readonly name: string
  readonly ts: number
}

class Sheet {
  readonly events: Event[] = []
  private readonly threads = new Map<string, number>()
  private readonly open = new Map<string, Open & { readonly pid: number; readonly tid: number }>()
  /** When the turn of a serial was, by life. */
  private readonly turns = new Map<string, number>()
  /** What a call that has begun is, by life and number. */
  private readonly calls = new Map<string, string>()

  constructor(entries: readonly Entry[]) {
    const shown = lanesShown(lanesOf(entries))
    for (const life of new Set(entries.map((entry) => entry.life)))
      this.name("process_name", { pid: life, tid: 0 }, `life ${life}`)
    for (const entry of entries) {
      const { life: pid } = entry
      const lanes = entry.kind === "turn" ? [entry.sender, entry.actor] : [laneOf(entry)]
      for (const lane of lanes) {
        if (lane === undefined || this.threads.has(`${pid} ${lane}`)) continue
        const tid = this.threads.size + 1
        this.threads.set(`${pid} ${lane}`, tid)
        this.name("thread_name", { pid, tid }, shown.get(lane) ?? lane)
      }
    }
  }

  private name(name: string, at: { readonly pid: number; readonly tid: number }, text: string) {
    this.events.push({ ph: "M", name, ...at, args: { name: text } })
  }

  private at(life: number, lane: string) {
    return { pid: life, tid: this.threads.get(`${life} ${lane}`) ?? 0 }
  }

  turn(entry: TurnEntry, ts: number): void {
    const { actor, life, message, outcome, from, to, lane, actions } = entry
    const at = this.at(life, actor)
    const { procedure, call, cause, sender, defect, atMs, answers, epoch } = entry
    const moved = entry.moved.map(({ thing, to }) => `${thing} -> ${to}`)
    this.turns.set(`${life} ${entry.serial}`, ts)
    this.state(actor, to, { ts, ...at })
    const name = outcome === "taken" ? message : `${message} (${outcome})`
    const args = { outcome, from, to, actions, lane, cause, sender, procedure, call, answers }
    const more = { defect, epoch, ...(moved.length === 0 ? {} : { moved }) }
    this.events.push({ ph: "i", s: "t", name, ts, ...at, args: { atMs, ...args, ...more } })
    this.arrow(entry, ts)
    if (outcome === "stopped" || outcome === "crashed") this.close(`${life} ${actor}`, ts + 1)
  }

  /** An arrow from where it was sent. It needs a slice at both ends: what has none has no arrow. */
  private arrow({ life, serial, sent, sender, actor, message }: TurnEntry, ts: number): void {
    if (sender === undefined || !this.open.has(`${life} ${sender}`)) return
    const from = this.turns.get(`${life} ${sent - 1}`)
    const since = this.open.get(`${life} ${sender}`)?.ts ?? 0
    if (from === undefined) return
    const id = `${life}.${serial}`
    const common = { cat: "message", name: message, id }
    // Of a message sent before the sender's present state began: at its beginning.
    const start = { ts: Math.min(ts, Math.max(from, since)), ...this.at(life, sender) }
    this.events.push({ ph: "s", ...common, ...start })
    this.events.push({ ph: "f", bp: "e", ...common, ts, ...this.at(life, actor) })
  }

  note(entry: NoteEntry, ts: number): void {
    const { kind, life, name, who, about, operation, text, atMs } = entry
    const at = this.at(life, laneOf(entry))
    const args = { atMs, kind, about, text }
    if (operation !== undefined && (kind === "invoke" || kind === "return")) {
      const id = `${life}.${operation}`
      const common = { cat: "call", id, ts, ...at, args: { ...args, result: name } }
      // The end of a bar bears the beginning's name: readers pair them by name and id.
      const call = kind === "invoke" ? name : (this.calls.get(id) ?? name)
      this.calls.set(id, call)
      this.events.push({ ph: kind === "invoke" ? "b" : "e", name: call, ...common })
      return
    }
    const scope = kind === "violation" ? "g" : "t"
    const shown = kind === "remark" ? name : `${kind}: ${name}`
    this.events.push({ ph: "i", s: scope, name: shown, ts, ...at, args: { ...args, who } })
  }

  private state(
    actor: string,
    name: string,
    at: { readonly ts: number; readonly pid: number; readonly tid: number }
  ): void {
    const key = `${at.pid} ${actor}`
    if (this.open.get(key)?.name === name) return
    this.close(key, at.ts)
    this.open.set(key, { name, ...at })
  }

  private close(key: string, ts: number): void {
    const slice = this.open.get(key)
    if (slice === undefined) return
    this.open.delete(key)
    const { name, pid, tid } = slice
    const dur = ts - slice.ts
    this.events.push({ ph: "X", cat: "state", name, ts: slice.ts, dur, pid, tid })
  }

  end(ts: number): void {
    for (const key of this.open.keys()) this.close(key, ts)
  }

  /** A life that has ended has no states any more. */
  endLife(life: number, ts: number): void {
    for (const [key, { pid }] of this.open) if (pid === life) this.close(key, ts)
  }
}

/** The trace as the text of a JSON file. */
export function perfetto({ header, entries }: Trace): string {
  const sheet = new Sheet(entries)
  const times = timesOf(entries)
  let life = entries[0]?.life ?? 1
  for (const [at, entry] of entries.entries()) {
    const ts = times[at] ?? 0
    if (entry.life !== life) sheet.endLife(life, ts)
    life = entry.life
    if (entry.kind === "turn") sheet.turn(entry, ts)
    else sheet.note(entry, ts)
  }
  sheet.end((times.at(-1) ?? 0) + 1)
  const { program, createdBy, omitted } = header
  const lines = sheet.events.map((event) => JSON.stringify(event)).join(",\n")
  const other = JSON.stringify({ program, createdBy, omitted })
  return `{"displayTimeUnit":"ms","otherData":${other},"traceEvents":[\n${lines}\n]}\n`
}
