/** Each of those that wait is as likely as the others. Finds what needs no long conspiracy. */
import { Chance } from "./chance.ts"
import type { Strategy } from "./strategy.ts"

export const uniform = (seed: number): Strategy => {
  const chance = new Chance(seed)
  return {
    next: (ready) => chance.below(ready.length),
    pick: (count) => chance.below(count)
  }
}
