/**
 * Goal: no hang by waiting in a circle, exactly one ask refused for each circle, and none refused
 * without one. Method: small scopes of actors that ask each other, in every interleaving.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import type { AskCycle } from "../../../src/kernel/error.ts"
import { explore } from "../../../src/testing/explore.ts"
import { ended, go, postpone, type Probe, reply, stage, stop, tagOf } from "./stage.ts"

/**
 * Actors a, b, c, ...: `work` runs a job that asks the next actor what `request` says; `read` is
 * answered at once; `join` is answered when the job ends; both others wait for it.
 */
const ring = (choices: readonly number[], size: number, request: string) => {
  const here = stage(choices)
  const ends: unknown[] = []
  const actors: Probe[] = []
  for (let index = 0; index < size; index++) {
    let held: number[] = []
    const job = () =>
      Effect.suspend(() => {
        const next = actors[(index + 1) % size]
        if (next === undefined) return Effect.die("no such actor")
        return Effect.matchEffect(next.ask(request, {}), {
          onSuccess: () => Effect.sync(() => ends.push("ok")),
          onFailure: (error) => Effect.sync(() => ends.push(error))
        })
      }).pipe(Effect.as({ type: "done" }))
    const actor = here.actor(
      "abcdefgh"[index] ?? "z",
      (state, { type, call }) => {
        if (type === "done") {
          const calls = held
          held = []
          return go("idle", reply(calls))
        }
        if (type === "read") return go(state, reply([call]))
        if (type === "leaf" && state === "idle") return go(state, reply([call]))
        if (state === "idle") {
          held = [call]
          return go("busy", { type: "job" })
        }
        if (type !== "join") return go(state, postpone)
        held = [...held, call]
        return go(`${state}+`)
      },
      { scripts: { job }, describe: (state) => state.replace(/\++/, "") }
    )
    actors.push(actor)
  }
  return { ...here, actors, ends }
}

const tags = (ends: readonly unknown[]) =>
  ends.map((end) => (end === "ok" ? "ok" : (end as AskCycle)._tag)).toSorted()

test("two jobs that ask each other: one is refused with the path, in every interleaving", () => {
  const paths = new Set<string>()
  const { runs, isComplete } = explore((choices) => {
    const { world, actors, ends } = ring(choices, 2, "work")
    const clients = actors.map((actor) => world.fork(actor.ask("work", {})))
    world.drain()
    expect(clients.map(tagOf)).toEqual([undefined, undefined])
    const cycles = ends.filter((end) => end !== "ok") as AskCycle[]
    for (const { path } of cycles) paths.add(path.join(" -> "))
    // Crossing, or one job within the other: each circle refuses one ask.
    expect(cycles.length).toBeGreaterThanOrEqual(1)
    expect(tags(ends)).not.toContain("Overdue")
    expect(actors.every((actor) => actor.isIdle)).toBe(true)
    return world
  })
  expect(isComplete).toBe(true)
  expect(runs).toBeGreaterThan(10)
  expect([...paths].toSorted()).toEqual([
    "a/job -> b.work -> b/job -> a.work",
    "b/job -> a.work -> a/job -> b.work"
  ])
})

test("a crossing alone refuses exactly one side, and the other goes through", () => {
  const { isComplete } = explore((choices) => {
    const { world, actors, ends } = ring(choices, 2, "leaf")
    for (const actor of actors) world.fork(actor.ask("work", {}))
    world.drain()
    // Where one job ended before the other asked, there was no circle.
    const refused = tags(ends).filter((tag) => tag === "AskCycle").length
    expect(refused).toBeLessThanOrEqual(1)
    expect(ends.length).toBe(2)
    expect(tags(ends)).not.toContain("Overdue")
    return world
  })
  expect(isComplete).toBe(true)
})

test("who joins a job that waits for him is refused too", () => {
  let refused = 0
  const { isComplete } = explore((choices) => {
    const { world, actors, ends } = ring(choices, 2, "join")
    const clients = actors.map((actor) => world.fork(actor.ask("work", {})))
    world.drain()
    expect(clients.map(tagOf)).toEqual([undefined, undefined])
    expect(tags(ends)).not.toContain("Overdue")
    expect(world.nowMs).toBeLessThan(30_001)
    refused += tags(ends).filter((tag) => tag === "AskCycle").length
    expect(actors.every((actor) => actor.isIdle)).toBe(true)
    return world
  })
  expect(isComplete).toBe(true)
  expect(refused).toBeGreaterThan(0)
})

test.each([3, 4, 6])("a circle over %i actors is seen", (size) => {
  let seen = 0
  for (let run = 0; run < 300; run++) {
    const choices = Array.from({ length: 60 }, (_, index) => (run * 31 + index * 17) % 13)
    const { world, actors, ends } = ring(choices, size, "work")
    const clients = actors.map((actor) => world.fork(actor.ask("work", {})))
    world.drain()
    expect(clients.map(tagOf)).toEqual(clients.map(() => undefined))
    expect(tags(ends)).not.toContain("Overdue")
    const longest = (ends.filter((end) => end !== "ok") as AskCycle[]).map((end) => end.path.length)
    if (longest.includes(2 * size)) seen++
  }
  expect(seen).toBeGreaterThan(10)
})

test("A may ask B while B asks A, when their turns answer at once", () => {
  const { isComplete } = explore((choices) => {
    const { world, actors, ends } = ring(choices, 2, "read")
    for (const actor of actors) world.fork(actor.ask("work", {}))
    world.drain()
    expect(ends).toEqual(["ok", "ok"])
    return world
  })
  expect(isComplete).toBe(true)
})

test("a job that asks its own actor for what waits for the job is refused", () => {
  const { world, actors, ends } = ring([], 1, "work")
  const client = world.fork(actors[0]?.ask("work", {}) ?? Effect.void)
  world.drain()
  expect(tagOf(client)).toBe(undefined)
  expect((ends as AskCycle[]).map((end) => end.message)).toEqual([
    "waiting would close a circle: a/job -> a.work"
  ])
})

/** a's own work, which no call asked for, asks b; b's job asks a, which waits for that work. */
const pair = (own: (ask: Effect.Effect<unknown>) => Effect.Effect<unknown>) => {
  const { world, actor } = stage()
  const ends: unknown[] = []
  let holder = 0
  const noted = (asking: Effect.Effect<unknown, unknown>) =>
    Effect.matchEffect(asking, {
      onSuccess: () => Effect.sync(() => ends.push("ok")),
      onFailure: (error) => Effect.sync(() => ends.push(error))
    })
  const b: Probe = actor(
    "b",
    (_state, { type, call }) => {
      if (type === "done") return go("idle", reply([holder]))
      holder = call
      return go("busy", { type: "job" })
    },
    {
      scripts: {
        job: () => Effect.as(noted(Effect.suspend(() => a.ask("x", {}))), { type: "done" })
      }
    }
  )
  const a: Probe = actor(
    "a",
    (state, { type, call }) => {
      if (type === "started") return go("running")
      if (type === "halt") return go("halting", stop("own"), { type: "halt" })
      return state === "running" ? go(state, reply([call])) : go(state, postpone)
    },
    {
      initial: go("starting", { type: "own" }),
      scripts: {
        own: () => Effect.as(own(noted(b.ask("work", {}))), { type: "started" }),
        halt: (_: never, self) => Effect.as(self.settled, { type: "started" })
      }
    }
  )
  return { world, a, b, ends }
}

test("work that no call asked for holds an actor as well", () => {
  const { world, a, b, ends } = pair((ask) => ask)
  world.drain()
  expect(tags(ends)).toEqual(["AskCycle", "ok"])
  expect([a.isIdle, b.isIdle]).toEqual([true, true])
})

test("so does a script that was stopped and asks while it gives back", () => {
  const { world, a, b, ends } = pair((ask) => Effect.ensuring(Effect.never, ask))
  world.drain()
  a.tell({ type: "halt" })
  world.drain()
  expect(tags(ends)).toEqual(["AskCycle", "ok"])
  expect([a.isIdle, b.isIdle]).toEqual([true, true])
})

test("an asker that leaves a chain takes its edge out of the graph", () => {
  const { world, actor } = stage()
  const b: Probe = actor("b", (state, { type }) =>
    type === "free" ? go("idle") : go(state, postpone)
  )
  const fibers: Fiber.Fiber<unknown, unknown>[] = []
  const a: Probe = actor(
    "a",
    (state, { type, call }) => {
      if (type === "left") return go("idle")
      return state === "idle" ? go("busy", { type: "job" }) : go(state, reply([call]))
    },
    {
      scripts: {
        job: () =>
          Effect.as(Effect.timeoutOption(Effect.exit(b.ask("w", {})), 20), { type: "left" })
      }
    }
  )
  fibers.push(world.fork(a.ask("work", {})))
  world.advance(50)
  expect(b.isIdle).toBe(true)
  expect(a.published).toBe("idle")
  expect(fibers.map(tagOf)).toEqual(["waiting"])
  expect(ended(fibers[0] ?? world.fork(Effect.void))).toBe("waiting")
})
