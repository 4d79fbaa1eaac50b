/**
 * Goal: sharing syncs of a directory keeps what each asker was promised, and shares them.
 * Method: askers come and are interrupted at random instants of a virtual clock, each sync takes a
 * while and may fail; whoever was answered is compared with the syncs that really ran.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { expect, test } from "vitest"
import { FileError, type Files } from "../../../src/host/files.ts"
import { withGroupedSyncs } from "../../../src/store/grouped-sync.ts"

interface Sync {
  readonly path: string
  readonly begunMs: number
  endedMs: number
  readonly isFailed: boolean
}

/** A disk that does nothing but sync, `syncMs` each time, and fails when `failing` says so. */
const slowDisk = (syncMs: number, failing: readonly boolean[]) => {
  const syncs: Sync[] = []
  const syncDirectory = (path: string) =>
    Effect.gen(function* () {
      const isFailed = failing[syncs.length] ?? false
      const sync: Sync = { path, begunMs: yield* Clock.currentTimeMillis, endedMs: 0, isFailed }
      syncs.push(sync)
      yield* Effect.sleep(syncMs)
      sync.endedMs = yield* Clock.currentTimeMillis
      if (isFailed) return yield* new FileError({ operation: "sync", path, code: "EIO" })
    })
  const files = { syncDirectory } as unknown as Files["Service"]
  return { syncs, files: withGroupedSyncs(files) }
}

const asker = fc.record({
  path: fc.constantFrom("/a", "/b"),
  comesMs: fc.nat(40),
  /** Interrupted so long after it came, or never. */
  leavesMs: fc.option(fc.nat(20), { nil: undefined })
})

const everything = {
  askers: fc.array(asker, { minLength: 1, maxLength: 12 }),
  syncMs: fc.integer({ min: 1, max: 12 }),
  failing: fc.array(fc.boolean(), { maxLength: 6 })
}

test("who is answered was kept by a sync that began after the question", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(everything), ({ askers, syncMs, failing }) => {
      const { syncs, files } = slowDisk(syncMs, failing)
      const ask = ({ path, comesMs, leavesMs }: (typeof askers)[number]) =>
        Effect.gen(function* () {
          yield* Effect.sleep(comesMs)
          const asking = yield* Effect.forkChild(files.syncDirectory(path))
          if (leavesMs !== undefined) {
            yield* Effect.sleep(leavesMs)
            yield* Fiber.interrupt(asking)
          }
          const exit = yield* Fiber.await(asking)
          return { path, comesMs, exit, answeredMs: yield* Clock.currentTimeMillis }
        })
      const run = Effect.gen(function* () {
        const all = yield* Effect.forkChild(
          Effect.forEach(askers, ask, { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(1_000)
        return yield* Fiber.join(all)
      })
      return Effect.runPromise(Effect.provide(run, TestClock.layer())).then((answers) => {
        for (const { path, comesMs, exit, answeredMs } of answers) {
          if (Exit.isFailure(exit) && Exit.hasInterrupts(exit)) continue
          const isFailed = Exit.isFailure(exit)
          const own = syncs.some(
            (sync) =>
              sync.path === path &&
              sync.isFailed === isFailed &&
              sync.begunMs >= comesMs &&
              sync.endedMs <= answeredMs
          )
          expect(own, `${path} at ${comesMs}`).toBe(true)
        }
      })
    }),
    { numRuns: 300 }
  )
})

test("whoever comes while a sync is under way shares the next one", async () => {
  const { syncs, files } = slowDisk(10, [])
  const run = Effect.gen(function* () {
    const all = yield* Effect.forkChild(
      Effect.forEach(
        Array.from({ length: 32 }, (_, index) => index),
        (index) => Effect.andThen(Effect.sleep(index % 8), files.syncDirectory("/a")),
        { concurrency: "unbounded", discard: true }
      )
    )
    yield* TestClock.adjust(1_000)
    yield* Fiber.join(all)
  })
  await Effect.runPromise(Effect.provide(run, TestClock.layer()))
  expect(syncs.length).toBe(2)
})
