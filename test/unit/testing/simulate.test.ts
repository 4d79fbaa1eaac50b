/**
 * Goal: a program of a user runs on the real engine in the simulated world, begins again when its
 * engine was killed, and what keeps it from ending is told.
 * Method: one small program for each.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, test } from "vitest"
import type { Engine } from "../../../src/engine/engine.ts"
import { slotName, slotUuid } from "../../../src/testing/history/api-call.ts"
import { invariants } from "../../../src/testing/invariants/index.ts"
import { type Simulated, simulate } from "../../../src/testing/simulation/simulate.ts"

const valueOf = <A, E>({ exit }: Simulated<A, E>): A => {
  if (exit === undefined || Exit.isFailure(exit)) throw new Error(String(exit))
  return exit.value
}

const names = (engine: Engine) =>
  Effect.map(engine.list(), (rows) => rows.map(({ name, uuid }) => ({ name, uuid })))

const rewritten = (engine: Engine) =>
  Effect.gen(function* () {
    const domain = yield* engine.lookup(slotName(0))
    yield* domain.setTitle("another")
    yield* domain.start()
    yield* domain.undefine
    yield* domain.destroy()
    return (yield* engine.list()).length
  })

test("slots are small guests that can run beside each other", () => {
  const both = (engine: Engine) =>
    Effect.forEach([0, 1], (slot) =>
      Effect.flatMap(engine.lookup(slotName(slot)), (domain) => domain.start())
    )
  expect(valueOf(simulate(both, { domains: 2 }))).toEqual([1, 2])
  expect(valueOf(simulate(names, { domains: 1 }))).toEqual([
    { name: slotName(0), uuid: slotUuid(0) }
  ])
})

test("definitions of the caller's own are there when the program begins", () => {
  const xml = `<domain type='qemu'><name>web</name><memory>65536</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`
  expect(valueOf(simulate(names, { domains: [xml] }))).toMatchObject([{ name: "web" }])
})

test("a definition that is refused is told, and no program runs", () => {
  const { exit, violations } = simulate(names, { domains: ["<domain/>"] })
  expect(exit).toBe(undefined)
  expect(violations).toMatchObject([{ invariant: "definitions are taken" }])
})

test("a program is begun again on the next engine, so often and no more", () => {
  const lives: number[] = []
  const program = (_: Engine, life: number) =>
    Effect.andThen(
      Effect.sync(() => lives.push(life)),
      Effect.sleep("1 minute")
    )
  const kill = { seam: "world", nth: 0, fault: "kill" } as const
  expect(simulate(program, { faults: [kill] }).exit).toEqual(Exit.void)
  expect(lives).toEqual([1, 2])
  expect(simulate(program, { faults: [kill], livesMax: 1 }).exit).toBe(undefined)
  expect(lives).toEqual([1, 2, 1])
})

test("the engine's laws hold of programs, whose calls nobody notes", () => {
  for (let seed = 0; seed < 20; seed++) {
    const schedule = { kind: "mixed", seed } as const
    const report = simulate(rewritten, { domains: 1, schedule, invariants })
    expect(report.violations).toEqual([])
    expect(valueOf(report)).toBe(0)
  }
})

test("a program that waits for what is outside of the world is told as one that never ends", () => {
  const { exit, violations } = simulate(() => Effect.promise(() => Promise.resolve("late")))
  expect(exit).toBe(undefined)
  expect(violations).toMatchObject([{ invariant: "I10 BoundedReply" }])
  expect(violations[0]?.message).toMatch(/^the program has not ended/)
})

test("the choices of a run are a schedule that does the same again", () => {
  for (let seed = 0; seed < 5; seed++) {
    const found = simulate(rewritten, { domains: 1, schedule: { kind: "mixed", seed } })
    const again = simulate(rewritten, { domains: 1, schedule: found.choices })
    expect(again.deliveries).toEqual(found.deliveries)
  }
})
