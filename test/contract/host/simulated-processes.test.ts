/**
 * Goal: the simulated `Processes` keeps the contract of the live one, whatever comes first.
 * Method: the shared cases, each as an engine on a host of its own: first come first served, then
 * in 30 other orders.
 */
import type * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import type { Processes } from "../../../src/host/process.ts"
import type { SimulatedHost } from "../../../src/testing/host/host.ts"
import { processesCases } from "./processes.cases.ts"
import { choicesOf, leftOpen, runOn, simulatedHost } from "./simulated-bench.ts"

const runIn = (host: SimulatedHost, effect: Effect.Effect<void, unknown, Processes>) => {
  runOn(host, effect)
  expect(leftOpen(host)).toEqual([])
  expect(host.processes.all).toHaveLength(1)
}

processesCases({ run: async (effect) => runIn(simulatedHost(), effect) })

describe("in other orders", () => {
  processesCases({
    run: async (effect) => {
      for (let seed = 1; seed <= 30; seed++) runIn(simulatedHost({}, choicesOf(seed)), effect)
    }
  })
})
