/**
 * Goal: linearizable histories are accepted with an order that shows it, others refused with the
 * shortest prefix. Method: the classic histories of a register, and a pool that looks before it
 * takes.
 */
import { expect, test } from "vitest"
import {
  linearizable,
  partition,
  type SequentialModel,
  type TimedCall
} from "../../../../src/testing/history/linearizable.ts"

type Register = { readonly write: number } | { readonly read: true }

const register: SequentialModel<number, Register, number> = {
  initial: 0,
  apply: (state, { operation, result, endedAt }) => {
    if ("write" in operation) return [operation.write]
    return endedAt === undefined || result === state ? [state] : []
  },
  key: String
}

const write = (
  value: number,
  invokedAt: number,
  endedAt?: number
): TimedCall<Register, number> => ({
  operation: { write: value },
  invokedAt,
  endedAt
})
const read = (result: number, invokedAt: number, endedAt: number): TimedCall<Register, number> => ({
  operation: { read: true },
  result,
  invokedAt,
  endedAt
})
const judge = (...operations: readonly TimedCall<Register, number>[]) =>
  linearizable({ operations, model: register })

test("a read beside a write gives the value of before or of after", () => {
  expect(judge(write(1, 1, 4), read(0, 2, 3)).ok).toBe(true)
  expect(judge(write(1, 1, 4), read(1, 2, 3)).ok).toBe(true)
  expect(judge(write(1, 1, 4), read(2, 2, 3)).ok).toBe(false)
})

test("what was read once is not unread", () => {
  const verdict = judge(write(1, 1, 10), read(1, 2, 3), read(0, 4, 5), read(1, 6, 7))
  expect(verdict).toMatchObject({ ok: false, why: "impossible", culprit: { invokedAt: 4 } })
  if (verdict.ok || verdict.why !== "impossible") throw new Error("refused above")
  // The last read came after the history had gone wrong.
  expect(verdict.prefix.map(({ invokedAt }) => invokedAt)).toEqual([1, 2, 4])
  expect(verdict.order.map(({ invokedAt }) => invokedAt)).toEqual([1, 2])
  expect(verdict.unplaced.map(({ invokedAt }) => invokedAt)).toEqual([4])
  expect(verdict.state).toBe(1)
})

test("the order that is found explains every result", () => {
  const verdict = judge(read(2, 1, 8), write(1, 2, 5), write(2, 3, 4), read(1, 6, 9))
  expect(verdict.ok && verdict.order.map(({ invokedAt }) => invokedAt)).toEqual([3, 1, 2, 6])
})

test("a stale read after an ended write is refused", () => {
  expect(judge(write(1, 1, 2), read(0, 3, 4)).ok).toBe(false)
})

test("a call whose end nobody saw took effect late, early or never", () => {
  expect(judge(write(1, 1), read(0, 2, 3), read(0, 4, 5)).ok).toBe(true)
  expect(judge(write(1, 1), read(0, 2, 3), read(1, 4, 5)).ok).toBe(true)
  expect(judge(write(1, 1), read(1, 2, 3), read(0, 4, 5)).ok).toBe(false)
  expect(judge(read(1, 2, 3), write(1, 4)).ok).toBe(false)
})

test("a call that has lapsed takes effect no more", () => {
  const late = { ...write(1, 1), lapsesAt: 4 }
  expect(judge(late, read(0, 2, 3), read(1, 5, 6)).ok).toBe(true)
  expect(judge(late, read(0, 2, 3), read(0, 5, 6), read(1, 7, 8)).ok).toBe(false)
  // It may still come to pass between a read that began before the lapse and one that begins later.
  expect(judge(late, read(0, 3, 6), read(1, 7, 8)).ok).toBe(true)
})

type Pool = { readonly take: string } | { readonly giveBack: string }

/** One device: `true` when it was had. */
const pool: SequentialModel<string | undefined, Pool, boolean> = {
  initial: undefined,
  apply: (holder, { operation, result }) => {
    if ("giveBack" in operation) return holder === operation.giveBack ? [undefined] : []
    if (result === true) return holder === undefined ? [operation.take] : []
    return holder === undefined ? [] : [holder]
  },
  key: String
}

test("a pool that looks in one step and takes in another is found out", () => {
  type At = readonly [invokedAt: number, endedAt: number]
  const take = (who: string, result: boolean, [invokedAt, endedAt]: At) =>
    ({ operation: { take: who }, result, invokedAt, endedAt }) as const
  const giveBack = (who: string, [invokedAt, endedAt]: At) =>
    ({ operation: { giveBack: who }, result: true, invokedAt, endedAt }) as const
  const judged = (...operations: readonly TimedCall<Pool, boolean>[]) =>
    linearizable({ operations, model: pool }).ok
  expect(judged(take("a", true, [1, 4]), take("b", false, [2, 3]), giveBack("a", [5, 6]))).toBe(
    true
  )
  expect(judged(take("a", true, [1, 4]), take("b", true, [2, 3]))).toBe(false)
  expect(judged(take("a", true, [1, 2]), giveBack("a", [3, 6]), take("b", true, [4, 5]))).toBe(true)
  expect(judged(take("a", true, [1, 2]), giveBack("a", [3, 6]), take("b", false, [4, 5]))).toBe(
    true
  )
  // Neither had it, and one of them came first.
  expect(judged(take("a", false, [1, 4]), take("b", false, [2, 3]))).toBe(false)
})

test("a search that is cut short says so, and neither yes nor no", () => {
  const wide = Array.from({ length: 20 }, (_, index) => write(index + 1, index + 1, 100 + index))
  const verdict = linearizable({
    operations: [...wide, read(99, 50, 99)],
    model: register,
    visitedMax: 100
  })
  expect(verdict).toEqual({ ok: false, why: "undecided", visited: 101 })
})

test("no calls at all, and calls without an end only, are linearizable", () => {
  expect(judge()).toEqual({ ok: true, order: [], visited: 0 })
  expect(judge(write(1, 1), write(2, 2)).ok).toBe(true)
})

test("partition keeps the order within each key, and gives a shared call to all of them", () => {
  type Two = { readonly keys: readonly string[] }
  const call = (invokedAt: number, ...keys: readonly string[]): TimedCall<Two, never> => ({
    operation: { keys },
    invokedAt,
    endedAt: invokedAt + 1
  })
  const parts = partition([call(1, "a"), call(3, "b"), call(5, "a", "b")], ({ keys }) => keys)
  const begins = (key: string) => parts.get(key)?.map(({ invokedAt }) => invokedAt)
  expect(begins("a")).toEqual([1, 5])
  expect(begins("b")).toEqual([3, 5])
})
