/**
 * The table of a pool: the chart of each device that is not simply the host's, whose token holds
 * what, which devices are on their way, and who waits for them to arrive. Pure: a change is put
 * together of steps of charts and ends in one decision.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Holder, HostdevFact, HostdevRequest } from "../machines/hostdev.ts"
import { hostdevMachine } from "../machines/hostdev.ts"
import { type Answer, answered, failed } from "../src/base/protocol.ts"
import type { Action, Decision } from "../src/kernel/behaviour.ts"
import { initialStep, step } from "../src/kernel/statechart.ts"
import { DeviceNotReady } from "../src/model/hostdev-error.ts"

export type DeviceState =
  | "unknown"
  | "host"
  | "reserved"
  | "detaching"
  | "detached"
  | "assigned"
  | "resetting"
  | "reattaching"
  | "lingering"
  | "broken"

/** One device as the pool knows it; one without an entry is the host's. */
export interface DeviceEntry {
  readonly state: DeviceState
  readonly holder?: Holder
  readonly isManaged: boolean
  /** The driver that it had and gets back; `""` is none. */
  readonly original?: string
  /** What went wrong last. */
  readonly why?: string
}

/** Device -> who has it. */
export type Holdings = { readonly [device: string]: Holder }

/** One device's chart as it stands. */
export type DeviceSnapshot = ReturnType<typeof fresh>

/** What a call waits for its devices to have come to. */
export type Wait = "prepare" | "release" | "detach" | "reattach" | "reset"

interface Waiting {
  readonly call: number
  readonly wait: Wait
  readonly devices: readonly string[]
  /** Of a release: whose devices these were. */
  readonly token?: string
}

export interface PoolState {
  readonly devices: HashMap.HashMap<string, DeviceSnapshot>
  /** Token -> what it holds. */
  readonly tokens: HashMap.HashMap<string, readonly string[]>
  /** On their way, in the order in which they set out. */
  readonly moving: readonly string[]
  /** Not home yet because of a guest that has another of their IOMMU group. */
  readonly lingering: readonly string[]
  readonly waiting: readonly Waiting[]
}

export const emptyState: PoolState = {
  devices: HashMap.empty(),
  tokens: HashMap.empty(),
  moving: [],
  lingering: [],
  waiting: []
}

const stepOne = step(hostdevMachine)

const begin = (isBound: boolean) => initialStep(hostdevMachine, { device: "", isBound }).next
const begun = { bound: begin(true), unbound: begin(false) }

/** As the chart begins: a copy with the device's name, for to begin it costs two steps of it. */
const fresh = (device: string, isBound: boolean) => {
  const one = isBound ? begun.bound : begun.unbound
  return { ...one, context: { ...one.context, device } }
}

const stateOf = (snapshot: DeviceSnapshot): string => String(snapshot.value)

const inTransit = new Set([
  "unknown",
  "looking",
  "detaching",
  "turning",
  "resetting",
  "reattaching",
  "mending"
])

/** Where a device has arrived when what was waited for has succeeded. */
const goal: { readonly [wait in Wait]?: string } = {
  prepare: "assigned",
  detach: "detached",
  reattach: "host"
}

/** The list with the device in it, or without it. */
const withOne = (list: readonly string[], device: string, isIn: boolean): readonly string[] => {
  if (isIn === list.includes(device)) return list
  return isIn ? [...list, device] : list.filter((one) => one !== device)
}

/** What a chart says to do becomes a script of that device. */
const scriptOf =
  (device: string, { context }: DeviceSnapshot) =>
  (action: Action): Action => ({
    type: action.type,
    params: { ...(action.params as object), key: device, device, context }
  })

/** One change of the table. */
export class Change {
  private devices: PoolState["devices"]
  private tokens: PoolState["tokens"]
  private moving: readonly string[]
  private lingering: readonly string[]
  private waiting: readonly Waiting[]
  private readonly actions: Action[] = []
  /** Devices of this kind leave their drivers. */
  readonly isBound: boolean

  constructor(state: PoolState, isBound: boolean) {
    this.devices = state.devices
    this.tokens = state.tokens
    this.moving = state.moving
    this.lingering = state.lingering
    this.waiting = state.waiting
    this.isBound = isBound
  }

  snapshot(device: string): DeviceSnapshot {
    return Option.getOrElse(HashMap.get(this.devices, device), () => fresh(device, this.isBound))
  }

  isMoving(device: string): boolean {
    return this.moving.includes(device)
  }

  get allMoving(): readonly string[] {
    return this.moving
  }

  send(device: string, event: HostdevRequest | HostdevFact): void {
    const before = this.snapshot(device)
    const { next, actions } = stepOne(before, event)
    if (next === before && actions.length === 0) return
    this.actions.push(...actions.map(scriptOf(device, next)))
    const state = stateOf(next)
    // The host's again, with nothing to tell of it: it needs no entry.
    const isPlain = state === "host" && next.context.why === undefined
    this.devices = isPlain
      ? HashMap.remove(this.devices, device)
      : HashMap.set(this.devices, device, next)
    this.moving = withOne(this.moving, device, inTransit.has(state))
    this.lingering = withOne(this.lingering, device, state === "lingering")
  }

  /** Somebody has let go of something: what lingers tries to get home. Those that set out. */
  sendHome(): readonly string[] {
    const devices = this.lingering
    for (const device of devices) this.send(device, { type: "reattach" })
    return devices
  }

  held(token: string): readonly string[] {
    return Option.getOrElse(HashMap.get(this.tokens, token), () => [])
  }

  holds(token: string, devices: readonly string[]): void {
    this.tokens =
      devices.length === 0
        ? HashMap.remove(this.tokens, token)
        : HashMap.set(this.tokens, token, devices)
  }

  reply(call: number, answer: Answer): void {
    this.actions.push({ type: "reply", params: { calls: [call], answer } })
  }

  /** What an earlier release of this token still waits for: its asker may have been interrupted. */
  givenBackBy(token: string): readonly string[] {
    return this.waiting.flatMap((one) => (one.token === token ? one.devices : []))
  }

  wait(waiting: Waiting): void {
    this.waiting = [...this.waiting, waiting]
  }

  /** Answers whoever waits for nothing that is on its way any more. */
  done(): Decision<PoolState> {
    const isOver = ({ devices }: Waiting) => !devices.some((device) => this.isMoving(device))
    const over = this.waiting.filter(isOver)
    for (const waiting of over) this.reply(waiting.call, this.outcome(waiting))
    const waiting =
      over.length === 0 ? this.waiting : this.waiting.filter((one) => !over.includes(one))
    const { devices, tokens, moving, lingering } = this
    return { next: { devices, tokens, moving, lingering, waiting }, actions: this.actions }
  }

  /** Whether each has got where it was wanted; the first that has not says why. */
  private outcome({ wait, devices }: Waiting): Answer {
    // What could not be given back is broken, and says so to whoever asks for it next.
    if (wait === "release") return answered()
    for (const device of devices) {
      const snapshot = this.snapshot(device)
      const { why } = snapshot.context
      const state = stateOf(snapshot)
      const isThere = goal[wait] === undefined || state === goal[wait]
      // What is in the same state before and after: only the reason tells that it was in vain.
      const isToldByReason = wait === "reset" || wait === "reattach"
      if (isThere && !(isToldByReason && why !== undefined)) continue
      const during = wait === "prepare" ? "detach" : wait
      const because = why ?? `it is ${state} by now`
      return failed(new DeviceNotReady({ device, step: during, why: because }))
    }
    return answered()
  }
}

/** What is a matter of the chart alone. */
const shown: { readonly [state: string]: DeviceState } = {
  turning: "detaching",
  mending: "reattaching",
  looking: "unknown"
}

const entryOf = (snapshot: DeviceSnapshot): DeviceEntry => {
  const { holder, isManaged, original, why } = snapshot.context
  const state = stateOf(snapshot)
  return {
    state: shown[state] ?? (state as DeviceState),
    ...(holder === undefined ? {} : { holder }),
    isManaged,
    ...(original === undefined ? {} : { original }),
    ...(why === undefined ? {} : { why })
  }
}

/** Who has this device. */
export const holderIn = ({ devices }: PoolState, device: string): Holder | undefined =>
  Option.getOrUndefined(HashMap.get(devices, device))?.context.holder

/** Who has what: for readers, and for those who watch turns. */
export const holdingsOf = (state: PoolState): Holdings => {
  const held: { [device: string]: Holder } = {}
  for (const device of [...HashMap.values(state.tokens)].flat()) {
    const holder = holderIn(state, device)
    if (holder !== undefined) held[device] = holder
  }
  return held
}

/** All that is not simply the host's. */
export const entriesOf = ({ devices }: PoolState): ReadonlyMap<string, DeviceEntry> =>
  new Map([...HashMap.entries(devices)].map(([device, one]) => [device, entryOf(one)]))

/** The state's name: a request that waits for a device tries again when it changes. */
export const describeState = ({ devices, moving }: PoolState): string => {
  const held = `${HashMap.size(devices)} held`
  return moving.length === 0 ? held : `${held}, moving ${moving.join(" ")}`
}
