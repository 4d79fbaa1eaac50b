/** The laws of the domain's chart, one sentence each. A law sees one turn and what came before. */
import type { DomainSnapshot } from "../../../machines/domain/domain.ts"
import { reasonOf, stateOfLife } from "../../../machines/domain/domain.ts"
import { afterChange, type Definitions, settled } from "../../../machines/domain/change.ts"
import type { Action } from "../../../src/kernel/behaviour.ts"
import { stateName } from "../../../src/kernel/statechart.ts"
import { lifecycleNumber } from "../../../src/model/event.ts"
import { reasonNumber } from "../../../src/model/state.ts"
import type { DomainLaw, DomainRig } from "./domain-cast.ts"

export const lifeOf = ({ value }: DomainSnapshot): string => stateName(value.life)
const isIn = (state: DomainSnapshot, ...lives: readonly string[]) =>
  lives.some((life) => lifeOf(state) === life || lifeOf(state).startsWith(`${life}.`))

const paramsOf = (rig: DomainRig, script: string) =>
  rig.scripts.get(script)?.params as { readonly [key: string]: unknown } | undefined

/** The states in which each script runs, and in which it must. */
const runsIn: { readonly [script: string]: (state: DomainSnapshot) => boolean } = {
  launch: (state) => isIn(state, "starting"),
  release: (state) => isIn(state, "stopping.terminating", "stopping.undead"),
  deadline: (state) => isIn(state, "starting", "stopping.terminating"),
  pauseGuest: (state) => isIn(state, "running.pausing"),
  continueGuest: (state) => isIn(state, "paused.resuming"),
  bootAgain: (state) => isIn(state, "rebooting"),
  sendSignal: ({ value }) => value.power === "sending",
  write: ({ value }) => value.job === "writing",
  unregister: (state) => isIn(state, "stopping.leaving") || state.value.job === "unregistering",
  attach: ({ value }) => value.job === "attaching",
  detach: ({ value }) => value.job === "detaching",
  letGo: ({ value }) => value.job === "parting",
  reattach: ({ value }) => value.monitor === "connecting" || value.monitor === "lost"
}

const scripts: DomainLaw = ({ after }, rig) => {
  for (const [script, fits] of Object.entries(runsIn))
    if (rig.scripts.has(script) !== fits(after))
      return `${script} ${fits(after) ? "does not run" : "runs"} in ${rig.name}`
  return rig.scripts.has("saveStatus") && isIn(after, "stopping", "shutoff", "gone")
    ? "the status of a guest that ends is written"
    : undefined
}

/** `launch` once per start that was taken, with its definition, and only with no epoch there. */
const launches: DomainLaw = ({ before, message, outcome, actions }) => {
  const started = actions.filter(({ type }) => type === "launch")
  const isStart = message.type === "start" || message.type === "create"
  if (started.length !== (isStart && outcome === "taken" ? 1 : 0))
    return `${started.length} launches`
  if (!isStart || started[0] === undefined) return undefined
  const { epoch, definition } = started[0].params as { epoch: string; definition: unknown }
  const wanted = message.type === "start" ? before.context.persistent : message.definition
  if (epoch !== message.epoch || definition !== wanted) return "it launches something else"
  if (before.context.epoch !== undefined) return "there is an epoch already"
  return before.value.job !== "idle" && "a change is under way"
}

/** An epoch lasts from the start to `released` and what follows; the same `release` is for it. */
const oneEpoch: DomainLaw = ({ before, after }, rig) => {
  const [was, is] = [before.context.epoch, after.context.epoch]
  if ((is === undefined) !== isIn(after, "shutoff", "gone")) return `epoch ${String(is)}`
  if (was !== undefined && is !== undefined && was !== is) return "one epoch follows another"
  const released = paramsOf(rig, "release")
  if (released !== undefined && released.epoch !== is) return "another epoch is released"
  return was !== undefined && is === undefined && !isIn(before, "stopping")
    ? "an epoch ends without its release"
    : undefined
}

const destroyAdmitted: DomainLaw = ({ before, message, outcome }) => {
  if (message.type !== "destroy") return undefined
  const { epoch } = before.context
  const isMeant = message.epoch === undefined || message.epoch === epoch
  return (outcome === "taken") !== (epoch !== undefined && isMeant) && `destroy is ${outcome}`
}

/** Whoever destroys does not wait longer because somebody else was gentle. */
const graceOnlyShrinks: DomainLaw = ({ before, actions }, { turns }) => {
  const graceOf = (all: readonly Action[]) =>
    (all.find(({ type }) => type === "release")?.params as { graceMs: number } | undefined)?.graceMs
  const again = graceOf(actions)
  if (again === undefined || !isIn(before, "stopping")) return undefined
  const earlier = turns.slice(0, -1).findLast((turn) => graceOf(turn.actions) !== undefined)
  const was = graceOf(earlier?.actions ?? []) ?? 0
  return again >= was && `the release with ${was} ms begins again with ${again} ms`
}

const goneIsGone: DomainLaw = ({ before, after, outcome, message }) => {
  if (isIn(before, "gone") && !isIn(after, "gone")) return "it left gone"
  if (isIn(before, "gone") && outcome === "taken" && message.type !== "discard")
    return `gone, it takes ${message.type}`
  const { persistent, epoch } = after.context
  return isIn(after, "gone") && (persistent !== undefined || epoch !== undefined)
    ? "gone with a definition or a guest"
    : undefined
}

/** While it ends, the reason is that of the end: it shows once the guest is off. */
const legalReasons: DomainLaw = ({ after }) => {
  const state = isIn(after, "stopping") ? "shutoff" : stateOfLife(after.value.life)
  const shown = stateOfLife(after.value.life)
  for (const [of, reason] of [
    [state, after.context.reason],
    [shown, reasonOf(shown, after.context)]
  ] as const)
    if (!Object.hasOwn(reasonNumber[of], reason)) return `${reason} is no reason of ${of}`
  return undefined
}

/** What is published changes by `written` alone, and is then what was written. */
const durable: DomainLaw = ({ before, after, message }, rig) => {
  const { persistent, isAutostart, name } = before.context
  const now = after.context
  const isSame =
    now.persistent === persistent && now.isAutostart === isAutostart && now.name === name
  if (isSame) return undefined
  if (message.type !== "written" && message.type !== "unregistered")
    return "the definition changes without having been written"
  const change = before.context.job?.change
  if (change === undefined) return "nothing was being written"
  const write = rig.turns.findLast(({ actions }) => actions.some(({ type }) => type === "write"))
  const params = write?.actions.find(({ type }) => type === "write")?.params as {
    readonly after: { readonly persistent: unknown }
  }
  return JSON.stringify(params.after.persistent) !== JSON.stringify(now.persistent)
    ? "something else is published than was written"
    : undefined
}

const writesAreSettled: DomainLaw = ({ before, actions, message }) => {
  const write = actions.find(({ type }) => type === "write")
  if (write === undefined || message.type !== "change") return undefined
  if (isIn(before, "starting", "stopping", "gone")) return "a change begins between two states"
  const { after } = write.params as { readonly after: Definitions }
  const { persistent, live } = afterChange(before.context, settled(message.change, before.context))
  return JSON.stringify([after.persistent, after.live]) !== JSON.stringify([persistent, live])
    ? "the change is computed from another state"
    : undefined
}

interface Told {
  readonly type: string
  readonly event: string
  readonly detail: string
}

/** Lifecycle events are libvirt's; a start is told before its end, and both once. */
const truthfulEvents: DomainLaw = ({ actions, before }) => {
  const told = actions
    .filter(({ type }) => type === "emit")
    .flatMap(({ params }) => (params as { readonly event?: Told }).event ?? [])
    .filter(({ type }) => type === "lifecycle")
  for (const { event, detail } of told) {
    const known: { readonly [event: string]: { readonly details: object } } = lifecycleNumber
    if (!Object.hasOwn(known[event]?.details ?? {}, detail)) return `${event} ${detail} is no event`
  }
  const stopped = told.filter(({ event }) => event === "stopped").length
  return stopped > 0 && (stopped > 1 || !isIn(before, "stopping"))
    ? "the end is told twice, or of nothing"
    : undefined
}

const waitersInTheirStates: DomainLaw = ({ after }) =>
  after.context.waiters.length > 0 &&
  !isIn(after, "running.pausing", "paused.resuming") &&
  `calls ${after.context.waiters.join()} wait in ${lifeOf(after)}`

/** What belongs to an epoch ends with it. */
const nothingOutlives: DomainLaw = ({ after }) => {
  const { starter, failure, live, process, isRebooting, signal } = after.context
  if (!isIn(after, "shutoff", "gone")) return undefined
  const left = Object.entries({ starter, failure, live, process, signal }).filter(
    ([, value]) => value !== undefined
  )
  if (left.length > 0) return `${left.map(([name]) => name).join()} outlives the epoch`
  if (after.value.monitor !== "none") return `the monitor is ${after.value.monitor}`
  return isRebooting && after.context.reason === "unknown" ? "it is rebooting" : undefined
}

const aliasesIn = ({ context }: DomainSnapshot): readonly string[] =>
  (context.live?.devices ?? []).flatMap((device) =>
    device.kind === "hostdev" ? (device.alias ?? []) : []
  )

/**
 * A guest gets a device when QEMU has taken it, and loses it when what it had was given back; each
 * is told in that very turn.
 */
const devicesFollowQemu: DomainLaw = ({ before, after, message, actions }) => {
  if (before.context.epoch === undefined || after.context.epoch === undefined) return undefined
  if (message.type === "launched" || message.type === "started") return undefined
  const [was, is] = [aliasesIn(before), aliasesIn(after)]
  const come = is.filter((alias) => !was.includes(alias))
  const gone = was.filter((alias) => !is.includes(alias))
  if (come.length > 0 && message.type !== "attached") return `${come.join()} comes unasked`
  if (gone.length > 0 && message.type !== "parted") return `${gone.join()} goes unasked`
  const told = actions
    .filter(({ type }) => type === "emit")
    .flatMap(({ params }) => (params as { readonly event?: Told }).event ?? [])
  const isTold = (type: string) => told.some((event) => event.type === type)
  if (come.length > 0 && !isTold("device-added")) return `${come.join()} comes untold`
  return gone.length > 0 && !isTold("device-removed") && `${gone.join()} goes untold`
}

/** What QEMU has let go is given back before anything else is changed. */
const partedAreGivenBack: DomainLaw = ({ after }) =>
  after.context.parted.length > 0 &&
  (after.value.job === "idle" || isIn(after, "shutoff", "gone")) &&
  !isIn(after, "stopping") &&
  `${after.context.parted.join()} is forgotten in ${lifeOf(after)}`

/** In a guest's first moments nothing of an earlier one counts. */
const freshStart: DomainLaw = ({ after }) =>
  isIn(after, "starting") &&
  (after.context.isRebooting || after.context.pauseCause !== undefined) &&
  "a start remembers the guest before it"

export const domainLaws: readonly DomainLaw[] = [
  scripts,
  launches,
  oneEpoch,
  destroyAdmitted,
  graceOnlyShrinks,
  goneIsGone,
  legalReasons,
  durable,
  writesAreSettled,
  truthfulEvents,
  waitersInTheirStates,
  nothingOutlives,
  devicesFollowQemu,
  partedAreGivenBack,
  freshStart
]
