/**
 * Goal: what is postponed waits in order, each with its own deadline, and is never forgotten.
 * Method: an actor that is busy for a while and postpones meanwhile, in the simulated world.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { CurrentCall, makeCall } from "../../../src/kernel/call.ts"
import { MailboxFull, Overdue } from "../../../src/kernel/error.ts"
import { postponedLengthMax, timerStepMs } from "../../../src/kernel/limits.ts"
import { ended, go, postpone, reply, stage, tagOf } from "./stage.ts"

const busyFor = (ms: number, choices: readonly number[] = []) => {
  const here = stage(choices)
  const order: unknown[] = []
  const held: number[] = []
  const a = here.actor(
    "a",
    (state, { type, call, name }) => {
      if (type === "done") return go("idle", reply(held.splice(0)))
      if (type === "context") return go(state)
      if (state === "busy") return go(state, postpone)
      order.push(name)
      if (type === "read") return go(state, reply([call], name))
      held.push(call)
      return go("busy", { type: "job" })
    },
    { scripts: { job: () => Effect.as(Effect.sleep(ms), { type: "done" }) } }
  )
  return { ...here, a, order }
}

test("postponed requests are tried again in order, before newer ones", () => {
  const { world, a, order } = busyFor(10)
  world.fork(a.ask("work", { name: "holder" }))
  world.advance(1)
  for (const name of [1, 2, 3, 4]) world.fork(a.ask("read", { name }))
  world.advance(1)
  // The newer one is asked in the very step in which the job ends.
  world.fork(Effect.andThen(Effect.sleep(8), a.ask("read", { name: "newer" })))
  world.drain()
  expect(order).toEqual(["holder", 1, 2, 3, 4, "newer"])
  expect(a.isIdle).toBe(true)
})

test("a request that holds the actor again leaves the rest postponed, in order", () => {
  const { world, a, order } = busyFor(10)
  for (const name of [0, 1, 2, 3, 4, 5]) world.fork(a.ask("work", { name }))
  world.drain()
  expect(order).toEqual([0, 1, 2, 3, 4, 5])
})

test("each has its own deadline, and the error names the call that holds the actor", () => {
  const { world, a } = busyFor(500)
  const holding = makeCall("domainMigrate")
  world.fork(Effect.provideService(a.ask("work", { name: 0 }), CurrentCall, holding))
  world.advance(20)
  const waiting = [100, 60, 300].map((deadlineMs) => {
    const call = makeCall("domainSetMemory", { deadlineMs })
    return world.fork(Effect.provideService(a.ask("work", { name: deadlineMs }), CurrentCall, call))
  })
  world.advance(40 + timerStepMs)
  expect(waiting.map(tagOf)).toEqual(["waiting", "Overdue", "waiting"])
  world.advance(40)
  expect(waiting.map(tagOf)).toEqual(["Overdue", "Overdue", "waiting"])
  const error = ended(waiting[1] ?? world.fork(Effect.void)) as Overdue
  expect(error.message).toBe(
    "work of 'a' is overdue: postponed while it is busy, held by domainMigrate for 60 ms"
  )
  world.drain()
  expect(waiting.map(tagOf)).toEqual(["Overdue", "Overdue", "Overdue"])
  expect(a.isIdle).toBe(true)
})

test("an asker that goes away takes its postponed request with it", () => {
  const { world, kernel, a, order } = busyFor(10)
  world.fork(a.ask("work", { name: "holder" }))
  const gone = world.fork(a.ask("read", { name: "gone" }))
  const stays = world.fork(a.ask("read", { name: "stays" }))
  world.advance(5)
  gone.interruptUnsafe()
  expect(kernel.timers.size).toBe(2)
  world.drain()
  expect(order).toEqual(["holder", "stays"])
  expect(ended(stays)).toBe("stays")
})

test("past its bound the next request is refused, not held", () => {
  const { world, records, a } = busyFor(10_000)
  world.fork(a.ask("work", {}))
  const waiting = Array.from({ length: postponedLengthMax + 1 }, () =>
    world.fork(a.ask("work", {}))
  )
  world.advance(1)
  expect(waiting.map(tagOf).filter((tag) => tag !== "waiting")).toEqual(["MailboxFull"])
  expect(
    (ended(waiting.at(-1) ?? waiting[0] ?? world.fork(Effect.void)) as MailboxFull).lengthMax
  ).toBe(postponedLengthMax)
  // The record says what became of it.
  expect(records.at(-1)?.outcome).toBe("refused")
})

test("a state whose name did not change tries nothing again", () => {
  const { world, records, a } = busyFor(20)
  world.fork(a.ask("work", {}))
  world.fork(a.ask("read", {}))
  world.advance(5)
  for (let index = 0; index < 10; index++) a.tell({ type: "context" })
  world.advance(5)
  expect(records.filter((record) => record.outcome === "postponed").length).toBe(1)
})

test("a fact cannot be postponed: nobody waits for it, and a chart that tries has a defect", () => {
  const { world, records, actor } = stage()
  const a = actor("a", (state) => go(state, postpone))
  a.tell({ type: "fact" })
  world.drain()
  expect(records.map((record) => record.defect)).toEqual([
    "Error: assertion failed: only a request can be postponed"
  ])
})
