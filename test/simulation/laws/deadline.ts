/** L12: who asks one thing of one domain is answered by the deadline that every asking has. */
import { askDeadlineMs } from "../../../src/kernel/limits.ts"
import type { CallName } from "../../../src/testing/history/api-call.ts"
import { slackMs } from "../../../src/testing/invariants/slack.ts"
import type { Invariant } from "../../../src/testing/simulation/view.ts"

/** Calls that are one asking of a domain whose actor is there. */
const single = new Set<CallName>(["setTitle", "setAutostart"])

/** Faults that let nothing else wait: neither the engine nor its disk is held up by them. */
const isAside = (seam: string, fault: string): boolean =>
  ["signal", "qemu", "qmp", "guest"].includes(seam) || fault.startsWith("clock")

export const deadlineKept: Invariant = {
  id: "L12",
  name: "DeadlineKept",
  statement:
    "A call that asks one thing of one domain ends by its deadline on the monotonic clock, " +
    "however long the domain has other things to do, and wherever the wall clock goes.",
  needsCalls: true,
  make: () => ({
    history: (view) => {
      const slack = slackMs(view)
      const isJudged = view.faults.met.every(({ seam, fault }) => isAside(seam, fault))
      if (slack === undefined || !isJudged) return undefined
      const late = view.history.operations.find(
        ({ call, invokedAtMs, endedAtMs = 0 }) =>
          single.has(call.call) && endedAtMs - invokedAtMs > askDeadlineMs + slack
      )
      return late && `${late.call.call} ${late.id} took longer than ${askDeadlineMs} ms`
    }
  })
}
