/** I10: every call ends by the bound that its page gives it. */
import { startDeadlineMs } from "../../../machines/domain/base.ts"
import { driverBoundMs } from "../../host/driver-write.ts"
import { askDeadlineMs } from "../../kernel/limits.ts"
import type { CallName } from "../history/api-call.ts"
import type { Invariant } from "../simulation/view.ts"
import { slackMs } from "./slack.ts"

/** What a binary may take to tell what it can do: src/qemu/probe.ts. */
const probeMs = 15_000
/** A handshake with a QEMU that was just adopted: src/engine/waiting.ts. */
const reachedMs = 5_000
/** After a failed start everything is given back. */
const givenBackMs = 10_000

/** What is told of a device before anything of it is touched: an override, an unbind, a probe. */
const onDriversMs = 3 * driverBoundMs

/** A call waits to enter, for its domain's actor to be there, and for each thing that it asks. */
const asks = (count: number): number => (2 + count) * askDeadlineMs

const onGuestMs = reachedMs + asks(1)

/** docs/reference/limits.md, in ms: a bound for each thing that a call waits for, one by one. */
export const boundMs: { readonly [C in CallName]: number } = {
  list: asks(0),
  lookup: asks(0),
  info: asks(0),
  xml: asks(0),
  define: probeMs + asks(4),
  create: probeMs + asks(3) + startDeadlineMs + givenBackMs,
  start: asks(0) + startDeadlineMs + givenBackMs,
  // Its own bound is I15's.
  destroy: asks(1),
  shutdown: onGuestMs,
  reboot: onGuestMs,
  suspend: onGuestMs,
  resume: onGuestMs,
  reset: onGuestMs,
  wakeup: onGuestMs,
  undefine: asks(1),
  rename: asks(3),
  setAutostart: asks(1),
  setTitle: asks(1),
  attachDevice: onGuestMs + onDriversMs,
  detachDevice: onGuestMs,
  nodeDetach: asks(1) + onDriversMs,
  nodeReattach: asks(1) + onDriversMs,
  nodeReset: asks(1) + onDriversMs,
  reloadConfig: asks(1)
}

export const boundedReply: Invariant = {
  id: "I10",
  name: "BoundedReply",
  statement:
    "Each call is answered within the sum of the documented bounds of what it waits for, on the " +
    "monotonic clock, whatever QEMU, disk, wall clock and other clients do.",
  make: () => ({
    history: (view) => {
      const slack = slackMs(view)
      if (slack === undefined) return undefined
      for (const { id, call, invokedAtMs, endedAtMs } of view.history.operations) {
        const limitMs = boundMs[call.call] + slack
        if (endedAtMs !== undefined && endedAtMs - invokedAtMs > limitMs)
          return `${call.call} ${id} took ${endedAtMs - invokedAtMs} ms, and may take ${limitMs}`
      }
      return undefined
    }
  })
}
