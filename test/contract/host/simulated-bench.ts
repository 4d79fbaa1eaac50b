/** Runs a case as an engine on a fresh simulated host, to the world's rest. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import {
  type HostServices,
  SimulatedHost,
  type SimulatedHostOptions
} from "../../../src/testing/host/host.ts"
import { World } from "../../../src/testing/world.ts"
import { smallPrograms } from "./small-programs.ts"

export const simulatedHost = (
  options: SimulatedHostOptions = {},
  choices: readonly number[] = []
) => new SimulatedHost(new World(choices), { programs: smallPrograms, ...options })

/** What is under way when a case has ended, as the end of a pipe, comes to its own end. */
const settlingMs = 1_000

/** Descriptors that are still open, of engines and of others. */
export const leftOpen = (host: SimulatedHost): readonly string[] =>
  host
    .inventory()
    .processes.flatMap(({ descriptors }) => descriptors.map(({ kind, name }) => `${kind} ${name}`))

/** Throws what the effect failed with, or when it has not ended and nothing is left to do. */
export const runOn = <A, E>(host: SimulatedHost, effect: Effect.Effect<A, E, HostServices>): A => {
  const engine = host.engine("engine", () => {})
  const fiber = Effect.runForkWith(engine.context)(effect)
  while (fiber.pollUnsafe() === undefined && host.world.step());
  const exit = fiber.pollUnsafe()
  if (exit === undefined) throw new Error("the world is at rest, and the effect has not ended")
  if (exit._tag === "Failure") throw Cause.squash(exit.cause)
  host.world.advance(settlingMs)
  return exit.value
}

/** A small generator, so that a failing order can be run again by its number. */
export const choicesOf = (seed: number): readonly number[] => {
  let state = seed
  return Array.from({ length: 2_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 16
  })
}
