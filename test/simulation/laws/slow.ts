/** L09: what one waits for holds up nobody else: a slow write no look, a QEMU no other's start. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Operation } from "../../../src/testing/history/operation.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

/** Slow primitives take longer than this, and nothing else does. */
const longMs = 1_500

const isWriting = (what: string): boolean => /^(write|sync|rename|close|unlink)/.test(what)

const heldUp = (view: View): string | undefined => {
  const { met } = view.faults
  const isOnlyWriting = met.every(
    ({ seam, fault, what }) => seam !== "world" && (fault !== "slow" || isWriting(what))
  )
  if (!isOnlyWriting) return undefined
  const long = view.history.operations.find(
    ({ call, invokedAtMs, endedAtMs }) =>
      ["info", "list", "lookup"].includes(call.call) && (endedAtMs ?? 0) - invokedAtMs > longMs
  )
  return long && `${long.call.call} ${long.id} waited for what is written`
}

/** A start that spawned late, though nobody else had to do with its domain. */
const startedLate =
  (view: View) =>
  (start: Operation): string | undefined => {
    const { call, invokedAt, invokedAtMs, id, endedAt = 0, result } = start
    if (call.call !== "start" || result?.kind !== "ok") return undefined
    const uuid = slotUuid(call.domain)
    const isAlone = view.history.operations.every(
      (one) =>
        one.id === id ||
        one.call.call === "define" ||
        !("domain" in one.call) ||
        one.call.domain !== call.domain ||
        one.invokedAt > invokedAt
    )
    const born = view.history.happenings.find(
      ({ kind, uuid: of, at }) =>
        kind === "qemu-started" && of === uuid && at > invokedAt && at < endedAt
    )
    return isAlone && born !== undefined && born.atMs - invokedAtMs > longMs
      ? `${uuid} waited ${born.atMs - invokedAtMs} ms for the QEMUs of others`
      : undefined
  }

const crowded = (view: View): string | undefined =>
  view.faults.met.every(({ seam }) => seam === "qemu")
    ? view.history.operations.map(startedLate(view)).find((why) => why !== undefined)
    : undefined

export const noneForAll: Invariant = {
  id: "L09",
  name: "NoneForAll",
  statement:
    "A write that takes its time holds up no look at its domain; a QEMU that takes its time " +
    "holds up no other's start.",
  needsCalls: true,
  make: () => ({ history: (view) => heldUp(view) ?? crowded(view) })
}
