/**
 * Goal: what speaks libvirt's protocol keeps the engine's laws, and its own: each call of a client
 * that stays has one answer, and of one that goes nothing is left.
 * Method: sessions, handlers and clients run in the simulated world beside the engine, over pipes
 * that cut their bytes anywhere, in random orders and with faults.
 */
import * as Exit from "effect/Exit"
import { expect, test } from "vitest"
import type { Effect } from "effect/Effect"
import { invariants } from "../../src/testing/invariants/index.ts"
import { simulate, type SimulateOptions } from "../../src/testing/simulation/simulate.ts"
import type { PlannedFault } from "../../src/testing/fault.ts"
import { Draw } from "../../src/testing/simulation/draw.ts"
import { someFault } from "./shapes/shape.ts"
import { type Outcome, speak } from "./rpc/session.ts"

const run = (seed: number, options: SimulateOptions = {}) =>
  simulate(
    // The services of the simulated host are in the context of the engine's process.
    (engine) => speak(engine, { clients: 4, callsEach: 6, seed }) as Effect<Outcome, unknown>,
    { schedule: { kind: "mixed", seed }, domains: 1, invariants, ...options }
  )

const seeds = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

/** What clients that stay were told, and what was left of all of them. */
const judge = ({ exit, violations }: ReturnType<typeof run>): void => {
  expect(violations).toEqual([])
  if (exit === undefined || Exit.isFailure(exit)) return expect.fail(String(exit?.cause))
  const { told, state } = exit.value
  for (const { name, answer } of told.flat()) {
    expect(answer, name).toBeDefined()
    // A mistake of ours would be an internal error (1); a call that is lost has no connection.
    expect([1, "lost"], name).not.toContain(answer)
  }
  expect(state).toEqual({ clients: 0, waiting: 0, anonymous: 0, heldBytes: 0 })
}

test.each(seeds(25))("clients of seed %i", (seed) => judge(run(seed)))

const faultsOf = (seed: number): readonly PlannedFault[] => {
  const draw = new Draw(seed)
  return [
    someFault(draw, "qmp", { reach: 12, of: ["hang", "refuse", "die-after", "garbage"] }),
    someFault(draw, "file", { reach: 60, of: ["EIO", "ENOSPC", "slow"] }),
    someFault(draw, "guest", { reach: 4, of: ["poweroff", "panic"] })
  ]
}

test.each(seeds(15))("clients of seed %i, while things go wrong", (seed) =>
  judge(run(seed, { faults: faultsOf(seed) }))
)

test("some calls succeed, some are refused, and events are heard", () => {
  const outcomes = [1, 2, 3, 4, 5].map((seed) => run(seed).exit)
  const told = outcomes.flatMap((exit) =>
    exit !== undefined && Exit.isSuccess(exit) ? [exit.value] : []
  )
  const answers = new Set(
    told.flatMap((outcome) => outcome.told.flat().map(({ answer }) => answer))
  )
  expect(answers).toContain("ok")
  expect(answers).toContain(42)
  expect(answers.size).toBeGreaterThan(2)
  expect(told.reduce((sum, { events }) => sum + events, 0)).toBeGreaterThan(0)
})

test("the same seed speaks the same words", () => {
  const story = (seed: number) => {
    const { exit, deliveries } = run(seed)
    return JSON.stringify({ exit, deliveries })
  }
  expect(story(7)).toBe(story(7))
})
