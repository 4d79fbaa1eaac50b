/**
 * The pattern of every pool of host devices: one owner of all devices of its kind. Each that is not
 * simply the host's has a chart of its own (machines/hostdev.ts), stepped here; the pool adds what
 * concerns several: all or nothing, whose token holds what, and who waits for which to arrive.
 * What is done to a device is the scripts' of its kind.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { SnapshotFrom } from "xstate"
import type { Holder, HostdevFact, HostdevRequest } from "../machines/hostdev.ts"
import { hostdevMachine } from "../machines/hostdev.ts"
import {
  type Answer,
  answered,
  failed,
  type Request,
  type RequestMessage
} from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Action, Decision } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { Self } from "../src/kernel/script.ts"
import { initialStep, step } from "../src/kernel/statechart.ts"
import { DeviceBusy } from "../src/model/domain-error.ts"
import { DeviceBroken, DeviceNotReady } from "../src/model/hostdev-error.ts"

export type { Holder } from "../machines/hostdev.ts"

export type DeviceKind = "pci" | "usb" | "scsi" | "mdev"

export interface DeviceWish {
  readonly device: string
  /** The engine takes it from its driver, and gives it back in the end. */
  readonly isManaged: boolean
}

export type DeviceState =
  | "unknown"
  | "host"
  | "reserved"
  | "detaching"
  | "detached"
  | "assigned"
  | "resetting"
  | "reattaching"
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

type Snapshot = SnapshotFrom<typeof hostdevMachine>
type Wait = "prepare" | "release" | "detach" | "reattach" | "reset"

interface Waiting {
  readonly call: number
  readonly wait: Wait
  readonly devices: readonly string[]
}

export interface PoolState {
  readonly devices: HashMap.HashMap<string, Snapshot>
  /** Token -> what it holds. */
  readonly tokens: HashMap.HashMap<string, readonly string[]>
  /** On their way, in the order in which they set out. */
  readonly moving: readonly string[]
  readonly waiting: readonly Waiting[]
}

type StepFailure = DeviceNotReady | DeviceBusy | DeviceBroken

export interface PoolProtocol {
  readonly reserve: Request<
    { readonly wishes: readonly DeviceWish[]; readonly holder: Holder },
    void,
    DeviceBusy | DeviceBroken
  >
  /** What a guest of an earlier engine has. */
  readonly adopt: Request<
    { readonly wishes: readonly DeviceWish[]; readonly holder: Holder },
    void,
    DeviceBusy
  >
  readonly prepare: Request<{ readonly token: string }, void, DeviceNotReady>
  /** With a device: that one of the token's, for a guest that goes on with the others. */
  readonly release: Request<{ readonly token: string; readonly device: string | undefined }>
  readonly detach: Request<
    { readonly device: string; readonly isForced: boolean },
    void,
    StepFailure
  >
  readonly reattach: Request<{ readonly device: string }, void, StepFailure>
  readonly reset: Request<{ readonly device: string }, void, StepFailure>
  /** All guests of earlier engines are adopted: what nobody has is looked at. */
  readonly settle: Request
}

/** Facts of one device, and what an engine before us remembered of it. */
export type PoolFact =
  | (HostdevFact & { readonly device: string })
  | (Extract<HostdevRequest, { type: "recall" }> & { readonly device: string })

type PoolMessage = RequestMessage<PoolProtocol> | PoolFact
type Ask<T extends keyof PoolProtocol> = Extract<RequestMessage<PoolProtocol>, { type: T }>

const stepOne = step(hostdevMachine)
const stateOf = (snapshot: Snapshot): string => String(snapshot.value)

const inTransit = new Set(["unknown", "detaching", "turning", "resetting", "reattaching"])

const fresh = (device: string, isBound: boolean): Snapshot =>
  initialStep(hostdevMachine, { device, isBound }).next

/** What a chart says to do becomes a script of that device. */
const scriptOf = (device: string, { context }: Snapshot) => {
  return (action: Action): Action => ({
    type: action.type,
    params: { ...(action.params as object), key: device, device, context }
  })
}

/** One change of the pool's state, put together of steps of its devices. */
class Change {
  private devices: PoolState["devices"]
  private tokens: PoolState["tokens"]
  private moving: readonly string[]
  private waiting: readonly Waiting[]
  private readonly actions: Action[] = []
  private readonly isBound: boolean

  constructor(state: PoolState, isBound: boolean) {
    this.devices = state.devices
    this.tokens = state.tokens
    this.moving = state.moving
    this.waiting = state.waiting
    this.isBound = isBound
  }

  snapshot(device: string): Snapshot {
    return Option.getOrElse(HashMap.get(this.devices, device), () => fresh(device, this.isBound))
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
    const moves = inTransit.has(state)
    if (moves && !this.moving.includes(device)) this.moving = [...this.moving, device]
    if (!moves && this.moving.includes(device))
      this.moving = this.moving.filter((one) => one !== device)
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

  wait(waiting: Waiting): void {
    this.waiting = [...this.waiting, waiting]
  }

  /** Answers whoever waits for nothing that is on its way any more. */
  done(): Decision<PoolState> {
    const { moving } = this
    const isOver = ({ devices }: Waiting) => !devices.some((device) => moving.includes(device))
    for (const waiting of this.waiting.filter(isOver))
      this.reply(waiting.call, this.outcome(waiting))
    const still = this.waiting.filter((one) => !isOver(one))
    const waiting = still.length === this.waiting.length ? this.waiting : still
    const { devices, tokens } = this
    return { next: { devices, tokens, moving, waiting }, actions: this.actions }
  }

  /** Whether each has got where it was wanted; the first that has not says why. */
  private outcome({ wait, devices }: Waiting): Answer {
    if (wait === "release") return answered()
    const wanted = { prepare: "assigned", detach: "detached", reattach: "host", reset: undefined }
    for (const device of devices) {
      const { context, ...snapshot } = this.snapshot(device)
      const state = String(snapshot.value)
      const isThere = wait === "reset" ? context.why === undefined : state === wanted[wait]
      if (isThere) continue
      const stepName = wait === "prepare" ? "detach" : wait
      const why = context.why ?? `it is ${state} by now`
      return failed(new DeviceNotReady({ device, step: stepName, why }))
    }
    return answered()
  }
}

const postponed = (state: PoolState): Decision<PoolState> => ({
  next: state,
  actions: [{ type: "postpone" }]
})

/** Why this asker cannot have it now, if so. */
const obstacle = ({ value, context }: Snapshot, token: string | undefined) => {
  const { device, holder, why } = context
  if (holder !== undefined && holder.token !== token)
    return new DeviceBusy({ device, holder: holder.name })
  if (value === "broken") return new DeviceBroken({ device, why: why ?? "nobody knows why" })
  return undefined
}

const deciders = (isBound: boolean) => {
  const reserve = (state: PoolState, { wishes, holder, call }: Ask<"reserve">) => {
    const change = new Change(state, isBound)
    const all = wishes.map(({ device }) => change.snapshot(device))
    for (const one of all) {
      const problem = obstacle(one, holder.token)
      if (problem === undefined) continue
      change.reply(call, failed(problem))
      return change.done()
    }
    // Asking again with the same token is asking once.
    const wanted = wishes.filter((_, index) => all[index]?.context.holder === undefined)
    // Who comes while a device goes home waits for it to be there.
    if (wanted.some(({ device }) => state.moving.includes(device))) return postponed(state)
    for (const { device, isManaged } of wanted)
      change.send(device, { type: "reserve", holder, isManaged })
    const had = change.held(holder.token)
    change.holds(holder.token, [...had, ...wanted.map(({ device }) => device)])
    change.reply(call, answered())
    return change.done()
  }

  const adopt = (state: PoolState, { wishes, holder, call }: Ask<"adopt">) => {
    const change = new Change(state, isBound)
    const others = wishes.flatMap(({ device }) => {
      const by = change.snapshot(device).context.holder
      return by === undefined || by.token === holder.token ? [] : [{ device, by }]
    })
    const [other] = others
    const mine = wishes.filter(({ device }) => !others.some((one) => one.device === device))
    for (const { device, isManaged } of mine)
      change.send(device, { type: "adopt", holder, isManaged })
    const names = mine.map(({ device }) => device)
    change.holds(holder.token, [...new Set([...change.held(holder.token), ...names])])
    const answer =
      other === undefined
        ? answered()
        : failed(new DeviceBusy({ device: other.device, holder: other.by.name }))
    change.reply(call, answer)
    return change.done()
  }

  const prepare = (state: PoolState, { token, call }: Ask<"prepare">) => {
    const change = new Change(state, isBound)
    const devices = change.held(token)
    for (const device of devices) change.send(device, { type: "prepare" })
    change.wait({ call, wait: "prepare", devices })
    return change.done()
  }

  const release = (state: PoolState, { token, device: only, call }: Ask<"release">) => {
    const change = new Change(state, isBound)
    const held = change.held(token)
    const devices = only === undefined ? held : held.filter((device) => device === only)
    for (const device of devices) change.send(device, { type: "release" })
    change.holds(
      token,
      held.filter((device) => !devices.includes(device))
    )
    change.wait({ call, wait: "release", devices })
    return change.done()
  }

  /** What is asked of a device that no guest has. */
  const move = (state: PoolState, message: Ask<"detach"> | Ask<"reattach"> | Ask<"reset">) => {
    const { type, device, call } = message
    const change = new Change(state, isBound)
    const snapshot = change.snapshot(device)
    const problem = obstacle(snapshot, undefined)
    const isMendable = type === "reattach" && problem?._tag === "DeviceBroken"
    if (problem !== undefined && !isMendable) {
      change.reply(call, failed(problem))
      return change.done()
    }
    if (!isBound) {
      const why = "it keeps its driver while a guest has it: there is nothing to be done before"
      change.reply(call, failed(new DeviceNotReady({ device, step: type, why })))
      return change.done()
    }
    if (state.moving.includes(device)) return postponed(state)
    change.send(device, type === "detach" ? { type, isForced: message.isForced } : { type })
    change.wait({ call, wait: type, devices: [device] })
    return change.done()
  }

  const settle = (state: PoolState, { call }: Ask<"settle">) => {
    const change = new Change(state, isBound)
    for (const device of state.moving)
      if (change.snapshot(device).value === "unknown") change.send(device, { type: "look" })
    change.reply(call, answered())
    return change.done()
  }

  return (state: PoolState, message: PoolMessage): Decision<PoolState> => {
    switch (message.type) {
      case "reserve":
        return reserve(state, message)
      case "adopt":
        return adopt(state, message)
      case "prepare":
        return prepare(state, message)
      case "release":
        return release(state, message)
      case "settle":
        return settle(state, message)
      default: {
        if ("call" in message) return move(state, message)
        const change = new Change(state, isBound)
        const { device, ...event } = message
        change.send(device, event as HostdevFact)
        return change.done()
      }
    }
  }
}

const entryOf = (snapshot: Snapshot): DeviceEntry => {
  const { holder, isManaged, original, why } = snapshot.context
  const state = stateOf(snapshot)
  return {
    state: (state === "turning" ? "detaching" : state) as DeviceState,
    ...(holder === undefined ? {} : { holder }),
    isManaged,
    ...(original === undefined ? {} : { original }),
    ...(why === undefined ? {} : { why })
  }
}

/** Who has what, as a state says it: for readers, and for those who watch turns. */
export const holdingsOf = ({ devices, tokens }: PoolState): Holdings => {
  const held: { [device: string]: Holder } = {}
  for (const device of [...HashMap.values(tokens)].flat()) {
    const holder = Option.getOrUndefined(HashMap.get(devices, device))?.context.holder
    if (holder !== undefined) held[device] = holder
  }
  return held
}

/** All that is not simply the host's, as a state says it. */
export const entriesOf = ({ devices }: PoolState): ReadonlyMap<string, DeviceEntry> =>
  new Map([...HashMap.entries(devices)].map(([device, one]) => [device, entryOf(one)]))

export interface Pool {
  readonly kind: DeviceKind
  /** In memory alone, all or nothing. Waits for what is just being given back. */
  readonly reserve: (
    wishes: readonly DeviceWish[],
    holder: Holder
  ) => Effect.Effect<void, DeviceBusy | DeviceBroken | KernelError>
  /** For a guest of an earlier engine: what it has already. What somebody else has stays theirs. */
  readonly adopt: (
    wishes: readonly DeviceWish[],
    holder: Holder
  ) => Effect.Effect<void, DeviceBusy | KernelError>
  /** What this token has reserved leaves its driver, where it has to; then the guest may have it. */
  readonly prepare: (token: string) => Effect.Effect<void, DeviceNotReady | KernelError>
  /**
   * Gives back what this token took, and nothing else. Idempotent. Answered when all of it is with
   * its driver again, or is known to be broken. With a device: that one of the token's alone.
   */
  readonly release: (token: string, device?: string) => Effect.Effect<void, KernelError>
  /** Takes a device from its driver for nobody in particular. Done already is fine. */
  readonly detach: (
    device: string,
    options?: { readonly isForced?: boolean }
  ) => Effect.Effect<void, StepFailure | KernelError>
  /** Gives a detached or broken device back to its driver. */
  readonly reattach: (device: string) => Effect.Effect<void, StepFailure | KernelError>
  readonly reset: (device: string) => Effect.Effect<void, StepFailure | KernelError>
  /** Every guest of an earlier engine is adopted: what nobody has goes where it belongs. */
  readonly settle: Effect.Effect<void, KernelError>
  readonly holdings: () => Holdings
  /** Reserved and assigned devices: the holder of one. */
  readonly holderOf: (device: string) => Holder | undefined
  readonly entries: () => ReadonlyMap<string, DeviceEntry>
  readonly stop: () => Effect.Effect<void>
}

/** What a script is told of its device. */
export interface DeviceTask {
  readonly device: string
  readonly context: Snapshot["context"]
  /** Of `detach`: although the host uses it. */
  readonly isForced?: boolean
}

export type DeviceScript<R> = (
  task: DeviceTask,
  self: Self<PoolMessage>
) => Effect.Effect<PoolFact, never, R>

export interface PoolScripts<R> {
  readonly detach: DeviceScript<R>
  readonly reattach: DeviceScript<R>
  readonly reset: DeviceScript<R>
  readonly look: DeviceScript<R>
}

export interface PoolOptions<R> {
  readonly kind: DeviceKind
  /** Absent where devices keep their drivers. */
  readonly bound?: { readonly scripts: PoolScripts<R>; readonly context: Context.Context<R> }
  /** What an engine before us had taken from its driver. */
  readonly recalled?: readonly {
    readonly device: string
    readonly original: string
    readonly isDetached: boolean
  }[]
}

const emptyState: PoolState = {
  devices: HashMap.empty(),
  tokens: HashMap.empty(),
  moving: [],
  waiting: []
}

/** The name of the actor of a kind: `pci-pool`. */
export const poolName = (kind: DeviceKind): string => `${kind}-pool`

export const makePool = <R = never>(
  kernel: Kernel,
  { kind, bound, recalled = [] }: PoolOptions<R>
): Pool => {
  const decide = deciders(bound !== undefined)
  const initial = recalled.reduce(
    (state, one) => decide(state, { type: "recall", ...one }).next,
    emptyState
  )
  const actor = new Actor<PoolState, PoolProtocol, PoolFact, R>(
    {
      name: poolName(kind),
      initial: { next: initial, actions: [] },
      decide,
      describe: ({ devices, moving }) => {
        const held = `${HashMap.size(devices)} held`
        return moving.length === 0 ? held : `${held}, moving ${moving.join(" ")}`
      },
      scripts: (bound?.scripts ?? {}) as Record<string, DeviceScript<R>>
    },
    kernel,
    bound?.context ?? (Context.empty() as Context.Context<R>)
  )
  return {
    kind,
    reserve: (wishes, holder) => actor.ask("reserve", { wishes, holder }),
    adopt: (wishes, holder) => actor.ask("adopt", { wishes, holder }),
    prepare: (token) => actor.ask("prepare", { token }),
    // A release passes full mailboxes: what ended must not keep what it had.
    release: (token, device) => actor.ask("release", { token, device }, "control"),
    detach: (device, { isForced = false } = {}) => actor.ask("detach", { device, isForced }),
    reattach: (device) => actor.ask("reattach", { device }),
    reset: (device) => actor.ask("reset", { device }),
    settle: Effect.suspend(() => actor.ask("settle", {})),
    holdings: () => holdingsOf(actor.published),
    holderOf: (device) =>
      Option.getOrUndefined(HashMap.get(actor.published.devices, device))?.context.holder,
    entries: () => entriesOf(actor.published),
    stop: () => actor.stop()
  }
}
