/**
 * Goal: a trace tells what the actors did, is small, and a bad file is refused in plain words.
 * Method: small actors in the simulated world, recorded and dumped; files wrong in one way.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { ringLengthMax } from "../../../src/kernel/limits.ts"
import { entriesMax, wordLengthMax } from "../../../src/trace/limits.ts"
import { liveTrace } from "../../../src/trace/live.ts"
import { readTrace } from "../../../src/trace/read.ts"
import { turnColumnsMin } from "../../../src/trace/rows.ts"
import { TraceRecorder } from "../../../src/trace/recorder.ts"
import {
  type Entry,
  kindOf,
  type NoteEntry,
  type Trace,
  type TraceHeader,
  type TurnEntry
} from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { go, reply, stage } from "../kernel/stage.ts"

const header: TraceHeader = {
  program: "0.1.0",
  createdBy: "a test",
  wallOriginMs: 1_767_225_600_000,
  simulation: undefined,
  machines: { domain: "domain" },
  things: {},
  charts: {},
  definitions: {},
  omitted: 0
}

const states = ["life.running.steady job.idle monitor.live agent.none", "life.shutoff job.idle"]

const turnAt = (serial: number): TurnEntry => ({
  kind: "turn",
  life: 1,
  serial,
  atMs: serial * 1.234,
  actor: `domain/00000000-0000-4000-8000-${String(serial % 300).padStart(12, "0")}`,
  message: `message-${serial % 40}`,
  lane: "control",
  outcome: "taken",
  from: `${states[serial % 2]}`,
  to: `${states[(serial + 1) % 2]}`,
  actions: ["launch", "reply"],
  version: serial,
  call: serial,
  procedure: "domainCreate",
  cause: "ask",
  sender: "driver",
  script: `script:${serial % 50}`,
  sent: serial,
  answers: [serial],
  defect: undefined,
  epoch: undefined,
  moved: []
})

test("10,000 turns take less than 2 MB", () => {
  const entries = Array.from({ length: 10_000 }, (_, serial) => turnAt(1_000_000 + serial))
  const bytes = new TextEncoder().encode(writeTrace({ header, entries })).length
  expect(bytes).toBeLessThan(2_000_000)
  expect(bytes / entries.length).toBeLessThan(120)
})

test("of more than a file holds the last are written, and the rest is counted", () => {
  const turn = turnAt(0)
  const entries = Array.from({ length: entriesMax + 3 }, (): Entry => turn)
  const text = writeTrace({ header: { ...header, omitted: 4 }, entries })
  const read = Result.getOrThrow(readTrace(text))
  expect(read.entries.length).toBe(entriesMax)
  expect(read.header.omitted).toBe(7)
})

test("a word that is too long is cut, and can be read", () => {
  const entry: TurnEntry = { ...turnAt(1), defect: "x".repeat(wordLengthMax * 2) }
  const { entries } = Result.getOrThrow(readTrace(writeTrace({ header, entries: [entry] })))
  const [read] = entries
  expect(read?.kind === "turn" && read.defect).toBe(`${"x".repeat(wordLengthMax - 1)}…`)
})

test("a living engine's last turns are a trace that says how many came before", () => {
  const { world, kernel, actor } = stage()
  const a = actor("domain/1", (state) => go(`${state}.`.slice(-5)))
  for (let index = 0; index < ringLengthMax + 10; index++) a.tell({ type: "tick" })
  world.drain()
  const trace = liveTrace(kernel.inspection.recent(), header)
  expect(trace.header.omitted).toBe(10)
  expect(trace.entries.length).toBe(ringLengthMax)
  expect(Result.getOrThrow(readTrace(writeTrace(trace)))).toEqual(trace)
})

test("a trace holds the types of messages, and nothing of what they say", () => {
  const { world, kernel, actor } = stage()
  const secret = "correct horse battery staple"
  const a = actor(
    "a",
    (_state, { call }) => go("busy", { type: "job", params: secret }, reply([call], secret)),
    {
      scripts: { job: () => Effect.void }
    }
  )
  world.run(a.ask("work", { secret }))
  const text = writeTrace(liveTrace(kernel.inspection.recent(), header))
  expect(text).toContain("work")
  expect(text).not.toContain(secret)
})

test("a recorder keeps turns and notes in one order, life after life, and the last of them", () => {
  const first = stage()
  const second = stage()
  const recorder = new TraceRecorder({ nowMs: () => 5, keptMax: 3 })
  const tell = ({ actor, world }: ReturnType<typeof stage>, name: string) => {
    actor(name, (state) => go(`${state}.`)).tell({ type: "hello" })
    world.drain()
  }
  recorder.note({ kind: "remark", name: "before all" })
  recorder.watch(first.kernel.inspection)
  tell(first, "a")
  recorder.note({ kind: "fault", name: "world/kill", who: "host" })
  recorder.watch(second.kernel.inspection)
  tell(first, "of a life that is over")
  tell(second, "b")
  recorder.note({ kind: "violation", name: "I01", text: "two guests" })
  const { header: written, entries } = recorder.trace(header)
  expect(written.omitted).toBe(2)
  expect(entries.map(({ kind, life, atMs }) => [kind, life, atMs])).toEqual([
    ["fault", 1, 5],
    ["turn", 2, 0],
    ["violation", 2, 5]
  ])
})

test("a recorder holds at most twice what it keeps", () => {
  const recorder = new TraceRecorder({ nowMs: () => 0, keptMax: 10 })
  for (let index = 0; index < 95; index++) recorder.note({ kind: "remark", name: `${index}` })
  const { header: written, entries } = recorder.trace(header)
  expect(written.omitted).toBe(85)
  expect(entries.map((entry) => (entry as NoteEntry).name)).toEqual(
    Array.from({ length: 10 }, (_, index) => `${85 + index}`)
  )
})

const good: Trace = { header, entries: [turnAt(0), turnAt(1)] }
const edited = (from: string | RegExp, to: string) => writeTrace(good).replace(from, to)

const bad: readonly (readonly [string, string, string])[] = [
  ["", "line 1, column 1", "the file is empty"],
  [writeTrace(good).slice(0, 100), "line 2, column 63", "the file ends in the middle"],
  ["<html>", "line 1, column 1", "this is not JSON"],
  [edited('"launch"', "lunch"), "line 12, column 1", "this is not JSON"],
  [edited('"columns":', '"columns"'), "line 3, column 10", "this is not JSON"],
  ["[]", "format", "it is not 'troupe-trace'"],
  ['{"format":"x"}', "format", "it is not 'troupe-trace'"],
  [
    edited('"version":1', '"version":2'),
    "version",
    "the file is of version 2, and this program reads up to 1"
  ],
  [edited('"version":1', '"version":"1"'), "version", '"1" is no version'],
  [
    edited('"program":"0.1.0"', '"program":1'),
    "header.program",
    "a string stands there, not a number"
  ],
  [edited('"omitted":0', '"omitted":0.5'), "header.omitted", "0.5 is no whole number from 0"],
  [edited('"serial"', '"number"'), "columns.turn[1]", "it is not 'serial'"],
  [edited('"launch"', "null"), "strings[7]", "a string stands there, not null"],
  [edited("\n[0,1,", "\n[0,-1,"), "entries[1][1]", "-1 is no whole number from 0"],
  [edited("\n[0,1,", "\n[99,1,"), "entries[1][0]", "99 is the place of no string"],
  [edited("\n[0,1,", "\n[1,1,"), "entries[1][0]", "no kind of entry is called"],
  [edited('"control"', '"fast"'), "entries[0]", 'no lane is called "fast"'],
  [edited('"taken"', '"took"'), "entries[0]", 'no outcome is called "took"'],
  [edited("]}\n", ",[0]]}\n"), "entries[2][1]", "nothing is no whole number from 0"],
  [edited("]}\n", ",7]}\n"), "entries[2]", "an array stands there, not a number"]
]

test.each(bad)("a bad file is refused: %#", (text, place, reason) => {
  const result = readTrace(text)
  expect(Result.isFailure(result) && result.failure.message).toContain(
    `cannot read the trace at ${place}: ${reason}`
  )
})

test("a file that is nested without end is refused, and does not exhaust the stack", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000)
  for (const text of [deep, edited('"simulation":null', `"simulation":{"seed":1,"plan":${deep}}`)])
    expect(Result.isFailure(readTrace(text))).toBe(true)
})

test("columns of a later version that only adds some are passed over", () => {
  const file = JSON.parse(writeTrace(good))
  file.columns.turn.push("mood")
  for (const row of file.entries) row.push(7)
  expect(Result.getOrThrow(readTrace(JSON.stringify(file)))).toEqual(good)
})

test("a file of before, without what came later, is read: it says nothing of devices", () => {
  const file = JSON.parse(writeTrace(good))
  const before = { ...file.columns, turn: file.columns.turn.slice(0, turnColumnsMin) }
  const { things: _, ...headerBefore } = file.header
  const entries = file.entries.map((row: unknown[]) => row.slice(0, turnColumnsMin))
  const text = JSON.stringify({ ...file, columns: before, header: headerBefore, entries })
  expect(Result.getOrThrow(readTrace(text))).toEqual(good)
  const fewer = { ...before, turn: before.turn.slice(0, -1) }
  const less = readTrace(JSON.stringify({ ...file, columns: fewer }))
  expect(Result.isFailure(less) && less.failure.place).toBe(`columns.turn[${turnColumnsMin - 1}]`)
})

test("what moved is three words for each thing", () => {
  const moved = [{ thing: "0000:03:00.0", from: "host", to: "reserved" }]
  const trace = { header, entries: [{ ...turnAt(0), epoch: "1.2", moved }] }
  const text = writeTrace(trace)
  expect(Result.getOrThrow(readTrace(text))).toEqual(trace)
  const file = JSON.parse(text)
  file.entries[0].at(-1).pop()
  const wrong = readTrace(JSON.stringify(file))
  expect(Result.isFailure(wrong) && wrong.failure.message).toContain("entries[0][21]: 2 words")
})

test("the kind of an actor is the first part of its name", () => {
  expect(["domain/1/2", "driver", ""].map(kindOf)).toEqual(["domain", "driver", ""])
})
