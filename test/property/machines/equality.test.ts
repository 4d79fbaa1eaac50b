/**
 * Goal: on our own machines the cached way of stepping is xstate's public one, and a refusal is a
 * refusal. Method: the messages of random plays are stepped both ways, turn by turn.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { transition } from "xstate"
import { domainMachine } from "../../../machines/domain/domain.ts"
import { anyBirth, birthOf } from "./domain-cast.ts"
import { endings, playsOf } from "./plays.ts"

const plain = (actions: readonly { readonly type: string; readonly params?: unknown }[]) =>
  actions
    .filter(({ type }) => !type.startsWith("xstate."))
    .map(({ type, params }) => ({ type, params }))

test("both ways give the domain the same state, context and actions, and refuse alike", () => {
  let [taken, refused] = [0, 0]
  fc.assert(
    fc.property(anyBirth(true), playsOf(40), endings, (born, plays, ending) => {
      const rig = birthOf(born)
      rig.play(plays)
      rig.rest(ending)
      for (const { before, message, after, actions, outcome } of rig.turns) {
        if (outcome === "stale") continue
        const [theirs, told] = transition(domainMachine, before, message)
        if (outcome === "postponed") {
          expect(plain(told)).toEqual([{ type: "postpone", params: undefined }])
          continue
        }
        expect(theirs.value).toEqual(after.value)
        expect(theirs.context).toEqual(after.context)
        expect(plain(told)).toEqual(actions)
        expect(theirs === before).toBe(after === before)
        if (outcome === "refused") refused++
        else taken++
      }
    }),
    { numRuns: 250 }
  )
  expect(Math.min(taken, refused)).toBeGreaterThan(100)
})
