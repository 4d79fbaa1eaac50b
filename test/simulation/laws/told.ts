/** L04: `stopped` is told of a domain that is off, and errors of a suspend are true. */
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"
import { eventOf } from "../../../src/testing/invariants/events.ts"
import type { Operation } from "../../../src/testing/history/operation.ts"
import { slotUuid } from "../../../src/testing/history/api-call.ts"

const tooEarly = (event: ReturnType<typeof eventOf>, view: View): string | undefined => {
  if (event?.type !== "lifecycle" || event.event !== "stopped" || event.id === -1) return undefined
  const ref = view.life?.driver?.parts()?.domains.byUuid(event.uuid)?.ref
  return ref?.actor.published.context.id === event.id
    ? `${event.uuid} is told to have stopped, and still has run ${event.id}`
    : undefined
}

/** Nothing went wrong between engine and QEMU: whatever QEMU did it was told to do. */
const isPlain = (view: View): boolean =>
  view.faults.met.every(({ seam }) => seam === "file" || seam === "client")

const untrue =
  (view: View) =>
  (suspend: Operation): string | undefined => {
    const { call, result, invokedAt, endedAt, life } = suspend
    if (call.call !== "suspend" || result?.kind !== "error" || endedAt === undefined)
      return undefined
    if (result.tag === "RequestDenied" || result.tag === "Overdue") return undefined
    const uuid = slotUuid(call.domain)
    const mine = view.history.happenings.filter(
      ({ at, uuid: of }) => at > invokedAt && at < endedAt && of === uuid
    )
    const others = view.history.operations.some(
      (one) =>
        one.id !== suspend.id &&
        one.life === life &&
        "domain" in one.call &&
        one.call.domain === call.domain &&
        one.invokedAt < endedAt &&
        (one.endedAt ?? Number.POSITIVE_INFINITY) > invokedAt
    )
    const isOnlyStopped = mine.length === 1 && mine[0]?.kind === "qemu-stopped"
    return isOnlyStopped && !others
      ? `${uuid} was suspended, and who asked for it is told '${result.message}'`
      : undefined
  }

export const toldAsItIs: Invariant = {
  id: "L04",
  name: "ToldAsItIs",
  statement:
    "A domain is told to have stopped when it has nothing of that run any more; a suspend that " +
    "QEMU has carried out is not answered with an error.",
  needsCalls: true,
  make: () => ({
    decided: (turn, view) => tooEarly(eventOf(turn), view),
    history: (view) =>
      isPlain(view)
        ? view.history.operations.map(untrue(view)).find((why) => why !== undefined)
        : undefined
  })
}
