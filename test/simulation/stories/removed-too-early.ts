/**
 * What was said to be free is free: who hears that a guest has ended takes its device at once. The
 * story proper is about DEVICE_REMOVED, and waits for hotplug; this is the part of the pools.
 */
import { isOk, planOf, story } from "./story.ts"

const ended = planOf(
  [
    [
      { call: "start", domain: 0 },
      { call: "destroy", domain: 0 },
      { call: "start", domain: 1 }
    ],
    [{ call: "list", afterMs: 10 }]
  ],
  { domains: 2 }
)

export const removedTooEarly = story({
  name: "REMOVED too early",
  zoo: ["Z047", "Z084"],
  orders: 24,
  plans: () => [ended],
  oracle: (seen) => {
    const [first, second] = seen.calls("start")
    const isEnded = seen.calls("destroy").every(isOk)
    if (!isOk(first) || !isEnded) return "a guest could not be started and stopped"
    return isOk(second) ? undefined : `the device was not free: ${JSON.stringify(second?.result)}`
  }
})
