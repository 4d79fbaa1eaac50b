/**
 * The process of one mutant: puts it in, imports the simulation, looks for a violation and tells
 * what it found as one line of JSON. Told what to do by one argument of JSON; without an id it runs
 * the engine as it is.
 */
import { mutants } from "../mutants/index.ts"
import { putIn } from "../mutants/load.ts"
import type { MutantResult } from "./result.ts"

export interface Task {
  /** Absent: the control. */
  readonly id?: string
  readonly seconds: number
  /** For random plans, once a scenario has killed it: only to know how chance does. */
  readonly secondsAfterKill: number
  readonly runsMax: number
  readonly shrinkRunsMax: number
  readonly skipped: readonly number[]
  readonly skippedScenarios: readonly string[]
  /** The control: seeds that are to be run, each to its end. */
  readonly seeds?: readonly number[]
  /** And shapes, by name, each by its first plans; or single scenarios. */
  readonly shapes?: readonly string[]
  readonly scenarios?: readonly string[]
}

/** What the control says. */
export interface Controlled {
  readonly broken: readonly number[]
  readonly brokenScenarios: readonly string[]
}

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)

const task = JSON.parse(process.argv[2] ?? "{}") as Task
const mutant = mutants.find(({ id }) => id === task.id)
if (task.id !== undefined && mutant === undefined) throw new Error(`there is no mutant ${task.id}`)
const loaded = mutant && putIn(mutant)
const search = await import("./search.ts")

const missing = mutant?.edits.find(({ file }) => loaded?.has(file) !== true)
if (missing !== undefined) throw new Error(`${missing.file} was never loaded`)

if (mutant === undefined) {
  const { randomPlan } = await import("../../../src/testing/simulation/random-plan.ts")
  const isBroken = (seed: number) => search.broken(randomPlan(seed)) !== undefined
  const ofShapes = (task.shapes ?? []).flatMap((shape) => search.ofShape(shape, search.plansEach))
  const brokenScenarios = [...ofShapes, ...search.scenariosNamed(task.scenarios ?? [])]
    .filter(({ plan }) => search.broken(plan) !== undefined)
    .map(({ name }) => name)
  const broken = (task.seeds ?? []).filter(isBroken)
  say({ broken, brokenScenarios } satisfies Controlled)
} else {
  const options = { ...task, onSeed: (seed: number) => process.stderr.write(`${seed}\n`) }
  const byScenario = search.byScenario(search.scenarios(mutant.shape), options)
  const seconds = byScenario === undefined ? task.seconds : task.secondsAfterKill
  const { kill: byChance, ...spent } = search.byChance({ ...options, seconds })
  const { id } = mutant
  const result: MutantResult = { id, byScenario, byChance, ...spent, died: undefined }
  say(result)
}
