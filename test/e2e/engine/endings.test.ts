/**
 * Goal: what a guest does at its end leads to what its definition says: on_poweroff, on_reboot and
 * on_crash, each with libvirt's words and events.
 * Method: our boot sector is told over its serial line to power off, to reboot or to panic.
 */
import * as net from "node:net"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import { guestOrders } from "../../../src/cli/demo/guest.ts"
import {
  becomes,
  type Bench,
  type Engine,
  onBench,
  onEngine,
  pidOf,
  stateOf,
  until
} from "./harness.ts"

interface Line {
  readonly order: (order: keyof typeof guestOrders) => void
  readonly ups: () => number
  readonly close: () => void
}

/** The guest's serial line, always read: one that nobody reads stalls the guest. */
const talkTo = async (path: string): Promise<Line> => {
  const socket = net.connect(path)
  let said = ""
  socket.on("data", (bytes) => (said += bytes.toString("latin1")))
  socket.on("error", () => {})
  const ups = () => said.split("TROUPE GUEST UP").length - 1
  return {
    order: (order) => void socket.write(guestOrders[order]),
    ups,
    close: () => void socket.destroy()
  }
}

const startWith = async (engine: Engine, bench: Bench, lines: string) => {
  const guest = bench.guest("web", {
    serial: "unix",
    edit: (xml) =>
      xml
        .replace("<devices>", `${lines}<devices>`)
        .replace("</devices>", "<panic model='isa'/></devices>")
  })
  const ref = await engine.define(guest.definition)
  return { ref, line: await startAgain(engine, ref) }
}

/** Started paused, so that nothing that it says is missed. */
const startAgain = async (engine: Engine, ref: DomainRef): Promise<Line> => {
  await engine.start(ref, { isPaused: true })
  const serial = Domain.view(ref).context.live?.devices.find(({ kind }) => kind === "serial")
  const path = serial?.kind === "serial" && serial.source.type === "unix" && serial.source.path
  const line = await talkTo(path || "")
  await engine.resume(ref)
  await until("the guest to be up", () => line.ups() === 1)
  return line
}

const tail = (engine: Engine, uuid: string, count: number) =>
  engine
    .told(uuid)
    .filter((what) => what !== "reboot")
    .slice(-count)

test("on_poweroff destroy ends the domain", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "")
    line.order("powerOff")
    await becomes(ref, "shutoff shutdown")
    line.close()
  }))

test("on_poweroff restart boots the guest again in the same process", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "<on_poweroff>restart</on_poweroff>")
    const pid = pidOf(ref)
    line.order("powerOff")
    await until("the guest to be up again", () => line.ups() === 2)
    expect(pidOf(ref)).toBe(pid)
    expect(stateOf(ref)).toBe("running booted")
    await engine.destroy(ref)
    line.close()
  }))

test("on_poweroff preserve keeps the powered-off guest", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const { ref, line } = await startWith(engine, bench, "<on_poweroff>preserve</on_poweroff>")
    line.order("powerOff")
    await becomes(ref, "paused shutting-down")
    await engine.close()
    // Also when another engine finds it.
    const next = await bench.open()
    const found = await next.lookUp("web")
    await until("the monitor", () => Domain.view(found).chart.includes("monitor.live"))
    expect(stateOf(found)).toBe("paused shutting-down")
    await next.destroy(found)
    line.close()
  }))

test("on_reboot restart goes on in the same process", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "")
    const pid = pidOf(ref)
    line.order("reboot")
    await until("the guest to be up again", () => line.ups() === 2)
    await engine.tells(ref.uuid, "reboot")
    expect(pidOf(ref)).toBe(pid)
    await engine.destroy(ref)
    line.close()
  }))

test("on_reboot destroy ends the domain, and a reboot by the power button is a shutdown", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "<on_reboot>destroy</on_reboot>")
    line.order("reboot")
    await becomes(ref, "shutoff shutdown")
    expect(tail(engine, ref.uuid, 2)).toEqual(["shutdown finished", "stopped shutdown"])
    line.close()
    const again = await startAgain(engine, ref)
    await engine.signal(ref, "reboot")
    await becomes(ref, "shutoff shutdown")
    again.close()
  }))

test("on_crash destroy ends the domain as crashed", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "")
    line.order("panic")
    await becomes(ref, "shutoff crashed")
    await engine.tells(ref.uuid, "stopped crashed")
    expect(tail(engine, ref.uuid, 2)).toEqual(["crashed panicked", "stopped crashed"])
    line.close()
  }))

test("on_crash restart boots the guest again", () =>
  onEngine(async (engine, bench) => {
    const { ref, line } = await startWith(engine, bench, "<on_crash>restart</on_crash>")
    line.order("panic")
    await until("the guest to be up again", () => line.ups() === 2)
    expect(stateOf(ref)).toBe("running booted")
    await engine.destroy(ref)
    line.close()
  }))

test("on_crash preserve keeps the panicked guest, and a reset brings it back", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const { ref, line } = await startWith(engine, bench, "<on_crash>preserve</on_crash>")
    line.order("panic")
    await becomes(ref, "crashed panicked")
    await engine.close()
    const next = await bench.open()
    const found = await next.lookUp("web")
    await becomes(found, "crashed panicked")
    await next.signal(found, "reset")
    await until("the guest to be up again", () => line.ups() === 2)
    await becomes(found, "running booted")
    await next.destroy(found)
    line.close()
  }))
