/** Runs plans and counts: how fast, how much went wrong on purpose, and what was reached. */
import { CoverageRecorder } from "../../src/testing/coverage/recorder.ts"
import type { Plan } from "../../src/testing/simulation/plan.ts"
import type { Report } from "../../src/testing/simulation/simulation.ts"
import { check } from "./run.ts"

export interface Progress {
  readonly runs: number
  readonly seconds: number
  readonly calls: number
  readonly deliveries: number
  readonly faults: number
  readonly lives: number
  readonly violations: number
  /** Different pairs of a message and a state, and transitions of charts, reached so far. */
  readonly pairs: number
  readonly transitions: number
  readonly seed: number | undefined
}

export class Survey {
  private readonly coverage = new CoverageRecorder()
  private readonly startedAtMs = performance.now()
  private readonly counts = {
    runs: 0,
    calls: 0,
    deliveries: 0,
    faults: 0,
    lives: 0,
    violations: 0
  }

  run(plan: Plan): Report {
    const report = check(plan, {
      onEngine: ({ kernel }) => void this.coverage.watch(kernel.inspection)
    })
    const { counts } = this
    counts.runs++
    counts.calls += report.history.operations.length
    counts.deliveries += report.steps
    counts.faults += report.met.length
    counts.lives += report.lives
    counts.violations += report.violations.length > 0 ? 1 : 0
    return report
  }

  progress(seed: number | undefined): Progress {
    const { pairs, charts } = this.coverage.snapshot()
    const reached = Object.values(charts).flatMap(({ transitions }) =>
      Object.values(transitions).filter((count) => count > 0)
    )
    return {
      ...this.counts,
      seconds: (performance.now() - this.startedAtMs) / 1000,
      pairs: Object.keys(pairs.deliveries).length,
      transitions: reached.length,
      seed
    }
  }

  static sentence(progress: Progress): string {
    const { runs, seconds, calls, faults, lives, violations, pairs, transitions, seed } = progress
    const at = seed === undefined ? "in the end" : `seed ${seed}`
    return (
      `${at}: ${runs} runs, ${(runs / seconds).toFixed(1)} a second; ${calls} calls, ` +
      `${faults} faults, ${lives} lives; ${pairs} pairs, ${transitions} transitions; ` +
      `${violations} broke a law`
    )
  }
}
