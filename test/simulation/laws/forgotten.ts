/** L11: what was held back is tried again when the state in which it had to wait is over. */
import type { Invariant } from "../../../src/testing/simulation/view.ts"

/** A domain with nothing to do holds nobody back. */
const idle =
  /postponed while it is life\.(shutoff|\w+\.steady) job\.idle power\.idle monitor\.(none|live)/

export const nobodyForgotten: Invariant = {
  id: "L11",
  name: "NobodyForgotten",
  statement: "A call is never overdue because it waits for a domain that has nothing to do.",
  needsCalls: true,
  make: () => ({
    history: ({ history }) => {
      const late = history.operations.find(
        ({ result }) =>
          result?.kind === "error" && result.tag === "Overdue" && idle.test(result.message)
      )
      return late?.result?.kind === "error"
        ? `${late.call.call} ${late.id}: ${late.result.message}`
        : undefined
    }
  })
}
