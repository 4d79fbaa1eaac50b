/**
 * Goal: the next engine takes over what the last one left: guests that live go on unharmed in the
 * same process, those that died are told and given back, what cannot be read is kept and shown.
 * Method: engines in this process that detach, engines in others that are killed, and files that
 * were damaged in between.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import * as Reads from "../../../actors/driver/reads.ts"
import { EngineProcess } from "./child.ts"
import {
  becomes,
  type Bench,
  onBench,
  outcome,
  pause,
  pidOf,
  qemu,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { commandLine, deadWithin, isDead, processesOf } from "./processes.ts"

const live = (ref: Domain.DomainRef) =>
  until("the monitor", () => Domain.view(ref).chart.includes("monitor.live"))

/** An engine in a process of its own, with what it was told, killed. */
const killedAfter = async (bench: Bench, act: (engine: EngineProcess) => Promise<unknown>) => {
  const engine = new EngineProcess()
  try {
    await engine.demand({ op: "open", root: bench.root })
    await act(engine)
  } finally {
    await engine.kill()
  }
}

test("detaching and adopting keeps process, epoch, id, state and reason", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const running = await first.define(bench.guest("running").definition)
    const paused = await first.create(bench.guest("paused").definition)
    await first.start(running)
    await first.suspend(paused)
    const asked = await first.define(bench.guest("asked").definition)
    await first.start(asked, { isPaused: true })
    const before = Reads.summaries(first.parts)
    const pids = [running, paused, asked].map(pidOf)
    await first.close()
    const next = await bench.open()
    const summaries = Reads.summaries(next.parts)
    expect(summaries).toEqual(before)
    for (const summary of summaries) await live(await next.lookUp(summary.name))
    expect(Reads.summaries(next.parts)).toEqual(before)
    const found = await Promise.all(["running", "paused", "asked"].map((name) => next.lookUp(name)))
    expect(found.map(pidOf)).toEqual(pids)
    expect(next.driver.problems()).toEqual([])
    // They are governed as before, and new numbers are new.
    const [one, two] = found
    if (one === undefined || two === undefined) throw new Error("they are there")
    await next.resume(two)
    await next.suspend(one)
    const third = await next.create(bench.guest("third").definition)
    expect(Domain.view(third).context.id).toBeGreaterThan(
      Math.max(...summaries.map(({ id }) => id ?? 0))
    )
    for (const ref of [...found, third]) await next.destroy(ref)
    // The transient one is gone, the others stay.
    expect(next.names()).toEqual(["asked", "running"])
  }))

test("a guest started by an engine that is then killed runs on and is adopted", () =>
  onBench(async (bench) => {
    const { xml, said } = bench.guest("web")
    await killedAfter(bench, async (engine) => {
      await engine.demand({ op: "define", xml })
      await engine.demand({ op: "start", name: "web" })
    })
    const [before] = processesOf(bench.root)
    expect(before).toBeDefined()
    const next = await bench.open()
    const ref = await next.lookUp("web")
    expect(Domain.view(ref).state).toBe("running")
    expect(pidOf(ref)).toBe(before?.pid)
    await live(ref)
    expect(stateOf(ref)).toBe("running booted")
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    await next.signal(ref, "shutdown")
    await becomes(ref, "shutoff shutdown")
  }))

test("what is asked of a guest before it was found again waits until it is", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const { definition, said } = bench.guest("web")
    const ref = await first.define(definition)
    await first.start(ref)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    for (let round = 0; round < 5; round++) {
      await bench.engines.at(-1)?.close()
      const next = await bench.open()
      const found = await next.lookUp("web")
      // As a rule it is still being connected to; on a slow host that may be over.
      expect(Domain.view(found).chart).toMatch(/monitor\.(connecting|live)/)
      await next.suspend(found)
      expect(stateOf(found)).toBe("paused user")
      await next.resume(found)
    }
    await bench.engines.at(-1)?.close()
    const last = await bench.open()
    const found = await last.lookUp("web")
    await last.signal(found, "shutdown")
    await becomes(found, "shutoff shutdown")
  }))

test("what happened to guests while no engine was there is found out", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const [killed, off, paused] = [
      await first.create(bench.guest("killed").definition),
      await first.create(bench.guest("off").definition),
      await first.create(bench.guest("paused").definition)
    ]
    const pid = pidOf(killed)
    const said = () => fs.readFileSync(serialOf(off), "latin1")
    await until("the guest", () => said().includes("TROUPE GUEST UP"))
    const { monitorPath } = off.belongings.of(Domain.view(off).context.epoch ?? "")
    const other = paused.belongings.of(Domain.view(paused).context.epoch ?? "").monitorPath
    await first.close()
    process.kill(pid, "SIGKILL")
    await deadWithin([{ pid }], 5_000)
    await tellQemu(monitorPath, "system_powerdown")
    await tellQemu(other, "stop")
    await until("the power button", () => said().includes("power button: off"))
    const next = await bench.open()
    expect(next.driver.problems()).toEqual([
      { what: "guest 'killed'", why: "it ended while no engine was there" }
    ])
    await next.tells(killed.uuid, "stopped crashed")
    await next.tells(off.uuid, "stopped shutdown")
    await until("those that ended to be gone", () => next.names().join() === "paused")
    const found = await next.lookUp("paused")
    await becomes(found, "paused unknown")
    await next.resume(found)
    await next.destroy(found)
  }))

/** One command, by a client that is no engine. */
const tellQemu = (path: string, execute: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = net.connect(path)
    let heard = ""
    socket.on("error", reject)
    socket.on("data", (bytes) => {
      heard += String(bytes)
      if (!heard.includes('"id": "last"')) return
      socket.end()
      resolve()
    })
    for (const [command, id] of [
      ["qmp_capabilities", "first"],
      [execute, "last"]
    ])
      socket.write(`${JSON.stringify({ execute: command, id })}\n`)
  })

const serialOf = (ref: Domain.DomainRef): string => {
  const serial = Domain.view(ref).context.live?.devices.find(({ kind }) => kind === "serial")
  return serial?.kind === "serial" && serial.source.type === "file"
    ? (serial.source.path ?? "")
    : ""
}

test("a domain whose guest died while no engine was there starts again at once", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.define(bench.guest("web").definition)
    await first.start(ref)
    const pid = pidOf(ref)
    await first.close()
    process.kill(pid, "SIGKILL")
    await deadWithin([{ pid }], 5_000)
    const next = await bench.open()
    const found = await next.lookUp("web")
    await next.start(found)
    expect(stateOf(found)).toBe("running booted")
    expect(next.told(found.uuid)).toEqual(["stopped crashed", "started booted"])
    await next.destroy(found)
  }))

test.each([
  ["torn", (text: string) => text.slice(0, 60)],
  ["empty", () => ""],
  ["of a later version", (text: string) => text.replace('"version":1', '"version":99')],
  ["without a definition", (text: string) => text.replace(/"definition":"/, '"definition":"<')]
] as const)("a guest whose status is %s runs on, is listed and can be destroyed", (_, damage) =>
  onBench(async (bench) => {
    const first = await bench.open()
    const known = await first.define(bench.guest("known").definition)
    await first.start(known)
    const transient = await first.create(bench.guest("transient").definition)
    const pids = [known, transient].map(pidOf)
    await first.close()
    const directory = join(bench.root, "run/status")
    for (const name of fs.readdirSync(directory)) {
      const path = join(directory, name)
      fs.writeFileSync(path, damage(fs.readFileSync(path, "utf8")))
    }
    const next = await bench.open()
    expect(next.driver.problems()).toHaveLength(2)
    expect(pids.some(isDead)).toBe(false)
    expect(fs.readdirSync(directory)).toHaveLength(2)
    const found = next.refs()
    expect(found.map(pidOf).toSorted()).toEqual(pids.toSorted())
    expect(next.names()).toContain("known")
    for (const ref of found) {
      await live(ref)
      expect(Domain.view(ref).state).toBe("running")
      await next.destroy(ref)
    }
    expect(next.names()).toEqual(["known"])
    expect(fs.readdirSync(directory)).toEqual([])
  })
)

test("a damaged status of a guest that is dead is kept, and told", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.define(bench.guest("web").definition)
    await first.start(ref)
    const pid = pidOf(ref)
    await first.close()
    process.kill(pid, "SIGKILL")
    await deadWithin([{ pid }], 5_000)
    const directory = join(bench.root, "run/status")
    const [name = ""] = fs.readdirSync(directory)
    fs.writeFileSync(join(directory, name), "{")
    const next = await bench.open()
    expect(next.driver.problems()).toHaveLength(1)
    const found = await next.lookUp("web")
    await next.start(found)
    await next.destroy(found)
    // What is not understood is not ours to remove.
    expect(fs.readdirSync(directory)).toEqual([name])
    fs.unlinkSync(join(directory, name))
  }))

test("a definition that cannot be read costs its running guest nothing", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.define(bench.guest("web").definition)
    await first.start(ref)
    const pid = pidOf(ref)
    await first.close()
    const path = join(bench.root, "etc/qemu/web.xml")
    const text = fs.readFileSync(path, "utf8")
    fs.writeFileSync(path, text.replace("</domain>", ""))
    const next = await bench.open()
    const found = await next.lookUp("web")
    expect(pidOf(found)).toBe(pid)
    await next.destroy(found)
    expect(fs.existsSync(path)).toBe(true)
    fs.writeFileSync(path, text)
    await next.close()
    expect((await bench.open()).names()).toEqual(["web"])
  }))

test("a QEMU that becomes one only after the next engine has looked is ended too", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.create(bench.guest("web").definition)
    const monitor = commandLine(pidOf(ref)).find((word) => word.startsWith("socket,id=troupe."))
    await first.destroy(ref)
    await first.close()
    const next = await bench.open()
    // What a killed engine had forked: the words of one of its starts, and no record of it.
    const path = join(bench.directory, "late")
    const words = ["-machine", "none", "-display", "none", "-S", "-mon"]
    const chardev = monitor?.replace(/,fd=\d+,/, `,path=${path},`) ?? ""
    const id = /id=([^,]+)/.exec(chardev)?.[1] ?? ""
    const late = spawn(qemu, [...words, `chardev=${id},mode=control`, "-chardev", chardev], {
      stdio: "ignore",
      detached: true
    })
    await until("it to be there", () => processesOf(bench.root).length === 1)
    await until("its monitor", () => fs.existsSync(path))
    expect(isDead(late.pid ?? -1)).toBe(false)
    await until("it to be gone", () => isDead(late.pid ?? -1))
    expect(next.names()).toEqual([])
  }))

test("a second engine on a root is refused at once, and told who holds it", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const second = await bench.engine()
    const refused = await outcome(second.run(second.driver.open))
    expect(tagOf(refused)).toBe("RootLocked")
    expect(String(refused)).toContain("test")
    const ref = await first.create(bench.guest("web").definition)
    expect(processesOf(bench.root)).toHaveLength(1)
    await first.destroy(ref)
    await first.close()
    const third = await bench.open()
    expect(third.names()).toEqual([])
  }))

test("a guest that was to go with its connection goes after the engine was killed", () =>
  onBench(async (bench) => {
    await killedAfter(bench, async (engine) => {
      await engine.demand({ op: "create", xml: bench.guest("bound").xml, autoDestroy: "c1" })
      await engine.demand({ op: "create", xml: bench.guest("free").xml })
    })
    expect(processesOf(bench.root)).toHaveLength(2)
    const next = await bench.open()
    await until("the bound one to be gone", () => next.names().join() === "free")
    expect(processesOf(bench.root)).toHaveLength(1)
    await next.destroy(await next.lookUp("free"))
  }))

test("close ends what is between two states and what goes with the engine, and nothing else", () =>
  onBench(async (bench) => {
    for (let round = 0; round < 6; round++) {
      const engine = await bench.open()
      const keeps = await engine.create(bench.guest("keeps").definition)
      const goes = await engine.create(bench.guest("goes").definition, { autoDestroy: "here" })
      const stops = await engine.create(bench.guest("stops").definition)
      const pid = pidOf(keeps)
      const starting = outcome(engine.create(bench.guest("starts").definition))
      await pause(round * 12)
      void outcome(engine.run(Domain.destroy(stops)))
      await engine.close()
      // A call that was let in is carried through before the engine ends.
      const isStarted = tagOf(await starting) === "ok"
      expect(Domain.view(goes).state).toBe("shutoff")
      const next = await bench.open()
      expect(next.names()).toEqual(isStarted ? ["keeps", "starts"] : ["keeps"])
      expect(next.driver.problems()).toEqual([])
      expect(pidOf(await next.lookUp("keeps"))).toBe(pid)
      for (const name of next.names()) await next.destroy(await next.lookUp(name))
      await next.close()
    }
  }))
