/**
 * A PCI function comes to a guest that runs, stays with it when the daemon is killed, and goes back
 * to its driver only when QEMU has let it go: the guest has no system that would agree, so that it
 * keeps the function until it is reset.
 */
import { describe, expect, test } from "vitest"
import { guestXml, pciHostdev } from "./guest.ts"
import { inside } from "./inside.ts"
import { hardware } from "./outer.ts"
import type { Daemon } from "./proof-crash.ts"
import { expectAssigned, expectAtHome, forget, untilGuestHas } from "./proof-pci.ts"
import { pciPath, type Stage, see } from "./stage.ts"

const [first, second] = hardware.cards

const peripherals = JSON.stringify({
  execute: "qom-list",
  arguments: { path: "/machine/peripheral" }
})

/** Status records of the daemon's guests: there is one guest. */
const recordsAt = `${inside.root}/run/status/*.json`

const hasInQemu = async (stage: Stage) =>
  (await stage.told("qemu-monitor-command", "web", peripherals)).includes("hostdev0")

/** One that runs with no function of the host; what it is given goes onto the free root port. */
const startPlain = async (stage: Stage) => {
  await stage.define("web", guestXml("web"))
  await stage.told("start", "web")
  return {
    one: stage.write("one.xml", pciHostdev(first.device)),
    other: stage.write("other.xml", pciHostdev(second.device))
  }
}

const resetHome = async (stage: Stage) => {
  await stage.told("reset", "web")
  const isHome = async () => (await stage.row(first.device)).state === "host"
  await stage.outer.until(isHome, "QEMU lets the function go at the reset", 60)
  await expectAtHome(stage, first)
  expect(await hasInQemu(stage)).toBe(false)
  expect(await stage.told("dumpxml", "web")).not.toContain("<hostdev")
}

const comes = (stage: () => Stage) => {
  test("a function comes to a running guest, and goes home when QEMU lets it go", async () => {
    const { one } = await startPlain(stage())
    expect(await stage().virsh("attach-device", "web", one)).toMatchObject({ code: 0 })
    await expectAssigned(stage(), first.device, "web")
    await untilGuestHas(stage(), "web")
    const twice = await stage().virsh("attach-device", "web", one)
    expect(twice.code).not.toBe(0)
    see("attached twice", twice.error)
    expect(await stage().virsh("detach-device", "web", one)).toMatchObject({ code: 0 })
    // Its firmware does not answer: it keeps the function, and so does the definition.
    await expectAssigned(stage(), first.device, "web")
    expect(await stage().told("dumpxml", "web")).toContain("<hostdev")
    await resetHome(stage())
    await forget(stage(), "web")
  })

  test("what does not fit is refused, and its function stays with its driver", async () => {
    const { one, other } = await startPlain(stage())
    expect(await stage().virsh("attach-device", "web", one)).toMatchObject({ code: 0 })
    const full = await stage().virsh("attach-device", "web", other)
    expect(full.code).not.toBe(0)
    see("no port is free", full.error)
    await expectAtHome(stage(), second)
    await stage().destroy("web")
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })
}

const survives = (stage: () => Stage, daemon: Daemon) => {
  test("the daemon is killed: a plugged function stays until it is let go", async () => {
    const { one } = await startPlain(stage())
    expect(await stage().virsh("attach-device", "web", one)).toMatchObject({ code: 0 })
    await stage().killInside(daemon.pid)
    daemon.pid = await stage().startDaemon()
    await expectAssigned(stage(), first.device, "web")
    expect(await stage().told("dumpxml", "web")).toContain("<hostdev")
    const asked = await stage().virsh("detach-device-alias", "web", "hostdev0")
    expect(asked).toMatchObject({ code: 0 })
    await resetHome(stage())
    await forget(stage(), "web")
  })

  test("the daemon is killed and the guest's record lost: the function stays its own", async () => {
    const { one } = await startPlain(stage())
    expect(await stage().virsh("attach-device", "web", one)).toMatchObject({ code: 0 })
    await stage().killInside(daemon.pid)
    await stage().outer.read(`for f in ${recordsAt}; do echo '{"version":99' > "$f"; done`)
    daemon.pid = await stage().startDaemon()
    // Longer than a driver is waited for.
    await stage().outer.read("sleep 12")
    await expectAssigned(stage(), first.device, "web")
    expect(await hasInQemu(stage())).toBe(true)
    await stage().define("rival", guestXml("rival", pciHostdev(first.device)))
    const refused = await stage().troupe("start", "rival")
    expect(refused.code).not.toBe(0)
    expect(refused.error).toMatch(/\bweb\b/)
    see("the refusal without a record", refused.error)
    await stage().destroy("web")
    await expectAtHome(stage(), first)
    await forget(stage(), "web", "rival")
  })

  test("the daemon is killed amid an attach: the function is in one place", async () => {
    const { one } = await startPlain(stage())
    const attaching = stage().virsh("attach-device", "web", one)
    const isTaken = async () =>
      (await stage().driverOf(pciPath(first.device))) !== hardware.card.driver
    await stage().outer.until(isTaken, "the function leaves its driver", 30)
    await stage().killInside(daemon.pid)
    see("the client", (await attaching).error)
    daemon.pid = await stage().startDaemon()
    const isSettled = async () => {
      const { state } = await stage().row(first.device)
      return state === "host" || state === "assigned"
    }
    await stage().outer.until(isSettled, "the function has arrived", 60)
    const { state } = await stage().row(first.device)
    expect(await hasInQemu(stage())).toBe(state === "assigned")
    see("after the kill", state)
    await stage().destroy("web")
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })
}

export const hotplugProofs = (stage: () => Stage, daemon: Daemon): void => {
  describe("functions that come and go while the guest runs", () => {
    comes(stage)
    survives(stage, daemon)
  })
}
