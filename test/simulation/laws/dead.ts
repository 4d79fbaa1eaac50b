/** L02: nobody takes a guest for dead whose process lives. */
import type { Invariant } from "../../../src/testing/simulation/view.ts"
import { domainTurn, lifeOf } from "../../../src/testing/invariants/domain-turn.ts"

export const deadIsDead: Invariant = {
  id: "L02",
  name: "DeadIsDead",
  statement: "A domain takes its guest for ended only when that very process is dead or dying.",
  make: () => ({
    decided: (turn, view) => {
      const mine = domainTurn(turn)
      if (mine?.message.type !== "exited" || mine.record.outcome !== "taken") return undefined
      const { process } = mine.before.context
      const there = process && view.host.processes.find(process)
      return there?.phase === "alive" && lifeOf(mine.before) !== "stopping"
        ? `${mine.record.actor} took process ${there.pid} for dead, and it lives`
        : undefined
    }
  })
}
