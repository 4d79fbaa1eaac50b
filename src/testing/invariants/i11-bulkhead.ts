/** I11: a QEMU that hangs slows nobody but those who want something of it. */
import type { CallName } from "../history/api-call.ts"
import type { Invariant } from "../simulation/view.ts"
import { slackMs } from "./slack.ts"

/** What is answered from what is published: of any domain, also of the one whose QEMU hangs. */
const reads = new Set<CallName>(["list", "lookup", "info", "xml"])

export const bulkhead: Invariant = {
  id: "I11",
  name: "Bulkhead",
  statement:
    "Lists, lookups, states and definitions are read in no time, of all domains, while any count " +
    "of QEMUs, guests and other calls hang: only the disk can hold them up.",
  make: () => {
    let isDisturbed = false
    return {
      // An engine that is brought up anew after a defect lets calls wait.
      turn: ({ actor, to }) => {
        if (actor === "driver" && to === "restarting") isDisturbed = true
        return undefined
      },
      history: (view) => {
        const slack = slackMs(view)
        if (slack === undefined || isDisturbed) return undefined
        for (const { id, call, invokedAtMs, endedAtMs } of view.history.operations) {
          if (!reads.has(call.call) || endedAtMs === undefined) continue
          const tookMs = endedAtMs - invokedAtMs
          if (tookMs > slack) return `${call.call} ${id} took ${tookMs} ms to read`
        }
        return undefined
      }
    }
  }
}
