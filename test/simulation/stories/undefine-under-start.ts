/** A domain is undefined while it starts: no QEMU may run that no listing shows. */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import { isOk, planOf, rowOf, story } from "./story.ts"

const domain = 0

export const undefineUnderStart = story({
  name: "undefine under start",
  zoo: ["Z002"],
  orders: 40,
  plans: () => [
    planOf([
      [{ call: "start", domain }],
      [{ call: "undefine", domain }],
      [{ call: "list", afterMs: 5000 }]
    ])
  ],
  oracle: (seen) => {
    const [list] = seen.calls("list")
    const row = rowOf(list, slotUuid(domain))
    const alive = seen.aliveAt(list?.invokedAt ?? 0).length
    const isStarted = isOk(seen.calls("start")[0])
    if (alive !== (isStarted ? 1 : 0)) return `start ok: ${isStarted}, and ${alive} QEMUs run`
    if (alive > 0 && row?.state !== "running") return "a QEMU runs that no listing shows"
    const isUndefined = isOk(seen.calls("undefine")[0])
    const isThere = isUndefined ? row?.isPersistent === true : row?.isPersistent !== true
    return isThere ? `undefine ok: ${isUndefined}, listed as ${JSON.stringify(row)}` : undefined
  }
})
