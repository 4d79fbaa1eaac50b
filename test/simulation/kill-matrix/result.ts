/** What is known of each mutant after a run of the kill matrix: plain data, beside the page. */
import type { Plan } from "../../../src/testing/simulation/plan.ts"

/** The first violation that was seen, and how it was found. */
export interface Kill {
  /** `I16 KillConfirmed`. */
  readonly law: string
  readonly message: string
  /** Plans that were run until then, this one included. */
  readonly runs: number
  /** Of processor time. */
  readonly seconds: number
  readonly shrunk: Shrunk
}

/** How much is left of the plan when it is as small as shrinking makes it. */
export interface Shrunk {
  readonly clients: number
  readonly calls: number
  readonly faults: number
  /** Choices of the schedule that are not the first of those that wait. */
  readonly choices: number
  readonly plan: Plan
}

export interface ByScenario extends Kill {
  /** Of the shape, or of the kept plan. */
  readonly scenario: string
}

export interface ByChance extends Kill {
  readonly seed: number
}

export interface MutantResult {
  readonly id: string
  readonly byScenario: ByScenario | undefined
  readonly byChance: ByChance | undefined
  /** Random plans that were run, and the processor time that they took. */
  readonly runs: number
  readonly seconds: number
  /** Why its process ended without a word: a kill too, if the engine without it does not. */
  readonly died: string | undefined
}

export interface Matrix {
  /** Of the engine without any mutant: seeds that were run, and those that broke a law. */
  readonly control: {
    readonly runs: number
    readonly broken: readonly number[]
    readonly brokenScenarios: readonly string[]
  }
  readonly results: readonly MutantResult[]
}

export const isKilled = ({ byScenario, byChance, died }: MutantResult): boolean =>
  byScenario !== undefined || byChance !== undefined || died !== undefined

export const killOf = ({ byScenario, byChance }: MutantResult): Kill | undefined =>
  byChance ?? byScenario

/** How much a plan holds. */
export const shrunkOf = (plan: Plan): Shrunk => ({
  clients: plan.clients.length,
  calls: plan.clients.flat().length,
  faults: plan.faults.length,
  choices:
    plan.schedule.kind === "listed" ? plan.schedule.choices.filter((one) => one !== 0).length : 0,
  plan
})
