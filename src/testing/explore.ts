/**
 * Tries every interleaving of a small scope, plainly or without those that differ only in
 * deliveries which commute. What a random search may miss, this does not; what this cannot finish,
 * it reports as unfinished.
 */
import { Abandoned, Reduction } from "./strategy/reduction.ts"
import type { Strategy } from "./strategy/strategy.ts"
import type { World } from "./world.ts"

export interface Exploration {
  /** Worlds that were run: `schedules` and `pruned` together. */
  readonly runs: number
  /** Orders that were run to their end, no two of them equivalent as far as was told. */
  readonly schedules: number
  /** Runs that were left when they turned out to repeat others. */
  readonly pruned: number
  /** Every interleaving was run, or one that is equivalent. */
  readonly isComplete: boolean
}

/** A law was broken; the choices replay how. */
export class ScheduleFailed extends Error {
  readonly choices: readonly number[]

  constructor(choices: readonly number[], cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`with the choices [${choices.join()}]: ${why}`, { cause })
    this.choices = choices
  }
}

export interface ExploreOptions {
  readonly runsMax?: number
  /** Asked before each run: time is the caller's. */
  readonly isOver?: () => boolean
}

/** Runs after which an exploration is reported as unfinished. */
const runsMaxDefault = 100_000

const tried = (run: (choices: readonly number[]) => World, choices: readonly number[]): World => {
  try {
    return run(choices)
  } catch (thrown) {
    throw new ScheduleFailed(choices, thrown)
  }
}

/**
 * `run` builds a world from the choices, runs it to rest and returns it. It throws when a law is
 * broken: a `ScheduleFailed` with the choices comes out.
 */
export const explore = (
  run: (choices: readonly number[]) => World,
  runsMax = runsMaxDefault
): Exploration => {
  let choices: readonly number[] | undefined = []
  let runs = 0
  while (choices !== undefined && runs < runsMax) {
    const { branching } = tried(run, choices)
    runs++
    choices = successor(choices, branching)
  }
  return { runs, schedules: runs, pruned: 0, isComplete: choices === undefined }
}

/** The next list of choices: the last one that still has an alternative is raised by one. */
const successor = (
  choices: readonly number[],
  branching: readonly number[]
): readonly number[] | undefined => {
  const met = branching.map((_, index) => choices[index] ?? 0)
  const last = met.findLastIndex((choice, index) => choice + 1 < (branching[index] ?? 0))
  return last < 0 ? undefined : [...met.slice(0, last), (met[last] ?? 0) + 1]
}

/**
 * The same end states in far fewer runs. `run` builds a world with the strategy, runs it to rest
 * and throws when a law is broken: a `ScheduleFailed` with the choices comes out.
 *
 * Gotchas: deliveries commute unless they tell that they share something. Actors tell; whatever
 * else deliveries share (a log, a simulated disk, a Deferred between clients) has to be told by
 * `world.touch?.("its name")`, or is overlooked. A delivery that tells nothing is taken to share
 * everything, and so is each of a realm that was not made as one whose deliveries tell all. What is
 * looked at between two deliveries may differ from any plain run's: only ends, and what is told,
 * are the same.
 */
export const exploreReduced = (
  run: (strategy: Strategy) => unknown,
  { runsMax = runsMaxDefault, isOver = () => false }: ExploreOptions = {}
): Exploration => {
  const reduction = new Reduction()
  let [schedules, pruned, isComplete] = [0, 0, false]
  while (!isComplete && schedules + pruned < runsMax && !isOver()) {
    try {
      run(reduction.strategy)
      schedules++
    } catch (thrown) {
      if (!(thrown instanceof Abandoned)) throw new ScheduleFailed(reduction.choices, thrown)
      pruned++
    }
    isComplete = !reduction.next()
  }
  return { runs: schedules + pruned, schedules, pruned, isComplete }
}
