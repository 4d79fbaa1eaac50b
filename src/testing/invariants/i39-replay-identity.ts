/** I39: the same plan is the same run, to the last delivery. Looks at two runs: no hook. */
import type { Plan } from "../simulation/plan.ts"
import { type Report, runPlan } from "../simulation/simulation.ts"
import { invariants } from "./index.ts"

/** What a run was, apart from how long it took us. */
const storyOf = (report: Report): readonly string[] => [
  ...report.deliveries,
  ...report.met.map((met) => JSON.stringify(met)),
  ...report.history.operations.map((operation) => JSON.stringify(operation)),
  ...report.history.happenings.map((happening) => JSON.stringify(happening)),
  ...report.history.events.map((event) => JSON.stringify(event)),
  ...report.violations.map((violation) => JSON.stringify(violation)),
  JSON.stringify({ choices: report.choices, steps: report.steps, ms: report.durationMs })
]

/** Where the two stories part; `undefined` when they are one. */
export const difference = (
  one: readonly string[],
  other: readonly string[]
): string | undefined => {
  const at = one.findIndex((line, index) => line !== other[index])
  if (at < 0 && one.length === other.length) return undefined
  const where = at < 0 ? one.length : at
  return `I39 ReplayIdentity: line ${where} is '${one[where]}', and '${other[where]}' again`
}

/** Runs the plan twice. `undefined`: both runs are the same, byte for byte. */
export const replaysIdentically = (plan: Plan): string | undefined => {
  const run = () => storyOf(runPlan(plan, { isTraced: true, invariants }))
  return difference(run(), run())
}
