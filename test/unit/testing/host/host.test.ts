/**
 * Goal: an engine on a simulated host finds what it finds on a real one, dies as a process does,
 * and leaves what a process leaves.
 * Method: small programs and effects in one world, first come first served.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { Files } from "../../../../src/host/files.ts"
import { type ProcessExit, Processes, type SpawnPlan } from "../../../../src/host/process.ts"
import { Sockets } from "../../../../src/host/socket.ts"
import { Faults, type PlannedFault } from "../../../../src/testing/fault.ts"
import {
  type EngineProcess,
  type HostServices,
  SimulatedHost
} from "../../../../src/testing/host/host.ts"
import type { Program, Self, Stream } from "../../../../src/testing/host/program.ts"
import { World } from "../../../../src/testing/world.ts"

const echoPath = "/usr/bin/echo-server"

/** Answers each client with what it says, one at a time; ends when told `quit`. */
const echo: Program = {
  start: (self: Self) => {
    const serve = (client: Stream) => {
      client.onData((bytes) => {
        const said = new TextDecoder().decode(bytes)
        self.write(1, `${said}\n`)
        if (said === "quit") return self.exit(7)
        return client.write(bytes)
      })
      client.onEnd(() => self.accept(3, serve))
    }
    self.accept(3, serve)
  }
}

const setting = (plan: readonly PlannedFault[] = []) => {
  const world = new World()
  const faults = new Faults(plan)
  const host = new SimulatedHost(world, { faults, programs: new Map([[echoPath, echo]]) })
  return { world, faults, host }
}

const run = <A, E>(
  world: World,
  engine: EngineProcess,
  effect: Effect.Effect<A, E, HostServices>
) => {
  const fiber = Effect.runForkWith(engine.context)(effect)
  world.drain()
  return fiber.pollUnsafe()
}

/** A child that listens at the path. */
const launch = (path: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    const bound = yield* (yield* Sockets).bind(path)
    const log = yield* files.open("/run/log", "append")
    const plan: SpawnPlan = {
      argv: [echoPath, "word"],
      environment: {},
      directory: "/",
      descriptors: {
        1: { kind: "file", file: log },
        3: { kind: "listener", listener: bound.listener }
      },
      isDetached: true
    }
    const child = yield* (yield* Processes).spawn(plan)
    yield* bound.handOver
    yield* files.close(log)
    return child
  })

const told = (heard: string[], ends: (string | undefined)[] = []) => ({
  onData: (bytes: Uint8Array) => void heard.push(new TextDecoder().decode(bytes)),
  onEnd: (error: string | undefined) => void ends.push(error)
})

test("a child is launched, talked to, told to end, and its exit is seen", () => {
  const { world, host } = setting()
  const engine = host.engine("troupe", () => {})
  const heard: string[] = []
  const ends: (string | undefined)[] = []
  const work = Effect.gen(function* () {
    const child = yield* launch("/run/s")
    const connection = yield* (yield* Sockets).connect("/run/s", told(heard, ends))
    connection.write(new TextEncoder().encode("hello"))
    yield* Effect.sleep(1)
    connection.write(new TextEncoder().encode("quit"))
    const exit = yield* Effect.callback<ProcessExit>((resume) =>
      child.onExit((how) => resume(Effect.succeed(how)))
    )
    const left = yield* (yield* Processes).inspect(child.pid)
    const log = yield* (yield* Files).read("/run/log", 99)
    return { exit, left, log: new TextDecoder().decode(log) }
  })
  expect(run(world, engine, work)).toMatchObject({
    _tag: "Success",
    value: { exit: { code: 7, signal: undefined }, left: undefined, log: "hello\nquit\n" }
  })
  expect(heard).toEqual(["hello"])
  expect(ends).toEqual([undefined])
  const { processes, listeners, paths } = host.inventory()
  expect(processes.map(({ pid, descriptors }) => ({ pid, descriptors }))).toEqual([
    { pid: engine.pid, descriptors: [] }
  ])
  expect(listeners).toEqual([])
  expect(paths).toEqual(["/run/log", "/run/s"])
})

test("an engine that is killed drops its locks and descriptors, and its children go on", () => {
  const { world, host } = setting()
  let killed = 0
  const engine = host.engine("troupe", () => void killed++)
  const pids: number[] = []
  const work = Effect.gen(function* () {
    yield* (yield* Files).lock("/run/lock")
    const child = yield* launch("/run/s")
    pids.push(child.pid)
    yield* (yield* Sockets).connect("/run/s", told([]))
    return yield* Effect.never
  })
  Effect.runForkWith(engine.context)(Effect.scoped(work))
  world.drain()
  engine.kill()
  expect(killed).toBe(1)
  world.drain()
  expect(host.processes.all.map(({ pid, parent }) => ({ pid, parent }))).toEqual([
    { pid: pids[0], parent: 1 }
  ])
  const second = host.engine("troupe", () => {})
  const heard: string[] = []
  const again = Effect.gen(function* () {
    yield* (yield* Files).lock("/run/lock")
    const connection = yield* (yield* Sockets).connect("/run/s", told(heard))
    connection.write(new TextEncoder().encode("again"))
    yield* Effect.sleep(1)
    connection.close()
  })
  expect(run(world, second, Effect.scoped(again))).toMatchObject({ _tag: "Success" })
  expect(heard).toEqual(["again"])
  expect(second.descriptors.held).toEqual([])
})

test.each(["kill-before", "kill-after"] as const)("%s leaves a deed undone, or done", (fault) => {
  const { world, host } = setting([{ seam: "file", nth: 1, fault }])
  let killed = 0
  const engine = host.engine("troupe", () => void killed++)
  const work = Effect.gen(function* () {
    const files = yield* Files
    yield* files.makeDirectory("/run/a", 0o700)
    yield* files.makeDirectory("/run/b", 0o700)
    yield* files.makeDirectory("/run/c", 0o700)
  }).pipe(Effect.ensuring(Effect.sync(() => host.disk.makeDirectory("/run/finalized", 0o700))))
  expect(run(world, engine, work)).toBeUndefined()
  expect(killed).toBe(1)
  expect(host.inventory().paths).toEqual(
    fault === "kill-before" ? ["/run/a"] : ["/run/a", "/run/b"]
  )
})

test("a power cut leaves what was synced, nothing in memory, and another boot", () => {
  const { world, host } = setting()
  let killed = 0
  const engine = host.engine("troupe", () => void killed++)
  const bootIdOf = (files: (typeof Files)["Service"]) =>
    files.read("/proc/sys/kernel/random/boot_id", 99)
  const work = Effect.gen(function* () {
    const files = yield* Files
    for (const path of ["/var/lib/kept", "/var/lib/lost", "/run/gone"])
      yield* files.close(yield* files.open(path, "create"))
    yield* files.rename("/var/lib/lost", "/var/lib/lost2")
    yield* launch("/run/s")
    const boot = yield* bootIdOf(files)
    const denied = yield* Effect.flip(files.rename("/run/gone", "/var/lib/gone"))
    return { boot, code: denied.code }
  })
  const first = run(world, engine, work)
  expect(first).toMatchObject({ value: { code: "EXDEV" } })
  host.disk.syncDirectory(host.disk.directoryAt("/var/lib"))
  host.disk.unlink("/var/lib/kept")
  host.powerCut()
  expect(killed).toBe(1)
  expect(host.inventory()).toEqual({
    processes: [],
    listeners: [],
    paths: ["/var/lib/kept", "/var/lib/lost2"]
  })
  const second = host.engine("troupe", () => {})
  const boot = run(world, second, Effect.flatMap(Files, bootIdOf))
  expect(boot).toMatchObject({ _tag: "Success" })
  expect(boot).not.toMatchObject({ value: (first as { value: { boot: Uint8Array } }).value.boot })
})
