/**
 * Goal: a domain goes through its life as libvirt tells it: states, reasons, events and
 * definitions.
 * Method: real QEMU under TCG with our boot sector, driven through the driver's calls.
 */
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { becomes, onEngine, outcome, pidOf, stateOf, tagOf, until } from "./harness.ts"

const life = (told: readonly string[]) => told.filter((what) => what !== "rtc-change")

test("a defined domain starts, pauses, resumes, shuts down by the power button, starts again", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    expect(stateOf(ref)).toBe("shutoff unknown")
    const id = await engine.start(ref)
    expect(stateOf(ref)).toBe("running booted")
    expect(Domain.view(ref).context.id).toBe(id)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    await engine.suspend(ref)
    expect(stateOf(ref)).toBe("paused user")
    await engine.suspend(ref)
    await engine.resume(ref)
    expect(stateOf(ref)).toBe("running unpaused")
    await engine.signal(ref, "shutdown")
    await becomes(ref, "shutoff shutdown")
    expect(said()).toContain("power button: off")
    expect(await engine.start(ref)).toBeGreaterThan(id)
    await engine.destroy(ref)
    expect(stateOf(ref)).toBe("shutoff destroyed")
    await engine.tells(ref.uuid, "stopped destroyed")
    expect(life(engine.told(ref.uuid))).toEqual([
      "defined added",
      "started booted",
      "suspended paused",
      "resumed unpaused",
      "shutdown finished",
      "stopped shutdown",
      "started booted",
      "stopped destroyed"
    ])
  }))

test("started paused it waits for its first instruction", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    await engine.start(ref, { isPaused: true })
    expect(stateOf(ref)).toBe("paused user")
    expect(said()).toBe("")
    await engine.resume(ref)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    await engine.destroy(ref)
    expect(life(engine.told(ref.uuid)).slice(1, 4)).toEqual([
      "started booted",
      "suspended paused",
      "resumed unpaused"
    ])
  }))

test("what the chart does not allow is refused with the state and the reason", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    for (const call of [
      engine.destroy(ref),
      engine.suspend(ref),
      engine.resume(ref),
      engine.signal(ref, "shutdown")
    ]) {
      const refused = await outcome(call)
      expect(tagOf(refused)).toBe("RequestDenied")
      expect(String(refused)).toMatch(/life\.shutoff.*: the domain is not running/)
    }
    await engine.start(ref)
    const again = await outcome(engine.start(ref))
    expect(tagOf(again)).toBe("RequestDenied")
    expect(String(again)).toMatch(/life\.running.*: the domain is active already/)
    expect(String(await outcome(engine.resume(ref)))).toContain("the domain is running already")
    await engine.destroy(ref)
  }))

test("a reboot by the power button keeps process and epoch", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    await engine.start(ref)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    const pid = pidOf(ref)
    const { epoch } = Domain.view(ref).context
    await engine.signal(ref, "reboot")
    await until("the guest to speak again", () => said().split("TROUPE GUEST UP").length === 3)
    expect(said()).toContain("power button: off")
    expect(stateOf(ref)).toBe("running booted")
    expect(pidOf(ref)).toBe(pid)
    expect(Domain.view(ref).context.epoch).toBe(epoch)
    // Not a second time: it was one reboot.
    await engine.signal(ref, "shutdown")
    await becomes(ref, "shutoff shutdown")
  }))

test("a reset is sudden and keeps process and epoch", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    await engine.start(ref)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    const pid = pidOf(ref)
    await engine.signal(ref, "reset")
    await until("the guest to speak again", () => said().split("TROUPE GUEST UP").length === 3)
    expect(said()).not.toContain("power button")
    expect(pidOf(ref)).toBe(pid)
    await engine.tells(ref.uuid, "reboot")
    await engine.destroy(ref)
  }))
