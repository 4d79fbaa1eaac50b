/**
 * Clients of one actor in the simulated world: each does its operations one after the other, some
 * are given up, and what each was told is written down with its times. The order of everything is
 * the world's list of choices.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import { Kernel } from "../../../src/kernel/kernel.ts"
import { World, type WorldOptions } from "../../../src/testing/world.ts"
import type { Operation } from "./linearizable.ts"

export const choiceList = fc.array(fc.nat(7), { maxLength: 80, size: "max" })

export interface Step<I> {
  readonly input: I
  /** Its asker is interrupted soon, maybe before the answer. */
  readonly isAbandoned: boolean
}

export type Program<I> = readonly (readonly Step<I>[])[]

export const programOf = <I>(input: fc.Arbitrary<I>): fc.Arbitrary<Program<I>> => {
  const isAbandoned = fc.integer({ min: 0, max: 4 }).map((n) => n === 4)
  return fc.array(fc.array(fc.record({ input, isAbandoned }), { maxLength: 4 }), { maxLength: 3 })
}

export const stage = (
  choices: readonly number[],
  options: WorldOptions = { mayTimePass: true }
) => {
  const world = new World(choices, options)
  const kernel = new Kernel(world, world.context)
  return { world, kernel }
}

/** Runs the program to rest; the history of what was asked and answered. */
export const runClients = <I, O>(
  world: World,
  program: Program<I>,
  perform: (input: I) => Effect.Effect<O>
): readonly Operation<I, O>[] => {
  const history: Operation<I, O>[] = []
  let time = 0
  const one = Effect.fnUntraced(function* ({ input, isAbandoned }: Step<I>) {
    yield* Effect.yieldNow
    const from = ++time
    const work = perform(input)
    const done = yield* isAbandoned
      ? Effect.timeoutOption(work, 1)
      : Effect.map(work, (value) => ({ _tag: "Some" as const, value }))
    const isAnswered = done._tag === "Some"
    const result = isAnswered ? done.value : undefined
    history.push({ input, result, from, until: isAnswered ? ++time : Number.POSITIVE_INFINITY })
  })
  const fibers = program.map((steps) => world.fork(Effect.forEach(steps, one, { discard: true })))
  world.drain()
  for (const fiber of fibers) {
    const exit = fiber.pollUnsafe()
    if (exit === undefined) throw new Error("a client waits for ever")
    if (exit._tag === "Failure") throw new Error(`a client failed: ${String(exit.cause)}`)
  }
  return history
}
