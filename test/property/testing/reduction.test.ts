/**
 * Goal: partial-order reduction loses nothing and runs nothing twice.
 * Method: random forests of tasks that say truly what they share are run in every order, plainly
 * and reduced: both must meet the same classes of equivalent orders, and the reduced way each of
 * them once. Then the same with actors, for the ends that clients are told.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { explore, exploreReduced } from "../../../src/testing/explore.ts"
import { type Strategy, World, type WorldOptions } from "../../../src/testing/world.ts"
import { type Program, programOf, runProgram } from "../kernel/program.ts"

interface Deed {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** What is scheduled by it, and what it schedules after a pause. */
  readonly next: readonly Deed[]
  readonly later: readonly Deed[]
}

const names = fc.subarray(["x", "y", "z"], { maxLength: 2 })

const deed = (depth: number): fc.Arbitrary<Deed> => {
  const onward = depth === 0 ? fc.constant([]) : fc.array(deed(depth - 1), { maxLength: 2 })
  const later = depth === 0 ? fc.constant([]) : fc.array(deed(0), { maxLength: 1 })
  return fc.record({ reads: names, writes: names, next: onward, later })
}

const forest = fc.array(deed(2), { minLength: 1, maxLength: 4 })
const sizeOf = (deeds: readonly Deed[]): number =>
  deeds.reduce((sum, { next, later }) => sum + 1 + sizeOf(next) + sizeOf(later), 0)

/**
 * Which version of each thing each deed met: the same for two orders exactly when they are
 * equivalent.
 */
const runForest = (
  deeds: readonly Deed[],
  choices: readonly number[] | Strategy,
  options: WorldOptions = {}
) => {
  const world = new World(choices, options)
  const realm = world.realm("r", { isTelling: true })
  const versions: { [name: string]: number } = { x: 0, y: 0, z: 0 }
  const met: string[] = []
  const begin = ({ reads, writes, next, later }: Deed, path: string) => {
    for (const name of reads) world.touch?.(name, false)
    for (const name of writes) world.touch?.(name)
    // Nothing is shared: told as well, or it would be taken for everything.
    world.touch?.(path)
    const seen = [...new Set([...reads, ...writes])].map((name) => `${name}${versions[name]}`)
    for (const name of writes) versions[name] = (versions[name] ?? 0) + 1
    met.push(`${path}:${seen.join("")}`)
    for (const [index, each] of next.entries())
      realm.schedule("task", () => begin(each, `${path}.${index}`))
    for (const [index, each] of later.entries())
      realm.after(1, () => begin(each, `${path}+${index}`))
  }
  for (const [index, each] of deeds.entries()) realm.schedule("task", () => begin(each, `${index}`))
  world.drain()
  return { world, trace: met.toSorted().join(" ") }
}

const runsMax = 3_000

test("each class of equivalent orders is run, and once", () => {
  let [plainRuns, reducedRuns, complete] = [0, 0, 0]
  fc.assert(
    fc.property(forest, (deeds) => {
      fc.pre(sizeOf(deeds) <= 9)
      const every = new Set<string>()
      const plain = explore((choices) => {
        const { world, trace } = runForest(deeds, choices)
        every.add(trace)
        return world
      }, runsMax)
      if (!plain.isComplete) return
      const found: string[] = []
      const reduced = exploreReduced((strategy) => {
        found.push(runForest(deeds, strategy).trace)
      })
      expect(reduced.isComplete).toBe(true)
      expect([...new Set(found)].toSorted()).toEqual([...every].toSorted())
      expect(found.length).toBe(every.size)
      expect(reduced.schedules).toBe(found.length)
      complete++
      plainRuns += plain.runs
      reducedRuns += reduced.runs
    }),
    { numRuns: 300 }
  )
  expect(complete).toBeGreaterThan(100)
  expect(reducedRuns * 2).toBeLessThan(plainRuns)
})

test("every end is met also where time may pass while something waits", () => {
  let complete = 0
  fc.assert(
    fc.property(forest, (deeds) => {
      fc.pre(sizeOf(deeds) <= 6)
      const options = { mayTimePass: true }
      const every = new Set<string>()
      const plain = explore((choices) => {
        const { world, trace } = runForest(deeds, choices, options)
        every.add(trace)
        return world
      }, runsMax)
      if (!plain.isComplete) return
      const found = new Set<string>()
      const reduced = exploreReduced(
        (strategy) => {
          found.add(runForest(deeds, strategy, options).trace)
        },
        { runsMax }
      )
      expect(reduced.isComplete).toBe(true)
      expect([...found].toSorted()).toEqual([...every].toSorted())
      complete++
    }),
    { numRuns: 150 }
  )
  expect(complete).toBeGreaterThan(50)
})

/** In which order clients were told is no part of it. */
const endOf = (
  program: Program,
  choices: readonly number[] | Strategy,
  options: WorldOptions = {}
) => {
  const { world, results, troupe, problems } = runProgram(program, choices, options)
  const told = program.ops.map((op) => results.find((result) => result.op === op)?.end)
  const states = troupe.toys.map(({ actor }) => [actor.describe(), actor.published.job])
  return { world, end: JSON.stringify([told, states, problems]) }
}

interface Met {
  plain: number
  reduced: number
  complete: number
  ends: number
}

const losesNoEnd = (programs: fc.Arbitrary<Program>, options: WorldOptions, met: Met) =>
  fc.property(programs, (program) => {
    const every = new Set<string>()
    const plain = explore((choices) => {
      const { world, end } = endOf(program, choices, options)
      every.add(end)
      return world
    }, 1_000)
    if (!plain.isComplete) return
    const found = new Set<string>()
    const reduced = exploreReduced((strategy) => {
      found.add(endOf(program, strategy, options).end)
    })
    expect([...found].toSorted()).toEqual([...every].toSorted())
    expect(reduced.schedules).toBeLessThanOrEqual(plain.schedules)
    met.plain += plain.runs
    met.reduced += reduced.runs
    met.complete++
    met.ends += every.size
  })

const small = (part: Parameters<typeof programOf>[0], opsMax: number) =>
  programOf(part).map(({ toyCount, ops }) => ({
    toyCount: Math.min(toyCount, 3),
    ops: ops.slice(0, opsMax).map((op) => ({ ...op, actor: op.actor % Math.min(toyCount, 3) }))
  }))

test("with actors, every end that some order has is found in fewer runs", () => {
  const met = { plain: 0, reduced: 0, complete: 0, ends: 0 }
  fc.assert(losesNoEnd(small({}, 4), {}, met), { numRuns: 80 })
  expect(met.complete).toBeGreaterThan(25)
  expect(met.ends).toBeGreaterThan(met.complete)
  expect(met.reduced * 2).toBeLessThan(met.plain)
})

test("also when actors crash and calls expire", () => {
  const requests = ["work", "read", "join", "redo", "kill", "boom"] as const
  const programs = small({ requests, mayDie: true, mayExpire: true }, 4)
  const met = { plain: 0, reduced: 0, complete: 0, ends: 0 }
  fc.assert(losesNoEnd(programs, {}, met), { numRuns: 80 })
  expect(met.complete).toBeGreaterThan(25)
  expect(met.reduced * 2).toBeLessThan(met.plain)
})

test("also when time passes while something waits", () => {
  const met = { plain: 0, reduced: 0, complete: 0, ends: 0 }
  fc.assert(losesNoEnd(small({ mayExpire: true }, 1), { mayTimePass: true }, met), { numRuns: 40 })
  expect(met.complete).toBeGreaterThan(10)
  expect(met.ends).toBeGreaterThan(met.complete)
})
