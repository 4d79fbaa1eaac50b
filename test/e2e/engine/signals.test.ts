/**
 * Goal: a QEMU that is killed at any stage is seen to be dead, in QEMU's or the kernel's words, and
 * its domain can start at once; one that is stopped delays nobody and is destroyed within a second.
 * Method: signals to real QEMU processes at random instants.
 */
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { replyTimeoutMs } from "../../../actors/monitor.ts"
import {
  becomes,
  type Engine,
  expectQuiet,
  onBench,
  onEngine,
  outcome,
  pause,
  pidOf,
  startTime,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { isDead, letterOf, processesOf } from "./processes.ts"
import { seeded } from "./seed.ts"

const killAll = (root: string): number => {
  const living = processesOf(root)
  for (const { pid } of living) process.kill(pid, "SIGKILL")
  return living.length
}

test("killed at any instant of its start, it is told and gone", { timeout: 120_000 }, () =>
  onEngine(async (engine, bench) => {
    const random = seeded("kill during start")
    const ref = await engine.define(bench.guest("web").definition)
    const spanMs = await startTime(engine, ref)
    const seen = new Set<string>()
    for (let round = 0; round < 40; round++) {
      const started = outcome(engine.start(ref))
      // The first and the last instant are sure to be among them, however busy the machine is.
      if (round === 1) await started
      else if (round > 1) await pause(random() * spanMs * 1.5)
      // Looking for it takes as long as it takes: that too is an instant.
      if (killAll(bench.root) === 0) await until("a process", () => killAll(bench.root) > 0, 2_000)
      const result = await started
      seen.add(tagOf(result))
      expect(["ok", "StartFailed"], random.told).toContain(tagOf(result))
      if (result instanceof Error) expect(result.message, random.told).toContain("SIGKILL")
      await until(`shutoff, not ${stateOf(ref)}`, () => Domain.view(ref).state === "shutoff")
      expect(stateOf(ref), random.told).toMatch(/^shutoff (failed|crashed)$/)
      expect(bench.leftovers(), random.told).toEqual([])
    }
    expect(seen).toEqual(new Set(["ok", "StartFailed"]))
    await engine.start(ref)
    await engine.destroy(ref)
  })
)

/** What a domain that runs may be doing when its QEMU is killed. */
const doings: readonly (readonly [string, (engine: Engine, ref: Domain.DomainRef) => unknown])[] = [
  ["suspend", (engine, ref) => engine.suspend(ref)],
  ["shutdown", (engine, ref) => engine.signal(ref, "shutdown")],
  ["reboot", (engine, ref) => engine.signal(ref, "reboot")],
  ["reset", (engine, ref) => engine.signal(ref, "reset")],
  ["destroy", (engine, ref) => engine.destroy(ref)],
  [
    "title",
    (engine, ref) =>
      engine.change(ref, { type: "title", affects: { config: true, live: true }, text: "x" })
  ]
]

test.each(doings)(
  "killed during a %s, the call is answered and the domain starts again",
  (_, act) =>
    onEngine(async (engine, bench) => {
      const random = seeded("kill during a call")
      const ref = await engine.define(bench.guest("web").definition)
      for (let round = 0; round < 4; round++) {
        await engine.start(ref)
        const pid = pidOf(ref)
        const acted = outcome(Promise.resolve(act(engine, ref)))
        if (round > 0) await pause(random() * 20)
        if (!isDead(pid)) process.kill(pid, "SIGKILL")
        const tags = ["ok", "DomainGone", "OperationFailed"]
        expect(tags, random.told).toContain(tagOf(await acted))
        await until(`shutoff, not ${stateOf(ref)}`, () => Domain.view(ref).state === "shutoff")
        expect(bench.leftovers()).toEqual([])
        await expectQuiet(engine)
      }
    })
)

test("a stopped QEMU is destroyed within a second", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    for (const order of ["running", "paused"]) {
      await engine.start(ref, { isPaused: order === "paused" })
      process.kill(pidOf(ref), "SIGSTOP")
      await until("it stops", () => letterOf(pidOf(ref)) === "T")
      const before = performance.now()
      await engine.destroy(ref)
      expect(performance.now() - before).toBeLessThan(1_000)
      expect(stateOf(ref)).toBe("shutoff destroyed")
    }
  }))

test("a QEMU that was told to end and stops meanwhile is destroyed within a second", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    await engine.start(ref)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    const pid = pidOf(ref)
    // The guest's own power-off gives QEMU time to flush; whoever destroys does not wait for that.
    engine.driver.kernel.inspection.watch(({ message }) => {
      if (message === "qmpShutdown") process.kill(pid, "SIGSTOP")
    })
    await engine.signal(ref, "shutdown")
    await until("the end to begin", () => Domain.view(ref).chart.includes("stopping"))
    await pause(1_200)
    expect(Domain.view(ref).chart).toContain("stopping.terminating")
    const before = performance.now()
    await engine.destroy(ref)
    expect(performance.now() - before).toBeLessThan(1_000)
    expect(stateOf(ref)).toMatch(/^shutoff/)
  }))

test(
  "a stopped QEMU is silent after a while, delays nobody, and is heard again",
  { timeout: 90_000 },
  () =>
    onEngine(async (engine, bench) => {
      const quiet = await engine.create(bench.guest("quiet").definition)
      const other = await engine.define(bench.guest("other").definition)
      const pid = pidOf(quiet)
      process.kill(pid, "SIGSTOP")
      const suspended = outcome(engine.suspend(quiet))
      await until("the command is on its way", () => Domain.view(quiet).chart.includes("pausing"))
      // Everybody else, and every read, goes on.
      const end = performance.now() + replyTimeoutMs - 1_000
      let rounds = 0
      while (performance.now() < end) {
        await engine.start(other)
        await engine.suspend(other)
        await engine.resume(other)
        expect(engine.names()).toEqual(["other", "quiet"])
        expect(Domain.view(quiet).state).toBe("running")
        await engine.destroy(other)
        rounds++
      }
      expect(rounds).toBeGreaterThan(2)
      const failed = await suspended
      expect(tagOf(failed)).toBe("OperationFailed")
      expect(String(failed)).toContain(`${replyTimeoutMs}`)
      expect(Domain.view(quiet).chart).toContain("monitor.silent")
      expect(stateOf(quiet)).toBe("running booted")
      process.kill(pid, "SIGCONT")
      // It obeys late: what it says counts, whoever still waits for it.
      await until("it to be heard", () => Domain.view(quiet).chart.includes("monitor.live"))
      await until("the late stop", () => Domain.view(quiet).state === "paused")
      await engine.resume(quiet)
      await engine.destroy(quiet)
    })
)

test("a stopped QEMU is adopted, listed and destroyed by the next engine", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.create(bench.guest("web").definition)
    const pid = pidOf(ref)
    process.kill(pid, "SIGSTOP")
    await first.close()
    const next = await bench.open()
    const found = await next.lookUp("web")
    expect(stateOf(found)).toBe("running booted")
    expect(pidOf(found)).toBe(pid)
    expect(Domain.view(found).chart).toContain("monitor.connecting")
    process.kill(pid, "SIGCONT")
    await until("the monitor", () => Domain.view(found).chart.includes("monitor.live"))
    process.kill(pid, "SIGSTOP")
    const before = performance.now()
    await next.destroy(found)
    expect(performance.now() - before).toBeLessThan(1_000)
  }))

test("one that is ended from outside was shut down, one that is killed has crashed", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    process.kill(pidOf(ref), "SIGTERM")
    await becomes(ref, "shutoff shutdown")
    await engine.start(ref)
    process.kill(pidOf(ref), "SIGKILL")
    await becomes(ref, "shutoff crashed")
    await engine.tells(ref.uuid, "stopped crashed")
  }))
