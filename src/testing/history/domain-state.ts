/**
 * One domain as the sequential model has it: what anybody may read of it, and what is owed to
 * callers. Pure data; which call changes what is the model's.
 */
import type { Slot } from "./api-call.ts"

/** The chart's region `life`, as coarse as callers see it. */
export type GuestLife =
  | "off"
  | "starting"
  | "running"
  | "paused"
  | "pmsuspended"
  | "crashed"
  | "rebooting"
  | "stopping"

export interface DomainState {
  readonly life: GuestLife
  readonly name: Slot | undefined
  /** The version that stands in the title of each definition. */
  readonly persistent: number | undefined
  readonly live: number | undefined
  readonly isAutostart: boolean
  /** The call that this guest was started by. */
  readonly starter: number | undefined
  /** That call waits for its answer. */
  readonly isStartOwed: boolean
  /** Calls that are answered when the guest has ended. */
  readonly destroyers: readonly number[]
  /** Calls whose guest has ended, and who have not been told yet. */
  readonly served: readonly number[]
  /** The last thing that the engine knows of QEMU, as an index of happenings. */
  readonly heard: number
  /** Of a guest that ends: its process was seen to be dead, or there was none. */
  readonly isDead: boolean
  /** Taken over from its record, and QEMU was not asked yet. */
  readonly isUnsure: boolean
  /** Beside that: its start was not answered, and it ends if QEMU had not run its guest yet. */
  readonly isUnproven: boolean
  /** Told to reboot by its power button: its next power-off is answered with a reset. */
  readonly isRebooting: boolean
  /** The engine that opens starts it. */
  readonly isToStart: boolean
}

/** Nobody has heard of it. */
export const absent: DomainState = {
  life: "off",
  name: undefined,
  persistent: undefined,
  live: undefined,
  isAutostart: false,
  starter: undefined,
  isStartOwed: false,
  destroyers: [],
  served: [],
  heard: -1,
  isDead: false,
  isUnsure: false,
  isUnproven: false,
  isRebooting: false,
  isToStart: false
}

export const isActive = ({ life }: DomainState): boolean => life !== "off"

export const exists = ({ life, persistent }: DomainState): boolean =>
  life !== "off" || persistent !== undefined

/** There is a guest, and it was started. */
export const isGuest = ({ life }: DomainState): boolean =>
  life !== "off" && life !== "starting" && life !== "stopping"

const keys = new WeakMap<DomainState, string>()

/** Made once for each state: a search asks for it again and again. */
export const keyOf = (state: DomainState): string => {
  const known = keys.get(state)
  if (known !== undefined) return known
  const key = makeKey(state)
  keys.set(state, key)
  return key
}

const makeKey = (state: DomainState): string => {
  const { life, name, persistent, live, isAutostart, starter, heard } = state
  const flags =
    Number(isAutostart) +
    2 * Number(state.isStartOwed) +
    4 * Number(state.isDead) +
    8 * Number(state.isUnsure) +
    16 * Number(state.isRebooting) +
    32 * Number(state.isToStart) +
    64 * Number(state.isUnproven)
  const owed = `${state.destroyers.join(",")};${state.served.join(",")}`
  return `${life} ${name} ${persistent} ${live} ${starter} ${heard} ${flags} ${owed}`
}

/** In the order of their numbers: nobody sees in which order they came. */
export const joined = (calls: readonly number[], call: number): readonly number[] =>
  calls.includes(call) ? calls : [...calls, call].toSorted((a, b) => a - b)

/** What is left when nothing is left: no name, and no mark that it is to start. */
export const tidied = (state: DomainState): DomainState =>
  exists(state) ? state : { ...state, name: undefined, isAutostart: false, isToStart: false }

/** The guest is no more; whoever waited for that has a right to an answer. */
export const ended = (state: DomainState): DomainState => {
  const { destroyers, starter, isStartOwed } = state
  const owed = isStartOwed && starter !== undefined ? [...destroyers, starter] : destroyers
  return tidied({
    ...state,
    life: "off",
    live: undefined,
    starter: undefined,
    isStartOwed: false,
    destroyers: [],
    served: owed.reduce(joined, state.served),
    isDead: false,
    isUnsure: false,
    isUnproven: false,
    isRebooting: false
  })
}

/** It ends. `isDead`: nothing has to be waited for. */
export const stopping = (state: DomainState, isDead: boolean): DomainState => ({
  ...state,
  life: "stopping",
  isDead: isDead || (state.life === "stopping" && state.isDead),
  isUnsure: false,
  isUnproven: false
})

/**
 * What may come of it by itself before anything else happens: a dead guest is gone, QEMU has told
 * what it is doing.
 */
export const sooner = (state: DomainState): readonly DomainState[] => {
  if (state.life === "stopping" && state.isDead) return [state, ended(state)]
  if (!state.isUnsure) return [state]
  const sure = { ...state, isUnsure: false, isUnproven: false }
  if (!state.isUnproven) return [state, sure]
  const ending = stopping(state, true)
  return [state, sure, ending, ended(ending)]
}

const stateByLife: { readonly [L in GuestLife]: string } = {
  off: "shutoff",
  starting: "shutoff",
  running: "running",
  paused: "paused",
  pmsuspended: "pmsuspended",
  crashed: "crashed",
  rebooting: "running",
  stopping: "shutdown"
}

/** Whether readers may be shown this word for its state. */
export const isShown = (state: DomainState, word: string): boolean =>
  // Status records are written after the answer, so what stands there may be older.
  state.isUnsure ? word === "running" || word === "paused" : word === stateByLife[state.life]

/**
 * The live definition of a guest that ended with the power: its record outlives the engine, not the
 * host, and may be an older one.
 */
export const anyVersion = Number.NEGATIVE_INFINITY

/** A title that clients did not write is none to them: set-up versions are below 0. */
export const versionShown = ({ live, persistent }: DomainState): number | undefined => {
  const version = live ?? persistent
  if (version === anyVersion) return version
  return version === undefined || version < 0 ? undefined : version
}

/** For people. */
export const described = (state: DomainState): string => {
  if (!exists(state)) return "there is no such domain"
  const kind = state.persistent === undefined ? "transient" : `defined as v${state.persistent}`
  const running = state.live === undefined ? "" : `, running v${state.live}`
  const unsure = state.isUnsure ? " or what its record says" : ""
  const auto = state.isAutostart ? ", autostart" : ""
  return `'d${state.name}' is ${state.life}${unsure}, ${kind}${running}${auto}`
}
