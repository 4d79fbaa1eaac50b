/**
 * A program: puts one mutant into this process, runs the plans of the mutant's own shape through
 * the simulated world until a law is broken, and writes the trace of that run to standard output.
 * `counterexample.ts MUTANT`; a process of its own, for a mutant must not meet the engine itself.
 */
import { mutants } from "../../simulation/mutants/index.ts"
import { putIn } from "../../simulation/mutants/load.ts"

const id = process.argv[2]
const mutant = mutants.find((one) => one.id === id)
if (mutant === undefined) throw new Error(`there is no mutant '${id}'`)
putIn(mutant)
const { ofShape } = await import("../../simulation/kill-matrix/search.ts")
const { laws } = await import("../../simulation/laws/index.ts")
const { invariants } = await import("../../../src/testing/invariants/index.ts")
const { tracePlan } = await import("../../../src/testing/simulation/trace-plan.ts")
const { writeTrace } = await import("../../../src/trace/write.ts")

for (const { plan } of ofShape(mutant.shape)) {
  const { report, trace } = tracePlan(plan, {
    invariants: [...invariants, ...laws],
    program: "0.1.0"
  })
  if (report.violations.length === 0) continue
  process.stdout.write(writeTrace(trace))
  break
}
