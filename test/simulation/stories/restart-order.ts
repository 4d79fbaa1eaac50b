/** The guest dies while the engine is down: its definition is still there afterwards. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import { planOf, rowOf, story, upTo, withEach } from "./story.ts"

const domain = 0

const stops = planOf([
  [
    { call: "start", domain },
    { call: "destroy", domain },
    { call: "list", afterMs: 5000 }
  ]
])

export const restartOrder = story({
  name: "restart order",
  zoo: ["Z064", "Z065"],
  orders: 4,
  plans: () => [
    // The signal is sent, the engine dies, and then the guest.
    ...withEach(stops, { seam: "signal", fault: "kill-after" }, upTo(2)),
    ...withEach(stops, { seam: "qmp", fault: "die-after" }, upTo(6)).flatMap((plan) =>
      withEach(plan, { seam: "world", fault: "kill" }, [60, 70, 80, 90])
    ),
    ...withEach(stops, { seam: "world", fault: "power-cut" }, [20, 40, 60, 80])
  ],
  oracle: (seen) => {
    const [list] = seen.calls("list")
    const row = rowOf(list, slotUuid(domain))
    if (row?.isPersistent !== true) return `the definition is gone: ${JSON.stringify(row)}`
    const isAlive = seen.aliveAt(list?.invokedAt ?? 0).length > 0
    const isSaid = row.state === "running"
    return isAlive === isSaid ? undefined : `alive: ${isAlive}, said to be ${row.state}`
  }
})
