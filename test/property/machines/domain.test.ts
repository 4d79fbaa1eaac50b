/**
 * Goal: the domain's chart keeps its laws whatever comes in whatever order, and nobody who asked
 * waits for ever.
 * Method: random births, requests, facts and outcomes of scripts on the pure chart; each turn is
 * held against every law; then the scripts that run end in random order, and all must be answered.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type Birth, birthOf } from "./domain-cast.ts"
import { domainLaws } from "./domain-laws.ts"
import { endings, playsOf } from "./plays.ts"

const actions = fc.record({
  onPoweroff: fc.constantFrom("destroy" as const, "restart" as const, "preserve" as const),
  onReboot: fc.constantFrom("restart" as const, "destroy" as const),
  onCrash: fc.constantFrom("destroy" as const, "restart" as const, "preserve" as const)
})

export const birth = (isWild: boolean): fc.Arbitrary<Birth> =>
  fc.record({
    kind: fc.constantFrom("defined" as const, "shell" as const, "adopted" as const),
    guest: fc.constantFrom("running", "paused", "unproven", "unborn", "over"),
    isDefined: fc.boolean(),
    isWild: fc.constant(isWild),
    actions
  })

test.each([false, true])(
  "all laws hold at every turn, and all are answered; wild: %s",
  (isWild) => {
    fc.assert(
      fc.property(birth(isWild), playsOf(50), endings, (born, plays, ending) => {
        const rig = birthOf(born, domainLaws)
        rig.play(plays)
        rig.rest(ending)
        expect(rig.broken).toEqual([])
      }),
      { numRuns: 3000 }
    )
  }
)
