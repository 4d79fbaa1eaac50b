/**
 * Goal: reduction of the whole engine loses no end: what the simulated host tells its deliveries to
 * share is all that matters.
 * Method: small scopes are run in every order that differs. What clients were told and what lies on
 * the disk then must be all that random schedules, and those with up to two delays, come to.
 */
import { expect, test } from "vitest"
import { exploreReduced } from "../../src/testing/explore.ts"
import type { ClientStep } from "../../src/testing/simulation/plan.ts"
import type { Invariant } from "../../src/testing/simulation/view.ts"
import { type Delay, delayed, moreDelayed } from "../../src/testing/strategy/delayed.ts"
import { pct } from "../../src/testing/strategy/pct.ts"
import type { Strategy } from "../../src/testing/strategy/strategy.ts"
import { uniform } from "../../src/testing/strategy/uniform.ts"
import { runWith } from "./engine-scope.ts"

const d0 = { domain: 0 } as const
const list: ClientStep = { call: "list" }

const scopes: readonly (readonly [string, readonly (readonly ClientStep[])[]])[] = [
  ["list and undefine", [[list], [{ call: "undefine", ...d0 }]]],
  ["look up and rename", [[{ call: "lookup", domain: 2 }], [{ call: "rename", ...d0, to: 2 }]]],
  ["rename, and two lists", [[{ call: "rename", ...d0, to: 2 }, list], [list]]],
  ["list and autostart", [[list], [{ call: "setAutostart", ...d0, isAutostart: true }]]],
  ["destroy and list", [[{ call: "destroy", ...d0 }], [list]]],
  [
    "start",
    [
      [
        { call: "start", ...d0 },
        { ...list, afterMs: 300 }
      ]
    ]
  ]
]

/** What clients were told, and the definitions and links that lie on the disk. */
const endOf = (clients: readonly (readonly ClientStep[])[], strategy: Strategy): string => {
  let disk: readonly string[] = []
  const looking: Invariant = {
    id: "disk",
    name: "Seen",
    statement: "What lies on the disk is looked at.",
    make: () => ({
      rest: ({ host }) => {
        const kept = Object.entries(host.disk.tree()).filter(([path]) => path.includes("/etc/qemu"))
        disk = kept.map(([path, text]) => `${path} ${/<title>.*<[/]title>/.exec(text)?.[0] ?? ""}`)
        return undefined
      }
    })
  }
  const { history, violations } = runWith({ domains: 2, clients }, strategy, [looking])
  expect(violations).toEqual([])
  const told = history.operations
    .filter(({ client }) => client >= 0)
    .map(({ result }) => (result?.kind === "error" ? result.tag : (result?.value ?? "done")))
  return JSON.stringify([told, disk])
}

const randomRuns = 30
const delayedRunsMax = 40

test.each(scopes)("%s: no end is lost", { timeout: 120_000 }, (_, clients) => {
  const found = new Set<string>()
  const { isComplete } = exploreReduced((strategy) => void found.add(endOf(clients, strategy)))
  expect(isComplete).toBe(true)
  const others = new Set<string>()
  for (let seed = 0; seed < randomRuns; seed++) {
    const strategy = seed % 2 === 0 ? uniform(seed) : pct(seed, { depth: 3, stepsMax: 60 })
    others.add(endOf(clients, strategy))
  }
  const waiting: (readonly Delay[])[] = [[]]
  for (let at = 0; at < Math.min(waiting.length, delayedRunsMax); at++) {
    const delays = waiting[at] ?? []
    const counts: number[] = []
    const onChoice = (count: number) => void counts.push(count)
    others.add(endOf(clients, delayed({ delays, lag: "last", onChoice })))
    if (delays.length < 2) waiting.push(...moreDelayed(delays, counts))
  }
  expect([...others].filter((end) => !found.has(end))).toEqual([])
})
