/**
 * A shape: the short schedule of a bug that many systems had, as a family of small plans, one for
 * each seed. The calls are always the same; the order of delivery, and where exactly things go
 * wrong, are the seed's.
 */
import { Draw } from "../../../src/testing/simulation/draw.ts"
import type { ClientStep, Plan, Schedule } from "../../../src/testing/simulation/plan.ts"
import type { FaultsBySeam, PlannedFault, Seam } from "../../../src/testing/fault.ts"

export interface Shape {
  readonly name: string
  /** Records of the zoo that are of this shape. */
  readonly zoo: readonly string[]
  readonly plan: (seed: number) => Plan
}

/** What differs from the simplest plan: one domain, no faults. */
type Story = Partial<Omit<Plan, "clients">> & Pick<Plan, "clients">

const orders = ["uniform", "pct", "swizzle", "mixed"] as const

export const shape = (
  name: string,
  zoo: readonly string[],
  story: (draw: Draw) => Story
): Shape => ({
  name,
  zoo,
  plan: (seed) => {
    const draw = new Draw(seed)
    const kind = seed === 1 ? "fifo" : draw.among(orders)
    const schedule: Schedule = { kind, seed: draw.below(2 ** 31) }
    return { domains: 1, faults: [], schedule, ...story(draw) }
  }
})

/** One fault of these, at one of `reach` occurrences of its seam, from the first on. */
export const someFault = <S extends Seam>(
  draw: Draw,
  seam: S,
  options: {
    readonly reach: number
    readonly of: readonly FaultsBySeam[S][]
    /** By default 0: the first occurrence. */
    readonly from?: number
  }
): PlannedFault => {
  const { reach, of, from = 0 } = options
  return { seam, nth: from + draw.below(reach), fault: draw.among(of) } as unknown as PlannedFault
}

/** The same calls, each at once after the one before, so many times. */
export const again = (times: number, ...steps: readonly ClientStep[]): readonly ClientStep[] =>
  Array.from({ length: times }, () => steps).flat()
