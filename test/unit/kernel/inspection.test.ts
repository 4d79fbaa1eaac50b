/**
 * Goal: the stream tells exactly what happened and never harms what it tells of.
 * Method: a replay of records beside the states that were published; a full ring; a bad listener.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { movesMax, ringLengthMax } from "../../../src/kernel/limits.ts"
import { go, postpone, reply, stage, tagOf } from "./stage.ts"

const emit = { type: "emit", params: { event: "happened" } }

test("the ring keeps the last turns and no more", () => {
  const { world, kernel, actor } = stage()
  const a = actor("a", (state) => go(`${Number(state) + 1}`), { initial: go("0") })
  for (let index = 0; index < ringLengthMax + 100; index++) a.tell({ type: `${index}` })
  world.drain()
  const recent = kernel.inspection.recent()
  expect(recent.length).toBe(ringLengthMax)
  expect(recent[0]?.message).toBe("100")
  expect(recent.at(-1)?.message).toBe(`${ringLengthMax + 99}`)
  // Described when looked at, yet as they were.
  expect(recent.map((record) => record.to)).toEqual(
    recent.map((record) => `${Number(record.message) + 1}`)
  )
})

test("a listener that throws is dropped and told of; the actor and other listeners go on", () => {
  const { world, kernel, records, actor } = stage()
  const dropped: unknown[] = []
  const bang = () => {
    throw new Error("bang")
  }
  kernel.inspection.watch(bang, (defect) => dropped.push(String(defect)))
  const later: string[] = []
  const unwatch = kernel.inspection.watch((record) => later.push(record.message))
  const a = actor("a", (state, { call }) => go(state, reply([call])))
  const fibers = [world.fork(a.ask("one", {})), world.fork(a.ask("two", {}))]
  world.drain()
  unwatch()
  world.run(a.ask("three", {}))
  expect(fibers.map(tagOf)).toEqual([undefined, undefined])
  expect(dropped).toEqual(["Error: bang"])
  expect(later).toEqual(["one", "two"])
  expect(records.length).toBe(3)
})

test("a record names the message, its lane, its cause, its call and what it did", () => {
  const { world, records, actor } = stage()
  const a = actor(
    "a",
    (_state, { type, call }) =>
      type === "done" ? go("idle") : go("busy", { type: "job" }, reply([call])),
    { scripts: { job: () => Effect.as(Effect.sleep(7), { type: "done" }) } }
  )
  world.run(a.ask("work", {}))
  const [asked, done] = records
  expect(asked).toEqual({
    serial: 0,
    atMs: 0,
    actor: "a",
    message: "work",
    lane: "user",
    outcome: "taken",
    from: "idle",
    to: "busy",
    actions: ["job", "reply"],
    version: 1,
    call: 1,
    procedure: "internal",
    cause: "ask",
    sender: undefined,
    script: undefined,
    sent: 0,
    answers: [1],
    defect: undefined,
    epoch: undefined,
    moved: []
  })
  expect(done).toMatchObject({ serial: 1, atMs: 7, lane: "control", cause: "job", version: 2 })
  expect(done).toMatchObject({ sender: "a", script: "job", sent: 1, answers: [] })
})

test("a record names the epoch, also the one that it ends, and so many things that moved", () => {
  const { world, records, actor } = stage()
  const moved = (from: string, to: string) =>
    Array.from({ length: movesMax + 1 }, (_, at) => ({ thing: `${at}`, from, to }))
  const a = actor("a", (_state, { type }) => go(type), {
    epochOf: (state) => (state === "begin" ? "1.1" : undefined),
    moved
  })
  for (const type of ["begin", "end", "nothing"]) a.tell({ type })
  world.drain()
  expect(records.map(({ epoch }) => epoch)).toEqual(["1.1", "1.1", undefined])
  expect(records[1]?.moved).toHaveLength(movesMax)
  expect(records[1]?.moved[3]).toEqual({ thing: "3", from: "begin", to: "end" })
})

test("a record names who sent the message: a turn, a script, or nobody who is an actor", () => {
  const { world, records, actor } = stage()
  const b = actor("b", (state, { call }) => go(state, call === undefined ? emit : reply([call])))
  const c = actor("c", (state) => go(`${state}.`))
  const a = actor(
    "a",
    (_state, { call }) => go("busy", { type: "job" }, ...(call ? [reply([call])] : []), emit),
    {
      scripts: {
        job: () =>
          Effect.sync(() => b.tell({ type: "told" })).pipe(
            Effect.andThen(b.ask("asked", {})),
            Effect.asVoid,
            Effect.orDie
          )
      },
      onEmit: () => c.tell({ type: "emitted" })
    }
  )
  a.tell({ type: "begin" })
  world.drain()
  const senders = records.map(({ message, sender, script }) => ({ message, sender, script }))
  expect(senders).toEqual([
    { message: "begin", sender: undefined, script: undefined },
    { message: "emitted", sender: "a", script: undefined },
    { message: "told", sender: "a", script: "job" },
    { message: "asked", sender: "a", script: "job" }
  ])
})

test("what was sent tells which records were there before, so that overtaking shows", () => {
  const { world, records, actor } = stage()
  const a = actor("a", (state) => go(`${state}.`))
  a.offer({ type: "flood" })
  a.tell({ type: "first" })
  world.drain()
  a.tell({ type: "second" })
  world.drain()
  expect(records.map(({ message, sent, serial }) => ({ message, sent, serial }))).toEqual([
    { message: "first", sent: 0, serial: 0 },
    { message: "flood", sent: 0, serial: 1 },
    { message: "second", sent: 2, serial: 2 }
  ])
})

test("who looks at turns sees message, states and what is pending; a bad one is dropped", () => {
  const { world, kernel, actor } = stage()
  const turns: unknown[] = []
  const dropped: unknown[] = []
  kernel.inspection.watchTurns(
    () => {
      throw new Error("bang")
    },
    (defect) => dropped.push(String(defect))
  )
  const unwatch = kernel.inspection.watchTurns(({ record, message, before, after, pending }) =>
    turns.push([record.serial, message.type, before, after, pending])
  )
  const a = actor("a", (state, { type }) => (type === "wait" ? go(state, postpone) : go(type)))
  world.fork(a.ask("wait", {}))
  a.tell({ type: "one" })
  a.offer({ type: "two" })
  world.step()
  world.step()
  unwatch()
  world.step()
  expect(dropped).toEqual(["Error: bang"])
  expect(turns).toEqual([
    [0, "one", "idle", "one", ["two", "wait"]],
    [1, "two", "one", "two", ["wait"]]
  ])
})
