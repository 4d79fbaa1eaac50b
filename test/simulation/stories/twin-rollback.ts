/** Who fails to get a device that another has must not give it back for the other. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import { isOk, planOf, story } from "./story.ts"

export const twinRollback = story({
  name: "twin rollback",
  zoo: ["Z080"],
  orders: 12,
  plans: () => [
    planOf(
      [
        [
          { call: "start", domain: 0 },
          { call: "start", domain: 1 },
          { call: "start", domain: 1 },
          { call: "start", domain: 1, afterMs: 1000 }
        ],
        [{ call: "start", domain: 1 }]
      ],
      { domains: 2 }
    )
  ],
  oracle: (seen) => {
    const starts = seen.calls("start").filter(isOk)
    if (starts.length !== 1) return `${starts.length} guests were started with one device`
    const uuids = new Set(seen.aliveAt(seen.overAt - 1).map(({ uuid }) => uuid))
    return uuids.has(slotUuid(0)) && uuids.has(slotUuid(1)) ? "both guests run" : undefined
  }
})
