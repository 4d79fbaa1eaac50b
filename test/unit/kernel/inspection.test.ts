/**
 * Goal: the stream tells exactly what happened and never harms what it tells of.
 * Method: a replay of records beside the states that were published; a full ring; a bad listener.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { ringLengthMax } from "../../../src/kernel/limits.ts"
import { go, reply, stage, tagOf } from "./stage.ts"

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
    defect: undefined
  })
  expect(done).toMatchObject({ serial: 1, atMs: 7, lane: "control", cause: "job", version: 2 })
})
