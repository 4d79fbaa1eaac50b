/**
 * Goal: names and uuids stay one to one at every version that is published (I02), a reservation
 * ends with the request that owns it (I03), and of twins exactly one wins.
 * Method: clients that define, rename, undefine and look up as the engine does, some interrupted
 * at any point, in random orders of deliveries; the index is checked after each turn and at rest.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import { type Domains, makeDomains } from "../../../actors/domains.ts"
import { explore } from "../../../src/testing/explore.ts"
import { choiceList, stage } from "./clients.ts"

interface Op {
  readonly kind: "make" | "rename" | "undefine" | "open"
  readonly name: string
  readonly uuid: string
  /** What is done under the reservation takes so many turns, and then may fail. */
  readonly turns: number
  readonly fails: boolean
  readonly interruptedAfter: number | undefined
}

const op: fc.Arbitrary<Op> = fc.record({
  kind: fc.constantFrom("make", "make", "rename", "undefine", "open"),
  name: fc.constantFrom("web", "db", "mail"),
  uuid: fc.constantFrom("u1", "u2", "u3"),
  turns: fc.nat(3),
  fails: fc.boolean(),
  interruptedAfter: fc.option(fc.nat(6), { nil: undefined, freq: 2 })
})

class Failed {
  readonly _tag = "Failed"
}

const pause = (turns: number) =>
  Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow, { discard: true })

const refOf = (uuid: string) => ({ uuid }) as DomainRef

const work = ({ turns, fails }: Op) =>
  Effect.andThen(pause(turns), fails ? Effect.fail(new Failed()) : Effect.void)

/** As the engine's calls use the list: under a reservation that ends with the request. */
const perform = (domains: Domains, one: Op, token: string) => {
  const { kind, name, uuid } = one
  const release = () => Effect.ignore(domains.release(token))
  switch (kind) {
    case "make":
      return Effect.acquireUseRelease(
        domains.reserve({ name, uuid }, token),
        (existing) =>
          existing !== undefined
            ? Effect.succeed("there already")
            : Effect.as(
                Effect.andThen(
                  work(one),
                  domains.commit(token, { uuid, name, isAutostart: false, ref: undefined })
                ),
                "made"
              ),
        release
      )
    case "rename":
      return Effect.acquireUseRelease(
        domains.reserveName({ name, uuid }, token),
        () => Effect.as(Effect.andThen(work(one), domains.commitName(token)), "renamed"),
        release
      )
    case "undefine":
      return Effect.as(domains.remove(uuid), "undefined")
    case "open":
      return Effect.as(domains.attach(uuid, refOf(uuid)), "opened")
  }
}

/** What is wrong with the list as it is published now. */
const problems = (domains: Domains): readonly string[] => {
  const all = domains.all()
  const names = new Set(all.map(({ name }) => name))
  const uuids = new Set(all.map(({ uuid }) => uuid))
  return [
    ...(names.size === all.length ? [] : ["two domains have one name"]),
    ...(uuids.size === all.length ? [] : ["two domains have one uuid"]),
    ...all.flatMap((entry) =>
      domains.byName(entry.name) === entry && domains.byUuid(entry.uuid) === entry
        ? []
        : [`'${entry.name}' is not found by its name and uuid`]
    ),
    ...["web", "db", "mail"].flatMap((name) => {
      const found = domains.byName(name)
      return found === undefined || found.name === name ? [] : [`'${name}' finds '${found.name}'`]
    })
  ]
}

const run = (programs: readonly (readonly Op[])[], choices: readonly number[]) => {
  const { world, kernel } = stage(choices, {})
  const domains = makeDomains(kernel, { entries: [], lastId: 0 })
  const wrong: string[] = []
  const ends: string[] = []
  kernel.inspection.watch(() => void wrong.push(...problems(domains)))
  let tokens = 0
  const client = (ops: readonly Op[]) =>
    Effect.forEach(
      ops,
      Effect.fnUntraced(function* (one) {
        yield* Effect.yieldNow
        const doing = perform(domains, one, `t${++tokens}`)
        const fiber = yield* Effect.forkChild(doing, { startImmediately: true })
        if (one.interruptedAfter !== undefined) {
          yield* pause(one.interruptedAfter)
          yield* Fiber.interrupt(fiber)
        }
        const exit = yield* Fiber.await(fiber)
        const failure = exit._tag === "Failure" ? exit.cause.reasons[0] : undefined
        if (failure?._tag === "Die") wrong.push(String(failure.defect))
        const tag = failure?._tag === "Fail" ? failure.error._tag : failure?._tag
        ends.push(exit._tag === "Success" ? exit.value : (tag ?? ""))
      }),
      { discard: true }
    )
  const fibers = programs.map((ops) => world.fork(client(ops)))
  world.drain()
  for (const fiber of fibers)
    if (fiber.pollUnsafe()?._tag !== "Success") wrong.push("a client hangs")
  return { world, domains, wrong, ends }
}

/** Every name and uuid can be had again: nothing is left reserved. */
const leftovers = ({ world, domains }: ReturnType<typeof run>): readonly string[] => {
  for (const { uuid } of domains.all()) world.run(domains.remove(uuid))
  return ["web", "db", "mail"].flatMap((name, index) => {
    const wanted = { name, uuid: `u${index + 1}` }
    const exit = world.run(domains.reserve(wanted, `late${index}`))
    return exit._tag === "Success" ? [] : [`${name}: ${String(exit.cause)}`]
  })
}

test("one to one at every version, and nothing is left reserved", () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(
      fc.array(fc.array(op, { maxLength: 4 }), { maxLength: 4 }),
      choiceList,
      (programs, choices) => {
        const done = run(programs, choices)
        expect(done.wrong).toEqual([])
        expect(leftovers(done)).toEqual([])
        for (const end of done.ends) met.set(end, (met.get(end) ?? 0) + 1)
      }
    ),
    { numRuns: 2000 }
  )
  for (const end of ["made", "there already", "renamed", "DomainExists", "Interrupt", "Failed"])
    expect(met.get(end) ?? 0, end).toBeGreaterThan(1)
})

const make = (name: string, uuid: string): Op => ({
  kind: "make",
  name,
  uuid,
  turns: 1,
  fails: false,
  interruptedAfter: undefined
})

test.each([
  ["one name", make("web", "u1"), make("web", "u2")],
  ["one uuid", make("web", "u1"), make("db", "u1")],
  ["both", make("web", "u1"), make("web", "u1")]
])("of twins with %s exactly one is made, in every order", (_, one, other) => {
  const seen = new Set<string>()
  const { isComplete } = explore((choices) => {
    const { world, wrong, ends, domains } = run([[one], [other]], choices)
    expect(wrong).toEqual([])
    expect(ends.filter((end) => end === "made")).toHaveLength(1)
    expect(domains.all()).toHaveLength(1)
    seen.add(ends.toSorted().join())
    return world
  })
  expect(isComplete).toBe(true)
  expect(seen.has("DomainExists,made")).toBe(true)
})

test("of two actors that are made for one domain one is kept, and both are told which", () => {
  const { isComplete } = explore((choices) => {
    const { world, kernel } = stage(choices, {})
    const entry = { uuid: "u1", name: "web", isAutostart: false, ref: undefined }
    const domains = makeDomains(kernel, { entries: [entry], lastId: 0 })
    const refs = [refOf("u1"), refOf("u1")]
    const fibers = refs.map((ref) =>
      world.fork(Effect.andThen(Effect.yieldNow, domains.attach("u1", ref)))
    )
    world.drain()
    const told = fibers.map((fiber) => {
      const exit = fiber.pollUnsafe()
      return exit?._tag === "Success" ? exit.value : undefined
    })
    expect(told[0]).toBe(told[1])
    expect(refs).toContain(told[0])
    expect(domains.byUuid("u1")?.ref).toBe(told[0])
    return world
  })
  expect(isComplete).toBe(true)
})

test("numbers of running domains only grow, whoever asks", () => {
  fc.assert(
    fc.property(choiceList, fc.nat(50), (choices, lastId) => {
      const { world, kernel } = stage(choices, {})
      const domains = makeDomains(kernel, { entries: [], lastId })
      const given: number[] = []
      for (let client = 0; client < 4; client++)
        world.fork(Effect.map(domains.nextId, (id) => given.push(id)))
      world.drain()
      expect(given.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4].map((n) => lastId + n))
    }),
    { numRuns: 100 }
  )
})
