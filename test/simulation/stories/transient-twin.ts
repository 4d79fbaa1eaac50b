/**
 * Two clients create the same transient domain; a start that fails must take back its own only.
 * libvirt: the twin that lost removed the domain of the one that won.
 */
import { slotUuid } from "../../../src/testing/history/api-call.ts"
import { isOk, planOf, rowOf, story, upTo, withEach } from "./story.ts"

const domain = 0

const twins = planOf(
  [
    [{ call: "create", domain, version: 1 }],
    [{ call: "create", domain, version: 2 }],
    [{ call: "list", afterMs: 5000 }]
  ],
  { isEmpty: true }
)

export const transientTwin = story({
  name: "transient twin",
  zoo: ["Z001"],
  plans: () => [
    twins,
    ...withEach(twins, { seam: "spawn", fault: "EAGAIN" }, upTo(3)),
    ...withEach(twins, { seam: "qemu", fault: "die" }, upTo(3))
  ],
  oracle: (seen) => {
    const won = seen.calls("create").filter(isOk)
    if (won.length > 1) return "both twins were created, and nobody ended one of them"
    const isListed = rowOf(seen.calls("list")[0], slotUuid(domain))?.state === "running"
    if (isListed !== (won.length === 1))
      return `${won.length} creates succeeded, and the domain is ${isListed ? "" : "not "}running`
    return undefined
  }
})
