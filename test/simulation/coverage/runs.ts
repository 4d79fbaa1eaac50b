/** The runs whose coverage may not fall: a fixed set of seeds, each a random plan. */
import { CoverageRecorder } from "../../../src/testing/coverage/recorder.ts"
import type { Coverage } from "../../../src/testing/coverage/coverage.ts"
import { randomPlan } from "../../../src/testing/simulation/random-plan.ts"
import { runPlan } from "../../../src/testing/simulation/simulation.ts"

export const floorFile = new URL("./floor.json", import.meta.url)

const seeds = Array.from({ length: 80 }, (_, index) => index + 1)

export const coverageOfSeeds = (): Coverage => {
  const coverage = new CoverageRecorder()
  for (const seed of seeds)
    runPlan(randomPlan(seed), {
      onEngine: ({ kernel }) => void coverage.watch(kernel.inspection),
      onFault: (met) => coverage.faultMet(met)
    })
  return coverage.snapshot()
}
