// Goal: nothing acknowledged is ever lost, no half file is ever seen, and an operation that was
// under way is there whole or not at all, wherever the engine dies and whatever a power cut leaves.
// Method: every operation of the store, killed before and after each of its primitives, then with
// the power kept or cut (losing, keeping or tearing what was not synced), opened again and compared
// with the states before and after the operation. Small enough to try every case; histories are
// random.
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Choose, loseAll, MemoryDisk } from "../../contract/store/memory-disk.ts"
import type { FaultPlan } from "../../contract/store/memory-files.ts"
import { after, type Model, nothing, type Operation, perform } from "../../contract/store/model.ts"
import { type Contents, live, reopened } from "../../contract/store/world.ts"

const isOneOf = (found: Contents, ...allowed: readonly Model[]): void => {
  expect(allowed.map(({ contents }) => contents)).toContainEqual(found)
}

/** A disk with one domain that starts by itself and one that does not. */
const prepared = (): { disk: MemoryDisk; model: Model } => {
  const disk = new MemoryDisk()
  const first: readonly Operation[] = [
    { type: "define", name: "web", version: 1 },
    { type: "define", name: "db", version: 1 },
    { type: "autostart", name: "web", isAutostart: true }
  ]
  let model = nothing
  live(disk, (store) =>
    Effect.forEach(first, (operation, index) =>
      Effect.suspend(() => {
        const before = model
        model = after(before, operation, `u${index}`)
        return perform(store, before, { operation, fresh: `u${index}` })
      })
    )
  )
  return { disk, model }
}

const operations: readonly Operation[] = [
  { type: "define", name: "new", version: 2 },
  { type: "define", name: "web", version: 2 },
  { type: "undefine", name: "web" },
  { type: "undefine", name: "db" },
  { type: "rename", name: "web", to: "shop", version: 2 },
  { type: "rename", name: "db", to: "data", version: 2 },
  { type: "autostart", name: "db", isAutostart: true },
  { type: "autostart", name: "web", isAutostart: false }
]

/** Primitives that opening the root takes, and those until the operation is done. */
const stepsOf = (operation: Operation): { readonly opened: number; readonly done: number } => {
  const { disk, model } = prepared()
  let opened = 0
  let done = 0
  live(disk, (store, process) =>
    Effect.gen(function* () {
      opened = process.steps
      yield* perform(store, model, { operation, fresh: "fresh" })
      done = process.steps
    })
  )
  return { opened, done }
}

const keepAll: Choose = (n) => n - 1
const afterwards: { readonly [name: string]: Choose | undefined } = {
  "the power stays": undefined,
  "a power cut loses everything unsynced": loseAll,
  "a power cut keeps everything": keepAll,
  "a power cut tears": (n) => (n > 1 ? 1 : 0)
}

const killAt =
  (at: number, when: "before" | "after"): FaultPlan =>
  ({ number }) =>
    number === at ? { kind: "kill", when } : undefined

const label = (operation: Operation): string => JSON.stringify(operation)

describe.each(operations.map((operation) => [label(operation), operation] as const))(
  "%s",
  (_, operation) => {
    test("is there whole or not at all after a kill at any primitive", () => {
      const { done } = stepsOf(operation)
      for (const choose of Object.values(afterwards))
        for (const when of ["before", "after"] as const)
          for (let at = 1; at <= done; at++) {
            const { disk, model } = prepared()
            const next = after(model, operation, "fresh")
            const plan = killAt(at, when)
            const outcome = live(
              disk,
              (store) => perform(store, model, { operation, fresh: "fresh" }),
              {
                plan
              }
            )
            expect(outcome.kind).toBe("killed")
            if (choose !== undefined) disk.powerCut(choose)
            isOneOf(reopened(disk), model, next)
          }
    })

    test("is there after a power cut at any moment after its acknowledgement", () => {
      for (const choose of Object.values(afterwards)) {
        const { disk, model } = prepared()
        const outcome = live(disk, (store) => perform(store, model, { operation, fresh: "fresh" }))
        expect(outcome.kind).toBe("done")
        if (choose !== undefined) disk.powerCut(choose)
        isOneOf(reopened(disk), after(model, operation, "fresh"))
      }
    })

    test.each(["EIO", "ENOSPC", "EROFS"])(
      "fails with the old state in place, or succeeds, when one primitive gives %s",
      (code) => {
        const { opened, done } = stepsOf(operation)
        for (const choose of Object.values(afterwards))
          for (let at = opened + 1; at <= done; at++) {
            const { disk, model } = prepared()
            const next = after(model, operation, "fresh")
            const plan: FaultPlan = ({ number }) =>
              number === at ? { kind: "fail", code } : undefined
            const outcome = live(
              disk,
              (store) => perform(store, model, { operation, fresh: "fresh" }),
              {
                plan
              }
            )
            if (choose !== undefined) disk.powerCut(choose)
            // One fault leaves room for a clean answer: nothing may stay in doubt.
            if (outcome.kind === "refused" && outcome.error._tag === "StoreError") {
              expect(outcome.error.isUnchanged).toBe(true)
              expect(outcome.error.message).toContain(code)
            }
            isOneOf(reopened(disk), outcome.kind === "done" ? next : model)
          }
      }
    )

    test("says so when the disk stays broken, and works again when it has healed", () => {
      const { opened, done } = stepsOf(operation)
      for (const choose of Object.values(afterwards))
        for (let at = opened + 1; at <= done; at++) {
          const { disk, model } = prepared()
          const next = after(model, operation, "fresh")
          let isBroken = true
          const plan: FaultPlan = ({ number }) =>
            isBroken && number >= at ? { kind: "fail", code: "EIO" } : undefined
          const repeated = live(
            disk,
            (store) =>
              Effect.gen(function* () {
                const first = yield* Effect.result(
                  perform(store, model, { operation, fresh: "fresh" })
                )
                isBroken = false
                return {
                  first,
                  second: yield* Effect.result(perform(store, model, { operation, fresh: "fresh" }))
                }
              }),
            { plan }
          )
          if (repeated.kind !== "done") throw new Error(repeated.kind)
          if (choose !== undefined) disk.powerCut(choose)
          const { first, second } = repeated.value
          const isInDoubt = first._tag === "Failure" && !first.failure.isUnchanged
          if (!isInDoubt) expect(first._tag === "Failure" ? second._tag : "Success").toBe("Success")
          isOneOf(reopened(disk), ...(second._tag === "Success" ? [next] : [model, next]))
        }
    })
  }
)

const names = fc.constantFrom("a", "b", "c")
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant("define" as const), name: names, version: fc.nat(9) }),
  fc.record({ type: fc.constant("undefine" as const), name: names }),
  fc.record({ type: fc.constant("rename" as const), name: names, to: names, version: fc.nat(9) }),
  fc.record({ type: fc.constant("autostart" as const), name: names, isAutostart: fc.boolean() })
)

interface Life {
  readonly operations: readonly Operation[]
  readonly killedAt: number
  readonly isAfter: boolean
  readonly isPowerCut: boolean
  readonly choices: readonly number[]
}

const anyLife: fc.Arbitrary<Life> = fc.record({
  operations: fc.array(anyOperation, { maxLength: 8 }),
  killedAt: fc.nat(150),
  isAfter: fc.boolean(),
  isPowerCut: fc.boolean(),
  choices: fc.array(fc.nat(3), { maxLength: 40 })
})

interface NumberedLife extends Life {
  readonly number: number
  readonly onOpen: (generation: number) => void
}

/** One engine that is killed somewhere. Gives the states that the next one may find. */
const liveAndDie = (disk: MemoryDisk, model: Model, life: NumberedLife) => {
  let acknowledged = model
  let underWay: Model | undefined
  const plan = killAt(life.killedAt + 1, life.isAfter ? "after" : "before")
  live(
    disk,
    (store) => {
      life.onOpen(store.generation)
      return Effect.forEach(life.operations, (operation, index) =>
        Effect.suspend(() => {
          const fresh = `life${life.number}-${index}`
          underWay = after(acknowledged, operation, fresh)
          return Effect.map(perform(store, acknowledged, { operation, fresh }), () => {
            acknowledged = underWay ?? acknowledged
            underWay = undefined
          })
        })
      )
    },
    { plan }
  )
  if (life.isPowerCut) {
    let index = 0
    disk.powerCut((n) => (life.choices[index++] ?? 0) % n)
  }
  return underWay === undefined ? [acknowledged] : [acknowledged, underWay]
}

test("lives that are killed somewhere lose nothing acknowledged and repeat no epoch", () => {
  fc.assert(
    fc.property(fc.array(anyLife, { minLength: 1, maxLength: 4 }), (lives) => {
      const disk = new MemoryDisk()
      const generations: number[] = []
      const onOpen = (generation: number) => void generations.push(generation)
      let model = nothing
      for (const [number, life] of lives.entries()) {
        const allowed = liveAndDie(disk, model, { ...life, number, onOpen })
        const found = reopened(disk)
        isOneOf(found, ...allowed)
        model = allowed.find(({ contents }) => isSame(contents, found)) ?? model
      }
      const isRising = generations.every((one, index) => one > (generations[index - 1] ?? 0))
      expect(isRising, "no generation comes twice").toBe(true)
    }),
    { numRuns: 300 }
  )
})

const isSame = (a: Contents, b: Contents): boolean => {
  const sorted = ({ definitions, autostart }: Contents) =>
    JSON.stringify([Object.entries(definitions).toSorted(), autostart])
  return sorted(a) === sorted(b)
}

test("a fault at any primitive of opening is an error, and the next engine opens as ever", () => {
  const { opened } = stepsOf({ type: "undefine", name: "db" })
  for (const choose of Object.values(afterwards))
    for (let at = 1; at <= opened; at++) {
      const { disk, model } = prepared()
      const plan: FaultPlan = ({ number }) =>
        number === at ? { kind: "fail", code: "EIO" } : undefined
      const outcome = live(disk, (store) => store.indexDefinitions, { plan })
      expect(["done", "refused"]).toContain(outcome.kind)
      if (choose !== undefined) disk.powerCut(choose)
      isOneOf(reopened(disk), model)
    }
})

test("a full disk refuses definitions, keeps the old ones, and takes more when it has room", () => {
  const { disk, model } = prepared()
  const define: Operation = { type: "define", name: "new", version: 2 }
  const tries = live(disk, (store) =>
    Effect.gen(function* () {
      disk.capacityBytes = disk.usedBytes() + 10
      const full = yield* Effect.result(perform(store, model, { operation: define, fresh: "f" }))
      disk.capacityBytes = Number.POSITIVE_INFINITY
      yield* perform(store, model, { operation: define, fresh: "f" })
      return full
    })
  )
  if (tries.kind !== "done") throw new Error(tries.kind)
  const full = tries.value
  expect(full._tag === "Failure" && [full.failure.fault, full.failure.isUnchanged]).toEqual([
    "noSpace",
    true
  ])
  isOneOf(reopened(disk), after(model, define, "f"))
})

test("a read-only disk refuses every change in one sentence", () => {
  for (const operation of operations) {
    const { disk, model } = prepared()
    const refused = live(disk, (store) => {
      disk.isReadOnly = true
      return Effect.result(perform(store, model, { operation, fresh: "f" }))
    })
    disk.isReadOnly = false
    if (refused.kind !== "done" || refused.value._tag === "Success") throw new Error("not refused")
    expect(refused.value.failure.fault).toBe("readOnly")
    expect(refused.value.failure.message).toMatch(/^cannot .* '.*': EROFS$/)
    isOneOf(reopened(disk), model)
  }
})
