/** Arbitrary schedules, and whole plans. What they shrink to is what a reader wants to see. */
import type { Plan, Schedule } from "../simulation/plan.ts"
import { clients, clientsDefaults, type ClientsOptions } from "./api-call.ts"
import type { Arbitrary, FastCheck } from "./fast-check.ts"
import { faults, type FaultsOptions } from "./fault.ts"

export interface ScheduleOptions {
  /** Choices written down; past them, first come first served. */
  readonly choicesMax?: number
}

export const scheduleDefaults = { choicesMax: 400 } as const

/** More tasks wait at the same time only rarely; a choice is taken modulo their number. */
const choiceMax = 15

/** A list of choices, which shrinks to a short one of zeros: first come, first served. */
export const schedule = (fc: FastCheck, options: ScheduleOptions = {}): Arbitrary<Schedule> => {
  const { choicesMax } = { ...scheduleDefaults, ...options }
  return fc
    .array(fc.nat({ max: choiceMax }), { maxLength: choicesMax, size: "max" })
    .map((choices) => ({ kind: "listed" as const, choices }))
}

export interface PlanOptions extends ClientsOptions, FaultsOptions, ScheduleOptions {}

/** Plans for `runPlan`. Each starts with all its domains defined, or with none. */
export const plan = (fc: FastCheck, options: PlanOptions = {}): Arbitrary<Plan> => {
  const { domains } = { ...clientsDefaults, ...options }
  return fc.record(
    {
      domains: fc.constant(domains),
      clients: clients(fc, options),
      faults: faults(fc, options),
      schedule: schedule(fc, options),
      isEmpty: fc.constant(true),
      mayTimePass: fc.constant(true),
      startConcurrency: fc.integer({ min: 1, max: 4 })
    },
    { requiredKeys: ["domains", "clients", "faults", "schedule"], noNullPrototype: true }
  )
}
