/**
 * Goal: every strategy is decided by its seed, replays as a list, and finds what it is for.
 * Method: random programs over actors, run twice and replayed; planted races, each sought with as
 * many seeds as leave no doubt, for the seeds are fixed.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { answered, type Request, type RequestMessage } from "../../../src/base/protocol.ts"
import { Actor } from "../../../src/kernel/actor.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import { Chance } from "../../../src/testing/strategy/chance.ts"
import { mixed, strategyNamed } from "../../../src/testing/strategy/mixed.ts"
import { pct } from "../../../src/testing/strategy/pct.ts"
import { swizzle } from "../../../src/testing/strategy/swizzle.ts"
import { uniform } from "../../../src/testing/strategy/uniform.ts"
import { type Strategy, World } from "../../../src/testing/world.ts"
import { programOf, runProgram } from "../kernel/program.ts"

const names = ["fifo", "uniform", "pct", "swizzle", "mixed"] as const

describe.each(names)("%s", (name) => {
  test("does the same again with its seed, and with the list of what it chose", () => {
    const programs = programOf({ mayDie: true, mayExpire: true })
    fc.assert(
      fc.property(programs, fc.nat(), fc.boolean(), (program, seed, mayTimePass) => {
        const run = (how: readonly number[] | Strategy) => {
          const { world, records } = runProgram(program, how, { mayTimePass })
          return { trace: world.trace, taken: world.taken, records: JSON.stringify(records) }
        }
        const first = run(strategyNamed(name, seed))
        expect(run(strategyNamed(name, seed))).toEqual(first)
        expect(run(first.taken)).toEqual(first)
      }),
      { numRuns: 60 }
    )
  })
})

test("seeds differ: of two of them most runs are not alike", () => {
  for (const strategy of [uniform, pct, swizzle, mixed]) {
    const orders = Array.from({ length: 100 }, (_, seed) => {
      const world = new World(strategy(seed))
      for (let index = 0; index < 20; index++) world.schedule(`${index % 5}`, () => {})
      world.drain()
      return world.taken.join()
    })
    expect(new Set(orders).size).toBeGreaterThan(50)
  }
})

test("chance is even, and its numbers stay below what was asked", () => {
  const chance = new Chance(7)
  const counts = Array.from({ length: 7 }, () => 0)
  for (let draw = 0; draw < 70_000; draw++) {
    const drawn = chance.below(7)
    counts[drawn] = (counts[drawn] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  expect(chance.shuffled([1, 2, 3, 4]).toSorted()).toEqual([1, 2, 3, 4])
})

type PoolProtocol = {
  readonly isFree: Request<object, boolean>
  readonly assign: Request<{ readonly to: string }>
}

/** Two domains ask whether a device is free, and take it if it was: the race of the old ways. */
const lostDevice = (strategy: Strategy): boolean => {
  const world = new World(strategy)
  const kernel = new Kernel(world, world.context)
  const assigned: string[] = []
  const pool = new Actor<string | undefined, PoolProtocol>(
    {
      name: "pool",
      initial: { next: undefined, actions: [] },
      decide: (owner, message) => {
        const request = message as RequestMessage<PoolProtocol>
        const answer = request.type === "isFree" ? answered(owner === undefined) : answered()
        if (request.type === "assign") assigned.push(request.to)
        const reply = { type: "reply", params: { calls: [request.call], answer } }
        return { next: request.type === "assign" ? request.to : owner, actions: [reply] }
      },
      describe: String,
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  for (const to of ["a", "b"])
    world.schedule(to, () =>
      world.fork(
        Effect.flatMap(pool.ask("isFree", {}), (isFree) =>
          isFree ? pool.ask("assign", { to }) : Effect.void
        )
      )
    )
  world.drain()
  return assigned.length > 1
}

/** Parties of a few deliveries each; the log of who was served when. */
const race = (strategy: Strategy, lengths: { readonly [party: string]: number }): string => {
  const world = new World(strategy)
  let log = ""
  const go = (party: string, left: number) => {
    if (left === 0) return
    world.schedule(party, () => {
      log += party
      go(party, left - 1)
    })
  }
  for (const [party, length] of Object.entries(lengths)) go(party, length)
  world.drain()
  return log
}

/** `b` gets through all it does between two deliveries of `a`. */
const overslept = (strategy: Strategy) => /ab{16}a/.test(race(strategy, { a: 16, b: 16 }))

/** It sleeps for long twice: in the midst of `a`, and again in the midst of `b`. */
const oversleptTwice = (strategy: Strategy) =>
  /a{6,}b{8,}a{6,}b/.test(race(strategy, { a: 16, b: 16 }))

/** How many of the first seeds find it. */
const foundBy = (
  strategy: (seed: number) => Strategy,
  isFound: (strategy: Strategy) => boolean,
  seeds = 2_000
): number =>
  Array.from({ length: seeds }, (_, seed) => isFound(strategy(seed))).filter(Boolean).length

const depth = (of: number) => (seed: number) => pct(seed, { depth: of, stepsMax: 30 })

describe("planted races", () => {
  test("first come, first served finds nobody who oversleeps", () => {
    const fifo = () => strategyNamed("fifo", 0)
    for (const isFound of [overslept, oversleptTwice]) expect(isFound(fifo())).toBe(false)
  })

  test.each([
    ["uniform", uniform],
    ["pct", pct],
    ["swizzle", swizzle],
    ["mixed", mixed]
  ] as const)("%s finds the device that was given twice, soon", (_name, strategy) => {
    expect(foundBy(strategy, lostDevice, 50)).toBeGreaterThan(0)
  })

  test("one that oversleeps is found by pct of depth 2, and not by even chance", () => {
    expect(foundBy(uniform, overslept)).toBe(0)
    expect(foundBy(depth(2), overslept)).toBeGreaterThan(20)
  })

  test("swizzle finds it as well, and so does a mix", () => {
    expect(foundBy(swizzle, overslept)).toBeGreaterThan(0)
    expect(foundBy(mixed, overslept)).toBeGreaterThan(0)
  })

  test("one that oversleeps twice needs depth 3", () => {
    expect(foundBy(uniform, oversleptTwice)).toBe(0)
    expect(foundBy(depth(2), oversleptTwice)).toBe(0)
    expect(foundBy(depth(3), oversleptTwice)).toBeGreaterThan(2)
  })
})
