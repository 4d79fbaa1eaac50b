/**
 * Takes a history apart into the moves of each domain: which steps each call and each happening may
 * have been, and from when until when. Pure; decides nothing.
 */
import { type ApiCall, type Slot, slotUuid } from "./api-call.ts"
import type { DomainMove, DomainStep } from "./domain-step.ts"
import type { TimedCall } from "./linearizable.ts"
import type { Happening, History, Operation } from "./operation.ts"
import { errorTag, outcomeOf } from "./outcome.ts"

export type DomainMoves = readonly TimedCall<DomainMove, never>[]

/** What is known of a history before it is taken apart. */
export interface Lives {
  /** How each life of the engine ended, by its number; the last may not have. */
  readonly ends: ReadonlyMap<number, Happening>
  readonly history: History
  /** A QEMU may die without that a happening tells of it. */
  readonly mayDieUntold: boolean
}

const isEnd = ({ kind }: Happening): boolean =>
  kind === "engine-killed" || kind === "engine-closed" || kind === "power-cut"

export const livesOf = (history: History, mayDieUntold = false): Lives => {
  const ends = new Map<number, Happening>()
  for (const happening of history.happenings)
    if (isEnd(happening) && !ends.has(happening.life)) ends.set(happening.life, happening)
  return { ends, history, mayDieUntold }
}

/** Every slot that a call names or that a listing shows. */
export const slotsOf = ({ operations }: History): readonly Slot[] =>
  [...new Set(operations.flatMap(({ call }) => ("domain" in call ? [call.domain] : [])))].toSorted(
    (a, b) => a - b
  )

/** A step that may be taken between two ticks, and need not. */
const optional = (
  what: DomainStep,
  of: DomainMove["of"],
  within: { readonly from: number; readonly until?: number | undefined }
): TimedCall<DomainMove, never> => ({
  operation: { what, of },
  invokedAt: within.from,
  endedAt: undefined,
  ...(within.until === undefined ? {} : { lapsesAt: within.until })
})

/** A step that was taken, within its call. */
const required = (what: DomainStep, of: Operation): TimedCall<DomainMove, never> => ({
  operation: { what, of },
  invokedAt: of.invokedAt,
  endedAt: of.endedAt
})

const spawnsOf = (
  { happenings }: History,
  uuid: string,
  isMeant: (happening: Happening) => boolean
): readonly number[] =>
  happenings.flatMap((happening, index) =>
    happening.kind === "qemu-started" && happening.uuid === uuid && isMeant(happening)
      ? [index]
      : []
  )

/**
 * From when on the connection of this call may have ended: its client is known to have gone from a
 * call that it made later and that has no answer, and every client from an engine that is gone.
 */
const forsakenFrom = ({ history, ends }: Lives, operation: Operation): number | undefined => {
  const { client, life, invokedAt } = operation
  const lost = history.operations.find(
    (other) =>
      other.client === client &&
      other.life === life &&
      other.invokedAt >= invokedAt &&
      other.result === undefined
  )
  return lost?.invokedAt ?? ends.get(life)?.at
}

/** What a start shows between its begin and its answer. */
const stepsOfStart = (lives: Lives, operation: Operation): DomainMoves => {
  const { id, call, invokedAt, life } = operation
  const until = operation.endedAt ?? lives.ends.get(life)?.at
  const begin = optional({ step: "begin", id, call }, operation, { from: invokedAt, until })
  const isFailure = operation.result?.kind !== "ok"
  const abort = isFailure
    ? [optional({ step: "abort", id }, operation, { from: invokedAt, until })]
    : []
  const isBound = "autoDestroy" in call && call.autoDestroy === true
  const from = isBound ? forsakenFrom(lives, operation) : undefined
  const forsake = from === undefined ? [] : [optional({ step: "forsake", id }, operation, { from })]
  return [begin, ...abort, ...forsake]
}

/** Those whose effect comes in steps of its own, beside the one in which they are decided. */
const stepsBeside = (lives: Lives, operation: Operation): DomainMoves => {
  const { id, call, invokedAt, endedAt, life } = operation
  const until = endedAt ?? lives.ends.get(life)?.at
  const isTold = operation.result !== undefined
  switch (call.call) {
    case "create":
    case "start":
      return errorTag(operation) === "RequestDenied" ? [] : stepsOfStart(lives, operation)
    case "destroy": {
      if (errorTag(operation) === "RequestDenied") return []
      const owed = isTold && outcomeOf(operation) !== "unknown" ? id : undefined
      return [optional({ step: "join", id: owed }, operation, { from: invokedAt, until })]
    }
    case "reboot":
      return [optional({ step: "arm" }, operation, { from: invokedAt, until })]
    default:
      return []
  }
}

/** Calls that leave nothing behind when nobody was told how they went. */
const isWithoutTrace = ({ call }: ApiCall): boolean =>
  ["info", "xml", "lookup", "suspend", "resume", "shutdown", "reset", "wakeup", "reboot"].includes(
    call
  ) || call === "destroy"

/** When a call that nobody knows the outcome of may have taken effect. */
const unknownWithin = ({ ends, history }: Lives, operation: Operation) => {
  const end = ends.get(operation.life)
  if (errorTag(operation) !== "StoreError") return { from: operation.invokedAt, until: end?.at }
  // The disk failed while undoing it: this engine goes on without it, the next may find it done.
  if (end === undefined) return undefined
  const opened = history.happenings.find(({ kind, at }) => kind === "engine-opened" && at > end.at)
  return { from: end.at, until: opened?.at }
}

const stepsOfCall = (lives: Lives, operation: Operation, uuid: string): DomainMoves => {
  const { id, call, invokedAt, endedAt, result } = operation
  const outcome = outcomeOf(operation)
  // Whether another domain has the name or the uuid is the registry's.
  if (outcome === "void" || errorTag(operation) === "DomainExists") return []
  const isWithin = ({ at }: Happening) =>
    at > invokedAt && at < (endedAt ?? Number.POSITIVE_INFINITY)
  const spawns = spawnsOf(lives.history, uuid, isWithin)
  const beside = errorTag(operation) === "DomainNotFound" ? [] : stepsBeside(lives, operation)
  if (outcome !== "unknown")
    return [...beside, required({ step: "call", id, call, result, spawns }, operation)]
  const within = isWithoutTrace(call) ? undefined : unknownWithin(lives, operation)
  if (within === undefined) return beside
  const whole: DomainStep = { step: "call", id, call, result: undefined, spawns }
  return [...beside, optional(whole, operation, within)]
}

const stepsOfList = (operation: Operation, uuid: string): DomainMoves => {
  const { result } = operation
  const value = result?.kind === "ok" ? result.value : undefined
  if (value === undefined || !("domains" in value)) return []
  const row = value.domains.find((seen) => seen.uuid === uuid)
  return [required({ step: "row", row }, operation)]
}

const heard = new Set<Happening["kind"]>([
  "qemu-exited",
  "qemu-stopped",
  "qemu-running",
  "qemu-shutdown",
  "qemu-suspended",
  "qemu-crashed"
])

const stepsOfHappening = (happening: Happening, index: number, uuid: string): DomainMoves => {
  const { kind, at } = happening
  if (heard.has(kind) && happening.uuid === uuid)
    return [optional({ step: "hear", index, kind }, happening, { from: at })]
  return []
}

/** Where nobody noted that a QEMU exited it may have at any time. */
const stepsOfKill = ({ happenings }: History, uuid: string): DomainMoves => {
  const mine = happenings.flatMap((one, index) => (one.uuid === uuid ? [{ ...one, index }] : []))
  return mine.flatMap((born): DomainMoves => {
    const isSame = ({ epoch, pid }: Happening) => epoch === born.epoch && pid === born.pid
    if (born.kind !== "qemu-started") return []
    if (mine.some((one) => one.kind === "qemu-exited" && isSame(one))) return []
    const last = mine.findLast(isSame) ?? born
    const what: DomainStep = { step: "kill", index: last.index + 0.5 }
    return [optional(what, happenings[born.index] ?? born, { from: born.at })]
  })
}

/**
 * An engine that opens starts what is marked for it, if it is not running by then. There may be
 * several that came to nothing before one did open; none of these started anything.
 */
const stepsOfAutostart = (lives: Lives, cut: Happening, uuid: string): DomainMoves => {
  const id = -1 - cut.life
  const next = [...lives.ends.values()].find(({ at }) => at > cut.at)
  const within = { from: cut.at, until: next?.at }
  const call: ApiCall = { call: "start", domain: -1 }
  const until = next?.at ?? Number.POSITIVE_INFINITY
  const spawns = spawnsOf(lives.history, uuid, ({ at }) => at > cut.at && at < until)
  return [
    optional({ step: "begin", id, call: undefined }, cut, within),
    optional({ step: "abort", id }, cut, within),
    optional({ step: "call", id, call, result: undefined, spawns }, cut, within)
  ]
}

/** All that concerns one domain, in the order of its begins. */
export const movesOf = (lives: Lives, slot: Slot): DomainMoves => {
  const { history, ends } = lives
  const uuid = slotUuid(slot)
  const calls = history.operations.flatMap((operation) => {
    const { call } = operation
    if (call.call === "list") return stepsOfList(operation, uuid)
    return "domain" in call && call.domain === slot ? stepsOfCall(lives, operation, uuid) : []
  })
  const happened = history.happenings.flatMap((happening, index) =>
    stepsOfHappening(happening, index, uuid)
  )
  const isMarked = history.operations.some(
    ({ call }) => call.call === "setAutostart" && call.domain === slot
  )
  const cuts = [...ends.values()].flatMap((cut): DomainMoves => {
    const { kind, at } = cut
    const end = { operation: { what: { step: "cut" as const, kind }, of: cut } }
    const autostart = isMarked ? stepsOfAutostart(lives, cut, uuid) : []
    return [{ ...end, invokedAt: at, endedAt: at }, ...autostart]
  })
  const killed = lives.mayDieUntold ? stepsOfKill(history, uuid) : []
  return [...calls, ...happened, ...killed, ...cuts].toSorted((a, b) => a.invokedAt - b.invokedAt)
}
