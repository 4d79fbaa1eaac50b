// Goal: a list holds exactly the domains that the flags mean, however it is asked for; names of
// domains go to the wire and back. Method: any domains and flags against libvirt's rule: of each
// group of flags from which one is given, one has to hold.
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Published, PublishedDomain } from "../../../../src/engine/published.ts"
import type { DomainState } from "../../../../src/model/state.ts"
import { domainList } from "../../../../src/rpc/handlers/domain-list.ts"
import { uuidBytes, uuidText } from "../../../../src/rpc/handlers/domain-reference.ts"
import { call, engineStub, errorIn, talk, valueIn } from "../../../unit/rpc/server/client.ts"

interface Listed {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly isActive: boolean
  readonly isPersistent: boolean
  readonly isAutostart: boolean
  readonly state: DomainState
}

const states: readonly DomainState[] = ["running", "paused", "crashed", "pmsuspended", "shutdown"]

const listed: fc.Arbitrary<Listed> = fc
  .record({
    uuid: fc.uuid(),
    name: fc.string({ minLength: 1, maxLength: 12 }),
    id: fc.nat({ max: 1_000 }),
    isActive: fc.boolean(),
    isPersistent: fc.boolean(),
    isAutostart: fc.boolean(),
    running: fc.constantFrom(...states)
  })
  .map(({ running, id, ...rest }) => ({
    ...rest,
    id: rest.isActive ? id : -1,
    state: rest.isActive ? running : "shutoff"
  }))

const domains = fc.uniqueArray(listed, { selector: ({ uuid }) => uuid, maxLength: 12 })

const daemonOf = (all: readonly Listed[]) => {
  const published: Published = {
    all: () => all as readonly PublishedDomain[],
    byUuid: (uuid) => all.find((one) => one.uuid === uuid) as PublishedDomain | undefined,
    byName: (name) => all.find((one) => one.name === name) as PublishedDomain | undefined,
    byId: (id) => all.find((one) => one.id === id) as PublishedDomain | undefined
  }
  const engine = engineStub({ published: () => published })
  const { says } = talk({ handlers: [domainList], engine })
  return (name: string, args?: unknown) => says(call(name, 1, args))[0]
}

const bit = (flags: number, number: number) => ((flags >> number) & 1) === 1

/** Whether one of the given flags of a group holds, or none is given. */
const holds = (flags: number, group: readonly (readonly [number, boolean])[]) => {
  const given = group.filter(([number]) => bit(flags, number))
  return given.length === 0 || given.some(([, claim]) => claim)
}

const isMeant = (flags: number, one: Listed) =>
  holds(flags, [
    [0, one.isActive],
    [1, !one.isActive]
  ]) &&
  holds(flags, [
    [2, one.isPersistent],
    [3, !one.isPersistent]
  ]) &&
  holds(flags, [
    [4, one.state === "running"],
    [5, one.state === "paused"],
    [6, one.state === "shutoff"],
    [7, !["running", "paused", "shutoff"].includes(one.state)]
  ]) &&
  holds(flags, [
    [10, one.isAutostart],
    [11, !one.isAutostart]
  ]) &&
  // No managed saves, snapshots, checkpoints: to have one is nobody's, to have none is all's.
  [8, 12, 14].every((number) => !bit(flags, number) || bit(flags, number + 1))

test("the flags choose what libvirt's flags choose, and a count agrees with the list", () => {
  fc.assert(
    fc.property(domains, fc.nat({ max: 0xffff }), (all, flags) => {
      const says = daemonOf(all)
      const list = (needs: number) =>
        valueIn(
          "CONNECT_LIST_ALL_DOMAINS",
          says("CONNECT_LIST_ALL_DOMAINS", { need_results: needs, flags })
        )
      const meant = all.filter((one) => isMeant(flags, one))
      const wired = meant.map(({ name, uuid, id }) => ({ name, uuid: uuidBytes(uuid), id }))
      expect(list(1)).toEqual({ domains: wired, ret: meant.length })
      expect(list(0)).toEqual({ domains: [], ret: meant.length })
    })
  )
})

test("flags that nobody knows are refused, never ignored", () => {
  const says = daemonOf([])
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 31 }), fc.nat({ max: 0xffff }), (high, low) => {
      const flags = ((1 << high) | low) >>> 0
      const reply = says("CONNECT_LIST_ALL_DOMAINS", { need_results: 1, flags })
      const unknown = ((1 << high) >>> 0).toString(16)
      expect(errorIn(reply)).toMatchObject({
        code: 8,
        message: `unsupported flags (0x${unknown}) in function virConnectListAllDomains`
      })
    })
  )
})

test("the old calls count and name the same domains, as many as are asked for", () => {
  fc.assert(
    fc.property(domains, fc.nat({ max: 14 }), (all, max) => {
      const says = daemonOf(all)
      const value = (name: string, args?: unknown) => valueIn(name, says(name, args))
      const active = all.filter(({ isActive }) => isActive)
      const inactive = all.filter(({ isActive }) => !isActive)
      expect(value("CONNECT_NUM_OF_DOMAINS")).toEqual({ num: active.length })
      expect(value("CONNECT_NUM_OF_DEFINED_DOMAINS")).toEqual({ num: inactive.length })
      const ids = active.map(({ id }) => id).slice(0, max)
      expect(value("CONNECT_LIST_DOMAINS", { maxids: max })).toEqual({ ids })
      const names = inactive.map(({ name }) => name).slice(0, max)
      expect(value("CONNECT_LIST_DEFINED_DOMAINS", { maxnames: max })).toEqual({ names })
    })
  )
})

test("a uuid goes to the wire and back", () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(uuidText(uuidBytes(uuid))).toBe(uuid)
    })
  )
})
