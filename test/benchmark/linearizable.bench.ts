/**
 * How long it takes to judge a history: `node test/benchmark/linearizable.bench.ts`. Histories of
 * the toy engine that the properties use, true ones and ones with a lie in the end; medians.
 */
import fc from "fast-check"
import { checkHistory } from "../../src/testing/history/check-history.ts"
import {
  linearizable,
  type SequentialModel,
  type TimedCall
} from "../../src/testing/history/linearizable.ts"
import type { History } from "../../src/testing/history/operation.ts"
import { play, toyRun } from "../property/testing/history/toy-engine.ts"

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const timed = (work: () => void): number => {
  const begun = performance.now()
  work()
  return performance.now() - begun
}

const report = (what: string, times: readonly number[]): void => {
  const [middle, worst] = [median(times), Math.max(...times)]
  console.log(`| ${what} | ${middle.toFixed(2)} | ${worst.toFixed(2)} |`)
}

/** The history with a last read of what nobody wrote. */
const lying = (history: History): History => {
  const [first] = history.operations
  if (first === undefined) return history
  const at = Math.max(...history.operations.map(({ endedAt }) => endedAt ?? 0)) + 1_000
  const call = { call: "xml", domain: 0 } as const
  const result = { kind: "ok", value: { version: 9_999 } } as const
  const lie = { ...first, id: 9_999, call, result, invokedAt: at, endedAt: at + 1 }
  return { ...history, operations: [...history.operations, lie] }
}

console.log("| history | median ms | worst ms |")
console.log("| --- | --- | --- |")
for (const [slots, calls] of [
  [1, 60],
  [5, 60],
  [5, 200],
  [5, 1000]
] as const) {
  for (const isKilled of [false, true]) {
    const runs = fc.sample(toyRun({ slots, calls, isKilled }), { numRuns: 60, seed: 1 })
    const histories = runs.map((run): History => {
      const { operations, happenings, events } = play({ ...run, clients: 5 }, slots)
      return { operations, happenings, events }
    })
    const size = `${slots} domains, ${calls} calls${isKilled ? ", engines killed" : ""}`
    const counts = histories.map(({ operations }) => operations.length)
    const judge = (history: History) => timed(() => checkHistory(history))
    report(`${size}: true (${median(counts)} operations)`, histories.map(judge))
    report(
      `${size}: a lie`,
      histories.map((history) => judge(lying(history)))
    )
  }
}

type Register = { readonly write: number } | { readonly read: true }

const register: SequentialModel<number, Register, number> = {
  initial: 0,
  apply: (state, { operation, result }) => {
    if ("write" in operation) return [operation.write]
    return result === state ? [state] : []
  },
  key: String
}

/** Five clients that always have a call under way: reads and writes of one register, in turn. */
const busy = (count: number): readonly TimedCall<Register, number>[] => {
  let state = 0
  return Array.from({ length: count }, (_, index) => {
    const at = { invokedAt: index * 2 - 9, endedAt: index * 2 + 0.5 }
    if (index % 2 === 1) return { operation: { read: true }, result: state, ...at }
    state = index
    return { operation: { write: index }, ...at }
  })
}

for (const count of [200, 2_000]) {
  const operations = busy(count)
  const times = Array.from({ length: 30 }, () =>
    timed(() => {
      if (!linearizable({ operations, model: register }).ok) throw new Error("it is linearizable")
    })
  )
  report(`a register, ${count} operations, 5 at a time`, times)
}
