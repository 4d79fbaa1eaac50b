/**
 * Random calls of random clients. Each plan draws which calls it is made of: a mix that has all of
 * them in equal parts meets few long stories, so most plans leave some out and repeat others.
 */
import type { ApiCall, CallName, Slot } from "../history/api-call.ts"
import type { Draw } from "./draw.ts"
import { ownDevices } from "./host-devices.ts"
import type { ClientStep } from "./plan.ts"

/** How often a call is made in the mean over all plans. */
const weights = {
  define: 3,
  create: 4,
  start: 8,
  destroy: 6,
  shutdown: 2,
  reboot: 2,
  suspend: 2,
  resume: 2,
  reset: 2,
  wakeup: 1,
  undefine: 2,
  info: 3,
  xml: 1,
  lookup: 1,
  rename: 2,
  setAutostart: 2,
  setTitle: 2,
  list: 2,
  reloadConfig: 1
} as const satisfies Partial<Record<CallName, number>>

/** One plan leaves a call out or makes much of it; without a guest nothing happens at all. */
const factors = [0, 0, 1, 1, 2, 6] as const
const isAlwaysMade = (call: CallName): boolean => call === "start" || call === "create"

/** Calls that get a domain somewhere when they are made in this order. */
const scenes: readonly (readonly CallName[])[] = [
  ["start", "suspend", "resume", "destroy"],
  ["start", "shutdown", "start", "destroy"],
  ["start", "reboot", "reboot", "shutdown"],
  ["start", "reset", "destroy", "start"],
  ["start", "destroy", "start", "destroy"],
  ["create", "destroy", "create", "destroy"],
  ["create", "define", "destroy", "start"],
  ["define", "start", "undefine", "info", "destroy"],
  ["start", "setTitle", "xml", "destroy", "xml"],
  ["setAutostart", "start", "reloadConfig"],
  ["destroy", "rename", "start", "lookup"],
  ["destroy", "undefine", "lookup", "define", "start"],
  ["start", "suspend", "wakeup", "reset", "resume"],
  ["list", "info", "list"]
]

/** Ms between two calls: within a start, a grace period, past most deadlines. */
const pausesMs = [1, 20, 300, 2_000, 20_000, 70_000] as const

/** What a plan's clients are like. */
export interface Habits {
  readonly domains: number
  readonly mix: readonly (readonly [CallName, number])[]
  /** Of twelve: how often a scene is played rather than a call made. */
  readonly scenes: number
  /** Of twelve: how often it is about the first domain, whoever calls. */
  readonly crowding: number
  /** Of twelve: how often a definition wants the name of another. */
  readonly conflicts: number
  /** Of twelve: how often a guest is to end with its client. */
  readonly bound: number
  /** Of twelve: how often a client pauses. */
  readonly pauses: number
}

export const randomHabits = (
  chance: Draw,
  domains: number,
  calls: readonly CallName[] | undefined
): Habits => {
  const names = (Object.keys(weights) as (keyof typeof weights)[]).filter(
    (name) => calls?.includes(name) ?? true
  )
  const mix = names.map((name) => {
    const factor = chance.among(factors)
    const isLeftOut = factor === 0 && !isAlwaysMade(name) && calls === undefined
    return [name, isLeftOut ? 0 : weights[name] * Math.max(1, factor)] as const
  })
  return {
    domains,
    mix,
    scenes: calls === undefined ? chance.among([0, 3, 8]) : 0,
    crowding: chance.among([0, 4, 10]),
    conflicts: chance.among([0, 0, 3]),
    bound: chance.among([0, 0, 2, 6]),
    pauses: chance.among([0, 1, 4])
  }
}

export class RandomCalls {
  private readonly chance: Draw
  private readonly habits: Habits
  private version = 0

  constructor(chance: Draw, habits: Habits) {
    this.chance = chance
    this.habits = habits
  }

  /** The calls of one client, at most `count`. */
  client(count: number): readonly ClientStep[] {
    const steps: ClientStep[] = []
    while (steps.length < count) {
      const domain = this.domain()
      const names = this.often(this.habits.scenes)
        ? this.chance.among(scenes)
        : [this.chance.weighted(this.habits.mix)]
      for (const name of names) steps.push(this.paused(this.call(name, domain)))
    }
    return steps.slice(0, count)
  }

  private call(call: CallName, domain: Slot): ApiCall {
    switch (call) {
      case "define":
        return { call, domain, version: ++this.version, ...this.as(domain) }
      case "create":
        return { call, domain, version: ++this.version, ...this.as(domain), ...this.starting() }
      case "start":
        return { call, domain, ...this.starting() }
      case "destroy":
        return { call, domain, ...(this.often(3) ? { isGraceful: true } : {}) }
      case "shutdown":
      case "reboot":
        return { call, domain, ...(this.often(6) ? { mode: this.chance.among(modes) } : {}) }
      case "rename":
        return { call, domain, to: this.target() }
      case "setAutostart":
        return { call, domain, isAutostart: !this.often(4) }
      case "setTitle":
        return { call, domain, version: ++this.version }
      case "list":
      case "reloadConfig":
        return { call }
      case "attachDevice":
      case "detachDevice":
        return { call, domain, device: this.chance.below(ownDevices.length) }
      case "nodeDetach":
      case "nodeReattach":
      case "nodeReset":
        return { call, device: this.chance.below(ownDevices.length) }
      default:
        return { call, domain }
    }
  }

  private paused(call: ApiCall): ClientStep {
    if (!this.often(this.habits.pauses)) return call
    return { ...call, afterMs: this.chance.among(pausesMs) }
  }

  private starting(): { readonly isPaused?: boolean; readonly autoDestroy?: boolean } {
    return {
      ...(this.often(2) ? { isPaused: true } : {}),
      ...(this.often(this.habits.bound) ? { autoDestroy: true } : {})
    }
  }

  private as(domain: Slot): { readonly as?: Slot } {
    if (!this.often(this.habits.conflicts)) return {}
    const as = this.target()
    return as === domain ? {} : { as }
  }

  private domain(): Slot {
    return this.often(this.habits.crowding) ? 0 : this.chance.below(this.habits.domains)
  }

  /** A name: of any domain there is, or of one that nobody has. */
  private target(): Slot {
    return this.chance.below(this.habits.domains + 1)
  }

  private often(ofTwelve: number): boolean {
    return this.chance.below(12) < ofTwelve
  }
}

const modes = ["acpi", "agent"] as const

/** Calls about devices of the host and of guests that run, and how often. */
const deviceCalls = [
  ["nodeDetach", 4],
  ["nodeReattach", 5],
  ["nodeReset", 1],
  ["attachDevice", 6],
  ["detachDevice", 6]
] as const

/** The same clients, who call about devices of the host in between. */
export const withDeviceCalls = (
  chance: Draw,
  clients: readonly (readonly ClientStep[])[]
): readonly (readonly ClientStep[])[] => {
  const rate = chance.among([1, 3, 6])
  const added = (domain: Slot): readonly ClientStep[] => {
    if (chance.below(12) >= rate) return []
    const call = chance.weighted(deviceCalls)
    const device = chance.below(ownDevices.length)
    const isOfGuest = call === "attachDevice" || call === "detachDevice"
    return [isOfGuest ? { call, domain, device } : { call, device }]
  }
  return clients.map((steps) =>
    steps.flatMap((step) => [...added("domain" in step ? step.domain : 0), step])
  )
}
