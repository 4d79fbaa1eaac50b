/**
 * Goal: coverage says exactly what was reached, and by what.
 * Method: a small chart and small actors in the simulated world, every count compared.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { setup } from "xstate"
import { machines } from "../../../../machines/index.ts"
import { initialStep, stateName, step } from "../../../../src/kernel/statechart.ts"
import { Actor } from "../../../../src/kernel/actor.ts"
import type { Protocol } from "../../../../src/base/protocol.ts"
import type { Fact } from "../../../../src/kernel/behaviour.ts"
import { CoverageRecorder } from "../../../../src/testing/coverage/recorder.ts"
import { go, postpone, reply, stage } from "../../kernel/stage.ts"

const lamp = setup({
  actions: { glow: () => {} },
  types: { events: {} as { type: "press"; isHard?: boolean } | { type: "burn" } },
  guards: { isHard: ({ event }) => event.type === "press" && event.isHard === true }
}).createMachine({
  id: "lamp",
  type: "parallel",
  states: {
    light: {
      initial: "off",
      states: {
        off: { on: { press: [{ guard: "isHard", target: "flash" }, { target: "on" }] } },
        flash: { always: "on" },
        on: { entry: "glow", on: { press: "off" } },
        broken: {}
      }
    },
    plug: { initial: "in", states: { in: {} } }
  }
})

type Snapshot = ReturnType<typeof initialStep<typeof lamp>>["next"]

const lampStage = () => {
  const base = stage()
  const coverage = new CoverageRecorder([lamp])
  coverage.watch(base.kernel.inspection)
  const decide = step(lamp)
  const actor = new Actor<Snapshot, Protocol, Fact & { isHard?: boolean }>(
    {
      name: "lamp/1",
      initial: initialStep(lamp),
      decide: (state, message) => decide(state, message as never),
      describe: (state) => stateName(state.value),
      scripts: { glow: () => Effect.void }
    },
    base.kernel,
    base.world.context
  )
  return { ...base, coverage, lamp: actor }
}

test("states and transitions are counted, what followed at once too; the rest stands at 0", () => {
  const { world, coverage, lamp: actor } = lampStage()
  actor.tell({ type: "press", isHard: true })
  world.drain()
  actor.tell({ type: "burn" })
  world.drain()
  expect(coverage.snapshot().charts["lamp"]).toEqual({
    states: {
      lamp: 3,
      light: 3,
      "light.broken": 0,
      "light.flash": 1,
      "light.off": 1,
      "light.on": 1,
      plug: 3,
      "plug.in": 3
    },
    transitions: {
      "light.flash at once 0": 1,
      "light.off press 0": 1,
      "light.off press 1": 0,
      "light.on press 0": 0
    }
  })
})

test("a delivery is paired with the state of each region, and with what became of it", () => {
  const { world, coverage, lamp: actor } = lampStage()
  actor.tell({ type: "press" })
  actor.tell({ type: "burn" })
  world.drain()
  expect(coverage.snapshot().pairs.deliveries).toEqual({
    "lamp.burn refused @ light.on": 1,
    "lamp.burn refused @ plug.in": 1,
    "lamp.press taken @ light.off": 1,
    "lamp.press taken @ plug.in": 1
  })
})

test("a fault strikes where something is being done", () => {
  const { world, coverage, lamp: actor, kernel } = lampStage()
  coverage.faultMet({ seam: "file", fault: "EIO" })
  actor.tell({ type: "press" })
  world.drain()
  coverage.faultMet({ seam: "file", fault: "EIO" })
  coverage.faultMet({ seam: "file", fault: "EIO" }, "engine opens 3")
  coverage.watch(kernel.inspection)
  coverage.faultMet({ seam: "qmp", fault: "hang" })
  expect(coverage.snapshot().pairs.faults).toEqual({
    "file/EIO @ at rest": 1,
    "file/EIO @ engine opens some": 1,
    "file/EIO @ lamp.light.on": 1,
    "qmp/hang @ at rest": 1
  })
})

test("what waits while a message is handled is paired with it, once each", () => {
  const { world, kernel, actor } = stage()
  const coverage = new CoverageRecorder([])
  coverage.watch(kernel.inspection)
  const a = actor("a/1", (state, { type, call }) =>
    type === "later" ? go(state, postpone) : go(`${type} done`, ...(call ? [reply([call])] : []))
  )
  world.fork(a.ask("later", {}))
  world.advance(1)
  a.offer({ type: "event" })
  a.tell({ type: "fact" })
  a.tell({ type: "fact" })
  world.advance(1)
  expect(coverage.snapshot().pairs.pending).toEqual({
    "a.event, later waits": 1,
    "a.fact, event waits": 2,
    "a.fact, fact waits": 1,
    "a.fact, later waits": 2
  })
})

test("the state of an actor is that after its last turn, until the actor ends", () => {
  const { world, kernel, actor } = stage()
  const coverage = new CoverageRecorder([])
  coverage.watch(kernel.inspection)
  const a = actor("a/1", (_state, { type }) => go(type))
  const before = coverage.stateOf("a/1")
  a.tell({ type: "busy" })
  world.drain()
  const then = coverage.stateOf("a/1")
  world.run(a.stop())
  expect([before, then, coverage.stateOf("a/1")]).toEqual([undefined, "busy", undefined])
})

test("calls are paired with the state that is given; numbers in sentences are no or some", () => {
  const coverage = new CoverageRecorder([])
  coverage.called("start", "life.shutoff job.idle")
  coverage.called("list", "12 domains")
  coverage.called("list", "0 domains")
  coverage.called("list", "3 domains")
  expect(coverage.snapshot().pairs.calls).toEqual({
    "list @ no domains": 1,
    "list @ some domains": 2,
    "start @ job.idle": 1,
    "start @ life.shutoff": 1
  })
})

test("who looks away is told nothing more", () => {
  const { world, kernel, actor } = stage()
  const coverage = new CoverageRecorder([])
  const unwatch = coverage.watch(kernel.inspection)
  unwatch()
  actor("a", (state) => go(`${state}.`)).tell({ type: "hello" })
  world.drain()
  expect(coverage.snapshot().pairs.deliveries).toEqual({})
})

test("all machines of Troupe are there from the start, with nothing reached", () => {
  const { charts } = new CoverageRecorder().snapshot()
  expect(Object.keys(charts)).toEqual(
    Object.values(machines)
      .map(({ id }) => id)
      .sort()
  )
  for (const { states, transitions } of Object.values(charts)) {
    expect(Object.keys(states).length).toBeGreaterThan(2)
    expect(Object.values({ ...states, ...transitions }).every((count) => count === 0)).toBe(true)
  }
})
