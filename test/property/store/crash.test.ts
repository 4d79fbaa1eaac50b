// Goal: nothing acknowledged is ever lost, no half file is ever seen, and an operation that was
// under way is there whole or not at all, wherever the engine dies and whatever a power cut leaves.
// Method: every operation of the store, killed before and after each of its primitives, then with
// the power kept or cut (losing, keeping or tearing what was not synced), opened again and compared
// with the states before and after the operation. Small enough to try every case; histories are
// random.
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Choose, loseAll, MemoryDisk } from "../../../src/testing/host/disk.ts"
import type { FaultPlan } from "../../contract/store/stepped.ts"
import { after, type Model, nothing, type Operation, perform } from "../../contract/store/model.ts"
import { type Contents, live, reopened, type StoreService } from "../../contract/store/world.ts"

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

/** An ordered journal: the first changes of names have reached the disk, and no content. */
const keepFirst = (count: number): Choose => {
  let changes = 0
  return (n) => (n === 2 && changes++ < count ? 1 : 0)
}

const keepAll: Choose = (n) => n - 1
const tear: Choose = () => 1

/** What may happen after the engine has ended, before the next one starts. */
const cuts: readonly ((disk: MemoryDisk) => void)[] = [
  () => undefined,
  (disk) => disk.powerCut(loseAll),
  (disk) => disk.powerCut(keepAll),
  (disk) => disk.powerCut(tear),
  ...[1, 2, 3, 4, 6].map((count) => (disk: MemoryDisk) => disk.powerCut(keepFirst(count)))
]

interface Case {
  readonly disk: MemoryDisk
  readonly model: Model
  readonly next: Model
  readonly at: number
  readonly cut: (disk: MemoryDisk) => void
  /** One life of an engine, which performs the operation. */
  readonly attempt: (plan: FaultPlan) => ReturnType<typeof live<void>>
}

/** The operation on a fresh disk, for each primitive from `first` to `last` and each end. */
const everyCase = (
  operation: Operation,
  { first, last }: { readonly first: number; readonly last: number },
  check: (one: Case) => void
): void => {
  for (const cut of cuts)
    for (let at = first; at <= last; at++) {
      const { disk, model } = prepared()
      const next = after(model, operation, "fresh")
      const attempt = (plan: FaultPlan) =>
        live(disk, (store) => perform(store, model, { operation, fresh: "fresh" }), { plan })
      check({ disk, model, next, at, cut, attempt })
    }
}

const killAt =
  (at: number, when: "before" | "after"): FaultPlan =>
  ({ number }) =>
    number === at ? { kind: "kill", when } : undefined

const failAt =
  (at: number, code: string): FaultPlan =>
  ({ number }) =>
    number === at ? { kind: "fail", code } : undefined

/** A disk that fails at every primitive from `at` on, until it is healed. */
const brokenFrom = (at: number) => {
  let isBroken = true
  const plan: FaultPlan = ({ number }) =>
    isBroken && number >= at ? { kind: "fail", code: "EIO" } : undefined
  return { plan, heal: Effect.sync(() => void (isBroken = false)) }
}

const label = (operation: Operation): string => JSON.stringify(operation)

describe.each(operations.map((operation) => [label(operation), operation] as const))(
  "%s",
  (_, operation) => {
    const { opened, done } = stepsOf(operation)
    const own = { first: opened + 1, last: done }

    test("is there whole or not at all after a kill at any primitive", () => {
      for (const when of ["before", "after"] as const)
        everyCase(operation, own, ({ disk, model, next, at, cut, attempt }) => {
          expect(attempt(killAt(at, when)).kind).toBe("killed")
          cut(disk)
          isOneOf(reopened(disk), model, next)
        })
    })

    test("is there after a power cut at any moment after its acknowledgement", () => {
      everyCase(operation, { first: 0, last: 0 }, ({ disk, next, cut, attempt }) => {
        expect(attempt(() => undefined).kind).toBe("done")
        cut(disk)
        isOneOf(reopened(disk), next)
      })
    })

    test.each(["EIO", "ENOSPC", "EROFS"])(
      "fails with the old state in place, or succeeds, when one primitive gives %s",
      (code) => {
        everyCase(operation, own, ({ disk, model, next, at, cut, attempt }) => {
          const outcome = attempt(failAt(at, code))
          cut(disk)
          // One fault leaves room for a clean answer: nothing may stay in doubt.
          if (outcome.kind === "refused" && outcome.error._tag === "StoreError") {
            expect(outcome.error.isUnchanged).toBe(true)
            expect(outcome.error.message).toContain(code)
          }
          isOneOf(reopened(disk), outcome.kind === "done" ? next : model)
        })
      }
    )

    test("says so when the disk stays broken, and works again when it has healed", () => {
      everyCase(operation, own, ({ disk, model, next, at, cut }) => {
        const { plan, heal } = brokenFrom(at)
        const both = (store: StoreService) => {
          const attempt = Effect.result(perform(store, model, { operation, fresh: "fresh" }))
          return Effect.all([attempt, Effect.andThen(heal, attempt)])
        }
        const repeated = live(disk, both, { plan })
        if (repeated.kind !== "done") throw new Error(repeated.kind)
        cut(disk)
        const [first, second] = repeated.value
        const isClear = first._tag === "Failure" && first.failure.isUnchanged
        if (isClear) expect(second._tag).toBe("Success")
        isOneOf(reopened(disk), ...(second._tag === "Success" ? [next] : [model, next]))
      })
    })
  }
)

test("a rename in doubt does not come back over what was acknowledged after it", () => {
  const rename: Operation = { type: "rename", name: "web", to: "shop", version: 2 }
  const { opened, done } = stepsOf(rename)
  const later: readonly Operation[] = [
    { type: "define", name: "web", version: 3 },
    { type: "undefine", name: "web" }
  ]
  let inDoubt = 0
  for (const operation of later)
    everyCase(rename, { first: opened + 1, last: done }, ({ disk, model, at, cut }) => {
      const { plan, heal } = brokenFrom(at)
      const outcome = live(
        disk,
        (store) =>
          Effect.gen(function* () {
            const first = yield* Effect.result(
              perform(store, model, { operation: rename, fresh: "fresh" })
            )
            if (first._tag === "Success" || first.failure.isUnchanged) return false
            yield* heal
            yield* perform(store, model, { operation, fresh: "fresh" })
            return true
          }),
        { plan }
      )
      // A removal of what a rename has moved already may fail; then nothing was acknowledged.
      if (outcome.kind !== "done" || !outcome.value) return
      inDoubt += 1
      cut(disk)
      isOneOf(reopened(disk), after(model, operation, "fresh"))
    })
  expect(inDoubt).toBeGreaterThan(0)
})

test("a kill at any primitive of opening costs nothing", () => {
  const operation: Operation = { type: "undefine", name: "db" }
  const { opened } = stepsOf(operation)
  for (const when of ["before", "after"] as const)
    everyCase(operation, { first: 1, last: opened }, ({ disk, model, at, cut, attempt }) => {
      expect(attempt(killAt(at, when)).kind).toBe("killed")
      cut(disk)
      isOneOf(reopened(disk), model)
    })
})

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
  const operation: Operation = { type: "undefine", name: "db" }
  const { opened } = stepsOf(operation)
  everyCase(operation, { first: 1, last: opened }, ({ disk, model, at, cut }) => {
    const outcome = live(disk, (store) => store.indexDefinitions, { plan: failAt(at, "EIO") })
    expect(["done", "refused"]).toContain(outcome.kind)
    cut(disk)
    isOneOf(reopened(disk), model)
  })
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
