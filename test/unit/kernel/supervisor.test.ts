/**
 * Goal: a crashed child comes back from durable state, at most so often, never in a loop, and the
 * supervisor itself survives whatever its children do. Method: children that crash and revivals
 * that fail on cue, in virtual time.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import {
  restartPauseMs,
  restartsMax,
  restartWindowMs,
  Supervisor
} from "../../../src/kernel/supervisor.ts"
import { go, type Probe, reply, stage, tagOf } from "./stage.ts"

const supervised = (reviveOf: (a: Probe, count: number) => Effect.Effect<void, unknown>) => {
  const here = stage()
  const givenUp: string[] = []
  const revivedAtMs: number[] = []
  const supervisor = new Supervisor("root", here.kernel, { onGivenUp: (id) => givenUp.push(id) })
  const child = (id: string): Probe => {
    const a: Probe = here.actor(
      id,
      (state, { type, call }) => {
        if (type === "boom") throw new Error("boom")
        return go(state, reply([call]))
      },
      {
        onCrash: () => supervisor.crashed(id),
        scripts: { dies: () => Effect.die("again") }
      }
    )
    const revive = Effect.suspend(() => {
      revivedAtMs.push(here.world.nowMs)
      return reviveOf(a, revivedAtMs.length)
    })
    supervisor.watch({ id, revive })
    return a
  }
  return { ...here, supervisor, child, givenUp, revivedAtMs }
}

const restart = (a: Probe) => Effect.sync(() => a.restart(go("idle")))

test("a crashed child is revived at once, and the others are left alone", () => {
  const { world, child, revivedAtMs, givenUp } = supervised(restart)
  const [a, b] = [child("a"), child("b")]
  a.tell({ type: "boom" })
  world.drain()
  expect([tagOf(world.fork(a.ask("x", {}))), b.version]).toEqual(["waiting", 0])
  world.drain()
  expect(revivedAtMs).toEqual([0])
  expect(givenUp).toEqual([])
})

test("one defect too many in the window gives the child up; after it they count anew", () => {
  const { world, child, revivedAtMs, givenUp } = supervised(restart)
  const a = child("a")
  const crash = () => {
    a.tell({ type: "boom" })
    world.advance(1)
  }
  for (let count = 0; count < restartsMax; count++) crash()
  world.advance(restartWindowMs)
  for (let count = 0; count < restartsMax; count++) crash()
  expect(givenUp).toEqual([])
  crash()
  expect(givenUp).toEqual(["a"])
  expect(revivedAtMs.length).toBe(2 * restartsMax)
  expect(a.describe()).toBe("crashed")
})

test("a revival that fails is tried again after its pause, not in a loop", () => {
  const { world, child, revivedAtMs, givenUp } = supervised((a, count) =>
    count < 3 ? Effect.fail("disk full") : restart(a)
  )
  const a = child("a")
  a.tell({ type: "boom" })
  world.drain()
  expect(revivedAtMs).toEqual([0, restartPauseMs, 2 * restartPauseMs])
  expect(givenUp).toEqual([])
  expect(a.describe()).toBe("idle")
})

test.each<[string, (a: Probe) => Effect.Effect<void, unknown>]>([
  ["fails", () => Effect.fail("disk full")],
  ["dies", () => Effect.die("a bug")],
  ["is interrupted", () => Effect.interrupt]
])("a revival that always %s is given up within its bound", (_, revive) => {
  const { world, child, revivedAtMs, givenUp } = supervised(revive)
  child("a").tell({ type: "boom" })
  world.drain()
  expect(givenUp).toEqual(["a"])
  expect(revivedAtMs.length).toBe(restartsMax)
})

test("a child that crashes while it is revived does not end its supervisor", () => {
  const { world, child, revivedAtMs, givenUp, records } = supervised((a) =>
    Effect.andThen(
      Effect.sync(() => a.restart(go("idle", { type: "dies" }))),
      Effect.sleep(5)
    )
  )
  child("a").tell({ type: "boom" })
  const b = child("b")
  world.drain()
  expect(givenUp).toEqual(["a"])
  expect(revivedAtMs.length).toBe(restartsMax)
  expect(records.filter((record) => record.actor === "root" && record.defect)).toEqual([])
  b.tell({ type: "boom" })
  world.drain()
  expect(revivedAtMs.length).toBeGreaterThan(restartsMax)
})

test("a child that is forgotten, or watched anew, while it is revived stops being revived", () => {
  const { world, supervisor, child, givenUp } = supervised(() => Effect.never)
  child("a").tell({ type: "boom" })
  world.advance(5)
  const revived: string[] = []
  supervisor.watch({ id: "a", revive: Effect.sync(() => void revived.push("new")) })
  world.advance(5)
  supervisor.crashed("a")
  world.advance(5)
  expect(revived).toEqual(["new"])
  supervisor.forget("a")
  supervisor.crashed("a")
  world.drain()
  expect(revived).toEqual(["new"])
  expect(givenUp).toEqual([])
})
