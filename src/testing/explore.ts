/**
 * Tries every interleaving of a small scope: depth first over the choices that a run met. What a
 * random search may miss, this does not; what this cannot finish, it reports as unfinished.
 */
import type { World } from "./world.ts"

export interface Exploration {
  readonly runs: number
  /** Every interleaving was run. */
  readonly isComplete: boolean
}

/**
 * `run` builds a world from the choices, runs it to rest and returns it; it throws when a law is
 * broken, and the choices it was given replay the failure.
 */
export const explore = (
  run: (choices: readonly number[]) => World,
  runsMax = 100_000
): Exploration => {
  let choices: readonly number[] | undefined = []
  let runs = 0
  while (choices !== undefined && runs < runsMax) {
    const { branching } = run(choices)
    runs++
    choices = successor(choices, branching)
  }
  return { runs, isComplete: choices === undefined }
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
