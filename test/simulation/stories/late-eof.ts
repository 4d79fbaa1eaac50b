/** The first run dies, its end of file is late: it must not end the second run. */
import { isOk, planOf, story, upTo, stateIn, withEach } from "./story.ts"

const domain = 0

const again = planOf([
  [
    { call: "start", domain },
    { call: "suspend", domain },
    { call: "destroy", domain },
    { call: "start", domain },
    { call: "info", domain, afterMs: 2000 }
  ]
])

export const lateEof = story({
  name: "late EOF",
  zoo: ["Z008"],
  orders: 6,
  plans: () => [
    again,
    ...withEach(again, { seam: "qmp", fault: "die-before" }, upTo(12)),
    ...withEach(again, { seam: "qmp", fault: "die-after" }, upTo(12)),
    ...withEach(again, { seam: "data", fault: "slow" }, upTo(12))
  ],
  oracle: (seen) => {
    const second = seen.calls("start")[1]
    const [info] = seen.calls("info")
    if (second === undefined || info === undefined || !isOk(second)) return undefined
    const last = seen.runs.findLast(({ startedAt }) => startedAt < info.invokedAt)
    // The one fault there is may have been for the second run.
    const dead = last !== undefined && last.endedAt < seen.overAt
    const isPlanned = seen.report.met.some(({ fault }) => fault.startsWith("die"))
    const diedBefore = seen.runs.some(({ endedAt }) => endedAt < second.invokedAt)
    if (dead && (!isPlanned || diedBefore)) return "the second run was ended by nobody"
    const state = stateIn(info)
    if (!dead && state !== "running") return `the second run is said to be ${state}`
    return undefined
  }
})
