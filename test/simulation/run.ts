/** A plan run under all the laws there are, and what of a run must be the same each time. */
import { createHash } from "node:crypto"
import type { SimulatedHost } from "../../src/testing/host/host.ts"
import { invariants } from "../../src/testing/invariants/index.ts"
import type { Plan } from "../../src/testing/simulation/plan.ts"
import { type Report, type RunOptions, runPlan } from "../../src/testing/simulation/simulation.ts"
import type { Invariant } from "../../src/testing/simulation/view.ts"

export const check = (plan: Plan, options: RunOptions = {}): Report =>
  runPlan(plan, { ...options, invariants: [...invariants, ...(options.invariants ?? [])] })

/** Does a run of a plan break this law? What shrinking asks. */
export const breaks =
  (invariant: string) =>
  (plan: Plan): boolean =>
    check(plan).violations.some((violation) => violation.invariant === invariant)

/** A run with all the laws, and the host as it was in the end. */
export const withHost = (plan: Plan, options: RunOptions = {}) => {
  let host: SimulatedHost | undefined
  const looking: Invariant = {
    id: "disk",
    name: "Seen",
    statement: "Where the disk is, which is looked at in the end.",
    make: () => ({
      step: (view) => {
        host = view.host
        return undefined
      }
    })
  }
  const report = check(plan, { ...options, invariants: [looking] })
  return { report, host }
}

/** Every delivery, everything noted, and every byte of the disk, in few letters. */
export const fingerprint = (plan: Plan): string => {
  const { report, host } = withHost(plan, { isTraced: true })
  const { deliveries, history, choices, met, violations } = report
  const story = { deliveries, history, choices, met, violations, tree: host?.disk.tree() }
  return createHash("sha256").update(JSON.stringify(story)).digest("hex")
}
