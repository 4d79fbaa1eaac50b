/**
 * Arbitraries of everything that a simulation is made of, for properties of one's own. They are
 * made by the caller's fast-check: `arbitraries(fc).plan()`.
 */
import type { ApiCall } from "../history/api-call.ts"
import type { PlannedFault } from "../fault.ts"
import type { ClientStep, Plan, Schedule } from "../simulation/plan.ts"
import { apiCall, type ApiCallOptions, clients, type ClientsOptions } from "./api-call.ts"
import { domainXml, type DomainXmlOptions } from "./domain-xml.ts"
import type { Arbitrary, FastCheck } from "./fast-check.ts"
import { faults, type FaultsOptions } from "./fault.ts"
import { plan, type PlanOptions, schedule, type ScheduleOptions } from "./plan.ts"

export interface Arbitraries {
  /** The text of a definition that can be defined, and started where the host has its files. */
  readonly domainXml: (options?: DomainXmlOptions) => Arbitrary<string>
  /** One call of one client. */
  readonly apiCall: (options?: ApiCallOptions) => Arbitrary<ApiCall>
  /** What each client calls, one after the other. */
  readonly clients: (options?: ClientsOptions) => Arbitrary<readonly (readonly ClientStep[])[]>
  /** Who is served next. */
  readonly schedule: (options?: ScheduleOptions) => Arbitrary<Schedule>
  /** What goes wrong, and when. */
  readonly faults: (options?: FaultsOptions) => Arbitrary<readonly PlannedFault[]>
  /** All of it: a plan for `runPlan`. */
  readonly plan: (options?: PlanOptions) => Arbitrary<Plan>
}

export const arbitraries = (fc: FastCheck): Arbitraries => ({
  domainXml: (options) => domainXml(fc, options),
  apiCall: (options) => apiCall(fc, options),
  clients: (options) => clients(fc, options),
  schedule: (options) => schedule(fc, options),
  faults: (options) => faults(fc, options),
  plan: (options) => plan(fc, options)
})
