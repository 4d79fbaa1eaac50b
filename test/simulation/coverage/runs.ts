/** The runs whose coverage may not fall: a fixed set of seeds, each a random plan. */
import { coverPlan } from "../../../src/testing/coverage/cover-plan.ts"
import type { Coverage } from "../../../src/testing/coverage/coverage.ts"
import { CoverageRecorder } from "../../../src/testing/coverage/recorder.ts"
import { randomPlan } from "../../../src/testing/simulation/random-plan.ts"

export const floorFile = new URL("./floor.json", import.meta.url)

const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

export const coverageOfSeeds = (): Coverage => {
  const coverage = new CoverageRecorder()
  for (const seed of seeds) coverPlan(randomPlan(seed), coverage)
  return coverage.snapshot()
}
