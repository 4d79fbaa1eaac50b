/** I07: what clients were told could have come from an engine that does one thing at a time. */
import { checkHistory } from "../history/check-history.ts"
import { circumstancesOf } from "../history/circumstances.ts"
import type { Invariant } from "../simulation/view.ts"

export const linearizable: Invariant = {
  id: "I07",
  name: "Linearizable",
  statement:
    "There is an order of all calls and of what guests did by themselves, each between its " +
    "beginning and its end, that a sequential engine would have answered in the same words.",
  needsCalls: true,
  make: () => ({
    history: ({ history, plan, faults }) => {
      const circumstances = circumstancesOf({
        met: faults.met,
        mayTimePass: plan.mayTimePass === true,
        mayDieUntold: false
      })
      // One that could not be decided is no violation: the search is bounded.
      const all = checkHistory(history, circumstances)
      const found = all.find(({ why }) => why !== "undecided")
      const operation = history.operations[found?.operation ?? -1]
      const which =
        operation === undefined ? "" : `\n  it is ${operation.call.call} ${operation.id}`
      return found && `${found.message}${which}`
    }
  })
}
