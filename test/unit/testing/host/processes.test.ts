/**
 * Goal: deaths come in the kernel's steps, whatever the order; pids are used again and start times
 * are not; nothing reaches a process that is stuck in the kernel.
 * Method: a table with small programs in one world, in random orders.
 */
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { type ProcessExit, Processes, type SpawnPlan } from "../../../../src/host/process.ts"
import { Sockets } from "../../../../src/host/socket.ts"
import { Faults, type PlannedFault } from "../../../../src/testing/fault.ts"
import { SimulatedHost, type SimulatedHostOptions } from "../../../../src/testing/host/host.ts"
import type { Program, Self } from "../../../../src/testing/host/program.ts"
import { World } from "../../../../src/testing/world.ts"

const stayPath = "/usr/bin/stay"
const leavePath = "/usr/bin/leave"
const programs: ReadonlyMap<string, Program> = new Map([
  [
    stayPath,
    {
      start: (self: Self) =>
        self.accept(3, (client) => {
          client.onData(() => self.exit(1))
          self.accept(3, () => {})
        })
    }
  ],
  [leavePath, { start: (self: Self) => self.exit(0) }]
])

const hostWith = (options: SimulatedHostOptions = {}, choices: readonly number[] = []) =>
  new SimulatedHost(new World(choices), { programs, ...options })

const planOf = (path: string, more: Partial<SpawnPlan> = {}): SpawnPlan => ({
  argv: [path],
  environment: {},
  directory: "/",
  descriptors: {},
  isDetached: true,
  ...more
})

const exitOf = (child: { onExit: (listener: (exit: ProcessExit) => void) => void }) =>
  Effect.callback<ProcessExit>((resume) => child.onExit((exit) => resume(Effect.succeed(exit))))

const anyChoices = fc.array(fc.nat(7), { maxLength: 40 })

test("a pid is used again as soon as it is free, its start time never", () => {
  const host = hostWith({ pidMin: 300, pidMax: 302 })
  const engine = host.engine("engine", () => {})
  const seen: { readonly pid: number; readonly startTime: string }[] = []
  const work = Effect.gen(function* () {
    const processes = yield* Processes
    for (let count = 0; count < 20; count++) {
      const child = yield* processes.spawn(planOf(leavePath))
      seen.push({ pid: child.pid, startTime: child.startTime })
      yield* exitOf(child)
    }
  })
  Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(seen).toHaveLength(20)
  expect(new Set(seen.map(({ pid }) => pid))).toEqual(new Set([301, 302]))
  expect(new Set(seen.map(({ startTime }) => startTime)).size).toBe(20)
})

test("a signal for an earlier owner of a pid does not reach the later one", () => {
  const host = hostWith({ pidMin: 300, pidMax: 301 })
  const engine = host.engine("engine", () => {})
  const work = Effect.gen(function* () {
    const processes = yield* Processes
    const first = yield* processes.spawn(planOf(leavePath))
    yield* exitOf(first)
    const second = yield* processes.spawn(planOf(stayPath))
    const isReached = yield* processes.signal(first, "SIGKILL")
    yield* Effect.sleep(1_000)
    return { isSamePid: first.pid === second.pid, isReached }
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({ value: { isSamePid: true, isReached: false } })
  expect(host.processes.all).toHaveLength(2)
})

test("no pid left is EAGAIN, and no process", () => {
  const host = hostWith({ pidMin: 300, pidMax: 301 })
  const engine = host.engine("engine", () => {})
  const work = Effect.gen(function* () {
    const processes = yield* Processes
    yield* processes.spawn(planOf(stayPath))
    return (yield* Effect.flip(processes.spawn(planOf(stayPath)))).code
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({ value: "EAGAIN" })
})

/** In which order an engine hears of a child's end, and what it sees at each. */
const orderOfEnd = (choices: readonly number[]): readonly string[] => {
  const host = hostWith({}, choices)
  const engine = host.engine("engine", () => {})
  const heard: string[] = []
  const work = Effect.gen(function* () {
    const processes = yield* Processes
    const sockets = yield* Sockets
    const bound = yield* sockets.bind("/run/s")
    const descriptors = { 3: { kind: "listener", listener: bound.listener } } as const
    const child = yield* processes.spawn(planOf(stayPath, { descriptors }))
    yield* bound.handOver
    child.onExit(() => void heard.push("exit"))
    const connection = yield* sockets.connect("/run/s", {
      onData: () => {},
      onEnd: () => void heard.push("end")
    })
    connection.write(new Uint8Array(1))
    while (heard.length < 2) yield* Effect.sleep(1)
    return yield* processes.inspect(child.pid)
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({ _tag: "Success", value: undefined })
  return heard
}

test("the end of a connection and the exit come in both orders, and each once", () => {
  const orders = new Set<string>()
  fc.assert(
    fc.property(anyChoices, (choices) => {
      const heard = orderOfEnd(choices)
      expect(heard.toSorted()).toEqual(["end", "exit"])
      orders.add(heard.join())
    })
  )
  expect([...orders].toSorted()).toEqual(["end,exit", "exit,end"])
})

test("a dying process lets go of its descriptors before it is a zombie, in every order", () => {
  const phases = new Set<string>()
  fc.assert(
    fc.property(anyChoices, (choices) => {
      const host = hostWith({}, choices)
      const child = host.birthplace.fork({ parent: 1, argv: [stayPath] })
      child.descriptors.open({ kind: "file", name: "/x" })
      host.processes.signal(child, "SIGKILL")
      while (host.world.step()) {
        phases.add(`${child.phase} ${child.state} ${child.descriptors.held.length}`)
        if (child.phase === "zombie") expect(child.descriptors.held).toEqual([])
      }
      expect(host.processes.get(child.pid)).toBeUndefined()
    })
  )
  expect([...phases].toSorted()).toEqual([
    "ending uninterruptible 0",
    "gone dead 0",
    "zombie zombie 0"
  ])
})

test("SIGKILL takes a stuck process when it comes back, and not before", () => {
  const plan: readonly PlannedFault[] = [{ seam: "signal", nth: 0, fault: "stuck" }]
  const host = hostWith({ faults: new Faults(plan) })
  const engine = host.engine("engine", () => {})
  const work = Effect.gen(function* () {
    const processes = yield* Processes
    const child = yield* processes.spawn(planOf(stayPath))
    yield* Effect.sleep(1)
    const isThere = yield* processes.signal(child, "SIGKILL")
    yield* Effect.sleep(900)
    const info = yield* processes.inspect(child.pid)
    const exit = yield* exitOf(child)
    return { isThere, state: info?.state, exit, words: yield* processes.commandLine(child) }
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({
    value: {
      isThere: true,
      state: "uninterruptible",
      exit: { signal: "SIGKILL" },
      words: undefined
    }
  })
  expect(host.world.nowMs).toBeGreaterThanOrEqual(1_000)
})

test("orphans are pid 1's, which reaps them late", () => {
  const host = hostWith()
  const engine = host.engine("engine", () => {})
  const fiber = Effect.runForkWith(engine.context)(
    Effect.flatMap(Processes, (processes) => processes.spawn(planOf(stayPath)))
  )
  host.world.drain()
  const exit = fiber.pollUnsafe()
  if (exit?._tag !== "Success") throw new Error("no child")
  const { pid } = exit.value
  engine.kill()
  expect(host.processes.inspect(pid)).toMatchObject({ parent: 1, state: "sleeping" })
  host.processes.signal(exit.value, "SIGKILL")
  while (host.processes.inspect(pid)?.state !== "zombie") expect(host.world.step()).toBe(true)
  expect(host.processes.signal(exit.value, "SIGKILL")).toBe(false)
  host.world.drain()
  expect(host.processes.all).toEqual([])
})

test("an engine that dies in the middle of a spawn leaves a child, or none", () => {
  for (const fault of ["kill-before", "kill-after"] as const) {
    const host = hostWith({ faults: new Faults([{ seam: "spawn", nth: 0, fault }]) })
    const engine = host.engine("engine", () => {})
    const spawning = Effect.flatMap(Processes, (processes) => processes.spawn(planOf(stayPath)))
    const fiber = Effect.runForkWith(engine.context)(spawning)
    host.world.drain()
    expect(fiber.pollUnsafe()).toBeUndefined()
    const living = host.processes.all.map(({ words }) => words)
    expect(living).toEqual(fault === "kill-after" ? [[stayPath]] : [])
  }
})
