/**
 * Strategies by name and by seed: what plans are written in. No one of them finds everything, so
 * `mixed` takes another with every seed.
 */
import { Chance } from "./chance.ts"
import { fifo } from "./listed.ts"
import { pct } from "./pct.ts"
import type { Strategy } from "./strategy.ts"
import { swizzle } from "./swizzle.ts"
import { uniform } from "./uniform.ts"

export type StrategyName = "fifo" | "uniform" | "pct" | "swizzle" | "mixed"

export const strategyNamed = (name: StrategyName, seed: number): Strategy => {
  switch (name) {
    case "fifo":
      return fifo
    case "uniform":
      return uniform(seed)
    case "pct":
      return pct(seed)
    case "swizzle":
      return swizzle(seed)
    case "mixed":
      return mixed(seed)
  }
}

/** Lengths of runs that are told apart: of a kernel scenario up to one of the whole engine. */
const stepsMaxes = [20, 60, 200, 1000, 4000] as const

export const mixed = (seed: number): Strategy => {
  const chance = new Chance(seed)
  const inner = chance.below(2 ** 31)
  switch (chance.below(5)) {
    case 0:
    case 1:
      return uniform(inner)
    case 2:
      return swizzle(inner)
    default: {
      const stepsMax = stepsMaxes[chance.below(stepsMaxes.length)] ?? 200
      return pct(inner, { depth: 2 + chance.below(4), stepsMax })
    }
  }
}
