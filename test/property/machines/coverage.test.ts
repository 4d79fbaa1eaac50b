/**
 * Goal: the random plays reach every state and every transition that is drawn, so that the laws
 * were tried there. Method: what was taken is counted by source, event and place. Also: each
 * request belongs to one region, seen on the drawing itself.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { AnyStateNode } from "xstate"
import { domainMachine } from "../../../machines/domain/domain.ts"
import { anyBirth, birthOf } from "./domain-cast.ts"
import { Coverage } from "./coverage.ts"
import { endings, playsOf } from "./plays.ts"

test("the plays reach every state and every transition of the domain", () => {
  const coverage = new Coverage(domainMachine)
  for (const isWild of [false, true])
    fc.assert(
      fc.property(anyBirth(isWild), playsOf(60), endings, (born, plays, ending) => {
        const rig = birthOf(born)
        rig.play(plays)
        rig.rest(ending)
        for (const turn of rig.turns) coverage.note(turn)
      }),
      { numRuns: 3000, seed: 7 }
    )
  expect(coverage.missing).toEqual({ states: [], transitions: [] })
})

const eventsOf = (node: AnyStateNode): readonly string[] => [
  ...node.transitions.keys(),
  ...Object.values(node.states).flatMap(eventsOf)
]

test("no two regions take the same request", () => {
  const requests = [
    "start",
    "create",
    "destroy",
    "suspend",
    "resume",
    "change",
    "discard",
    "signal"
  ]
  const regions = Object.values(domainMachine.root.states)
  for (const request of requests) {
    const takers = regions.filter((region) => eventsOf(region).includes(request))
    expect(
      takers.map(({ key }) => key),
      request
    ).toHaveLength(1)
  }
})
