/**
 * A story is how something once went wrong somewhere, told as tiny plans: run in many orders of
 * delivery, held against all laws and against an oracle of its own.
 */
import type { PlannedFault } from "../../../src/testing/fault.ts"
import type { Operation } from "../../../src/testing/history/operation.ts"
import type { ClientStep, Plan, Schedule } from "../../../src/testing/simulation/plan.ts"
import type { Report } from "../../../src/testing/simulation/simulation.ts"
import type { Invariant, Violation } from "../../../src/testing/simulation/view.ts"
import { check } from "../run.ts"

/** A broken law, or the oracle's complaint, and the plan that showed it. */
export interface Broken extends Violation {
  readonly plan: Plan
}

export interface Story {
  readonly name: string
  /** Records of the collected bugs that go like this. */
  readonly zoo: readonly string[]
  /** What is broken, by the first plan that breaks anything. */
  readonly run: () => readonly Broken[]
}

export interface StoryOptions {
  readonly name: string
  readonly zoo: readonly string[]
  readonly plans: () => readonly Plan[]
  /** What no report of these plans may show; a sentence. */
  readonly oracle: (seen: Seen) => string | undefined
  /** Each plan is run in so many orders, besides first come, first served. */
  readonly orders?: number
  /** For what plans cannot say: it may act, too. */
  readonly watching?: () => Invariant
}

export const story = (options: StoryOptions): Story => {
  const { name, zoo, plans, oracle, orders = 8, watching } = options
  const look = (plan: Plan): readonly Broken[] => {
    const runs: Run[] = []
    const invariants = [counting(runs), ...(watching === undefined ? [] : [watching()])]
    const report = check(plan, { invariants })
    const { violations, steps } = report
    if (violations.length > 0) return violations.map((violation) => ({ ...violation, plan }))
    const message = oracle(new Seen(report, runs))
    return message === undefined ? [] : [{ invariant: `story ${name}`, message, step: steps, plan }]
  }
  const run = (): readonly Broken[] => {
    for (const plan of plans())
      for (const schedule of [plan.schedule, ...schedules(orders)]) {
        const broken = look({ ...plan, schedule })
        if (broken.length > 0) return broken
      }
    return []
  }
  return { name, zoo, run }
}

const schedules = (orders: number): readonly Schedule[] =>
  Array.from({ length: orders }, (_, seed) => ({ kind: "mixed", seed }))

/** First come, first served; the orders are put in by `story`. */
export const planOf = (
  clients: readonly (readonly ClientStep[])[],
  rest: Partial<Plan> = {}
): Plan => ({
  domains: 1,
  faults: [],
  schedule: { kind: "fifo", seed: 0 },
  ...rest,
  clients
})

/** The same plan with one fault, at each of these occurrences of its seam. */
export const withEach = (
  plan: Plan,
  { seam, fault }: Pick<PlannedFault, "seam" | "fault">,
  nths: readonly number[]
): readonly Plan[] =>
  nths.map((nth) => ({ ...plan, faults: [...plan.faults, { seam, nth, fault } as PlannedFault] }))

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

/** One QEMU process of a guest. */
export interface Run {
  readonly uuid: string
  readonly pid: number
  readonly startedAt: number
  /** A tick; while it lives, infinity. A zombie is dead. */
  readonly endedAt: number
}

/** Notes every QEMU there was, by the host's own table: one that is killed tells nobody. */
const counting = (runs: Run[]): Invariant => ({
  id: "story",
  name: "Counted",
  statement: "Which QEMU lived when is noted.",
  make: () => {
    let read = 0
    const alive = new Set<number>()
    return {
      step: ({ host, history, tick }) => {
        for (; read < history.happenings.length; read++) {
          const { kind, uuid, pid, at = 0 } = history.happenings[read] ?? {}
          if (kind !== "qemu-started" || uuid === undefined || pid === undefined) continue
          alive.add(runs.push({ uuid, pid, startedAt: at, endedAt: forEver }) - 1)
        }
        for (const index of alive) {
          const run = runs[index]
          if (run === undefined) continue
          const process = host.processes.all.find(({ pid }) => pid === run.pid)
          if (process?.isAlive === true) continue
          runs[index] = { ...run, endedAt: tick }
          alive.delete(index)
        }
        return undefined
      }
    }
  }
})

const forEver = Number.POSITIVE_INFINITY

/** What a run noted, as oracles ask for it. */
export class Seen {
  readonly report: Report
  /** Every QEMU process of a guest that there was. */
  readonly runs: readonly Run[]

  constructor(report: Report, runs: readonly Run[]) {
    this.report = report
    this.runs = runs
  }

  /** Calls of the plan's clients, in the order in which they were made. */
  calls(call: string, client?: number): readonly Operation[] {
    return this.report.history.operations.filter(
      (one) =>
        one.client >= 0 && one.call.call === call && (client === undefined || one.client === client)
    )
  }

  /** When the simulation began to try what was left: whatever the clients did is over. */
  get overAt(): number {
    const { operations } = this.report.history
    const first = operations.findIndex(({ client }) => client >= 0)
    const probe = operations.find(({ client }, at) => client < 0 && at > first)
    return probe?.invokedAt ?? Number.POSITIVE_INFINITY
  }

  aliveAt(tick: number): readonly Run[] {
    return this.runs.filter(({ startedAt, endedAt }) => startedAt <= tick && tick < endedAt)
  }
}

export const isOk = (operation: Operation | undefined): boolean => operation?.result?.kind === "ok"

const valueOf = (operation: Operation | undefined) =>
  operation?.result?.kind === "ok" ? operation.result.value : undefined

/** The state that a look at a domain saw. */
export const stateIn = (operation: Operation | undefined): string | undefined => {
  const value = valueOf(operation)
  return value !== undefined && "state" in value ? value.state : undefined
}

/** The row of a domain in a listing. */
export const rowOf = (operation: Operation | undefined, uuid: string) => {
  const value = valueOf(operation)
  return value !== undefined && "domains" in value
    ? value.domains.find((row) => row.uuid === uuid)
    : undefined
}
