/**
 * Goal: never more starts at once than the lane is wide, in the order in which they came, and one
 * that is interrupted, in the line or at work, leaves no place behind.
 * Method: random works of random length, some interrupted, in random orders of deliveries.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import { makeStartLane } from "../../../actors/start-lane.ts"
import { choiceList, stage } from "./clients.ts"

interface Work {
  readonly afterMs: number
  readonly lastsMs: number
  /** When it is interrupted, if ever, and so many turns of fibers later; it may be done by then. */
  readonly interruptedAtMs: number | undefined
  readonly turnsLater: number
}

const ms = fc.integer({ min: 0, max: 6 })
const work: fc.Arbitrary<Work> = fc.record({
  afterMs: ms,
  lastsMs: ms,
  interruptedAtMs: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 2 }),
  turnsLater: fc.nat(4)
})

test("never wider than its width, fair, and nothing left behind", () => {
  let [waited, cut] = [0, 0]
  fc.assert(
    fc.property(
      fc.array(work, { maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      choiceList,
      (works, width, choices) => {
        const { world, kernel } = stage(choices, { mayTimePass: false })
        const lane = makeStartLane(kernel, () => width)
        const [asked, begun]: [number[], number[]] = [[], []]
        const over = new Set<number>()
        const wrong: string[] = []
        let working = 0
        const body = (index: number, { lastsMs }: Work) =>
          Effect.gen(function* () {
            const passed = asked.slice(0, asked.indexOf(index)).filter((one) => !over.has(one))
            // Those it overtakes were let in with it, and their answers are on the way.
            if (passed.filter((one) => !begun.includes(one)).length >= width)
              wrong.push(`${index} goes before ${passed.join()}`)
            begun.push(index)
            working++
            if (working > width) wrong.push(`${working} at once`)
            yield* Effect.sleep(lastsMs)
          }).pipe(Effect.ensuring(Effect.sync(() => working--)))
        const client = (index: number, one: Work) =>
          Effect.gen(function* () {
            yield* Effect.sleep(one.afterMs)
            const enter = Effect.suspend(() => {
              asked.push(index)
              const leaves = Effect.sync(() => over.add(index))
              return Effect.ensuring(lane.within(body(index, one)), leaves)
            })
            const fiber = yield* Effect.forkChild(enter, { startImmediately: true })
            if (one.interruptedAtMs === undefined) return yield* Fiber.await(fiber)
            yield* Effect.sleep(one.interruptedAtMs)
            for (let turn = 0; turn < one.turnsLater; turn++) yield* Effect.yieldNow
            return yield* Fiber.interrupt(fiber)
          })
        for (const [index, one] of works.entries()) world.fork(client(index, one))
        world.drain()
        expect(working).toBe(0)
        expect(wrong).toEqual([])
        for (const [index, { interruptedAtMs }] of works.entries())
          if (interruptedAtMs === undefined) expect(begun).toContain(index)
        // All places are free again: as many as it is wide begin at once.
        let together = 0
        const late = Effect.sync(() => together++)
        for (let count = 0; count < width; count++)
          world.fork(lane.within(Effect.andThen(late, Effect.never)))
        world.advance(0)
        expect(together).toBe(width)
        waited += works.length > width ? 1 : 0
        cut += works.length - begun.length
      }
    ),
    { numRuns: 1500 }
  )
  expect(Math.min(waited, cut)).toBeGreaterThan(5)
})

test("a lane that grows lets those in who wait, with the next turn", () => {
  const { world, kernel } = stage([])
  let width = 1
  const lane = makeStartLane(kernel, () => width)
  let working = 0
  const enter = () =>
    world.fork(
      lane.within(
        Effect.andThen(
          Effect.sync(() => working++),
          Effect.never
        )
      )
    )
  for (let count = 0; count < 3; count++) enter()
  // Not to rest: in 30 s their calls would be overdue.
  world.advance(10)
  expect(working).toBe(1)
  width = 3
  enter()
  world.advance(10)
  expect(working).toBe(3)
})
