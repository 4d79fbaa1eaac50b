/** I37: nothing that comes from outside piles up. */
import { lineBytesMax } from "../../qmp/frame.ts"
import { inFlightMax } from "../../qmp/session.ts"
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn } from "./domain-turn.ts"
import { monitorTurn } from "./monitor-turn.ts"

/** docs/reference/limits.md: problems that are kept; connections known to be over. */
const problemsMax = 1_000
const closedMax = 1_024

const ofMonitor = (turn: Turn): string | undefined => {
  const mine = monitorTurn(turn)
  if (mine === undefined) return undefined
  const { frame, inFlight } = mine.after.session
  if (frame.size > lineBytesMax) return `${mine.record.actor} holds ${frame.size} bytes of a line`
  return inFlight.size > inFlightMax
    ? `${mine.record.actor} has ${inFlight.size} commands in flight`
    : undefined
}

/** Who waits for a domain is a call that is open: there are no more than that. */
const ofDomain = (turn: Turn, { history }: View): string | undefined => {
  const mine = domainTurn(turn)
  if (mine === undefined) return undefined
  const { destroyers, waiters } = mine.after.context
  const waiting = destroyers.length + waiters.length
  return waiting > history.operations.length + 16
    ? `${mine.record.actor} keeps ${waiting} calls waiting`
    : undefined
}

const ofConnections = ({ record, after }: Turn): string | undefined => {
  if (record.actor !== "connections") return undefined
  const { closed } = after as { readonly closed: readonly string[] }
  return closed.length > closedMax ? `${closed.length} closed connections are kept` : undefined
}

export const boundedMemory: Invariant = {
  id: "I37",
  name: "BoundedMemory",
  statement:
    "The half line and the open commands of a monitor, the calls that wait for a domain, the " +
    "connections that are over and the problems that are kept stay within their bounds.",
  needsCalls: true,
  make: () => ({
    decided: (turn, view) => ofMonitor(turn) ?? ofConnections(turn) ?? ofDomain(turn, view),
    rest: ({ life }) => {
      const count = life?.driver?.problems().length ?? 0
      return count > problemsMax ? `${count} problems are kept` : undefined
    }
  })
}
