/**
 * Goal: two clients that want one device at the same time get no engine into a state that it must
 * not be in, whatever few deliveries are late, and wherever the engine is killed.
 * Method: the whole engine, in all schedules that put back one delivery at most; a crash at every
 * deed of the schedule that puts back none. `npm run exhaustive` has larger scopes.
 */
import { describe, expect, test } from "vitest"
import { type EngineScope, searchDelayed } from "./engine-scope.ts"

const starts: EngineScope = {
  domains: 2,
  clients: [
    [
      { call: "start", domain: 0 },
      { call: "list", afterMs: 300 }
    ],
    [{ call: "start", domain: 1 }]
  ]
}

const isOver = () => false
const timeoutMs = 120_000

describe("two starts of domains that want one device", () => {
  test("every schedule with one delay", { timeout: timeoutMs }, () => {
    const { levels, broken } = searchDelayed(starts, {
      delaysMax: 1,
      lag: "last",
      crashes: [],
      isOver
    })
    expect(broken).toBeUndefined()
    expect(levels.map(({ delays, isComplete }) => ({ delays, isComplete }))).toEqual([
      { delays: 0, isComplete: true },
      { delays: 1, isComplete: true }
    ])
    // A choice for each, or nearly: fewer say that the scope has lost its races.
    expect(levels[1]?.schedules).toBeGreaterThan(40)
  })

  test("a crash at every deed that touches the host", { timeout: timeoutMs }, () => {
    const { levels, broken } = searchDelayed(starts, {
      delaysMax: 0,
      lag: "last",
      crashes: ["kill-before", "kill-after", "power-cut"],
      isOver
    })
    expect(broken).toBeUndefined()
    expect(levels[0]?.crashes).toBeGreaterThan(50)
  })
})
