/**
 * Goal: the domain's chart keeps its laws whatever comes in whatever order, and nobody who asked
 * waits for ever.
 * Method: random births, requests, facts and outcomes of scripts on the pure chart; each turn is
 * held against every law; then the scripts that run end in random order, and all must be answered.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { anyBirth, birthOf } from "./domain-cast.ts"
import { domainLaws } from "./domain-laws.ts"
import { endings, playsOf } from "./plays.ts"

const held = (isWild: boolean) =>
  fc.property(anyBirth(isWild), playsOf(60), endings, (born, plays, ending) => {
    const rig = birthOf(born, { laws: domainLaws })
    rig.play(plays)
    rig.rest(ending)
    expect(rig.broken).toEqual([])
  })

test("all laws hold at every turn, and all are answered", () => {
  fc.assert(held(false), { numRuns: 2000 })
})

test("all laws hold also when QEMU says what it never says there", () => {
  fc.assert(held(true), { numRuns: 2000 })
})
