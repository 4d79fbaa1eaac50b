/**
 * Goal: an ask ends exactly once, with the reply or with why there is none; bounds are kept.
 * Method: one actor with a word for a state, in the simulated world; its decider is the test's.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import { failed } from "../../../src/base/protocol.ts"
import { CurrentCall, makeCall } from "../../../src/kernel/call.ts"
import { MailboxFull, Overdue, RequestDenied } from "../../../src/kernel/error.ts"
import { askDeadlineMs, lineLengthMax, timerStepMs } from "../../../src/kernel/limits.ts"
import { ended, go, reply, stage, tagOf } from "./stage.ts"

test("the reply of the turn reaches the asker, and what was published is there before it", () => {
  const { world, actor } = stage()
  const seen: unknown[] = []
  const a = actor("a", (_state, { call }) => go("moved", reply([call], 42)))
  const asking = Effect.map(a.ask("go", {}), (value) => void seen.push(value, a.published))
  world.run(asking)
  expect(seen).toEqual([42, "moved"])
  expect(a.version).toBe(1)
})

test("a failure of the actor's own is the asker's error", () => {
  const { world, actor } = stage()
  const a = actor("a", (state, { call }) =>
    go(state, { type: "reply", params: { calls: [call], answer: failed("no such device") } })
  )
  const fiber = world.fork(a.ask("go", {}))
  world.drain()
  expect(ended(fiber)).toBe("no such device")
})

test("what the chart does not allow is denied with the state and the reason", () => {
  const { world, actor } = stage()
  const a = actor("a", (state) => go(state), { because: () => "it has no disk" })
  const fiber = world.fork(a.ask("start", {}))
  world.drain()
  expect(ended(fiber)).toBeInstanceOf(RequestDenied)
  expect((ended(fiber) as RequestDenied).message).toBe(
    "'a' refuses start while it is idle: it has no disk"
  )
})

test("a full mailbox makes a line, a full line refuses, and control is never full", () => {
  const { world, actor } = stage()
  const served: string[] = []
  const a = actor(
    "a",
    (state, { type, call }) => {
      served.push(type)
      return go(state, reply([call]))
    },
    { mailboxLengthMax: 3 }
  )
  const asking = Array.from({ length: 3 + lineLengthMax }, () => world.fork(a.ask("user", {})))
  const refused = world.fork(a.ask("late", {}))
  const control = Array.from({ length: 50 }, () => world.fork(a.ask("destroy", {}, "control")))
  expect(ended(refused)).toBeInstanceOf(MailboxFull)
  world.drain()
  expect(asking.map(ended)).toEqual(asking.map(() => undefined))
  expect(control.map(ended)).toEqual(control.map(() => undefined))
  expect(served.length).toBe(3 + lineLengthMax + 50)
  expect(served).not.toContain("late")
})

test("a request whose asker is gone never reaches the chart, and takes no room", () => {
  const { world, actor } = stage()
  const served: unknown[] = []
  const a = actor(
    "a",
    (state, { call, name }) => {
      served.push(name)
      return go(state, reply([call]))
    },
    { mailboxLengthMax: 1 }
  )
  for (let round = 0; round < 5000; round++) {
    const fiber = world.fork(a.ask("go", { name: "dead" }))
    fiber.interruptUnsafe()
    expect(tagOf(fiber)).toBe("Interrupt")
  }
  const living = world.fork(a.ask("go", { name: "living" }))
  world.drain()
  expect(served).toEqual(["living"])
  expect(ended(living)).toBe(undefined)
  expect(a.isIdle).toBe(true)
})

test("once accepted the work goes on without its asker, and the chart may still answer it", () => {
  const { world, actor } = stage()
  const done: string[] = []
  const held: number[] = []
  const a = actor(
    "a",
    (state, { type, call }) => {
      if (type === "finished") return go("idle", reply(held))
      held.push(call)
      return go("busy", { type: "job" })
    },
    {
      scripts: {
        job: () =>
          Effect.map(Effect.sleep(50), () => {
            done.push("job")
            return { type: "finished" }
          })
      }
    }
  )
  const fiber = world.fork(a.ask("work", {}))
  world.advance(10)
  fiber.interruptUnsafe()
  world.drain()
  expect(done).toEqual(["job"])
  expect(a.published).toBe("idle")
  expect(a.isIdle).toBe(true)
})

test("a call that its actor forgets is overdue at its deadline, or at the kernel's", () => {
  const { world, kernel, actor } = stage()
  const a = actor("a", (_state, { call }) => go(`holds ${call}`))
  const call = makeCall("domainStart", { deadlineMs: 70 })
  const own = world.fork(Effect.provideService(a.ask("work", {}), CurrentCall, call))
  const byDefault = world.fork(a.ask("work", {}))
  world.advance(69)
  expect(tagOf(own)).toBe("waiting")
  world.advance(1 + timerStepMs)
  expect(ended(own)).toBeInstanceOf(Overdue)
  expect((ended(own) as Overdue).stage).toBe("accepted")
  world.advance(askDeadlineMs - 81)
  expect(tagOf(byDefault)).toBe("waiting")
  world.advance(2 * timerStepMs)
  expect(tagOf(byDefault)).toBe("Overdue")
  const [holder] = (ended(byDefault) as Overdue).heldBy
  // The first call is overdue for its asker; its work still holds the actor.
  expect(holder?.procedure).toBe("domainStart")
  expect(holder?.sinceMs).toBeGreaterThanOrEqual(askDeadlineMs)
  expect(kernel.timers.size).toBe(0)
})

test("a chart that answers a call twice has a defect, and the asker hears one answer", () => {
  const { world, records, actor } = stage()
  const a = actor("a", (_state, { call }) => go("x", reply([call], 1), reply([call], 2)))
  const fiber = world.fork(a.ask("go", {}))
  world.drain()
  expect(ended(fiber)).toBe(1)
  expect(records.map((record) => record.outcome)).toEqual(["crashed"])
  expect(records[0]?.defect).toContain("answered exactly once")
})

test("a reply resumes an asker that asks again on the same stack, and nothing is lost", () => {
  const { world, actor } = stage()
  const a = actor("a", (state, { call }) => go(`${state}.`, reply([call], state.length)))
  const chain = Effect.gen(function* () {
    const all: unknown[] = []
    for (let round = 0; round < 2000; round++) all.push(yield* a.ask("go", {}))
    return all
  })
  const fibers = [world.fork(chain), world.fork(chain), world.fork(chain)]
  world.drain()
  const values = fibers.flatMap((fiber) => ended(fiber) as number[]).toSorted((x, y) => x - y)
  expect(values).toEqual(Array.from({ length: 6000 }, (_, index) => index + 4))
})

test("a request inherits the call of the fiber that asks, through scripts in a row", () => {
  const { world, records, actor } = stage()
  const b = actor("b", (state, { call }) => go(state, reply([call])))
  const ask = Effect.as(Effect.exit(b.ask("go", {})), undefined)
  const a = actor(
    "a",
    (state, { type, call }) => {
      if (type === "first") return go("second", { type: "second" })
      return type === "second" ? go(state) : go("first", { type: "first" }, reply([call]))
    },
    {
      scripts: {
        first: () => Effect.as(ask, { type: "first" }),
        second: () => Effect.as(ask, { type: "second" })
      }
    }
  )
  const call = makeCall("domainCreate", { deadlineMs: 1000 })
  world.run(Effect.provideService(a.ask("go", {}), CurrentCall, call))
  world.drain()
  const asked = records.filter((record) => record.actor === "b")
  expect(asked.map((record) => record.procedure)).toEqual(["domainCreate", "domainCreate"])
})

test("the engine's own scripts carry no call of whoever made their actor", () => {
  const { world, records, actor } = stage()
  const b = actor("b", (state, { call }) => go(state, reply([call])))
  const make = Effect.sync(() =>
    actor("a", (state) => go(state), {
      initial: go("idle", { type: "own" }),
      scripts: { own: () => Effect.as(Effect.exit(b.ask("go", {})), undefined) }
    })
  )
  world.run(Effect.provideService(make, CurrentCall, makeCall("somebody", { deadlineMs: 0 })))
  expect(records.map((record) => record.procedure)).toEqual(["internal"])
})

test("interrupting an asker between its answer and its resumption is harmless", () => {
  const { world, actor } = stage()
  const a = actor("a", (state, { call }) => go(state, reply([call])))
  const fiber = world.fork(a.ask("go", {}))
  world.step()
  world.run(Fiber.interrupt(fiber))
  world.drain()
  expect(tagOf(fiber)).toBe("Interrupt")
  expect(a.isIdle).toBe(true)
})
