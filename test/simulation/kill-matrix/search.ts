/**
 * Looks for a violation in this process: scenarios first, then random plans, seed after seed.
 * Imported by a process in which a mutant is, or none. Prints nothing.
 */
import type { Plan } from "../../../src/testing/simulation/plan.ts"
import { randomPlan } from "../../../src/testing/simulation/random-plan.ts"
import { shrinkPlan } from "../../../src/testing/simulation/shrink-plan.ts"
import { keptPlans } from "../kept.ts"
import { laws } from "../laws/index.ts"
import { check } from "../run.ts"
import { shapes } from "../shapes/index.ts"
import type { ByChance, ByScenario, Kill } from "./result.ts"
import { shrunkOf } from "./result.ts"

export interface SearchOptions {
  /** Of processor time, for random plans. */
  readonly seconds: number
  /** At most so many random plans. */
  readonly runsMax: number
  /** Runs that making a plan small may take. */
  readonly shrinkRunsMax: number
  /** Seeds that break a law without any mutant: they say nothing. */
  readonly skipped: readonly number[]
  /** The same of scenarios, by name. */
  readonly skippedScenarios: readonly string[]
  /** Called before each random plan. */
  readonly onSeed?: (seed: number) => void
}

const clock = () => {
  const startedAt = process.cpuUsage()
  return () => process.cpuUsage(startedAt).user / 1e6
}

interface Broken {
  readonly law: string
  readonly message: string
}

/** Under the laws of the simulated world, and those that mutants asked for. */
export const broken = (plan: Plan): Broken | undefined => {
  const first = check(plan, { invariants: laws }).violations[0]
  return first && { law: first.invariant, message: first.message }
}

const killed = (
  plan: Plan,
  found: Broken & Pick<Kill, "runs" | "seconds">,
  { shrinkRunsMax }: SearchOptions
): Kill => {
  const runsMax = shrinkRunsMax
  const isStill = (smaller: Plan) => broken(smaller)?.law === found.law
  const shrunk = runsMax === 0 ? plan : shrinkPlan(plan, isStill, { runsMax })
  const message = broken(shrunk)?.message ?? found.message
  return { ...found, message, shrunk: shrunkOf(shrunk) }
}

export interface Scenario {
  readonly name: string
  readonly plan: Plan
}

/** Of each shape so many plans are run; of the mutant's own so many. */
export const plansEach = 6
const plansOwn = 120

export const ofShape = (name: string, plans: number = plansOwn): readonly Scenario[] =>
  shapes
    .filter((shape) => shape.name === name)
    .flatMap(({ plan }) =>
      Array.from({ length: plans }, (_, at) => ({ name: `${name} ${at + 1}`, plan: plan(at + 1) }))
    )

/**
 * Plans with a name: those that once found something, then the shape that is named after the bug,
 * then all shapes in turn.
 */
export const scenarios = (own: string | undefined): readonly Scenario[] => [
  ...keptPlans(),
  ...(own === undefined ? [] : ofShape(own, plansOwn)),
  ...inTurn(shapes.filter(({ name }) => name !== own).map(({ name }) => ofShape(name, plansEach)))
]

export const scenariosNamed = (names: readonly string[]): readonly Scenario[] => {
  const isMeant = ({ name }: Scenario) => names.includes(name)
  const ofShapes = shapes.filter((shape) => names.some((name) => name.startsWith(shape.name)))
  return [...keptPlans(), ...ofShapes.flatMap(({ name }) => ofShape(name))].filter(isMeant)
}

/** The first of each, the second of each, and so on. */
const inTurn = <A>(lists: readonly (readonly A[])[]): readonly A[] =>
  Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, at) => at).flatMap(
    (at) => lists.flatMap((list) => list.slice(at, at + 1))
  )

/** The first scenario that breaks a law. */
export const byScenario = (
  all: readonly Scenario[],
  options: SearchOptions
): ByScenario | undefined => {
  const seconds = clock()
  for (const [at, { name, plan }] of all.entries()) {
    if (options.skippedScenarios.includes(name)) continue
    const found = broken(plan)
    if (found === undefined) continue
    const kill = killed(plan, { ...found, runs: at + 1, seconds: seconds() }, options)
    return { scenario: name, ...kill }
  }
  return undefined
}

export interface Chance {
  readonly runs: number
  readonly seconds: number
  readonly kill: ByChance | undefined
}

/** Random plans from seed 1 on, until one breaks a law or the budget is spent. */
export const byChance = (options: SearchOptions): Chance => {
  const { runsMax, skipped, onSeed } = options
  const seconds = clock()
  let runs = 0
  for (let seed = 1; runs < runsMax && seconds() < options.seconds; seed++) {
    if (skipped.includes(seed)) continue
    onSeed?.(seed)
    runs++
    const plan = randomPlan(seed)
    const found = broken(plan)
    if (found === undefined) continue
    const spent = seconds()
    const kill = killed(plan, { ...found, runs, seconds: spent }, options)
    return { runs, seconds: spent, kill: { seed, ...kill } }
  }
  return { runs, seconds: seconds(), kill: undefined }
}
