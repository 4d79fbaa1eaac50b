/**
 * I17: the states a guest goes through, and what may bring each about, written down once more
 * beside the chart.
 */
import type { Invariant } from "../simulation/view.ts"
import { type DomainTurn, domainTurn, lifeOf } from "./domain-turn.ts"

/** From, to: the messages that may lead there. */
const legal: { readonly [from: string]: { readonly [to: string]: string } } = {
  shutoff: {
    starting: "start create",
    running: "adopt",
    paused: "adopt",
    stopping: "adopt",
    gone: "unregistered"
  },
  starting: {
    running: "started",
    paused: "started",
    stopping: "startFailed overdue destroy"
  },
  running: {
    paused: "qmpStop answered qmpShutdown reattached",
    pmsuspended: "qmpSuspend reattached",
    crashed: "qmpPanicked reattached",
    rebooting: "qmpShutdown qmpPanicked reattached",
    stopping: "destroy exited qmpShutdown qmpPanicked reattached"
  },
  paused: {
    running: "qmpResume answered reattached",
    pmsuspended: "qmpSuspend reattached",
    crashed: "qmpPanicked reattached",
    rebooting: "qmpShutdown qmpPanicked reattached",
    stopping: "destroy exited qmpShutdown qmpPanicked reattached"
  },
  pmsuspended: {
    running: "qmpWakeup reattached",
    paused: "qmpShutdown reattached",
    crashed: "reattached",
    rebooting: "qmpShutdown reattached",
    stopping: "destroy exited qmpShutdown reattached"
  },
  crashed: {
    running: "qmpResume",
    rebooting: "qmpReset",
    stopping: "destroy exited"
  },
  rebooting: {
    running: "qmpResume answered",
    stopping: "destroy exited answered"
  },
  // A change of the definition that is being written decides at the end of a guest what remains.
  stopping: {
    shutoff: "released written writeFailed unregistered",
    gone: "unregistered"
  },
  gone: {}
}

const brokenMove = ({ record, message, before, after }: DomainTurn): string | undefined => {
  const [from, to] = [lifeOf(before), lifeOf(after)]
  if (from === to) return undefined
  const causes = legal[from]?.[to]?.split(" ") ?? []
  return causes.includes(message.type)
    ? undefined
    : `${record.actor} went from ${from} to ${to} by '${message.type}'`
}

/** One start, one QEMU. */
const brokenStart = ({ record, message, before }: DomainTurn): string | undefined => {
  const isStart = message.type === "start" || message.type === "create"
  const launches = record.actions.filter((action) => action === "launch").length
  const { epoch } = before.context
  if (isStart && epoch !== undefined) return `${record.actor} was started in epoch ${epoch}`
  return launches === (isStart ? 1 : 0)
    ? undefined
    : `${record.actor} launched ${launches} times on '${message.type}'`
}

export const legalTransitions: Invariant = {
  id: "I17",
  name: "LegalTransitions",
  statement:
    "A domain goes from state to state only as the table here says, each time by a message that " +
    "may lead there; an active one is never started, and each start launches once.",
  make: () => ({
    decided: (turn) => {
      const mine = turn.record.outcome === "taken" ? domainTurn(turn) : undefined
      return mine && (brokenMove(mine) ?? brokenStart(mine))
    }
  })
}
