/**
 * Goal: what is published at once is what the engine's own list says, at every moment of domains'
 * lives, and found by name, uuid and number alike.
 * Method: an engine in the simulated world that defines, starts and ends guests in any order of
 * deliveries, and a look at drawn moments.
 */
import fc from "fast-check"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, test } from "vitest"
import type { Engine } from "../../../../src/engine/engine.ts"
import type { PublishedDomain } from "../../../../src/engine/published.ts"
import type { HostServices } from "../../../../src/rpc/server/handler.ts"
import { simulate } from "../../../../src/testing/index.ts"
import { plainXml } from "../../../../src/testing/simulation/definition.ts"
import { simulatedEmulator } from "../../../../src/testing/simulation/lives.ts"

/** The calls of this program ask the engine only. */
const noServices = Context.empty() as Context.Context<HostServices>

const shown = ({
  uuid,
  name,
  id,
  state,
  reason,
  isActive,
  isPersistent,
  isAutostart
}: PublishedDomain) => ({ uuid, name, id, state, reason, isActive, isPersistent, isAutostart })

/** How often the looks met each state: the moments are drawn, and have to be of many kinds. */
const met = new Map<string, number>()

const look = (engine: Engine) =>
  Effect.gen(function* () {
    const list = yield* engine.list()
    const now = engine.published()
    if (now === undefined) throw new Error("a running engine shows what it has")
    const all = now.all()
    const byUuid = new Map(all.map((one) => [one.uuid, shown(one)]))
    expect(all).toHaveLength(list.length)
    for (const { epoch: _, startedAtMs: __, id = -1, ...row } of list) {
      met.set(row.state, (met.get(row.state) ?? 0) + 1)
      expect(byUuid.get(row.uuid)).toEqual({ ...row, id })
      expect(now.byUuid(row.uuid)?.name).toBe(row.name)
      expect(now.byName(row.name)?.uuid).toBe(row.uuid)
      expect(now.byId(id)?.uuid).toBe(id === -1 ? undefined : row.uuid)
    }
  })

const life = (engine: Engine, number: number) =>
  Effect.gen(function* () {
    const domain = yield* engine.defineXML(plainXml(number, simulatedEmulator))
    yield* domain.setAutostart(number === 1)
    yield* domain.start()
    yield* Effect.sleep(100)
    yield* domain.suspend
    yield* Effect.sleep(100)
    yield* domain.resume
    yield* domain.destroy()
    if (number === 0) yield* domain.undefine
  })

const program = (momentsMs: readonly number[]) => (engine: Engine) =>
  Effect.gen(function* () {
    const looking = Effect.forEach(momentsMs, (ms) =>
      Effect.andThen(Effect.sleep(ms), look(engine))
    )
    yield* Effect.all([life(engine, 0), life(engine, 1), looking], { concurrency: "unbounded" })
    yield* look(engine)
    yield* engine.close()
    expect(engine.published()).toBeUndefined()
  }).pipe(Effect.orDie, Effect.provideContext(noServices))

test("what is published agrees with the list, at any moment", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(7), { maxLength: 40 }),
      fc.array(fc.nat(400), { minLength: 1, maxLength: 30 }),
      (schedule, momentsMs) => {
        const { exit, violations } = simulate(program(momentsMs), { schedule })
        expect(violations).toEqual([])
        if (exit === undefined || Exit.isFailure(exit)) throw new Error(String(exit))
      }
    ),
    { numRuns: 40 }
  )
  expect(met.get("shutoff")).toBeGreaterThan(3)
  expect(met.get("running")).toBeGreaterThan(3)
  expect(met.get("paused")).toBeGreaterThan(3)
})
