/**
 * Runs a plan of the simulated world and collects what it covers: turns of every life, the faults
 * that came to pass, and the calls of clients with the state of the domain that they are about. The
 * run is the same as without being looked at.
 */
import { type ApiCall, slotUuid } from "../history/api-call.ts"
import type { Plan } from "../simulation/plan.ts"
import { type Report, type RunOptions, runPlan } from "../simulation/simulation.ts"
import type { Invariant, View } from "../simulation/view.ts"
import type { CoverageRecorder } from "./recorder.ts"

/** What of the engine there is. */
const lifeOf = ({ life }: View): "no engine" | "engine opens" | "engine open" => {
  if (life === undefined) return "no engine"
  return life.engine === undefined ? "engine opens" : "engine open"
}

const stateFor = (coverage: CoverageRecorder, call: ApiCall, view: View): string => {
  const life = lifeOf(view)
  if (life !== "engine open" || !("domain" in call)) return life
  return coverage.stateOf(`domain/${slotUuid(call.domain)}`) ?? "no domain"
}

/** Tells of each call once, after the delivery in which it was made. */
const callWatcher = (coverage: CoverageRecorder): Invariant => ({
  id: "coverage",
  name: "Called",
  statement: "What clients call is counted as they call it.",
  make: () => {
    let told = 0
    return {
      step: (view) => {
        const { operations } = view.history
        for (; told < operations.length; told++) {
          const call = operations[told]?.call
          if (call !== undefined) coverage.called(call.call, stateFor(coverage, call, view))
        }
        return undefined
      }
    }
  }
})

export const coverPlan = (
  plan: Plan,
  coverage: CoverageRecorder,
  options: RunOptions = {}
): Report =>
  runPlan(plan, {
    ...options,
    invariants: [callWatcher(coverage), ...(options.invariants ?? [])],
    onEngine: (driver, life) => {
      coverage.watch(driver.kernel.inspection)
      options.onEngine?.(driver, life)
    },
    onFault: (met, view) => {
      const life = lifeOf(view)
      if (life === "engine open") coverage.faultMet(met)
      else coverage.faultMet(met, life)
      options.onFault?.(met, view)
    }
  })
