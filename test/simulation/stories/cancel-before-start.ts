/** A start is ended in each of its phases: what was ended does not run afterwards. */
import { isOk, planOf, story, upTo, withEach } from "./story.ts"

const domain = 0

const cancelled = planOf(
  [
    [{ call: "start", domain }],
    [{ call: "destroy", domain, afterMs: 1 }],
    [{ call: "info", domain, afterMs: 60_000 }]
  ],
  { mayTimePass: true }
)

const atOnce = planOf([
  [{ call: "start", domain }],
  [{ call: "destroy", domain }],
  [{ call: "info", domain, afterMs: 60_000 }]
])

export const cancelBeforeStart = story({
  name: "cancel before start",
  zoo: ["Z109", "Z097", "Z106"],
  orders: 24,
  plans: () => [
    atOnce,
    cancelled,
    ...withEach(cancelled, { seam: "client", fault: "vanish" }, upTo(1)),
    ...withEach(cancelled, { seam: "qmp", fault: "hang" }, upTo(2)),
    ...withEach(cancelled, { seam: "qemu", fault: "slow" }, upTo(2))
  ],
  oracle: (seen) => {
    const [start] = seen.calls("start")
    const [destroy] = seen.calls("destroy")
    const [info] = seen.calls("info")
    const alive = seen.aliveAt(info?.invokedAt ?? 0).length
    // A destroy of what does not run is refused, so one that succeeded ended this very start.
    if (isOk(destroy) && alive > 0) return "the guest runs although it was destroyed"
    const isLeft = start?.endedAt === undefined
    if (!isOk(destroy) && isOk(start) && alive === 0) return "the guest was ended by nobody"
    if (!isOk(start) && !isLeft && alive > 0) return "the start failed, and its guest runs"
    return undefined
  }
})
