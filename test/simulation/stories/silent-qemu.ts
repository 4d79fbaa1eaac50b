/** One QEMU answers nothing: listings and looks are answered at once, and the others go on. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Operation } from "../../../src/testing/history/operation.ts"
import { isOk, planOf, rowOf, story, upTo, withEach } from "./story.ts"

const silent = planOf(
  [
    [
      { call: "start", domain: 0 },
      { call: "suspend", domain: 0 },
      { call: "destroy", domain: 0, afterMs: 1000 }
    ],
    [
      { call: "list", afterMs: 100 },
      { call: "info", domain: 0 },
      { call: "list", afterMs: 40_000 }
    ],
    [
      { call: "start", domain: 2, afterMs: 200 },
      { call: "destroy", domain: 2 }
    ]
  ],
  { domains: 3 }
)

/** Virtual: a read of a snapshot takes no time at all, whatever else is under way. */
const tookMs = ({ invokedAtMs, endedAtMs }: Operation): number =>
  (endedAtMs ?? Number.POSITIVE_INFINITY) - invokedAtMs

export const silentQemu = story({
  name: "silent QEMU",
  zoo: ["Z123", "Z031"],
  orders: 6,
  plans: () => withEach(silent, { seam: "qmp", fault: "hang" }, upTo(12)),
  oracle: (seen) => {
    const reads = [...seen.calls("list"), ...seen.calls("info")]
    const slow = reads.find((read) => tookMs(read) > 50)
    if (slow !== undefined) return `a ${slow.call.call} took ${tookMs(slow)} ms`
    if (reads.some((read) => !isOk(read))) return "a read failed"
    const isMissing = seen.calls("list").some((list) => rowOf(list, slotUuid(0)) === undefined)
    if (isMissing) return "a silent guest was not listed"
    const destroy = seen.calls("destroy", 0)[0]
    return destroy !== undefined && tookMs(destroy) > 60_000 ? "destroy had to wait" : undefined
  }
})
