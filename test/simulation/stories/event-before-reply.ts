/** QEMU tells of a reset before it answers the command that asked for it: the guest must live. */
import { isOk, planOf, story, upTo, stateIn, withEach } from "./story.ts"

const domain = 0

const resets = planOf([
  [
    { call: "start", domain },
    { call: "reset", domain },
    { call: "reset", domain },
    { call: "info", domain, afterMs: 1000 }
  ]
])

export const eventBeforeReply = story({
  name: "event before reply",
  zoo: ["Z056"],
  orders: 6,
  plans: () => [resets, ...withEach(resets, { seam: "data", fault: "split" }, upTo(16))],
  oracle: (seen) => {
    if (!seen.calls("reset").every(isOk)) return "a reset failed that QEMU carried out"
    const [info] = seen.calls("info")
    const state = stateIn(info)
    if (state !== "running") return `after a reset the guest is ${state}`
    return seen.aliveAt(info?.invokedAt ?? 0).length === 1 ? undefined : "the guest was killed"
  }
})
