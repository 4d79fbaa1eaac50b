/**
 * The sequential model of one domain: which answers a call may have in which state, and what it
 * changes. Written from what the engine promises, not from its chart; as exact as that promise.
 * Where it allows more, a comment says why.
 */
import type { ApiCall } from "./api-call.ts"
import type { DomainMove, DomainStep } from "./domain-step.ts"
import {
  anyVersion,
  absent,
  type DomainState,
  exists,
  isActive,
  isGuest,
  isShown,
  joined,
  keyOf,
  sooner,
  stopping,
  tidied,
  versionShown
} from "./domain-state.ts"
import type { SequentialModel } from "./linearizable.ts"
import type { DomainSeen, OperationValue } from "./operation.ts"

type States = readonly DomainState[]
type Step<S extends DomainStep["step"]> = Extract<DomainStep, { readonly step: S }>
type Call<C extends ApiCall["call"]> = Extract<ApiCall, { readonly call: C }>

const never: States = []
const when = (isLegal: boolean, ...states: States): States => (isLegal ? states : never)

const begin = (state: DomainState, { id, call }: Step<"begin">): States => {
  if (isActive(state)) return never
  const { persistent, name } = state
  const fields = { life: "starting", starter: id, isStartOwed: true } as const
  if (call === undefined) {
    const once = { live: persistent, isStartOwed: false, isToStart: false }
    return when(state.isToStart, { ...state, ...fields, ...once })
  }
  // The engine's own start waits behind a client's, and is made when that has come to nothing.
  if (call.call !== "create")
    return when(persistent !== undefined, { ...state, ...fields, live: persistent })
  const wanted = call.as ?? call.domain
  const isFree = persistent === undefined || name === wanted
  return when(isFree, { ...state, ...fields, name: wanted, live: call.version })
}

/** A start has succeeded: in a QEMU that began to run meanwhile, and of which nothing is heard. */
const brought = (state: DomainState, { id, call, spawns }: Step<"call">): States => {
  if (state.life !== "starting" || state.starter !== id) return never
  const isPaused = "isPaused" in call && call.isPaused === true
  const life = isPaused ? "paused" : "running"
  return spawns
    .filter((index) => index > state.heard)
    .map((heard) => ({ ...state, life, heard, isStartOwed: false }))
}

const abort = (state: DomainState, { id }: Step<"abort">): States =>
  // Whether there was a process by then nobody tells; that it is dead is I16's.
  when(state.life === "starting" && state.starter === id, stopping(state, true))

const join = (state: DomainState, { id }: Step<"join">): States => {
  if (!isActive(state)) return never
  const ending = stopping(state, state.life === "starting")
  return [id === undefined ? ending : { ...ending, destroyers: joined(ending.destroyers, id) }]
}

const forsake = (state: DomainState, { id }: Step<"forsake">): States =>
  when(
    state.starter === id && isActive(state) && state.life !== "stopping",
    stopping(state, state.life === "starting")
  )

/** What QEMU did changes a guest that has been started; what it did before that is heard then. */
const hear = (state: DomainState, { index, kind }: Step<"hear">): States => {
  if (index <= state.heard) return never
  const now: DomainState = { ...state, heard: index }
  const { life } = state
  switch (kind) {
    case "qemu-exited":
      return when(isGuest(state) || life === "stopping", stopping(now, true))
    case "qemu-stopped":
      return when(life === "running", { ...now, life: "paused" })
    case "qemu-running":
      return when(isGuest(state) && life !== "running", {
        ...now,
        life: "running",
        isRebooting: false
      })
    case "qemu-shutdown":
      if (!isGuest(state)) return never
      return state.isRebooting
        ? [{ ...now, life: "rebooting" }, stopping(now, false)]
        : [stopping(now, false)]
    case "qemu-suspended":
      return when(life === "running" || life === "paused", { ...now, life: "pmsuspended" })
    case "qemu-crashed":
      // The definitions of clients say nothing of `on_crash`, and then it is `destroy`.
      return when(life === "running" || life === "paused", stopping(now, false))
    default:
      return never
  }
}

const unsure = (state: DomainState, life: DomainState["life"]): DomainState => ({
  ...state,
  life,
  isUnsure: true
})

/** What the next engine may find: of a guest that was being started or ended, either way. */
const cut = (before: DomainState, { kind }: Step<"cut">): States => {
  const state: DomainState = {
    ...before,
    isStartOwed: false,
    destroyers: [],
    served: [],
    isRebooting: false,
    isToStart: before.isAutostart && before.persistent !== undefined
  }
  const { life } = state
  // That a guest's record was taken away is not synced: it may be there again, of a guest that is
  // over, which is then ended once more.
  if (life === "off")
    return kind === "power-cut" && state.heard >= 0 ? [state, lost(state)] : [state]
  if (kind === "power-cut") return [lost(state)]
  const either = [unsure(state, "running"), unsure(state, "paused")]
  if (life === "starting")
    return [stopping(state, true), ...either.map((one) => ({ ...one, isUnproven: true }))]
  if (life === "stopping") return state.isDead ? [state] : [state, ...either]
  // That it was to be reset was known to the engine that is gone: it has powered off, or not yet.
  if (life === "rebooting") return [unsure(state, "rebooting"), stopping(state, false), ...either]
  return [unsure(state, life)]
}

/** Ended with the power. */
const lost = (state: DomainState): DomainState => ({ ...stopping(state, true), live: anyVersion })

const row = (state: DomainState, seen: DomainSeen | undefined): boolean =>
  seen === undefined
    ? !exists(state)
    : exists(state) &&
      seen.name === `d${state.name}` &&
      seen.isPersistent === (state.persistent !== undefined) &&
      seen.isAutostart === state.isAutostart &&
      isShown(state, seen.state)

type Read = Exclude<OperationValue, undefined | { readonly domains: unknown }>

const readOf = (value: OperationValue): Read =>
  value === undefined || "domains" in value ? {} : value

const isRead = (state: DomainState, call: Call<"info" | "xml" | "lookup">, seen: Read): boolean => {
  if (!exists(state)) return false
  const shown = versionShown(state)
  if (call.call === "xml") return shown === anyVersion || seen.version === shown
  if (seen.name !== `d${state.name}`) return false
  if (call.call === "lookup") return true
  return (
    seen.isPersistent === (state.persistent !== undefined) &&
    seen.isAutostart === state.isAutostart &&
    seen.state !== undefined &&
    isShown(state, seen.state)
  )
}

/** A change is written while the domain is off or has a guest; of it and a start one waits. */
const mayChange = ({ life }: DomainState): boolean =>
  // One that had begun to be written when the guest began to end is finished while it ends.
  life !== "starting"

const defined = (state: DomainState, { domain, version, as }: Call<"define">): States => {
  const name = as ?? domain
  if (!exists(state)) return [{ ...state, name, persistent: version }]
  return when(mayChange(state) && state.name === name, { ...state, persistent: version })
}

const titled = (state: DomainState, { version }: Call<"setTitle">): States => {
  if (!exists(state) || !mayChange(state)) return never
  // Of the running guest if there is one, else of the definition: one decision, in one moment.
  return [isActive(state) ? { ...state, live: version } : { ...state, persistent: version }]
}

const marked = (state: DomainState, { result }: Step<"call">, isAutostart: boolean): States => {
  if (state.persistent === undefined || !mayChange(state)) return never
  const now = { ...state, isAutostart }
  // Of a mark that nobody was told of the next engine may learn as it opens.
  return result === undefined && isAutostart ? [now, { ...now, isToStart: true }] : [now]
}

const settle = (state: DomainState, id: number): States =>
  when(state.served.includes(id), {
    ...state,
    served: state.served.filter((other) => other !== id)
  })

/** The calls that succeed, and those whose success or failure nobody was told. */
const done = (state: DomainState, step: Step<"call">, value: OperationValue): States => {
  const { call, id } = step
  const { life, persistent } = state
  switch (call.call) {
    case "define":
      return defined(state, call)
    case "create":
    case "start":
      return brought(state, step)
    case "destroy":
      return settle(state, id)
    case "suspend":
      return when(life === "paused", state)
    case "resume":
      return when(life === "running", state)
    case "shutdown":
      // A guest that is off before QEMU has answered has done what it was told.
      return when(isGuest(state) || life === "stopping", state)
    case "attachDevice":
    case "detachDevice":
      // A guest that is off by the time that it is answered had it, or has it no more.
      return when(isGuest(state) || life === "stopping", state)
    case "reboot":
    case "reset":
    case "wakeup":
      return when(isGuest(state), state)
    case "undefine":
      return when(
        persistent !== undefined && mayChange(state),
        tidied({ ...state, persistent: undefined, isAutostart: false })
      )
    case "rename":
      return when(persistent !== undefined && life === "off", { ...state, name: call.to })
    case "setAutostart":
      return marked(state, step, call.isAutostart)
    case "setTitle":
      return titled(state, call)
    case "info":
    case "xml":
    case "lookup":
      return when(isRead(state, call, readOf(value)), state)
    case "list":
    case "nodeDetach":
    case "nodeReattach":
    case "nodeReset":
    case "reloadConfig":
      return [state]
  }
}

/** Whether the domain's chart may say no in this state. */
const isDenied = (state: DomainState, call: ApiCall["call"]): boolean => {
  const { life, persistent } = state
  switch (call) {
    case "start":
      return isActive(state) || persistent === undefined
    case "create":
      return isActive(state)
    case "destroy":
      return !isActive(state)
    case "suspend":
      return !["running", "paused", "starting", "rebooting"].includes(life)
    case "resume":
      return life !== "paused" && life !== "starting"
    case "shutdown":
    case "reboot":
    case "reset":
    case "wakeup":
    case "attachDevice":
    case "detachDevice":
      return !isGuest(state)
    case "undefine":
    case "setAutostart":
      return persistent === undefined
    case "rename":
      return persistent === undefined || isActive(state)
    default:
      // A define is always possible, and so is a title where there is a domain; one that has just
      // ended says so as an actor that is no more.
      return !exists(state)
  }
}

const refused = (state: DomainState, step: Step<"call">, tag: string): States => {
  const { call, id } = step
  switch (tag) {
    case "DomainNotFound":
      return when(!exists(state), state)
    case "RequestDenied":
      return when(isDenied(state, call.call), state)
    case "StartFailed":
      return settle(state, id)
    case "StillDying":
      return when(state.life === "stopping", {
        ...state,
        destroyers: state.destroyers.filter((other) => other !== id)
      })
    case "DomainGone":
      return when(isActive(state), state)
    case "OperationFailed":
      return when(mayFail(state, call.call), state)
    default:
      // Whether somebody else has the name is the registry's to say.
      return [state]
  }
}

/** `OperationFailed` of a change says what the domain is; of an order it says that QEMU refused. */
const mayFail = (state: DomainState, call: ApiCall["call"]): boolean => {
  const isTransient = exists(state) && state.persistent === undefined
  switch (call) {
    case "undefine":
    case "setAutostart":
      return isTransient
    case "rename":
      return isTransient || isActive(state)
    case "setTitle":
      return !exists(state)
    case "attachDevice":
    case "detachDevice":
      // Of a domain that is off it says so, of a guest that something stood in the way.
      return true
    default:
      return isActive(state)
  }
}

const called = (state: DomainState, step: Step<"call">): States => {
  const { result } = step
  if (result?.kind === "error") return refused(state, step, result.tag)
  return done(state, step, result?.value)
}

const take = (state: DomainState, step: DomainStep): States => {
  switch (step.step) {
    case "call":
      return called(state, step)
    case "begin":
      return begin(state, step)
    case "abort":
      return abort(state, step)
    case "join":
      return join(state, step)
    case "arm":
      return when(isGuest(state), { ...state, isRebooting: true })
    case "forsake":
      return forsake(state, step)
    case "hear":
      return hear(state, step)
    case "kill":
      return when(
        step.index > state.heard && (isGuest(state) || state.life === "stopping"),
        stopping({ ...state, heard: step.index }, true)
      )
    case "cut":
      return cut(state, step)
    case "row":
      return when(row(state, step.row), state)
  }
}

/** The states after a step, from this one or from what comes of it by itself. */
export const after = (state: DomainState, step: DomainStep): readonly DomainState[] =>
  sooner(state).flatMap((now) => take(now, step))

export const domainModel: SequentialModel<DomainState, DomainMove, never> = {
  initial: absent,
  apply: (state, { operation: { what } }) => after(state, what),
  key: keyOf
}
