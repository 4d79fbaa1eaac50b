/** Arbitrary calls of clients: any call, of any domain, in any order. They shrink to `list`. */
import type { ApiCall, CallName } from "../history/api-call.ts"
import type { ClientStep } from "../simulation/plan.ts"
import { ownDevices } from "../simulation/host-devices.ts"
import type { Arbitrary, FastCheck } from "./fast-check.ts"

export interface ApiCallOptions {
  /** Calls are about slots 0 to `domains` - 1. */
  readonly domains?: number
  /** Only these are made; all of them are. */
  readonly calls?: readonly CallName[]
}

export interface ClientsOptions extends ApiCallOptions {
  readonly clientsMax?: number
  /** Of one client. */
  readonly callsMax?: number
  /** Ms that a client waits before a call, at most; 0: it never does. */
  readonly pauseMsMax?: number
}

export const clientsDefaults = {
  domains: 2,
  clientsMax: 3,
  callsMax: 6,
  pauseMsMax: 70_000
} as const

type Fields = Readonly<Record<string, Arbitrary<unknown>>>

/** One arbitrary for each call; in the order of the keys a call shrinks towards the first. */
const callArbitraries = (
  fc: FastCheck,
  domains: number
): { readonly [C in CallName]: Arbitrary<ApiCall> } => {
  const domain = fc.nat({ max: domains - 1 })
  // One more than there are: a name, or a domain, that nobody has.
  const other = fc.nat({ max: domains })
  const version = fc.integer({ min: 1, max: 1_000_000 })
  const isYes = fc.boolean()
  const mode = fc.constantFrom("acpi" as const, "agent" as const)
  /** A record of which the last fields may be absent. */
  const call = (sure: Fields, maybe: Fields = {}): Arbitrary<ApiCall> =>
    fc.record<Record<string, unknown>, string>(
      { ...sure, ...maybe },
      { requiredKeys: Object.keys(sure), noNullPrototype: true }
    ) as Arbitrary<unknown> as Arbitrary<ApiCall>
  const device = fc.nat({ max: ownDevices.length - 1 })
  const named = (name: CallName) => ({ call: fc.constant(name) })
  const simple = (name: CallName) => call({ ...named(name), domain })
  const start = { isPaused: isYes, autoDestroy: isYes }
  return {
    list: call(named("list")),
    info: simple("info"),
    xml: simple("xml"),
    lookup: simple("lookup"),
    start: call({ ...named("start"), domain }, start),
    destroy: call({ ...named("destroy"), domain }, { isGraceful: isYes }),
    define: call({ ...named("define"), domain, version }, { as: other }),
    create: call({ ...named("create"), domain, version }, { ...start, as: other }),
    shutdown: call({ ...named("shutdown"), domain }, { mode }),
    reboot: call({ ...named("reboot"), domain }, { mode }),
    suspend: simple("suspend"),
    resume: simple("resume"),
    reset: simple("reset"),
    wakeup: simple("wakeup"),
    undefine: simple("undefine"),
    rename: call({ ...named("rename"), domain, to: other }),
    setAutostart: call({ ...named("setAutostart"), domain, isAutostart: isYes }),
    setTitle: call({ ...named("setTitle"), domain, version }),
    attachDevice: call({ ...named("attachDevice"), domain, device }),
    detachDevice: call({ ...named("detachDevice"), domain, device }),
    nodeDetach: call({ ...named("nodeDetach"), device }),
    nodeReattach: call({ ...named("nodeReattach"), device }),
    nodeReset: call({ ...named("nodeReset"), device }),
    reloadConfig: call(named("reloadConfig"))
  }
}

export const apiCall = (fc: FastCheck, options: ApiCallOptions = {}): Arbitrary<ApiCall> => {
  const { domains, calls } = { ...clientsDefaults, ...options }
  const all = callArbitraries(fc, domains)
  const names = (Object.keys(all) as CallName[]).filter((name) => calls?.includes(name) ?? true)
  return fc.oneof({ withCrossShrink: true }, ...names.map((name) => all[name]))
}

/** Lists of calls, one for each client; every definition has a version of its own. */
export const clients = (
  fc: FastCheck,
  options: ClientsOptions = {}
): Arbitrary<readonly (readonly ClientStep[])[]> => {
  const { clientsMax, callsMax, pauseMsMax } = { ...clientsDefaults, ...options }
  const pause = fc.option(fc.nat({ max: pauseMsMax }), { freq: 4, nil: 0 })
  const step = fc
    .tuple(apiCall(fc, options), pause)
    .map(([call, afterMs]): ClientStep => (afterMs === 0 ? call : { ...call, afterMs }))
  const steps = fc.array(step, { minLength: 1, maxLength: callsMax })
  return fc.array(steps, { minLength: 1, maxLength: clientsMax }).map(withVersions)
}

/** A read tells by its version which write it saw, so no two writes may have the same. */
const withVersions = (all: readonly (readonly ClientStep[])[]) => {
  let version = 0
  return all.map((steps) =>
    steps.map((step) => ("version" in step ? { ...step, version: ++version } : step))
  )
}
