/**
 * Goal: an exploration counts what it says it counts, takes picks for choices, and hands out what
 * replays a failure. Method: scopes so small that their orders can be counted by hand.
 */
import { describe, expect, test } from "vitest"
import { explore, exploreReduced, ScheduleFailed } from "../../../src/testing/explore.ts"
import { type Strategy, World } from "../../../src/testing/world.ts"

/** Each touches what stands for it and goes into the log of that. */
const touching = (strategy: Strategy, things: string, log: (what: string) => void = () => {}) => {
  const world = new World(strategy)
  for (const [index, thing] of [...things].entries())
    world.schedule("task", () => {
      world.touch?.(thing)
      log(`${thing}${index}`)
    })
  world.drain()
  return world
}

describe("of deliveries that tell what they share", () => {
  test.each([
    ["abcd", 1],
    ["aabb", 4],
    ["aaab", 6],
    ["aaaa", 24]
  ])("%s has %i orders that differ", (things, schedules) => {
    const found = exploreReduced((strategy) => touching(strategy, things))
    expect(found).toMatchObject({ schedules, isComplete: true })
  })

  test("who tells nothing is taken to share everything", () => {
    const found = exploreReduced((strategy) => {
      const world = new World(strategy)
      for (const name of "abcd") world.schedule(name, () => {})
      world.drain()
    })
    expect(found).toEqual({ runs: 24, schedules: 24, pruned: 0, isComplete: true })
  })

  test("nothing is believed of a realm of which nobody said that it tells all", () => {
    const inRealm = (isTelling: boolean) =>
      exploreReduced((strategy) => {
        const world = new World(strategy)
        const realm = world.realm("engine", { isTelling })
        for (const name of "abc") realm.schedule(name, () => realm.touch?.(name))
        world.drain()
      }).schedules
    expect(inRealm(true)).toBe(1)
    expect(inRealm(false)).toBe(6)
  })

  test("who tells something else overlooks orders: what is told is believed", () => {
    const ends = new Set<string>()
    const log: string[] = []
    exploreReduced((strategy) => {
      log.length = 0
      // All go into one log and tell of four.
      touching(strategy, "abcd", (what) => log.push(what))
      ends.add(log.join())
    })
    expect(ends.size).toBe(1)
  })
})

test("two readers commute, a reader and a writer do not", () => {
  const found = exploreReduced((strategy) => {
    const world = new World(strategy)
    for (const isWrite of [false, false, true])
      world.schedule("task", () => world.touch?.("it", isWrite))
    world.drain()
  })
  // The writer before both, between them in either order, after both.
  expect(found.schedules).toBe(4)
})

test("what is picked is a choice like the others, within a delivery and outside", () => {
  const plain = new Set<string>()
  const reduced = new Set<string>()
  const run = (choices: readonly number[] | Strategy, ends: Set<string>) => {
    const world = new World(choices)
    const log = [`start ${world.pick(3)}`]
    world.schedule("a", () => log.push(`a ${world.pick(2)}`))
    world.schedule("b", () => log.push("b"))
    world.drain()
    ends.add(log.join(", "))
    return world
  }
  expect(explore((choices) => run(choices, plain))).toMatchObject({ runs: 12, isComplete: true })
  exploreReduced((strategy) => run(strategy, reduced))
  expect([...reduced].toSorted()).toEqual([...plain].toSorted())
  expect(plain.size).toBe(12)
})

test("a failure carries the choices that replay it", () => {
  const run = (choices: readonly number[] | Strategy) => {
    const world = new World(choices)
    const log: string[] = []
    for (const name of "abc") world.schedule(name, () => log.push(name))
    world.drain()
    if (log.join("") === "cab") throw new Error("c a b")
    return world
  }
  const failed: unknown[] = []
  try {
    exploreReduced(run)
  } catch (thrown) {
    failed.push(thrown)
  }
  expect(failed).toEqual([expect.any(ScheduleFailed)])
  const { choices } = failed[0] as ScheduleFailed
  expect(() => run(choices)).toThrow("c a b")
})

test("it says when it could not finish", () => {
  const found = exploreReduced((strategy) => touching(strategy, "aaaa"), { runsMax: 10 })
  expect(found).toMatchObject({ runs: 10, isComplete: false })
})
