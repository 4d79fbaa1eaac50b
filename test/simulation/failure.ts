/**
 * What is left behind when a run breaks a law: the plan made small, its story as a trace, and the
 * one command that does it again. Files lie in `.cache/simulation`, which git ignores.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { invariants } from "../../src/testing/invariants/index.ts"
import type { Plan } from "../../src/testing/simulation/plan.ts"
import { shrinkPlan } from "../../src/testing/simulation/shrink-plan.ts"
import { tracePlan } from "../../src/testing/simulation/trace-plan.ts"
import type { Violation } from "../../src/testing/simulation/view.ts"
import { writeTrace } from "../../src/trace/write.ts"
import { breaks } from "./run.ts"

const root = join(import.meta.dirname, "../..")

export const failuresFolder = ".cache/simulation"

export interface Failure {
  readonly violation: Violation
  /** The plan as it was found, and made small. */
  readonly plan: Plan
  readonly shrunk: Plan
  readonly planPath: string
  readonly tracePath: string
  /** What a terminal shows. */
  readonly text: string
}

export interface Found {
  /** Of files and of the report: `seed-17`. */
  readonly name: string
  readonly plan: Plan
  readonly violation: Violation
  readonly seed?: number
  /** Runs that shrinking may take. */
  readonly runsMax?: number
}

export const keepFailure = ({ name, plan, violation, seed, runsMax }: Found): Failure => {
  const options = runsMax === undefined ? {} : { runsMax }
  const shrunk = shrinkPlan(plan, breaks(violation.invariant), options)
  const { trace, report } = tracePlan(shrunk, {
    invariants,
    ...(seed === undefined ? {} : { seed })
  })
  mkdirSync(join(root, failuresFolder), { recursive: true })
  const planPath = join(failuresFolder, `${name}.json`)
  const tracePath = join(failuresFolder, `${name}.trace.json`)
  writeFileSync(join(root, planPath), `${JSON.stringify(shrunk, undefined, 2)}\n`)
  writeFileSync(join(root, tracePath), writeTrace(trace))
  const now = report.violations[0] ?? violation
  const text = [
    `${name} breaks ${now.invariant}: ${now.message}`,
    `  plan: ${JSON.stringify(shrunk)}`,
    `  story: ${tracePath}`,
    `  again: npm run simulate -- --replay ${planPath}`
  ].join("\n")
  return { violation: now, plan, shrunk, planPath, tracePath, text }
}
