/** The engine is told to end while it still takes its guests back: it ends, and they go on. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import type { Plan } from "../../../src/testing/simulation/plan.ts"
import { runPlan } from "../../../src/testing/simulation/simulation.ts"
import { planOf, rowOf, story, upTo } from "./story.ts"

const domain = 0

const survives = planOf([
  [
    { call: "start", domain },
    { call: "list", afterMs: 3000 },
    { call: "list", afterMs: 3000 }
  ]
])

/** At which delivery the start is answered, when first come is first served. */
const answeredAt = (plan: Plan): number => {
  let found = 0
  runPlan(plan, {
    invariants: [
      {
        id: "answered",
        name: "Counted",
        statement: "The delivery is known in which the start was answered.",
        make: () => ({
          step: ({ history, faults }) => {
            const start = history.operations.find(({ call }) => call.call === "start")
            if (start?.result === undefined) found = faults.occurrences("world")
            return undefined
          }
        })
      }
    ]
  })
  return found
}

export const shutdownInInit = story({
  name: "shutdown in init",
  zoo: ["Z127"],
  orders: 0,
  plans: () => {
    const nth = answeredAt(survives) + 2
    return upTo(60).map((more) => ({
      ...survives,
      faults: [
        { seam: "world", nth, fault: "kill" },
        { seam: "world", nth: nth + 1 + more, fault: "terminate" }
      ]
    }))
  },
  oracle: (seen) => {
    const last = seen.calls("list").at(-1)
    if (seen.aliveAt(last?.invokedAt ?? 0).length !== 1) return "the guest did not live on"
    const state = rowOf(last, slotUuid(domain))?.state
    return state === "running" ? undefined : `the guest runs, and is said to be ${state}`
  }
})
