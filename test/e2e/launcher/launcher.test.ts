/**
 * Goal: a launch leaves either a QEMU whose monitor can be connected to, or nothing and a typed
 * error that says why; an end means dead.
 * Method: real QEMU without a machine, real sockets, files and signals.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { isAlive, Processes, type ProcessExit, type ProcessId } from "../../../src/host/process.ts"
import { connectMonitor } from "../../../src/qemu/connect.ts"
import { queryStatus } from "../../../src/qmp/command.ts"
import { confirmDeath, findByToken, killAndConfirm } from "../../../src/qemu/kill.ts"
import { type Launched, launch, whileAlive } from "../../../src/qemu/launcher.ts"
import { monitorIdPrefix } from "../../../src/qemu/monitor-id.ts"
import { onHost, patienceMs } from "./fixture.ts"

/** The first line that QEMU says to a client. */
const greeting = (path: string) =>
  Effect.callback<string, string>((resume) => {
    const socket = net.connect(path)
    socket.once("data", (bytes) => {
      resume(Effect.succeed(bytes.toString()))
      socket.destroy()
    })
    socket.on("error", (error) => resume(Effect.fail(error.message)))
    socket.on("close", () => resume(Effect.fail("closed")))
    return Effect.sync(() => void socket.destroy())
  })

/** QEMU takes its signals once its main loop turns, which an answered command proves. */
const answered = (path: string) =>
  Effect.scoped(Effect.flatMap(connectMonitor(path), (monitor) => monitor.execute(queryStatus())))

const exitOf = (launched: Launched) =>
  Effect.callback<ProcessExit>((resume) => launched.onExit((exit) => resume(Effect.succeed(exit))))

const kill = (launched: Launched) =>
  killAndConfirm(launched.process, { graceMs: 0, boundMs: patienceMs, onExit: launched.onExit })

const alive = (process: ProcessId) =>
  Effect.map(
    Effect.flatMap(Processes, (processes) => processes.inspect(process.pid)),
    (info) => isAlive(info) && info.startTime === process.startTime
  )

test("QEMU greets on the monitor's path at the first connection", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a")
      const launched = yield* launch(plan)
      expect(fs.statSync(plan.monitor.path).mode & 0o777).toBe(0o600)
      const line = yield* whileAlive(plan, launched, greeting(plan.monitor.path))
      expect(JSON.parse(line).QMP.version.qemu.major).toBeGreaterThanOrEqual(7)
      yield* kill(launched)
      expect(yield* alive(launched.process)).toBe(false)
      expect(yield* exitOf(launched)).toEqual({ code: undefined, signal: "SIGKILL" })
    })
  ))

test("a grace lets QEMU end by itself", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a")
      const launched = yield* launch(plan)
      yield* whileAlive(plan, launched, answered(plan.monitor.path))
      yield* killAndConfirm(launched.process, { graceMs: patienceMs, boundMs: patienceMs })
      expect(yield* exitOf(launched)).toEqual({ code: 0, signal: undefined })
    })
  ))

test("a QEMU that refuses its words is told with its own last ones", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const base = bench.plan("a")
      fs.writeFileSync(base.logPath, "an older run's words\n")
      const plan = { ...base, argv: [...base.argv, "-device", "no-such-device"] as const }
      const launched = yield* launch(plan)
      // QEMU may greet before it refuses.
      const died = yield* Effect.flip(whileAlive(plan, launched, Effect.never))
      expect(died).toMatchObject({ _tag: "QemuDied", exit: { code: 1 } })
      expect(String(died)).toContain("'no-such-device' is not a valid device model name")
      expect(String(died)).not.toContain("older run")
    })
  ))

test("a binary that is missing leaves no socket behind", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a", { argv: ["/nonexistent/qemu"] })
      const error = yield* Effect.flip(launch(plan))
      expect(error).toMatchObject({ _tag: "LaunchFailed", step: "start the process" })
      expect(fs.readdirSync(bench.directory)).toEqual(["a.log"])
    })
  ))

test("a socket path past the limit is refused before anything is started", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a")
      const path = `${plan.monitor.path}${"x".repeat(100)}`
      const error = yield* Effect.flip(launch({ ...plan, monitor: { ...plan.monitor, path } }))
      expect(error).toMatchObject({ step: "bind a socket" })
      expect(String(error)).toContain("ENAMETOOLONG")
      expect((yield* findByToken(monitorIdPrefix(bench.root))).found).toEqual([])
    })
  ))

test("a later listener that cannot be bound takes the monitor's socket back", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a", { listeners: [{ fd: 4, path: "/nonexistent/serial.sock" }] })
      const error = yield* Effect.flip(launch(plan))
      expect(error).toMatchObject({ step: "bind a socket" })
      expect(fs.readdirSync(bench.directory)).toEqual(["a.log"])
    })
  ))

test("listeners that the plan names are QEMU's from the start", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const path = `${bench.directory}/serial.sock`
      const base = bench.plan("a", { listeners: [{ fd: 7, path }] })
      const words = ["-chardev", "socket,id=serial0,fd=7,server=on,wait=off"]
      const plan = { ...base, argv: [...base.argv, ...words] as const }
      const launched = yield* launch(plan)
      yield* whileAlive(plan, launched, greeting(plan.monitor.path))
      const open = Effect.callback<void, string>((resume) => {
        const socket = net.connect(path, () => resume(Effect.void))
        socket.on("error", (error) => resume(Effect.fail(error.message)))
        return Effect.sync(() => void socket.destroy())
      })
      yield* open
      yield* kill(launched)
    })
  ))

const openIn = (process: number | "self"): readonly string[] =>
  fs.readdirSync(`/proc/${process}/fd`).flatMap((fd) => {
    try {
      const target = fs.readlinkSync(`/proc/${process}/fd/${fd}`)
      return target === "/dev/null" || target.startsWith("anon_inode:") ? [] : [target]
    } catch {
      return [] // The descriptor of the reading itself.
    }
  })

test("QEMU inherits nothing that the plan does not name", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a")
      const launched = yield* launch(plan)
      yield* whileAlive(plan, launched, greeting(plan.monitor.path))
      const { pid } = launched.process
      const ours = openIn("self")
      const theirs = openIn(pid)
      expect(ours.length).toBeGreaterThan(0)
      expect(theirs.filter((target) => ours.includes(target))).toEqual([])
      expect(theirs.filter((target) => target === plan.logPath)).toHaveLength(2)
      expect(fs.readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("PATH=/usr/bin:/bin\0")
      expect(fs.readlinkSync(`/proc/${pid}/fd/0`)).toBe("/dev/null")
      yield* kill(launched)
    })
  ))

test("a stopped QEMU is killed all the same", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const processes = yield* Processes
      const launched = yield* launch(bench.plan("a"))
      yield* processes.signal(launched.process, "SIGSTOP")
      yield* killAndConfirm(launched.process, { graceMs: 50, boundMs: patienceMs })
      expect(yield* alive(launched.process)).toBe(false)
    })
  ))

test("an end that does not come in time is told with the process's state", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const processes = yield* Processes
      const launched = yield* launch(bench.plan("a"))
      yield* processes.signal(launched.process, "SIGSTOP")
      const error = yield* Effect.flip(confirmDeath(launched.process, { boundMs: 30 }))
      expect(error).toMatchObject({
        _tag: "StillAlive",
        pid: launched.process.pid,
        state: "stopped"
      })
      yield* kill(launched)
    })
  ))

test("a process of another start time is neither signalled nor waited for", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const launched = yield* launch(bench.plan("a"))
      const earlier = { pid: launched.process.pid, startTime: "1" }
      yield* killAndConfirm(earlier, { graceMs: 0, boundMs: patienceMs })
      expect(yield* alive(launched.process)).toBe(true)
      yield* kill(launched)
    })
  ))

test("ours are found by their token, those of another root are not", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const one = yield* launch(bench.plan("a"))
      const two = yield* launch(bench.plan("b"))
      const { found, unreadable } = yield* findByToken(monitorIdPrefix(bench.root))
      const pids = [one, two].map(({ process }) => process.pid)
      expect(found.map(({ process }) => process.pid).sort()).toEqual(pids.sort())
      expect(found.map(({ token }) => token.epoch)).toEqual(["1-1", "1-1"])
      expect(unreadable).toEqual([])
      expect((yield* findByToken(monitorIdPrefix("another"))).found).toEqual([])
      yield* kill(one)
      yield* kill(two)
      expect((yield* findByToken(monitorIdPrefix(bench.root))).found).toEqual([])
    })
  ))
