/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010), as
 * adapted to messages (Ozkan et al., OOPSLA 2018): each chain has a random priority, the highest is
 * served, and at `depth` - 1 random instants whoever is highest falls to the bottom. A bug that
 * needs `depth` deliveries in one order is met with a chance that falls with the chains and with
 * the length of the run to the power of `depth` - 1, however unlikely it is under uniform choice.
 */
import { Chains } from "./chain.ts"
import { Chance } from "./chance.ts"
import type { Candidate, Strategy } from "./strategy.ts"

export interface PctOptions {
  /** How many deliveries have to meet in one order. 1: no priority ever changes. */
  readonly depth?: number
  /** Among how many choices the changes are drawn: about as many as a run makes. */
  readonly stepsMax?: number
}

export const pctDefaults = { depth: 3, stepsMax: 200 } as const

interface Chain {
  priority: number
}

export const pct = (seed: number, options: PctOptions = {}): Strategy => {
  const { depth, stepsMax } = { ...pctDefaults, ...options }
  const chance = new Chance(seed)
  const changes = new Map<number, number>()
  // The later change falls deeper or less deep at random: the priorities below 0 are distinct.
  for (let change = 1; change < depth; change++) changes.set(chance.below(stepsMax), -change)
  const chains = new Chains<Chain>(() => ({ priority: chance.fraction() }))
  let steps = 0
  const highest = (ready: readonly Candidate[]): number => {
    let best = 0
    let bestPriority = Number.NEGATIVE_INFINITY
    for (let at = 0; at < ready.length; at++) {
      const { priority } = chains.of(ready[at] as Candidate)
      if (priority <= bestPriority) continue
      best = at
      bestPriority = priority
    }
    return best
  }
  return {
    next: (ready) => {
      const change = changes.get(steps++)
      if (change !== undefined) chains.of(ready[highest(ready)] as Candidate).priority = change
      return highest(ready)
    },
    pick: (count) => chance.below(count)
  }
}
