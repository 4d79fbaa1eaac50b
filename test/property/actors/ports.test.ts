/**
 * Goal: a port is one guest's at a time, the lowest that is free, and a token gives back all of
 * its own. Method: as with the pools: random clients and orders against a sequential table.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { makePorts } from "../../../actors/ports.ts"
import { choiceList, programOf, runClients, stage } from "./clients.ts"
import { isLinearizable, type Model } from "./linearizable.ts"

interface Take {
  readonly kind: "take"
  readonly min: number
  readonly count: number
  readonly token: string
  readonly avoid: readonly number[]
}
type Input = Take | { readonly kind: "release"; readonly token: string }
type State = ReadonlyMap<number, string>

const model: Model<State, Input, number | string> = {
  initial: new Map(),
  key: (state) => JSON.stringify([...state].toSorted()),
  apply: (state, input) => {
    if (input.kind === "release")
      return [new Map([...state].filter(([, holder]) => holder !== input.token)), "ok"]
    const range = Array.from({ length: input.count }, (_, index) => input.min + index)
    const port = range.find((one) => !state.has(one) && !input.avoid.includes(one))
    return port === undefined
      ? [state, "none"]
      : [new Map([...state, [port, input.token] as const]), port]
  }
}

const token = fc.constantFrom("a", "b", "c")
const port = fc.integer({ min: 5900, max: 5903 })
const input: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    kind: fc.constant("take" as const),
    min: port,
    count: fc.integer({ min: 1, max: 3 }),
    token,
    avoid: fc.array(port, { maxLength: 2 })
  }),
  fc.record({ kind: fc.constant("release" as const), token })
)

test("every history is one of a sequential table", () => {
  let none = 0
  fc.assert(
    fc.property(programOf(input), choiceList, (program, choices) => {
      const { world, kernel } = stage(choices)
      const ports = makePorts(kernel)
      const perform = (one: Input): Effect.Effect<number | string> =>
        one.kind === "take"
          ? Effect.match(
              ports.take({
                range: { min: one.min, max: one.min + one.count - 1 },
                token: one.token,
                avoid: one.avoid
              }),
              {
                onSuccess: (taken): number | string => taken,
                onFailure: (error) => (error._tag === "NoPort" ? "none" : error.message)
              }
            )
          : Effect.as(Effect.orDie(ports.release(one.token)), "ok")
      const history = runClients(world, program, perform)
      expect(isLinearizable(history, model)).toBe(true)
      none += history.filter(({ result }) => result === "none").length
    }),
    { numRuns: 1500 }
  )
  expect(none).toBeGreaterThan(5)
})
