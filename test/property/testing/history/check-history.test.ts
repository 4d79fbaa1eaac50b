/**
 * Goal: what an engine that does one thing at a time can be seen to do is accepted, and a history
 * with one lie in it is not. Method: random overlapping clients of a toy engine; then a tail of
 * calls after it, once true and once with the lie.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type ApiCall, slotUuid } from "../../../../src/testing/history/api-call.ts"
import { checkHistory } from "../../../../src/testing/history/check-history.ts"
import type {
  DomainSeen,
  History,
  OperationResult
} from "../../../../src/testing/history/operation.ts"
import { play, type ToyEngine, toyRun } from "./toy-engine.ts"

const slots = 3
const messages = (history: History) => checkHistory(history).map(({ message }) => message)

for (const [whose, isKilled] of [
  ["one engine", false],
  ["engines that are killed", true]
] as const)
  test(`overlapping calls of ${whose} are accepted`, () => {
    fc.assert(
      fc.property(toyRun({ slots, calls: 40, isKilled }), (run) => {
        expect(messages(play(run, slots))).toEqual([])
      }),
      { numRuns: 300 }
    )
  })

/** The history with the last answer changed. */
const lying = (engine: ToyEngine, result: OperationResult): History => ({
  operations: engine.operations.map((operation, index, { length }) =>
    index === length - 1 ? { ...operation, result } : operation
  ),
  happenings: engine.happenings,
  events: []
})

const okay = (value?: Extract<OperationResult, { kind: "ok" }>["value"]): OperationResult => ({
  kind: "ok",
  value
})

/** Slot 0 defined and off, whatever was before. */
const ready = (engine: ToyEngine): void => {
  engine.whole({ call: "destroy", domain: 0 })
  engine.whole({ call: "undefine", domain: 0 })
  for (const domain of engine.slots)
    if (domain !== 0) {
      engine.whole({ call: "destroy", domain })
      engine.whole({ call: "undefine", domain })
    }
  engine.whole({ call: "define", domain: 0, version: 7_000 })
}

const lies: Readonly<
  Record<string, { readonly tail: readonly ApiCall[]; readonly lie: OperationResult }>
> = {
  "a stale read": {
    tail: [
      { call: "setTitle", domain: 0, version: 7_001 },
      { call: "xml", domain: 0 }
    ],
    lie: okay({ version: 7_000 })
  },
  "a lost update": {
    tail: [
      { call: "setTitle", domain: 0, version: 7_001 },
      { call: "setTitle", domain: 0, version: 7_002 },
      { call: "xml", domain: 0 }
    ],
    lie: okay({ version: 7_001 })
  },
  "a title that nobody wrote": {
    tail: [{ call: "xml", domain: 0 }],
    lie: okay({ version: 8_000 })
  },
  "a second start that succeeds": {
    tail: [
      { call: "start", domain: 0 },
      { call: "start", domain: 0 }
    ],
    lie: okay({ id: 99_999 })
  },
  "one name for two domains": {
    tail: [{ call: "define", domain: 1, version: 7_001, as: 0 }],
    lie: okay()
  },
  "a name that is free and is refused": {
    tail: [{ call: "define", domain: 1, version: 7_001 }],
    lie: { kind: "error", tag: "DomainExists", message: "it exists" }
  },
  "a lookup of what was undefined": {
    tail: [
      { call: "undefine", domain: 0 },
      { call: "lookup", domain: 0 }
    ],
    lie: okay({ name: "d0" })
  },
  "a domain that is there and is not found": {
    tail: [{ call: "info", domain: 0 }],
    lie: { kind: "error", tag: "DomainNotFound", message: "not found" }
  },
  "an acknowledged destroy of a guest that runs on": {
    tail: [
      { call: "start", domain: 0 },
      { call: "destroy", domain: 0 },
      { call: "info", domain: 0 }
    ],
    lie: okay({ state: "running", name: "d0", isPersistent: true, isAutostart: false })
  },
  "a pause that nobody sees": {
    tail: [
      { call: "start", domain: 0 },
      { call: "suspend", domain: 0 },
      { call: "info", domain: 0 }
    ],
    lie: okay({ state: "running", name: "d0", isPersistent: true, isAutostart: false })
  },
  "a pause that came back": {
    tail: [
      { call: "start", domain: 0 },
      { call: "suspend", domain: 0 },
      { call: "resume", domain: 0 },
      { call: "info", domain: 0 }
    ],
    lie: okay({ state: "paused", name: "d0", isPersistent: true, isAutostart: false })
  },
  "a rename of a guest that runs": {
    tail: [
      { call: "start", domain: 0 },
      { call: "rename", domain: 0, to: 2 }
    ],
    lie: okay()
  },
  "autostart that is forgotten": {
    tail: [
      { call: "setAutostart", domain: 0, isAutostart: true },
      { call: "info", domain: 0 }
    ],
    lie: okay({ state: "shutoff", name: "d0", isPersistent: true, isAutostart: false })
  }
}

for (const [name, { tail, lie }] of Object.entries(lies))
  test(`refuses ${name}`, () => {
    fc.assert(
      fc.property(toyRun({ slots, calls: 25, isKilled: false }), (run) => {
        const engine = play(run, slots)
        ready(engine)
        for (const call of tail) engine.whole(call)
        expect(messages(engine)).toEqual([])
        const [violation] = checkHistory(lying(engine, lie))
        expect(violation?.why).toBe("impossible")
        expect(violation?.message).toContain("<== impossible")
      }),
      { numRuns: 40 }
    )
  })

const rowsOf = (engine: ToyEngine): readonly DomainSeen[] => {
  engine.whole({ call: "list" })
  const result = engine.operations.at(-1)?.result
  const value = result?.kind === "ok" ? result.value : undefined
  return value !== undefined && "domains" in value ? value.domains : []
}

test("refuses a listing with a domain that was undefined, or without one that is defined", () => {
  fc.assert(
    fc.property(toyRun({ slots, calls: 25, isKilled: false }), (run) => {
      const engine = play(run, slots)
      ready(engine)
      engine.whole({ call: "define", domain: 1, version: 7_001 })
      const rows = rowsOf(engine)
      engine.whole({ call: "undefine", domain: 1 })
      const fewer = rowsOf(engine)
      expect(messages(engine)).toEqual([])
      expect(checkHistory(lying(engine, okay({ domains: rows })))).toHaveLength(1)
      expect(checkHistory(lying(engine, okay({ domains: fewer.slice(1) })))).toHaveLength(1)
      const nobody = { ...rows[0], uuid: slotUuid(77) } as DomainSeen
      expect(checkHistory(lying(engine, okay({ domains: [...fewer, nobody] })))).toHaveLength(1)
    }),
    { numRuns: 40 }
  )
})

test("refuses a listing that is no one cut, though each of its rows was true once", () => {
  fc.assert(
    fc.property(toyRun({ slots, calls: 20, isKilled: false }), (run) => {
      const engine = play(run, slots)
      ready(engine)
      engine.whole({ call: "define", domain: 1, version: 7_001 })
      // Beside the listing: first 0 goes, and when it has gone 1 goes.
      const listing = engine.call(50, { call: "list" })
      listing.next()
      engine.whole({ call: "undefine", domain: 0 })
      engine.whole({ call: "undefine", domain: 1 })
      for (const _ of listing);
      const at = engine.operations.findLastIndex(({ call }) => call.call === "list")
      const shown = (...domains: readonly number[]): History => ({
        ...engine,
        operations: engine.operations.map((operation, index) => {
          const rows = domains.map((domain) => row(domain))
          return index === at ? { ...operation, result: okay({ domains: rows }) } : operation
        }),
        happenings: engine.happenings,
        events: []
      })
      expect(messages(shown(0, 1))).toEqual([])
      expect(messages(shown(1))).toEqual([])
      expect(messages(shown())).toEqual([])
      expect(checkHistory(shown(0))).toMatchObject([{ subject: "registry", why: "impossible" }])
    }),
    { numRuns: 40 }
  )
})

const row = (domain: number): DomainSeen => ({
  uuid: slotUuid(domain),
  name: `d${domain}`,
  state: "shutoff",
  isPersistent: true,
  isAutostart: false
})
