/**
 * FoundationDB's swizzle-clog, for deliveries: a random part of the actors and realms is stopped
 * one after the other, then let go on in another order, again and again. Meets what needs one party
 * to sleep through much that others do.
 */
import { Chains } from "./chain.ts"
import { Chance } from "./chance.ts"
import type { Candidate, Strategy } from "./strategy.ts"

/** Choices for which a stopped party stays so, at most: longer than most requests take. */
const stopLengthMax = 60

interface Party {
  /** The choice at which it goes on; it is stopped until then. */
  goesOnAt: number
  /** The round in which it was looked at: each round stops others. */
  round: number
}

export const swizzle = (seed: number): Strategy => {
  const chance = new Chance(seed)
  const chains = new Chains<Party>(() => ({ goesOnAt: 0, round: -1 }))
  // A whole realm at once, as a process that the host does not run.
  const realms = new Map<string, Party>()
  let steps = 0
  let round = 0
  let roundEnd = 0
  let oneIn = 2

  /** Of those that it meets in a round for the first time, one in `oneIn` is stopped. */
  const look = (party: Party, rarer: number): Party => {
    if (party.round === round) return party
    party.round = round
    if (chance.oneIn(oneIn * rarer)) party.goesOnAt = steps + 1 + chance.below(stopLengthMax)
    return party
  }
  const realmOf = (candidate: Candidate): Party => {
    const known = realms.get(candidate.realm)
    if (known !== undefined) return known
    const party = { goesOnAt: 0, round: -1 }
    realms.set(candidate.realm, party)
    return party
  }
  const goesOnAt = (candidate: Candidate): number =>
    Math.max(look(chains.of(candidate), 1).goesOnAt, look(realmOf(candidate), 2).goesOnAt)

  return {
    next: (ready) => {
      if (steps >= roundEnd) {
        round++
        roundEnd = steps + 1 + chance.below(2 * stopLengthMax)
        oneIn = 2 + chance.below(4)
      }
      steps++
      let [going, first, firstAt] = [0, 0, Number.POSITIVE_INFINITY]
      let chosen = -1
      for (let at = 0; at < ready.length; at++) {
        const until = goesOnAt(ready[at] as Candidate)
        if (until < firstAt) [first, firstAt] = [at, until]
        // The n-th that may go takes the place of the one before it once in n: all alike.
        if (until <= steps && chance.oneIn(++going)) chosen = at
      }
      // All are stopped: the one that would be let go first is let go now.
      return chosen < 0 ? first : chosen
    },
    pick: (count) => chance.below(count)
  }
}
