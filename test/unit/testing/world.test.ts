/**
 * Goal: the world is deterministic, complete and bounded. Method: plain effects whose order shows.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import fc from "fast-check"
import { expect, test } from "vitest"
import { explore } from "../../../src/testing/explore.ts"
import { wallOriginMs, World } from "../../../src/testing/world.ts"

const letters = (world: World, names: string): string[] => {
  const log: string[] = []
  for (const name of names) world.schedule(name, () => log.push(name))
  return log
}

test("without choices, first come is first served; choices pick by remainder", () => {
  const fifo = new World()
  const inOrder = letters(fifo, "abcd")
  fifo.drain()
  expect(inOrder.join("")).toBe("abcd")
  const chosen = new World([7, 3, 1])
  const log = letters(chosen, "abcd")
  chosen.drain()
  expect(log.join("")).toBe("dacb")
  expect(chosen.trace).toEqual(["d", "a", "c", "b"])
  expect(chosen.branching).toEqual([4, 3, 2])
})

test("explore runs every order exactly once, and says when it could not", () => {
  const seen = new Set<string>()
  const run = (choices: readonly number[]) => {
    const world = new World(choices)
    const log = letters(world, "abcd")
    world.drain()
    seen.add(log.join(""))
    return world
  }
  expect(explore(run)).toEqual({ runs: 24, schedules: 24, pruned: 0, isComplete: true })
  expect(seen.size).toBe(24)
  expect(explore(run, 10)).toMatchObject({ runs: 10, isComplete: false })
})

test("time passes only at rest, and timers due together come in any order", () => {
  const orders = new Set<string>()
  explore((choices) => {
    const world = new World(choices)
    const log: string[] = []
    for (const name of "abc")
      world.fork(
        Effect.andThen(
          Effect.sleep(10),
          Effect.sync(() => log.push(name))
        )
      )
    world.drain()
    expect(world.nowMs).toBe(10)
    orders.add(log.join(""))
    return world
  })
  expect(orders.size).toBe(6)
})

test("with mayTimePass a timer may overtake what is ready, and that too is explored", () => {
  const orders = new Set<string>()
  explore((choices) => {
    const world = new World(choices, { mayTimePass: true })
    const log: string[] = []
    world.fork(
      Effect.andThen(
        Effect.sleep(10),
        Effect.sync(() => log.push("timer"))
      )
    )
    world.schedule("task", () => log.push("task"))
    world.drain()
    orders.add(log.join(" "))
    return world
  })
  expect([...orders].toSorted()).toEqual(["task timer", "timer task"])
})

test("clocks: wall time is far from monotonic time, and both pass together", () => {
  const world = new World()
  const exit = world.run(
    Effect.andThen(
      Effect.sleep("1 hour"),
      Effect.all([Clock.currentTimeMillis, Clock.currentTimeNanos])
    )
  )
  expect(exit).toEqual(
    Exit.succeed([wallOriginMs + 3_600_000, BigInt(wallOriginMs + 3_600_000) * 1_000_000n])
  )
  expect(world.clock.monotonicTimeNanosUnsafe()).toBe(3_600_000n * 1_000_000n)
})

test("advance stands exactly at its time, whatever is set for later", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.array(fc.nat(5)), fc.boolean(), (waits, choices, may) => {
      const world = new World(choices, { mayTimePass: may })
      const rung: number[] = []
      for (const ms of waits)
        world.fork(
          Effect.andThen(
            Effect.sleep(ms),
            Effect.sync(() => rung.push(ms))
          )
        )
      world.advance(50)
      expect(world.nowMs).toBe(50)
      expect(rung.toSorted((a, b) => a - b)).toEqual(
        waits.filter((ms) => ms <= 50).toSorted((a, b) => a - b)
      )
    })
  )
})

test("an interrupted sleep leaves no timer, due or not", () => {
  const world = new World([1])
  const fibers = [1, 2].map(() => world.fork(Effect.sleep(5)))
  world.step()
  for (const fiber of fibers) world.fork(Fiber.interrupt(fiber))
  world.drain()
  expect(world.timerCount).toBe(0)
  expect(world.nowMs).toBe(5)
})

test("a livelock is an error, and so is an effect that never ends", () => {
  const world = new World([], { stepsMax: 100 })
  const again = () => world.schedule("again", again)
  again()
  expect(() => world.drain()).toThrow("no rest after 100 deliveries (livelock)")
  expect(() => new World().run(Effect.never)).toThrow("has not ended")
})

test("what escapes the world leaves a run stuck, and that is an error", () => {
  const ways = [
    Effect.promise(() => Promise.resolve(1)),
    Effect.callback<void>((resume) => void setTimeout(() => resume(Effect.void), 0)),
    Effect.callback<void>((resume) => queueMicrotask(() => resume(Effect.void)))
  ]
  for (const way of ways) expect(() => new World().run(way)).toThrow("has not ended")
  expect(new World().run(Effect.sleep("1 day"))).toEqual(Exit.void)
})

test("preemptions give way where the list says, and nowhere else", () => {
  const run = (preemptions: readonly boolean[]) => {
    const world = new World([], { preemptions })
    let shared = 0
    const read = Effect.suspend(() => Effect.succeed(shared))
    const write = (value: number) => Effect.suspend(() => Effect.succeed((shared = value)))
    const add = Effect.flatMap(read, (before) => write(before + 1))
    world.fork(add)
    world.fork(add)
    world.drain()
    return shared
  }
  expect(run([])).toBe(2)
  const lost = fc.check(
    fc.property(fc.array(fc.boolean(), { maxLength: 8 }), (list) => run(list) === 2)
  )
  expect(lost.failed).toBe(true)
})
