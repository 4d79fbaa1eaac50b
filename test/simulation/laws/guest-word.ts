/**
 * L05: what a guest does by itself is heard, and followed: a power-off by the order that was given
 * last, in the time that its disks need; at rest a domain is in the state that its QEMU is in.
 */
import type { Happening, Operation } from "../../../src/testing/history/operation.ts"
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Sent } from "../../../src/testing/host/processes.ts"
import { type DomainTurn, domainTurn, lifeOf } from "../../../src/testing/invariants/domain-turn.ts"
import { guestOf } from "../../../src/testing/invariants/living.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

/** QEMU may flush for so long after a power-off: shutdownGraceMs of the chart. */
const flushMs = 10_000

const ofEpoch = (view: View, uuid: string, epoch: string): readonly Happening[] =>
  view.history.happenings.filter(
    (one) => one.uuid === uuid && one.epoch?.replace("-", ".") === epoch
  )

const ordersOf = (view: View, uuid: string, from: number): readonly Operation[] =>
  view.history.operations.filter(
    ({ call, invokedAt }) =>
      (call.call === "reboot" || call.call === "shutdown" || call.call === "reset") &&
      slotUuid(call.domain) === uuid &&
      invokedAt > from
  )

/**
 * What its power-off is to lead to; `undefined` where orders are under way or failed. A reset, by
 * itself or by order, is the reboot that was asked for.
 */
const wanted = (
  orders: readonly Operation[],
  resetAt: number
): "rebooting" | "stopping" | undefined => {
  const isCertain = ({ call, result }: Operation) =>
    result?.kind === "ok" || (call.call !== "reset" && "mode" in call && call.mode === "agent")
  if (!orders.every(isCertain)) return undefined
  const done = orders.filter(({ result }) => result?.kind === "ok")
  const last = done.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0)).at(-1)
  const isOverlapped = done.some(
    (one) => one !== last && last !== undefined && (one.endedAt ?? 0) > last.invokedAt
  )
  if (isOverlapped) return undefined
  if (last === undefined || last.call.call !== "reboot") return "stopping"
  if (resetAt > (last.endedAt ?? 0)) return "stopping"
  return resetAt > last.invokedAt ? undefined : "rebooting"
}

const misled = (
  { uuid, record, message, before, after }: DomainTurn,
  { view, resets }: { readonly view: View; readonly resets: ReadonlyMap<string, number> }
): string | undefined => {
  if (message.type !== "qmpShutdown" || message.reason !== "guest-shutdown") return undefined
  const { epoch, live } = before.context
  const isTaken = record.outcome === "taken" && lifeOf(before) !== "stopping"
  if (!isTaken || epoch === undefined || (live?.onPoweroff ?? "destroy") !== "destroy")
    return undefined
  const mine = ofEpoch(view, uuid, epoch)
  const born = mine.find(({ kind }) => kind === "qemu-started")
  const isOurs = view.life !== undefined && born?.life === view.life.number
  if (born === undefined || !isOurs) return undefined
  const resetAt = resets.get(uuid) ?? -1
  const should = wanted(ordersOf(view, uuid, born.at), resetAt)
  const is = lifeOf(after)
  if (should === undefined || is === should) return undefined
  return `${record.actor} is ${is} after its guest's power-off, and should be ${should}`
}

/** A guest in one life of the engine: the next has its own ways with what it finds. */
const keyOf = (
  view: View,
  { uuid, epoch }: { readonly uuid: string; readonly epoch: string | undefined }
): string => `${view.life?.number} ${uuid}/${epoch}`

/** Killed before its disks can have been flushed, and nobody was in a hurry. */
const hasty = (
  { signal, words, pid }: Sent,
  { view, offAtMs }: { readonly view: View; readonly offAtMs: ReadonlyMap<string, number> }
): string | undefined => {
  const guest = guestOf(words)
  if (guest === undefined || signal !== "SIGKILL") return undefined
  const { uuid, epoch } = guest
  const offAt = offAtMs.get(keyOf(view, guest)) ?? Number.NEGATIVE_INFINITY
  const since = view.world.nowMs - offAt
  if (since >= flushMs) return undefined
  const isHastened = view.history.operations.some(
    ({ call, endedAt, endedAtMs }) =>
      call.call === "destroy" &&
      slotUuid(call.domain) === uuid &&
      (endedAt === undefined || (endedAtMs ?? 0) >= view.world.nowMs - since)
  )
  const isDead = ofEpoch(view, uuid, epoch).some(({ kind }) => kind === "qemu-exited")
  return isHastened || isDead
    ? undefined
    : `SIGKILL came to ${pid} of ${uuid} ${since} ms after its power-off`
}

const stateAfter: { readonly [K in Happening["kind"]]?: string } = {
  "qemu-running": "running",
  "qemu-stopped": "paused",
  "qemu-suspended": "pmsuspended",
  "qemu-shutdown": "stopping",
  "qemu-crashed": "stopping"
}

const unheard = (view: View): string | undefined => {
  for (const { uuid, ref } of view.life?.driver?.parts()?.domains.all() ?? []) {
    if (ref === undefined) continue
    const { published } = ref.actor
    const { epoch } = published.context
    if (epoch === undefined || published.value.monitor !== "live") continue
    const last = ofEpoch(view, uuid, epoch).findLast(({ kind }) => kind in stateAfter)
    const should = last && stateAfter[last.kind]
    const is = lifeOf(published)
    if (should !== undefined && is !== should)
      return `at rest ${uuid} is ${is}, and its QEMU says '${last?.kind}'`
  }
  return undefined
}

export const guestsWord: Invariant = {
  id: "L05",
  name: "GuestsWord",
  statement:
    "A guest's power-off leads to what was ordered last, with the time that its disks need; at " +
    "rest each domain is in the state that its QEMU is in.",
  needsCalls: true,
  make: () => {
    let seen = 0
    const offAtMs = new Map<string, number>()
    const resets = new Map<string, number>()
    return {
      decided: (turn, view) => {
        const mine = domainTurn(turn)
        if (mine === undefined) return undefined
        const { uuid, message, before, after } = mine
        if (message.type === "qmpShutdown" && lifeOf(before) !== "stopping")
          if (lifeOf(after) === "stopping")
            offAtMs.set(keyOf(view, { uuid, epoch: before.context.epoch }), view.world.nowMs)
        if (message.type === "qmpReset" || message.type === "launched") resets.set(uuid, view.tick)
        return misled(mine, { view, resets })
      },
      step: (view) => {
        const { sent } = view.host.processes
        for (; seen < sent.length; seen++) {
          const one = sent[seen]
          const why = one && hasty(one, { view, offAtMs })
          if (why !== undefined) return why
        }
        return undefined
      },
      rest: unheard
    }
  }
}
