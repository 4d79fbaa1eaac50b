/**
 * Goal: a defect, wherever it happens, ends one actor and nothing else; its calls are answered, its
 * scripts are stopped, and it can be restarted. Method: one defect a test, in the simulated world.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import { ActorCrashed, type Overdue } from "../../../src/kernel/error.ts"
import { go, ended, type Message, type Probe, reply, stage, stop, tagOf } from "./stage.ts"

const bang = () => {
  throw new Error("bang")
}

/** An actor with a job under way, requests of all stages, and a defect at the word `boom`. */
const doomed = (boom: (message: Message) => ReturnType<typeof go>, extra = {}) => {
  const here = stage()
  const crashes: ActorCrashed[] = []
  const released: string[] = []
  const a = here.actor(
    "a",
    (state, message) => {
      if (message.type === "boom") return boom(message)
      if (message.type === "work") return go("busy", { type: "job" })
      if (message.type === "wait") return go(state, { type: "postpone" })
      return go(state, reply([message.call]))
    },
    {
      scripts: {
        job: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => released.push("job"))),
        dies: () => Effect.die(new Error("bang")),
        diesLater: () => Effect.andThen(Effect.sleep(5), Effect.die(new Error("bang"))),
        throws: bang
      },
      onCrash: (crashed) => crashes.push(crashed),
      ...extra
    }
  )
  return { ...here, a, crashes, released }
}

const script = (type: string) => (message: Message) => go(`${message.call}`, { type })

test.each<[string, (message: Message) => ReturnType<typeof go>, object]>([
  ["the decider throws", bang, {}],
  ["a script dies in its first part", script("dies"), {}],
  ["a script dies later", script("diesLater"), {}],
  ["a script cannot even be made", script("throws"), {}],
  ["the chart names a script that does not exist", script("absent"), {}],
  ["a script is started twice", () => go("busy", { type: "job" }), {}],
  ["the chart answers a call that nobody asked", () => go("x", reply([999_999])), {}],
  ["the chart moves and postpones at once", () => go("x", { type: "postpone" }), {}],
  ["onEmit throws", () => go("x", { type: "emit", params: { event: 1 } }), { onEmit: bang }],
  ["the reason for a refusal cannot be told", () => go("busy"), { because: bang }]
])(
  "%s: its calls get ActorCrashed, its scripts are stopped, onCrash is told once",
  (_, boom, extra) => {
    const { world, records, a, crashes, released, actor } = doomed(boom, extra)
    const other = actor("other", (state, { call }) => go(state, reply([call])))
    const accepted = world.fork(a.ask("work", {}))
    const postponed = world.fork(a.ask("wait", {}))
    world.advance(1)
    const boomed = world.fork(a.ask("boom", {}))
    const queued = world.fork(a.ask("wait", {}))
    const control = world.fork(Effect.andThen(Effect.yieldNow, a.ask("x", {}, "control")))
    const beside = world.fork(other.ask("x", {}))
    world.advance(20)
    for (const fiber of [accepted, postponed, boomed])
      expect(ended(fiber)).toBeInstanceOf(ActorCrashed)
    expect(["ActorCrashed", "waiting"]).toContain(tagOf(queued))
    expect(tagOf(control)).not.toBe("Overdue")
    expect(tagOf(beside)).toBe(undefined)
    expect(released).toEqual(["job"])
    expect(crashes.length).toBe(1)
    expect(a.describe()).toBe("crashed")
    const told = records.filter((record) => record.outcome === "crashed")
    expect(told.map((record) => record.defect)).toEqual([crashes[0]?.defect])
    a.restart(go("idle"))
    const again = world.fork(a.ask("read", {}))
    world.advance(1)
    expect(tagOf(again)).toBe(undefined)
    expect(records.map((record) => record.outcome)).toContain("restarted")
  }
)

test("actions after a script that died at once start nothing in the crashed actor", () => {
  const started: string[] = []
  const { world, a } = doomed(() => go("x", { type: "dies" }, { type: "after" }), {
    scripts: {
      dies: () => Effect.die("bang"),
      after: () =>
        Effect.andThen(
          Effect.sync(() => started.push("after")),
          Effect.never
        )
    }
  })
  world.fork(a.ask("boom", {}))
  world.drain()
  expect(started).toEqual([])
  expect(a.isIdle).toBe(true)
  a.restart(go("idle", { type: "after" }))
  world.drain()
  expect(started).toEqual(["after"])
})

test("a crashed actor keeps what is sent to it for after a restart, in order", () => {
  const seen: string[] = []
  const { world, actor } = stage()
  const a = actor("a", (state, { type, call }) => {
    if (type === "boom") bang()
    seen.push(type)
    return go(state, reply([call]))
  })
  a.tell({ type: "boom" })
  a.tell({ type: "exited" })
  const before = world.fork(a.ask("queuedBefore", {}))
  world.drain()
  const after = world.fork(a.ask("first", {}))
  world.fork(a.ask("second", {}))
  a.restart(go("idle"))
  expect(tagOf(before)).toBe("ActorCrashed")
  // The exit of a process is a fact, and the restarted actor has to hear it. This chart answers a
  // call it has not, and so the fact crashes it again: all the better seen.
  world.drain()
  expect(seen[0]).toBe("exited")
  expect(tagOf(after)).toBe("ActorCrashed")
})

test("a request to an actor that stays down is overdue, and says that it is crashed", () => {
  const { world, a, kernel } = doomed(bang)
  world.fork(a.ask("boom", {}))
  world.advance(1)
  const fiber = world.fork(a.ask("read", {}))
  world.drain()
  expect((ended(fiber) as Overdue).message).toBe(
    "read of 'a' is overdue: queued while it is crashed"
  )
  expect(a.isIdle).toBe(true)
  expect(kernel.timers.size).toBe(0)
})

test("onCrash may restart at once, and the turn that crashed is over", () => {
  const { world, actor } = stage()
  let restarts = 0
  const a: Probe = actor(
    "a",
    (state, { type, call }) => (type === "boom" ? bang() : go(state, reply([call]))) ?? go(state),
    {
      onCrash: () => {
        restarts++
        a.restart(go("idle"))
      }
    }
  )
  const fibers = ["boom", "read", "boom", "read"].map((type) =>
    world.fork(Effect.andThen(Effect.sleep(0), a.ask(type, {})))
  )
  world.drain()
  expect(restarts).toBeGreaterThan(0)
  for (const fiber of fibers) expect(["ActorCrashed", undefined]).toContain(tagOf(fiber))
  expect(a.isIdle).toBe(true)
})

test("stop answers every call, of control too, awaits releases, and leaves nothing", () => {
  const { world, a, records, kernel } = doomed(bang, {
    scripts: { job: () => Effect.ensuring(Effect.never, Effect.sleep(30)) }
  })
  const fibers = [world.fork(a.ask("work", {})), world.fork(a.ask("wait", {}))]
  world.advance(1)
  fibers.push(world.fork(a.ask("x", {}, "control")), world.fork(a.ask("x", {})))
  a.tell({ type: "fact" })
  a.offer({ type: "fact" })
  const stopping = world.fork(a.stop())
  world.advance(10)
  expect(fibers.map(tagOf)).toEqual(fibers.map(() => "ActorStopped"))
  expect(tagOf(stopping)).toBe("waiting")
  world.advance(21)
  expect(tagOf(stopping)).toBe(undefined)
  a.tell({ type: "fact" })
  expect(a.offer({ type: "fact" })).toBe(true)
  expect(tagOf(world.fork(a.ask("x", {})))).toBe("ActorStopped")
  expect(tagOf(world.fork(a.stop()))).toBe(undefined)
  expect(a.isIdle).toBe(true)
  expect(kernel.timers.size).toBe(0)
  expect(records.at(-1)?.outcome).toBe("stopped")
})

test.each(["at once", "later"])("a script may end its own actor, %s", (when) => {
  const { world, actor } = stage()
  const pause = when === "later" ? Effect.sleep(5) : Effect.void
  const released: string[] = []
  const a: Probe = actor(
    "a",
    (_state, { call }) => go(`x${call}`, { type: "last" }, { type: "more" }),
    {
      scripts: {
        last: () =>
          Effect.andThen(
            pause,
            Effect.suspend(() => Effect.as(a.stop(), undefined))
          ),
        more: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => released.push("more")))
      }
    }
  )
  const fiber = world.fork(a.ask("go", {}))
  world.drain()
  expect(tagOf(fiber)).toBe("ActorStopped")
  expect(a.isIdle).toBe(true)
  expect(released).toEqual(when === "later" ? ["more"] : [])
})

test("a release that ends its own actor in the middle of a turn leaves no call unanswered", () => {
  const { world, actor } = stage()
  const a: Probe = actor(
    "a",
    (_state, { type, call }) =>
      type === "work"
        ? go("busy", { type: "job" })
        : go("idle", stop("job"), { type: "b" }, reply([call])),
    {
      scripts: {
        job: () => Effect.onInterrupt(Effect.never, () => Effect.suspend(() => a.stop())),
        b: () => Effect.never
      }
    }
  )
  const fibers = [world.fork(a.ask("work", {}))]
  world.advance(1)
  fibers.push(world.fork(a.ask("kill", {})))
  world.drain()
  expect(fibers.map(tagOf)).toEqual(["ActorStopped", "ActorStopped"])
  expect(a.isIdle).toBe(true)
})

test("a release that dies is a defect: what it had to give back may be lost", () => {
  const { world, records, actor } = stage()
  const a = actor(
    "a",
    (_state, { type, call }) =>
      type === "work" ? go("busy", { type: "job" }) : go("idle", stop("job"), reply([call])),
    { scripts: { job: () => Effect.ensuring(Effect.never, Effect.die(new Error("undo failed"))) } }
  )
  world.fork(a.ask("work", {}))
  world.drain()
  world.fork(a.ask("kill", {}))
  world.drain()
  expect(a.describe()).toBe("crashed")
  expect(records.map((record) => record.defect)).toContain("Error: undo failed")
})

test("a restart may meet scripts that still give back, and can await them", () => {
  const { world, actor } = stage()
  const log: string[] = []
  const job = (wait: Effect.Effect<void>) =>
    Effect.andThen(
      wait,
      Effect.acquireUseRelease(
        Effect.sync(() => log.push("take")),
        () => Effect.never,
        () =>
          Effect.andThen(
            Effect.sleep(50),
            Effect.sync(() => log.push("give back"))
          )
      )
    )
  const a: Probe = actor("a", () => bang() ?? go("x"), {
    initial: go("busy", { type: "job" }),
    scripts: { job: (_: never, self) => job(self.settled) },
    onCrash: () => a.restart(go("busy", { type: "job" }))
  })
  a.tell({ type: "boom" })
  world.drain()
  expect(log).toEqual(["take", "give back", "take"])
  world.run(
    Effect.asVoid(Effect.forkDetach(Effect.flatMap(Effect.forkChild(a.stop()), Fiber.join)))
  )
  expect(log).toEqual(["take", "give back", "take", "give back"])
})
