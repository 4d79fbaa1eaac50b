/**
 * Goal: the verdict is right, and so is what comes with it. Method: random small histories of a
 * register, good and bad, against a judge that tries every order there is.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import {
  linearizable,
  type SequentialModel,
  type TimedCall
} from "../../../../src/testing/history/linearizable.ts"

type Operation =
  | { readonly type: "write"; readonly value: number }
  | { readonly type: "swap"; readonly value: number }
  | { readonly type: "read" }
type Call = TimedCall<Operation, number>

/** Swap gives the old value; its effect may fail to show: what is not deterministic. */
const model: SequentialModel<number, Operation, number> = {
  initial: 0,
  apply: (state, { operation, result, endedAt }) => {
    const isTold = endedAt === undefined || result === state
    switch (operation.type) {
      case "write":
        return [operation.value]
      case "read":
        return isTold ? [state] : []
      case "swap":
        return isTold ? [operation.value, operation.value + 1] : []
    }
  },
  key: String
}

const isBefore = (a: Call, b: Call) => a.endedAt !== undefined && a.endedAt < b.invokedAt

/** The slow judge: places any call that nothing unplaced precedes, in every way. */
const canBePlaced = (state: number, left: readonly Call[], latest: number): boolean => {
  if (left.every(({ endedAt }) => endedAt === undefined)) return true
  return left.some((call) => {
    const others = left.filter((other) => other !== call)
    if (others.some((other) => isBefore(other, call))) return false
    if (latest > (call.lapsesAt ?? Number.POSITIVE_INFINITY)) return false
    const since = Math.max(latest, call.invokedAt)
    return model.apply(state, call).some((next) => canBePlaced(next, others, since))
  })
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant("write" as const), value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constant("swap" as const), value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constant("read" as const) })
)

/** Begins and ends drawn from one shuffled row of ticks, so that all are different. */
const history: fc.Arbitrary<readonly Call[]> = fc
  .array(
    fc.record({
      operation,
      result: fc.integer({ min: 0, max: 3 }),
      span: fc.tuple(fc.nat(999), fc.nat(60)),
      end: fc.constantFrom("seen", "seen", "seen", "unseen", "lapsed")
    }),
    { maxLength: 6 }
  )
  .map((drawn) => {
    const count = drawn.length
    return drawn.map(({ operation: what, result, span: [begin, length], end }, index): Call => {
      const invokedAt = begin * count + index
      const until = (begin + length + 1) * count + index
      if (end === "seen") return { operation: what, result, invokedAt, endedAt: until + 0.5 }
      const open = { operation: what, invokedAt, endedAt: undefined }
      return end === "unseen" ? open : { ...open, lapsesAt: until + 0.5 }
    })
  })

const near = history.map((calls) =>
  calls.map((call) => ({ ...call, invokedAt: call.invokedAt / 1000 }))
)

test("accepts what some order explains, and refuses what none does", () => {
  let accepted = 0
  let refused = 0
  fc.assert(
    fc.property(fc.oneof(history, near), (operations) => {
      const verdict = linearizable({ operations, model })
      expect(verdict.ok).toBe(canBePlaced(0, operations, Number.NEGATIVE_INFINITY))
      if (verdict.ok) accepted++
      else refused++
    }),
    { numRuns: 4_000 }
  )
  // The histories are worth something only if there are many of both.
  expect(Math.min(accepted, refused)).toBeGreaterThan(400)
})

test("the order it gives is one: in time, and with every result", () => {
  fc.assert(
    fc.property(history, (operations) => {
      const verdict = linearizable({ operations, model })
      if (!verdict.ok) return
      const { order } = verdict
      const states = order.reduce<readonly number[]>(
        (before, call) => before.flatMap((state) => model.apply(state, call)),
        [0]
      )
      expect(states.length).toBeGreaterThan(0)
      for (const [index, call] of order.entries())
        for (const later of order.slice(index + 1)) expect(isBefore(later, call)).toBe(false)
      for (const call of operations) if (call.endedAt !== undefined) expect(order).toContain(call)
    }),
    { numRuns: 2_000 }
  )
})

test("the prefix it names has no explanation, and one that is shorter by its last end has", () => {
  const upTo = (operations: readonly Call[], tick: number): readonly Call[] =>
    operations
      .filter(({ invokedAt }) => invokedAt < tick)
      .map((call) => {
        const isEnded = call.endedAt !== undefined && call.endedAt <= tick
        return isEnded ? call : { ...call, endedAt: undefined }
      })
  fc.assert(
    fc.property(history, (operations) => {
      const verdict = linearizable({ operations, model })
      if (verdict.ok || verdict.why !== "impossible") return
      const end = verdict.culprit.endedAt ?? Number.NaN
      const judged = (tick: number) =>
        linearizable({ operations: upTo(operations, tick), model }).ok
      expect(linearizable({ operations: verdict.prefix, model }).ok).toBe(false)
      expect(judged(end - 0.25)).toBe(true)
      expect(verdict.unplaced).toContain(verdict.culprit)
    }),
    { numRuns: 2_000 }
  )
})

test("calls that touch different parts may be tried apart: the verdict is the same", () => {
  type Part = { readonly part: number; readonly what: Operation }
  const cells: SequentialModel<readonly number[], Part, number> = {
    initial: [0, 0, 0],
    apply: (state, { operation: { part, what }, ...call }) =>
      model
        .apply(state[part] ?? 0, { ...call, operation: what })
        .map((next) => state.with(part, next)),
    key: String
  }
  const touches = ({ part }: Part) => [part]
  let accepted = 0
  let refused = 0
  const two = fc.tuple(history, fc.array(fc.nat({ max: 2 }), { minLength: 6, maxLength: 6 }))
  fc.assert(
    fc.property(two, ([calls, parts]) => {
      const operations = calls.map(({ operation: what, ...call }, index) => ({
        ...call,
        operation: { part: parts[index] ?? 0, what }
      }))
      const together = linearizable({ operations, model: cells })
      const apart = linearizable({ operations, model: { ...cells, touches } })
      expect(apart.ok).toBe(together.ok)
      if (together.ok) accepted++
      else refused++
    }),
    { numRuns: 3_000 }
  )
  expect(Math.min(accepted, refused)).toBeGreaterThan(100)
})
