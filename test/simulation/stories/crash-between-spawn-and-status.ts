/**
 * The engine is killed at each deed of a start: afterwards its QEMU is a guest that is listed, or
 * it is gone; and an acknowledged start is not undone.
 */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import { crashesOf, planOf, scenarios } from "../crashes.ts"
import { isOk, rowOf, story } from "./story.ts"

export const crashBetweenSpawnAndStatus = story({
  name: "crash between spawn and status",
  zoo: ["Z065"],
  orders: 0,
  plans: () =>
    scenarios
      .filter(({ name }) => name === "start")
      .flatMap((scenario) => crashesOf(scenario).map((crash) => planOf(scenario, [crash]))),
  oracle: (seen) => {
    const last = seen.calls("list").at(-1)
    const row = rowOf(last, slotUuid(0))
    const alive = seen.aliveAt(last?.invokedAt ?? 0).length
    if (row === undefined) return "the definition is gone"
    if (alive > 1) return "two QEMUs run"
    if (alive === 1 && row.state !== "running") return `a QEMU runs, and is said to be ${row.state}`
    if (alive === 0 && row.state !== "shutoff")
      return `none runs, and it is said to be ${row.state}`
    if (isOk(seen.calls("start")[0]) && alive === 0) return "an acknowledged start was undone"
    return undefined
  }
})
