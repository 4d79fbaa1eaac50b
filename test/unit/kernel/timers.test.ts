/**
 * Goal: a deadline rings once, within one step after its time, unless it was cancelled; nothing
 * grows and nothing is lost. Method: random deadlines and cancellations in virtual time.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { timerStepMs } from "../../../src/kernel/limits.ts"
import { Timers } from "../../../src/kernel/timers.ts"
import { World } from "../../../src/testing/world.ts"

test("rings once, at or up to one step after its time, and not when cancelled before", () => {
  const timer = fc.record({
    setAtMs: fc.nat(300),
    // In whole microseconds: what is less is nothing once it was added to a time of day.
    forMs: fc.integer({ min: -20_000, max: 200_000 }).map((us) => us / 1_000),
    cancelAfterMs: fc.option(fc.nat(250), { nil: undefined })
  })
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 40 }), (plan) => {
      const world = new World()
      const timers = new Timers(world.context)
      const rung = plan.map((): number[] => [])
      let cancels: readonly { readonly atMs: number; readonly cancel: () => void }[] = []
      for (const now of Array.from({ length: 600 }, (_, index) => index)) {
        world.advance(now - world.nowMs)
        for (const [index, { setAtMs, forMs, cancelAfterMs }] of plan.entries()) {
          if (setAtMs !== now) continue
          const one = timers.at(now + forMs, () => rung[index]?.push(world.nowMs))
          if (cancelAfterMs !== undefined)
            cancels = [...cancels, { atMs: now + cancelAfterMs, cancel: one.cancel }]
        }
        for (const each of cancels) if (each.atMs <= now) each.cancel()
        cancels = cancels.filter((each) => each.atMs > now)
      }
      for (const [index, { setAtMs, forMs, cancelAfterMs }] of plan.entries()) {
        const dueMs = Math.max(setAtMs, setAtMs + forMs)
        const times = rung[index] ?? []
        if (cancelAfterMs === undefined || setAtMs + cancelAfterMs > dueMs + timerStepMs) {
          expect(times.length).toBe(1)
          expect(times[0]).toBeGreaterThanOrEqual(dueMs)
          expect(times[0]).toBeLessThanOrEqual(dueMs + timerStepMs)
        } else if (setAtMs + cancelAfterMs < dueMs) expect(times).toEqual([])
      }
      expect(timers.size).toBe(0)
    }),
    { numRuns: 150 }
  )
})
test("a ring that sets and cancels others from within is no exception", () => {
  const world = new World()
  const timers = new Timers(world.context)
  const log: string[] = []
  timers.at(95, () => {
    victim.cancel()
    timers.at(0, () => log.push("past"))
    timers.at(100, () => log.push("same step"))
    timers.at(500, () => log.push("later"))
    log.push("first")
  })
  const victim = timers.at(100, () => log.push("victim"))
  world.drain()
  expect(log).toEqual(["first", "past", "same step", "later"])
  expect(timers.size).toBe(0)
  expect(world.timerCount).toBe(0)
})

test("a ring that throws loses no other deadline", () => {
  const world = new World()
  const timers = new Timers(world.context)
  const log: number[] = []
  for (const index of [0, 1, 2, 3])
    timers.at(50 + index, () => {
      if (index % 2 === 0) throw new Error("bang")
      log.push(index)
    })
  timers.at(5000, () => log.push(5000))
  world.drain()
  expect(log).toEqual([1, 3, 5000])
})

test("deadlines far apart in great number are kept and rung", () => {
  const world = new World()
  const timers = new Timers(world.context)
  let rung = 0
  for (let index = 0; index < 200_000; index++)
    timers.at(1e6 + index * timerStepMs, () => void rung++)
  timers.at(10, () => void rung++)
  world.advance(20)
  expect(rung).toBe(1)
  expect(timers.size).toBe(200_000)
})

test("stop lets nothing ring, and the world comes to rest", () => {
  const world = new World()
  const timers = new Timers(world.context)
  timers.at(100, () => expect.fail("rang"))
  timers.stop()
  world.drain()
  expect(world.nowMs).toBe(0)
})
