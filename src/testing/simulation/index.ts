/** What a run of the simulated world is made of, and how it is run. */
export { type ClientStep, type Plan, type Schedule } from "./plan.ts"
export { randomPlan, type RandomPlanOptions } from "./random-plan.ts"
export { type ShrinkOptions, shrinkPlan } from "./shrink-plan.ts"
export type { Party, Program, Stage } from "./party.ts"
export { type Report, type RunOptions, runPlan } from "./simulation.ts"
export { simulate, type Simulated, type SimulateOptions } from "./simulate.ts"
export type { Checks, Invariant, Life, View, Violation } from "./view.ts"
