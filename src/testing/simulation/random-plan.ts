/**
 * Random plans, one for each seed. Each draws a profile of its own first (how many, which calls,
 * which faults, which order of delivery), as in swarm testing (Groce and others, ISSTA 2012): plans
 * that are unlike each other find more than many that are all of everything.
 */
import type { Seam } from "../fault.ts"
import type { CallName } from "../history/api-call.ts"
import { Draw } from "./draw.ts"
import type { Plan } from "./plan.ts"
import { RandomCalls, randomHabits, withDeviceCalls } from "./random-call.ts"
import { deviceFaults, randomFaults } from "./random-fault.ts"

export interface RandomPlanOptions {
  readonly domainsMax?: number
  readonly clientsMax?: number
  readonly callsMin?: number
  readonly callsMax?: number
  /** Lines drawn, at most; one may stand for a few occurrences in a row. */
  readonly faultsMax?: number
  /** Only these calls are made; all of them are. */
  readonly calls?: readonly CallName[]
  /** The host has devices that domains want; by default of one plan in four. */
  readonly hasDevices?: boolean
  /** Only these seams break. */
  readonly seams?: readonly Seam[]
}

export const randomPlanDefaults = {
  domainsMax: 5,
  clientsMax: 4,
  callsMin: 5,
  callsMax: 40,
  faultsMax: 6
} as const

/** The simulated host counts pids from 300: these are a dozen, and come again within a run. */
const fewPidsMax = 311

/** From a host that is a little late to one that nearly stands still. */
const lagsMs = [20, 100, 250, 800] as const

/** The plan of a seed: equal seeds give equal plans, on every machine. */
export const randomPlan = (seed: number, options: RandomPlanOptions = {}): Plan => {
  const limits = { ...randomPlanDefaults, ...options }
  const chance = new Draw(seed)
  const domains = 1 + chance.below(limits.domainsMax)
  const clients = 1 + chance.below(limits.clientsMax)
  const calls = limits.callsMin + chance.below(limits.callsMax - limits.callsMin + 1)
  const random = new RandomCalls(chance, randomHabits(chance, domains, options.calls))
  const each = Math.max(1, Math.ceil(calls / clients))
  const plan: Plan = {
    domains,
    ...(chance.oneIn(12) ? { isEmpty: true } : {}),
    clients: Array.from({ length: clients }, () => random.client(each)),
    faults: randomFaults(chance, { calls, faultsMax: limits.faultsMax, seams: options.seams }),
    schedule: { kind: chance.oneIn(10) ? "fifo" : "mixed", seed: chance.below(2 ** 31) },
    ...(chance.oneIn(3) ? { mayTimePass: true, lagMsMax: chance.among(lagsMs) } : {}),
    ...(chance.oneIn(8) ? {} : { isWarm: true }),
    ...(chance.oneIn(2) ? { startConcurrency: 1 + chance.below(4) } : {}),
    ...(chance.oneIn(5) ? { pidMax: fewPidsMax } : {}),
    ...(chance.oneIn(6) ? { isAutostarting: false } : {})
  }
  // Drawn last, so that the plans of all other seeds are what they were before there were devices.
  const isAbout = options.calls === undefined && options.seams === undefined
  return isAbout && (options.hasDevices ?? chance.oneIn(4)) ? withDevices(chance, plan) : plan
}

const withDevices = (chance: Draw, plan: Plan): Plan => {
  const clients = withDeviceCalls(chance, plan.clients)
  const more = deviceFaults(chance, clients.flat().length)
  const known = new Set(more.map(({ nth }) => nth))
  const faults = [...plan.faults, ...more.filter(({ nth }) => known.delete(nth))]
  return { ...plan, hasDevices: true, clients, faults }
}
