/**
 * Goal: each listener hears what it asked for, in order, from its subscription on; one that is
 * slow is told how many it missed, and delays nobody.
 * Method: random bursts of events and random listeners in random orders of deliveries; what each
 * heard is held against what happened while it listened.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { expect, test } from "vitest"
import { backlogLengthMax, type Heard, makeEventBus } from "../../../actors/event-bus.ts"
import type { DomainEvent } from "../../../src/model/event.ts"
import { choiceList, stage } from "./clients.ts"

const eventOf = (id: number): DomainEvent => ({ uuid: "u", name: "web", id, type: "reboot" })
const isEven = ({ id }: DomainEvent) => id % 2 === 0

interface Listener {
  readonly isPicky: boolean
  /** Events that happened before it subscribed. */
  readonly after: number
  readonly pauses: readonly number[]
}

const listener: fc.Arbitrary<Listener> = fc.record({
  isPicky: fc.boolean(),
  after: fc.nat(20),
  pauses: fc.array(fc.nat(3), { maxLength: 5 })
})

test("each hears all that it asked for, in order, until the bus ends", () => {
  fc.assert(
    fc.property(
      fc.array(listener, { maxLength: 4 }),
      fc.nat(30),
      choiceList,
      (all, count, choices) => {
        const { world, kernel } = stage(choices, {})
        const bus = makeEventBus(kernel)
        const heard = all.map((): Heard[] => [])
        const follow = ({ isPicky, pauses }: Listener, into: Heard[]) =>
          Effect.gen(function* () {
            const subscription = yield* bus.subscribe(isPicky ? isEven : undefined)
            for (let turn = 0; ; turn++) {
              for (let pause = pauses[turn % pauses.length] ?? 0; pause > 0; pause--)
                yield* Effect.yieldNow
              const next = yield* subscription.take
              if (next === undefined) return
              into.push(next)
            }
          }).pipe(Effect.scoped)
        const joins = (happened: number) => {
          for (const [index, one] of all.entries())
            if (one.after === happened) world.fork(follow(one, heard[index] ?? []))
        }
        for (let id = 0; id < count; id++) {
          joins(id)
          bus.happened(eventOf(id))
        }
        // Before anything was delivered: what happened is heard all the same.
        world.run(bus.stop())
        for (const [index, { after, isPicky }] of all.entries()) {
          const due = Array.from({ length: count }, (_, id) => eventOf(id)).slice(after)
          expect(heard[index]).toEqual(isPicky ? due.filter(isEven) : due)
        }
      }
    ),
    { numRuns: 600 }
  )
})

test("one that takes nothing is told the gap, in its place, and others miss nothing", () => {
  const { world, kernel } = stage([], {})
  const bus = makeEventBus(kernel)
  const scope = Scope.makeUnsafe()
  const subscribe = () => {
    const exit = world.run(Scope.provide(bus.subscribe(), scope))
    if (Exit.isFailure(exit)) throw new Error("subscribing does not fail")
    return exit.value
  }
  const [slow, quick] = [subscribe(), subscribe()]
  let heard = 0
  world.fork(Effect.forever(Effect.map(quick.take, () => heard++)))
  const many = backlogLengthMax + 7
  for (let id = 0; id < many; id++) bus.happened(eventOf(id))
  world.advance(0)
  expect(heard).toBe(many)
  const take = () => {
    const exit = world.run(slow.take)
    return Exit.isSuccess(exit) ? exit.value : undefined
  }
  for (let id = 0; id < backlogLengthMax; id++) expect(take()).toEqual(eventOf(id))
  bus.happened(eventOf(5000))
  world.advance(0)
  expect(take()).toEqual({ type: "gap", missed: 7 })
  expect(take()).toEqual(eventOf(5000))
})

test("a filter that throws ends its own subscription and nobody else's", () => {
  const { world, kernel } = stage([], {})
  const bus = makeEventBus(kernel)
  const heard: unknown[] = []
  const listen = (filter?: (event: DomainEvent) => boolean) =>
    Effect.scoped(
      Effect.gen(function* () {
        const subscription = yield* bus.subscribe(filter)
        for (;;) {
          const next = yield* subscription.take
          if (next === undefined) return "over"
          heard.push(next)
        }
      })
    )
  const broken = world.fork(
    listen(() => {
      throw new Error("a user's mistake")
    })
  )
  world.fork(listen())
  for (const id of [1, 2]) bus.happened(eventOf(id))
  world.advance(0)
  expect(heard).toEqual([eventOf(1), eventOf(2)])
  expect(broken.pollUnsafe()).toBeDefined()
})

test("who subscribes to a bus that has ended hears at once that it is over", () => {
  const { world, kernel } = stage([], {})
  const bus = makeEventBus(kernel)
  world.run(bus.stop())
  const exit = world.run(
    Effect.scoped(Effect.flatMap(bus.subscribe(), (subscription) => subscription.take))
  )
  expect(exit).toEqual(Exit.succeed(undefined))
})
