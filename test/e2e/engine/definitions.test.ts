/**
 * Goal: what a domain is (persistent, transient, its names and texts) follows what was asked and
 * acknowledged, on disk as in memory, while its guest runs and while it does not.
 * Method: real QEMU under TCG, the driver's calls, and a second engine that reads what the first
 * left.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import * as Calls from "../../../actors/driver/calls.ts"
import type { KeptElement } from "../../../src/model/kept.ts"
import { formatDomain } from "../../../src/xml/domain.ts"
import {
  becomes,
  type Bench,
  onBench,
  onEngine,
  outcome,
  pause,
  pidOf,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { processesOf } from "./processes.ts"

const fileOf = (bench: Bench, name: string) => join(bench.root, "etc/qemu", `${name}.xml`)
const both = { config: true, live: true }

test("a transient domain ends with its guest, and its name is free", () =>
  onEngine(async (engine, bench) => {
    const { definition } = bench.guest("web")
    const ref = await engine.create(definition)
    expect(stateOf(ref)).toBe("running booted")
    expect(fs.existsSync(fileOf(bench, "web"))).toBe(false)
    await engine.destroy(ref)
    expect(engine.names()).toEqual([])
    const again = await engine.create(bench.guest("web").definition)
    await engine.destroy(again)
    expect(engine.told(ref.uuid)).toEqual(["started booted", "stopped destroyed"])
  }))

test("a running transient domain becomes persistent by define", () =>
  onEngine(async (engine, bench) => {
    const { definition } = bench.guest("web")
    const ref = await engine.create(definition)
    expect(await engine.define(definition)).toBe(ref)
    await engine.destroy(ref)
    expect(engine.names()).toEqual(["web"])
    expect(fs.existsSync(fileOf(bench, "web"))).toBe(true)
    await engine.start(ref)
    await engine.destroy(ref)
  }))

test("an undefined domain that runs is transient from then on", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    await engine.change(ref, { type: "undefine" })
    expect(fs.existsSync(fileOf(bench, "web"))).toBe(false)
    expect(stateOf(ref)).toBe("running booted")
    expect(engine.names()).toEqual(["web"])
    expect(tagOf(await outcome(engine.change(ref, { type: "undefine" })))).toBe("RequestDenied")
    await engine.destroy(ref)
    expect(engine.names()).toEqual([])
    expect(tagOf(await outcome(engine.lookUp("web")))).toBe("DomainNotFound")
  }))

test("an undefined domain that is off is gone", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.change(ref, { type: "undefine" })
    expect(engine.names()).toEqual([])
    expect(tagOf(await outcome(engine.start(ref)))).toBe("RequestDenied")
    expect(engine.told(ref.uuid)).toEqual(["defined added", "undefined removed"])
  }))

test("a define or an undefine that meets the guest's end decides what remains", () =>
  onEngine(async (engine, bench) => {
    for (let round = 0; round < 6; round++) {
      const { definition } = bench.guest("web")
      const ref = await engine.create(definition)
      const [defined] = await Promise.all([outcome(engine.define(definition)), engine.destroy(ref)])
      // Whoever came last: acknowledged means listed and on disk.
      expect(tagOf(defined)).toBe("ok")
      expect(engine.names()).toEqual(["web"])
      expect(fs.existsSync(fileOf(bench, "web"))).toBe(true)
      const found = await engine.lookUp("web")
      await engine.start(found)
      const [undefined_] = await Promise.all([
        outcome(engine.change(found, { type: "undefine" })),
        engine.destroy(found)
      ])
      expect(tagOf(undefined_)).toBe("ok")
      await until("the domain to be gone", () => engine.names().length === 0)
      expect(fs.existsSync(fileOf(bench, "web"))).toBe(false)
    }
  }))

test("a guest that ends while its definition is written is what was written", () =>
  onBench(async (bench) => {
    const engine = await bench.open({ slow: { syncMs: 150 } })
    const { definition } = bench.guest("web")
    const ref = await engine.create(definition)
    const defining = engine.define(definition)
    await until("the write", () => Domain.view(ref).chart.includes("job.writing"))
    const ended = engine.destroy(ref)
    await until("the end", () => Domain.view(ref).chart.includes("stopping.closing"))
    await Promise.all([defining, ended])
    expect(engine.names()).toEqual(["web"])
    await engine.start(ref)
    const undefining = engine.change(ref, { type: "undefine" })
    await until("the write", () => Domain.view(ref).chart.includes("job.writing"))
    await Promise.all([undefining, engine.destroy(ref)])
    expect(engine.allNames()).toEqual([])
    expect(fs.existsSync(fileOf(bench, "web"))).toBe(false)
  }))

test("a rename is told as undefine and define, and takes the file and the autostart along", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.change(ref, { type: "autostart", isAutostart: true })
    await engine.call((parts) => Calls.rename(parts, ref, "shop"))
    expect(engine.names()).toEqual(["shop"])
    expect(fs.existsSync(fileOf(bench, "web"))).toBe(false)
    expect(fs.readlinkSync(join(bench.root, "etc/qemu/autostart/shop.xml"))).toBe("../shop.xml")
    expect(await engine.lookUp("shop")).toBe(ref)
    await engine.start(ref)
    expect(tagOf(await outcome(engine.call((parts) => Calls.rename(parts, ref, "x"))))).toBe(
      "RequestDenied"
    )
    expect(engine.names()).toEqual(["shop"])
    await engine.destroy(ref)
    await engine.tells(ref.uuid, "stopped destroyed")
    expect(engine.told(ref.uuid).slice(1, 3)).toEqual(["undefined renamed", "defined renamed"])
  }))

test("a domain that is marked starts when the engine opens", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    const ref = await first.define(bench.guest("web").definition)
    await first.define(bench.guest("idle").definition)
    await first.change(ref, { type: "autostart", isAutostart: true })
    expect(stateOf(ref)).toBe("shutoff unknown")
    await first.close()
    const next = await bench.open()
    const started = await next.lookUp("web")
    await becomes(started, "running booted")
    expect(stateOf(await next.lookUp("idle"))).toBe("shutoff unknown")
    expect(next.driver.problems()).toEqual([])
    await next.destroy(started)
  }))

test("an autostart that is under way when the engine closes leaves guests or nothing", () =>
  onBench(async (bench) => {
    const first = await bench.open()
    for (const name of ["a", "b", "c"]) {
      const ref = await first.define(bench.guest(name).definition)
      await first.change(ref, { type: "autostart", isAutostart: true })
    }
    await first.close()
    const counts = new Set<number>()
    for (const afterMs of [0, 30, 60, 90, 120, 200, "all"] as const) {
      const starting = await bench.open({ startConcurrency: 1, slow: { readMs: 20 } })
      const areAll = () =>
        starting.refs().filter((ref) => Domain.view(ref).state === "running").length === 3
      await (afterMs === "all" ? until("all to run", areAll) : pause(afterMs))
      await starting.close()
      // Nothing starts any more, and nothing is half started.
      await pause(60)
      const left = processesOf(bench.root).map(({ pid }) => pid)
      counts.add(left.length)
      const next = await bench.open({ isAutostarting: false })
      const guests = next.refs().filter((ref) => Domain.view(ref).state === "running")
      for (const ref of guests)
        await until("the monitor", () => Domain.view(ref).chart.includes("monitor.live"))
      expect(guests.map(pidOf).toSorted(), `after ${afterMs} ms`).toEqual(left.toSorted())
      expect(next.driver.problems()).toEqual([])
      expect(next.events).toEqual([])
      for (const ref of guests) await next.destroy(ref)
      await next.close()
    }
    expect([...counts]).toEqual(expect.arrayContaining([0, 3]))
  }))

const note: KeptElement = {
  name: "n:note",
  attributes: [
    { name: "xmlns:n", value: "http://example.org/note" },
    { name: "text", value: "hello" }
  ],
  children: []
} as unknown as KeptElement

test("title, description and metadata change what is asked: next start, guest or both", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    const text = (kind: "live" | "persistent") => {
      const { live, persistent } = Domain.view(ref).context
      const domain = kind === "live" ? live : persistent
      if (domain === undefined) throw new Error(`no ${kind} definition`)
      return formatDomain(domain, { kind: kind === "live" ? "active" : "inactive" })
    }
    await engine.change(ref, {
      type: "title",
      affects: { config: true, live: false },
      text: "next"
    })
    await engine.change(ref, { type: "title", affects: { config: false, live: true }, text: "now" })
    await engine.change(ref, { type: "description", affects: both, text: "a & b\nc" })
    await engine.change(ref, {
      type: "metadata",
      affects: both,
      uri: "http://example.org/note",
      element: note
    })
    expect(text("persistent")).toContain("<title>next</title>")
    expect(text("live")).toContain("<title>now</title>")
    for (const kind of ["live", "persistent"] as const) {
      expect(text(kind)).toContain("<description>a &amp; b\nc</description>")
      expect(text(kind)).toContain("text='hello'")
    }
    // What only a running guest has is in the live definition alone.
    expect(text("live")).toContain("<alias")
    expect(text("persistent")).not.toContain("<alias")
    // Both survive the engine, the live one as long as the guest.
    await engine.close()
    const next = await bench.open()
    const found = await next.lookUp("web")
    expect(Domain.view(found).context.live?.title).toBe("now")
    expect(Domain.view(found).context.persistent?.title).toBe("next")
    await next.destroy(found)
    expect(
      tagOf(await outcome(next.change(found, { type: "title", affects: both, text: "x" })))
    ).toBe("RequestDenied")
  }))

test("a text that no file could give back is refused, and what was there stays", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const ref = await engine.define(bench.guest("web").definition)
    for (const text of ["bell \u0007", "nul \u0000", "half \ud800 pair"]) {
      const config = { config: true, live: false }
      const refused = await outcome(engine.change(ref, { type: "title", affects: config, text }))
      expect(tagOf(refused)).not.toBe("ok")
    }
    await engine.close()
    const next = await bench.open()
    expect(next.driver.problems()).toEqual([])
    const found = await next.lookUp("web")
    expect(Domain.view(found).context.persistent?.title).toBeUndefined()
  }))
