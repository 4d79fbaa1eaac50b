/**
 * The domain's chart: life, job, power and monitor side by side. Each request belongs to exactly
 * one region, which admits, postpones or refuses it; the others read it with `stateIn` only.
 */
import type { EventFrom, SnapshotFrom } from "xstate"
import { type DomainState, reasonNumber } from "../../src/model/state.ts"
import { base } from "./base.ts"
import { job } from "./job.ts"
import { life } from "./life.ts"
import { monitor } from "./monitor.ts"
import { power } from "./power.ts"

export const domainMachine = base.createMachine({
  id: "domain",
  type: "parallel",
  context: ({ input }) => ({
    uuid: input?.uuid ?? "",
    name: input?.name ?? "",
    persistent: input?.persistent,
    live: undefined,
    isAutostart: input?.isAutostart ?? false,
    epoch: undefined,
    id: -1,
    process: undefined,
    autoDestroy: undefined,
    graceMs: 0,
    reason: "unknown",
    pauseCause: undefined,
    isRebooting: false,
    isUnproven: false,
    starter: undefined,
    failure: undefined,
    destroyers: [],
    waiters: [],
    job: undefined,
    parted: [],
    signal: undefined
  }),
  states: { life, job, power, monitor }
})

/** libvirt's state for a state of region `life`, from its meta. */
export const stateOfLife = (value: unknown): DomainState => {
  const name = typeof value === "string" ? value : Object.keys(value ?? {})[0]
  const node = domainMachine.root.states.life?.states[name ?? ""]
  const meta = node?.meta as { readonly state?: DomainState } | undefined
  return meta?.state ?? "nostate"
}

/**
 * libvirt's reason within that state. While a guest ends, the context holds the reason of the state
 * it goes to, which is none of the state that it is in.
 */
export const reasonOf = (state: DomainState, { reason }: { readonly reason: string }): string =>
  Object.hasOwn(reasonNumber[state], reason) ? reason : "unknown"

/** The chart at one moment: its state and its context. Immutable. */
export type DomainSnapshot = SnapshotFrom<typeof domainMachine>
/** Everything that it takes. */
export type DomainMessage = EventFrom<typeof domainMachine>
