/**
 * The real engine in scopes small enough for every schedule of a kind: those that put back a few
 * deliveries at most, each without a crash and with one at every deed that touches the host; and
 * for the smallest every order that differs. What opens the engine and what ends it is served in
 * order, and so is a recovery.
 */
import { type Exploration, type ExploreOptions, exploreReduced } from "../../src/testing/explore.ts"
import type { PlannedFault, Seam } from "../../src/testing/fault.ts"
import type { ClientStep, Plan } from "../../src/testing/simulation/plan.ts"
import type { Report } from "../../src/testing/simulation/simulation.ts"
import type { Invariant, Violation } from "../../src/testing/simulation/view.ts"
import { type Delay, delayed, type Lag, moreDelayed } from "../../src/testing/strategy/delayed.ts"
import type { Strategy } from "../../src/testing/strategy/strategy.ts"
import { check } from "./run.ts"

export interface EngineScope {
  readonly domains: number
  readonly clients: readonly (readonly ClientStep[])[]
}

export interface Crash {
  readonly seam: (typeof seams)[number] | "world"
  readonly nth: number
  readonly fault: "kill-before" | "kill-after" | "power-cut"
}

export interface DelayOptions {
  readonly delaysMax: number
  readonly lag: Lag
  /** Which crashes are tried, if any. */
  readonly crashes: readonly Crash["fault"][]
  readonly isOver: () => boolean
}

/** A law was broken; the plan does it again. */
export interface Broken {
  readonly plan: Plan
  readonly violation: Violation
}

/** Of the schedules with so many delays. */
export interface Level {
  readonly delays: number
  readonly schedules: number
  readonly crashes: number
  readonly isComplete: boolean
}

export interface Searched {
  readonly levels: readonly Level[]
  readonly broken: Broken | undefined
}

const seams = ["file", "spawn", "signal", "socket"] as const satisfies readonly Seam[]

/** Past every grace period of a guest that nobody holds up. */
const settlingMs = 20_000

/** Primitives that leave the host as it was: dying before one and after it are the same. */
const looking = new Set(["stat", "read", "list", "readlink"])

/** An occurrence of a seam, and how many choices were made when it was over. */
interface Place {
  readonly seam: Crash["seam"]
  readonly nth: number
  readonly isLooking: boolean
  readonly choices: number
}

interface Run {
  readonly report: Report
  /** Among how many each choice was. */
  readonly counts: readonly number[]
  readonly places: readonly Place[]
}

interface Schedule {
  readonly delays: readonly Delay[]
  readonly lag: Lag
}

const planOf = (scope: EngineScope, faults: readonly PlannedFault[]): Plan => ({
  ...scope,
  isWarm: true,
  faults,
  schedule: { kind: "fifo", seed: 0 }
})

/** Notes where the run touches the host. */
const noting = (places: Place[], counts: readonly number[]): Invariant => ({
  id: "places",
  name: "Counted",
  statement: "Where a run may be cut off is known.",
  make: () => {
    const known = new Map<Seam, number>()
    return {
      step: ({ faults }, label) => {
        const choices = counts.length
        const before = places.length
        for (const seam of seams) {
          const isLooking = looking.has(label.split(" ", 1)[0] ?? "")
          for (let nth = known.get(seam) ?? 0; nth < faults.occurrences(seam); nth++)
            places.push({ seam, nth, isLooking, choices })
          known.set(seam, faults.occurrences(seam))
        }
        // After the delivery; the world has not counted it yet.
        if (places.length > before && places.at(-1)?.isLooking === false)
          places.push({
            seam: "world",
            nth: faults.occurrences("world"),
            isLooking: false,
            choices
          })
        return undefined
      }
    }
  }
})

/** One run of a scope with nothing going wrong, as a strategy has it. */
export const runWith = (
  scope: EngineScope,
  strategy: Strategy,
  laws: readonly Invariant[] = []
): Report => check(planOf(scope, []), { strategy, isProbed: false, settlingMs, invariants: laws })

/**
 * Every order that differs, without a crash. What is taken for the same: see the README of
 * `src/testing/host`. Throws `ScheduleFailed` where a law is broken.
 */
export const searchReduced = (scope: EngineScope, options: ExploreOptions): Exploration =>
  exploreReduced((strategy) => {
    const [violation] = runWith(scope, strategy).violations
    if (violation !== undefined) throw new Error(`${violation.invariant}: ${violation.message}`)
  }, options)

const run = (scope: EngineScope, schedule: Schedule, faults: readonly PlannedFault[]): Run => {
  const counts: number[] = []
  const places: Place[] = []
  const onChoice = (count: number) => void counts.push(count)
  const report = check(planOf(scope, faults), {
    strategy: delayed({ ...schedule, onChoice }),
    isProbed: false,
    settlingMs,
    invariants: [noting(places, counts)]
  })
  return { report, counts, places }
}

const crashesAt = ({ seam, nth, isLooking }: Place): readonly Crash[] => {
  if (seam === "world") return [{ seam, nth, fault: "power-cut" }]
  const before = { seam, nth, fault: "kill-before" } as const
  return isLooking ? [before] : [before, { seam, nth, fault: "kill-after" }]
}

/**
 * The crashes that belong to a schedule: after its last delay, for before it the run is one of a
 * schedule with fewer.
 */
const crashesOf = ({ places }: Run, delays: readonly Delay[]): readonly Crash[] => {
  const after = delays.at(-1)?.at ?? -1
  return places.filter(({ choices }) => choices > after).flatMap(crashesAt)
}

const brokenIn = (scope: EngineScope, { report }: Run, crash?: Crash): Broken | undefined => {
  const [violation] = report.violations
  if (violation === undefined) return undefined
  const schedule = { kind: "listed", choices: report.choices } as const
  const faults = crash === undefined ? [] : [crash as PlannedFault]
  return { plan: { ...planOf(scope, faults), schedule }, violation }
}

/** All schedules with no delay, then all with one, and so on, each with all its crashes. */
export const searchDelayed = (scope: EngineScope, options: DelayOptions): Searched => {
  const { delaysMax, lag, isOver } = options
  const levels: Level[] = []
  const wanted = new Set(options.crashes)
  let present: readonly (readonly Delay[])[] = [[]]
  for (let level = 0; level <= delaysMax; level++) {
    const next: (readonly Delay[])[] = []
    let [schedules, crashes, isComplete] = [0, 0, true]
    for (const delays of present) {
      if (isOver()) {
        isComplete = false
        break
      }
      const schedule = { delays, lag }
      const calm = run(scope, schedule, [])
      schedules++
      let broken = brokenIn(scope, calm)
      for (const crash of crashesOf(calm, delays)) {
        if (broken !== undefined || !wanted.has(crash.fault)) continue
        broken = brokenIn(scope, run(scope, schedule, [crash as PlannedFault]), crash)
        crashes++
      }
      if (broken !== undefined)
        return {
          levels: [...levels, { delays: level, schedules, crashes, isComplete: false }],
          broken
        }
      if (level < delaysMax) next.push(...moreDelayed(delays, calm.counts))
    }
    levels.push({ delays: level, schedules, crashes, isComplete })
    if (!isComplete) break
    present = next
  }
  return { levels, broken: undefined }
}
