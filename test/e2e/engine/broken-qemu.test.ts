/**
 * Goal: a QEMU that is missing, refuses, dies, hangs or talks nonsense costs its own domain an
 * error in bounded time, and nobody else anything.
 * Method: emulators that misbehave, beside a domain on the real one that must not notice.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { replyTimeoutMs } from "../../../actors/monitor.ts"
import { type Fault, fakeQemu } from "./fake-qemu.ts"
import {
  becomes,
  type Bench,
  onEngine,
  outcome,
  pause,
  qemu,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { isDead, processesOf } from "./processes.ts"

const guestOn = (bench: Bench, name: string, emulator: string) =>
  bench.guest(name, {
    edit: (xml) => xml.replace("<devices>", `<devices><emulator>${emulator}</emulator>`)
  }).definition

const faultyGuest = (bench: Bench, fault: Fault) =>
  guestOn(bench, fault, fakeQemu(bench.directory, qemu, fault))

test("a QEMU that is not there is named, and so is a file that is none", () =>
  onEngine(async (engine, bench) => {
    const missing = await outcome(engine.define(guestOn(bench, "a", "/no/such/qemu")))
    expect(tagOf(missing)).toBe("ProbeFailed")
    expect(String(missing)).toContain("/no/such/qemu")
    const text = join(bench.directory, "notes.txt")
    fs.writeFileSync(text, "no program")
    expect(tagOf(await outcome(engine.define(guestOn(bench, "b", text))))).toBe("ProbeFailed")
    expect(engine.names()).toEqual([])
    expect(engine.allNames()).toEqual([])
  }))

test("a QEMU that goes between define and start fails the start", () =>
  onEngine(async (engine, bench) => {
    const emulator = join(bench.directory, "qemu")
    fs.symlinkSync(qemu, emulator)
    const ref = await engine.define(guestOn(bench, "web", emulator))
    fs.unlinkSync(emulator)
    const failed = await outcome(engine.start(ref))
    expect(tagOf(failed)).toBe("StartFailed")
    expect(String(failed)).toContain(emulator)
    expect(stateOf(ref)).toBe("shutoff failed")
    fs.symlinkSync(qemu, emulator)
    await engine.start(ref)
    await engine.destroy(ref)
  }))

test("a QEMU that refuses its arguments is quoted", () =>
  onEngine(async (engine, bench) => {
    const { definition } = bench.guest("web", {
      edit: (xml) => xml.replace(/<source file='[^']*disk.img'\/>/, "<source file='/no/disk'/>")
    })
    const ref = await engine.define(definition)
    const failed = await outcome(engine.start(ref))
    expect(tagOf(failed)).toBe("StartFailed")
    expect(String(failed)).toMatch(/\/no\/disk.*No such file or directory/)
    expect(stateOf(ref)).toBe("shutoff failed")
    expect(bench.leftovers()).toEqual([])
  }))

test("a QEMU that dies before its monitor is quoted", () =>
  onEngine(async (engine, bench) => {
    const failed = await outcome(engine.create(faultyGuest(bench, "dies")))
    expect(tagOf(failed)).toBe("StartFailed")
    expect(String(failed)).toContain("exit code 3: fake: no room in the inn")
    expect(engine.allNames()).toEqual([])
  }))

test.each(["garbage", "endless", "wrong-ids", "hangs-up"] as const)(
  "a monitor that %s fails the start and leaves nothing",
  (fault) =>
    onEngine(async (engine, bench) => {
      const ref = await engine.define(faultyGuest(bench, fault))
      const failed = await outcome(engine.start(ref))
      expect(tagOf(failed)).toBe("StartFailed")
      expect(String(failed)).toContain("connect")
      expect(stateOf(ref)).toBe("shutoff failed")
      expect(processesOf(bench.root)).toEqual([])
      expect(bench.leftovers()).toEqual([])
    })
)

test("one that hangs in the handshake ends in bounded time, and nobody waits for it", () =>
  onEngine(async (engine, bench) => {
    const hanging = (["mute", "hangs"] as const).map((fault) =>
      outcome(engine.create(faultyGuest(bench, fault)))
    )
    const doomed = await engine.define(guestOn(bench, "x", fakeQemu(bench.directory, qemu, "mute")))
    const starting = outcome(engine.start(doomed))
    await until("three hang", () => processesOf(bench.root).length === 3)
    const good = await engine.create(bench.guest("good").definition)
    await engine.suspend(good)
    await engine.resume(good)
    await engine.destroy(good)
    await engine.destroy(doomed)
    expect(String(await starting)).toContain("it was destroyed meanwhile")
    for (const failed of await Promise.all(hanging)) {
      expect(tagOf(failed)).toBe("StartFailed")
      expect(String(failed)).toContain(`${replyTimeoutMs}`)
    }
    expect(engine.allNames()).toEqual(["x"])
  }))

test("a flood of events keeps its domain governable and the others undisturbed", () =>
  onEngine(async (engine, bench) => {
    const wild = await engine.create(faultyGuest(bench, "floods"))
    const good = await engine.create(bench.guest("good").definition)
    await until("events", () => engine.told(wild.uuid).length > 3_000)
    for (let round = 0; round < 5; round++) {
      await engine.suspend(good)
      await engine.resume(good)
      expect(engine.names()).toEqual(["floods", "good"])
    }
    await engine.destroy(wild)
    expect(engine.names()).toEqual(["good"])
    await engine.destroy(good)
  }))

test("a QEMU whose connection outlives it is seen to be dead", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(faultyGuest(bench, "leaves-a-child"))
    await engine.start(ref)
    expect(stateOf(ref)).toBe("running booted")
    // It ended by itself, with status 0.
    await becomes(ref, "shutoff shutdown")
    await endSleepers(bench)
  }))

test("a guest that is off before its start is over is found off", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(faultyGuest(bench, "off-at-once"))
    for (let round = 0; round < 5; round++) {
      await engine.start(ref)
      await becomes(ref, "shutoff shutdown")
    }
    expect(engine.told(ref.uuid).slice(1, 4)).toEqual([
      "started booted",
      "shutdown finished",
      "stopped shutdown"
    ])
  }))

test("a QEMU that dies as its start ends is not taken for running", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(faultyGuest(bench, "dies-at-once"))
    for (let round = 0; round < 10; round++) {
      const started = await outcome(engine.start(ref))
      expect(["ok", "StartFailed"]).toContain(tagOf(started))
      await until(`its end, not ${stateOf(ref)}`, () => Domain.view(ref).state === "shutoff")
    }
  }))

/** What a fake had started of its own is no QEMU, so that the bench does not know it. */
const endSleepers = async (bench: Bench): Promise<void> => {
  const pids = fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isOf(pid, bench.directory))
  for (const pid of pids) process.kill(pid, "SIGKILL")
  while (pids.some((pid) => !isDead(pid))) await pause(3)
}

const isOf = (pid: number, directory: string): boolean => {
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, "latin1")
    const home = fs.readFileSync(`/proc/${pid}/environ`, "latin1")
    return command.startsWith("sleep\0") && home.includes(directory)
  } catch {
    return false
  }
}
