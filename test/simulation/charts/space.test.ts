/**
 * Goal: in every state that domains, a pool of one device, QEMU and clients can reach together the
 * laws hold, and in every end all are answered and nothing is left.
 * Method: all reachable states of small scopes, each once; larger ones are `npm run exhaustive`.
 * The model of QEMU is held equal to the one that the charts' properties use, and planted faults
 * must be found.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { GuestStatus } from "../../../machines/domain/context.ts"
import { walk } from "../../../src/testing/chart-space.ts"
import { Qemu } from "../../property/machines/qemu.ts"
import { freshGuest, type Guest, perform, whims } from "./guest.ts"
import { requestNames, type Scope, type State, System } from "./system.ts"

const usual = requestNames.slice(0, 4)
const small: Scope = {
  domains: 2,
  clients: 2,
  callsEach: 1,
  requests: usual,
  whims: 1,
  deaths: 0
}

test.each<[string, Scope]>([
  ["two domains that want one device, a whim of each guest", small],
  ["two calls of each client", { ...small, callsEach: 2, whims: 0 }],
  ["a QEMU that dies at any step", { ...small, domains: 1, callsEach: 2, whims: 0, deaths: 1 }],
  ["every kind of request", { ...small, domains: 1, requests: requestNames, whims: 0 }]
])("%s: the laws hold in all states", (_, scope) => {
  const found = walk(new System(scope))
  expect(found.broken).toBeUndefined()
  expect(found.isComplete).toBe(true)
  expect(found.states).toBeGreaterThan(500)
  expect(found.ends).toBeGreaterThan(3)
})

test("the states of a scope are the same whenever they are counted", () => {
  expect(walk(new System(small))).toEqual(walk(new System(small)))
})

describe("a pool that", () => {
  /** The whole, with a pool that does otherwise than it should. */
  class Faulty extends System {
    private readonly spoil: (before: State, after: State) => State

    constructor(scope: Scope, spoil: (before: State, after: State) => State) {
      super(scope)
      this.spoil = spoil
    }

    readonly spoilt = {
      initial: this.initial,
      key: this.key,
      wrong: this.wrong,
      moves: (state: State) =>
        this.moves(state).map(({ name, next }) => ({ name, next: this.spoil(state, next) }))
    }
  }
  const brokenBy = (spoil: (before: State, after: State) => State) =>
    walk(new Faulty({ ...small, callsEach: 2, whims: 0 }, spoil).spoilt).broken?.what

  test("gives back what nobody gave is found", () => {
    const spoil = (before: State, after: State): State =>
      before.holder !== 0 && after.clients.some((at) => at >= 16) ? { ...after, holder: 0 } : after
    expect(brokenBy(spoil)).toBe("a guest lives without the device that it was given")
  })

  test("keeps what was given back is found", () => {
    const spoil = (before: State, after: State): State =>
      before.holder !== 0 && after.holder === 0 ? { ...after, holder: before.holder } : after
    expect(brokenBy(spoil)).toMatch("the device is held, and by nobody")
  })
})

test("the model of QEMU as a value is the one that the charts' properties use", () => {
  const names = ["stop", "cont", "system_reset", "system_wakeup", "query-status"] as const
  const play = fc.record({ isWhim: fc.boolean(), which: fc.nat(20) })
  const statuses = ["running", "paused", "suspended", "shutdown", "crashed", "prelaunch"] as const
  fc.assert(
    fc.property(fc.constantFrom<GuestStatus>(...statuses), fc.array(play), (status, plays) => {
      const theirs = new Qemu(status)
      let ours: Guest = { ...freshGuest, status }
      for (const { isWhim, which } of plays) {
        const name = names[which % names.length] ?? "stop"
        if (isWhim) {
          const mine = whims(ours)
          expect(mine.length).toBe(theirs.whims.length)
          theirs.whims[which % mine.length]?.()
          ours = mine[which % mine.length]?.[1] ?? ours
        } else {
          let isRefused = false
          theirs.send(name, (refused) => (isRefused = refused))
          theirs.work()
          const done = perform(ours, name)
          expect(done.isRefused).toBe(isRefused)
          ours = done.guest
        }
        expect(ours.status).toBe(theirs.status)
        expect(ours.told).toEqual(theirs.told)
      }
    })
  )
})
