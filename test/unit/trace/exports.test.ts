/**
 * Goal: a trace written for other programs says what the trace says, and never more: every turn
 * once, in order, harmless as text. Method: random traces with hostile words, each export read
 * back as the program that it is for reads it (what Mermaid makes of it: test/e2e/charts-drawn).
 */
import fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { mermaidEntriesMax, mermaidSequence } from "../../../src/trace/mermaid.ts"
import { perfetto } from "../../../src/trace/perfetto.ts"
import { readTrace } from "../../../src/trace/read.ts"
import { fromStately, statelyText, toStately } from "../../../src/trace/stately.ts"
import type { Trace, TurnEntry } from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { trace as anyTrace } from "../../property/trace/arbitrary.ts"

const turnsOf = ({ entries }: Trace): readonly TurnEntry[] =>
  entries.flatMap((entry) => (entry.kind === "turn" ? [entry] : []))

interface ChromeEvent {
  readonly ph: string
  readonly name: string
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly id: string
  readonly args: { readonly atMs: number; readonly outcome?: string }
}

const chromeEvents = (trace: Trace): readonly ChromeEvent[] =>
  JSON.parse(perfetto(trace)).traceEvents

test("Perfetto gets each turn and note once, at times that never go back", () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const events = chromeEvents(trace)
      const moments = events.filter(({ ph }) => "ibe".includes(ph))
      expect(moments.map(({ args }) => args.atMs)).toEqual(trace.entries.map(({ atMs }) => atMs))
      for (const [at, { ts }] of moments.entries())
        expect(ts).toBeGreaterThan(moments[at - 1]?.ts ?? -1)
      const begins = events.filter(({ ph }) => ph === "s").map(({ id }) => id)
      const ends = events.filter(({ ph }) => ph === "f").map(({ id }) => id)
      expect(begins).toEqual(ends)
    })
  )
})

test("the slices of one actor are its states, side by side and never one in another", () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const lanes = new Map<string, ChromeEvent[]>()
      for (const event of chromeEvents(trace)) {
        if (event.ph !== "X") continue
        const key = `${event.pid} ${event.tid}`
        lanes.set(key, [...(lanes.get(key) ?? []), event])
      }
      for (const slices of lanes.values()) {
        const sorted = slices.toSorted((one, other) => one.ts - other.ts)
        for (const [at, { ts, dur }] of sorted.entries()) {
          expect(dur).toBeGreaterThan(0)
          expect(ts + dur).toBeLessThanOrEqual(sorted[at + 1]?.ts ?? Number.POSITIVE_INFINITY)
        }
      }
    })
  )
})

const turn: TurnEntry = {
  kind: "turn",
  life: 1,
  serial: 0,
  atMs: 5,
  actor: "driver",
  message: "open",
  lane: "user",
  outcome: "taken",
  from: "stopped",
  to: "starting",
  actions: [],
  version: 1,
  call: 1,
  procedure: undefined,
  cause: "ask",
  sender: undefined,
  script: undefined,
  sent: 0,
  answers: [],
  defect: undefined,
  epoch: undefined,
  moved: []
}

const header = {
  program: "1",
  createdBy: "a test",
  wallOriginMs: 1000,
  simulation: undefined,
  machines: { driver: "driver", domain: "domain" },
  things: {},
  charts: {},
  definitions: {},
  omitted: 0
}

const uuid = "5f1c0000-0000-4000-8000-000000000001"

const story: Trace = {
  header,
  entries: [
    turn,
    {
      ...turn,
      serial: 1,
      actor: `domain/${uuid}`,
      message: "start;#<b>",
      sender: "driver",
      sent: 1,
      from: "life.shutoff job.idle",
      to: "life.starting job.idle",
      call: 2
    },
    { ...turn, serial: 2, message: "done", from: "starting", to: "running", answers: [1] }
  ]
}

test("Mermaid gets short lanes, escaped words, the region that moved and the answers", () => {
  expect(mermaidSequence(story).split("\n")).toEqual([
    "sequenceDiagram",
    "  participant p0 as outside",
    "  participant p1 as driver",
    "  participant p2 as domain/5f1c0000",
    "  p0->>p1: open",
    "  Note over p1: starting",
    "  p1->>p2: start#59;#35;#60;b#62;",
    "  Note over p2: life.starting",
    "  p0->>p1: done",
    "  Note over p1: running",
    "  p1-->>p0: answers call 1",
    ""
  ])
})

test("Mermaid gets as much as it takes, and is told how much is left", () => {
  const entries = Array.from({ length: 1000 }, (_, serial) => ({ ...turn, serial }))
  const text = mermaidSequence({ header, entries })
  expect(text).toContain(`Note over p0: ${1000 - mermaidEntriesMax} entries more`)
  expect(text.length).toBeLessThan(50_000)
  fc.assert(
    fc.property(anyTrace, (trace) => {
      for (const line of mermaidSequence(trace).trimEnd().split("\n").slice(1))
        expect(line).toMatch(
          /^ {2}(participant p\d+ as |p\d+(->>|-->>|-x)p\d+: |Note over p\d+: )[^\p{Cc}\p{Cf}]+$/u
        )
    })
  )
})

test("inspection events have each turn once, each actor first, and no more than the trace", () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const events = toStately(trace)
      const met = new Set<string>()
      for (const { type, sessionId } of events) {
        if (type === "@xstate.actor") met.add(sessionId)
        expect(met).toContain(sessionId)
      }
      const of = (kind: string) => events.filter(({ type }) => type === kind)
      expect(of("@xstate.event")).toHaveLength(turnsOf(trace).length)
      expect(of("@xstate.snapshot")).toHaveLength(turnsOf(trace).length)
      expect(JSON.parse(statelyText(trace))).toEqual(JSON.parse(JSON.stringify(events)))
    })
  )
})

test("there and back: states, messages and senders are as they were", () => {
  const back = Result.getOrThrow(fromStately(JSON.parse(statelyText(story))))
  const words = ({ actor, message, from, to, sender }: TurnEntry) =>
    [actor, message, from, to, sender].join(" | ")
  expect(turnsOf(back).map(words)).toEqual(turnsOf(story).map(words))
  expect(Result.getOrThrow(readTrace(writeTrace(back)))).toEqual(back)
})

const base = { createdAt: "1795438164286", _version: "0.7.2", id: null, rootId: "x:0" }

/** As `@statelyai/inspect` 0.7.2 writes them of a parent that sends to its child. */
const real = [
  {
    ...base,
    type: "@xstate.actor",
    name: "top",
    sessionId: "x:0",
    definition: '{"id":"top","states":{"one":{},"two":{}}}',
    snapshot: { status: "active", value: "two", context: {} }
  },
  {
    ...base,
    type: "@xstate.snapshot",
    sessionId: "x:0",
    event: { type: "xstate.init" },
    snapshot: { status: "active", value: { one: "a" }, context: {} }
  },
  { ...base, type: "@xstate.event", sessionId: "x:0", event: { type: "GO" } },
  { ...base, type: "@xstate.event", sessionId: "x:1", sourceId: "x:0", event: { type: "PING" } },
  {
    ...base,
    type: "@xstate.snapshot",
    sessionId: "x:1",
    event: { type: "PING" },
    snapshot: { status: "done", output: 1 }
  },
  {
    ...base,
    type: "@xstate.snapshot",
    sessionId: "x:0",
    event: { type: "GO" },
    snapshot: { status: "active", value: { one: "b", two: { c: "d" } } }
  },
  { ...base, type: "@xstate.event", sessionId: "x:0", event: { type: "LOST" } }
]

test("events of a program of others become a trace", () => {
  const { header: made, entries } = Result.getOrThrow(fromStately(real))
  expect(made.machines).toEqual({ top: "top" })
  expect(
    entries.map((entry) =>
      entry.kind === "turn"
        ? `${entry.sender ?? ""}>${entry.actor} ${entry.message}: ${entry.from}, ${entry.to}`
        : entry.kind
    )
  ).toEqual([
    ">top/x:0 xstate.init: not started, one.a",
    "top/x:0>x:1 PING: , done",
    ">top/x:0 GO: one.a, one.b two.c.d",
    ">top/x:0 LOST: one.b two.c.d, one.b two.c.d"
  ])
})

test("what is no inspection event is refused with its place", () => {
  const wrong = (events: readonly unknown[]) =>
    Result.match(fromStately(events), { onSuccess: () => "", onFailure: (error) => error.message })
  expect(wrong([1])).toContain("[0]: an object stands there, not a number")
  expect(wrong([real[0], { ...base, type: 3, sessionId: "x" }])).toContain("[1].type")
  expect(wrong([{ ...real[2], createdAt: "soon" }])).toContain("[0].createdAt: it is no time")
  expect(wrong([{ ...real[2], event: null }])).toContain("[0].event")
  fc.assert(fc.property(fc.array(fc.jsonValue()), (events) => void fromStately(events)))
})
