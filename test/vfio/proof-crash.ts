/**
 * Nothing is lost by `kill -9`: of the daemon while a guest has its device, of both, of QEMU alone,
 * and of the daemon in the very middle of taking a device and of giving it back.
 */
import { describe, expect, test } from "vitest"
import { guestXml, pciHostdev } from "./guest.ts"
import { hardware } from "./outer.ts"
import { expectAssigned, expectAtHome, forget, untilGuestHas } from "./proof-pci.ts"
import { pciPath, type Stage, see } from "./stage.ts"

const [first, second] = hardware.cards
const path = pciPath(first.device)

/** The pid of the daemon that answers now. */
export interface Daemon {
  pid: number
}

const restart = async (stage: Stage, daemon: Daemon) => {
  daemon.pid = await stage.startDaemon()
}

const whole = (stage: () => Stage, daemon: Daemon) => {
  test("the daemon is killed: the guest goes on, and its function comes back", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    await stage().told("start", "web")
    const pid = await stage().guestPid("web")
    await stage().killInside(daemon.pid)
    expect(await stage().guestPid("web")).toBe(pid)
    expect(await stage().driverOf(path)).toBe("vfio-pci")
    await restart(stage(), daemon)
    expect(await stage().guestPid("web")).toBe(pid)
    expect(await stage().states()).toEqual({ web: "running" })
    await expectAssigned(stage(), first.device, "web")
    await untilGuestHas(stage(), "web")
    await stage().define("rival", guestXml("rival", pciHostdev(first.device)))
    const refused = await stage().troupe("start", "rival")
    expect(refused.code).not.toBe(0)
    expect(refused.error).toMatch(/\bweb\b/)
    see("the refusal by the new daemon", refused.error)
    await stage().destroy("web")
    await expectAtHome(stage(), first)
    await forget(stage(), "web", "rival")
  })

  test("daemon and QEMU are killed: the new daemon gives the function back", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    await stage().told("start", "web")
    await stage().killInside(daemon.pid, await stage().guestPid("web"))
    expect(await stage().driverOf(path)).toBe("vfio-pci")
    await restart(stage(), daemon)
    const isBack = async () => (await stage().row(first.device)).state === "host"
    await stage().outer.until(isBack, "the function is with its driver again", 30)
    await expectAtHome(stage(), first)
    expect(await stage().states()).toEqual({ web: "shutoff" })
    await forget(stage(), "web")
  })

  test("QEMU is killed: the function comes back by itself", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    await stage().told("start", "web")
    await stage().killInside(await stage().guestPid("web"))
    const isOff = async () => (await stage().states())["web"] === "shutoff"
    await stage().outer.until(isOff, "the guest is shut off", 30)
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })

  test("a function that was detached by hand stays detached through a killed daemon", async () => {
    expect(await stage().virsh("nodedev-detach", second.name)).toMatchObject({ code: 0 })
    await stage().killInside(daemon.pid)
    await restart(stage(), daemon)
    expect(await stage().row(second.device)).toMatchObject({ state: "detached" })
    expect(await stage().driverOf(pciPath(second.device))).toBe("vfio-pci")
    see(second.device, "detached still")
    expect(await stage().virsh("nodedev-reattach", second.name)).toMatchObject({ code: 0 })
    await expectAtHome(stage(), second)
  })
}

/** What sysfs shows at the moment of the kill. A loop inside sees it, so that it is that moment. */
const moments = {
  "has been told to VFIO": `[ "$(cat ${path}/driver_override)" = vfio-pci ]`,
  "has left its driver": `case "$(readlink ${path}/driver)" in */e1000e) false;; esac`,
  "has come to VFIO": `case "$(readlink ${path}/driver)" in */vfio-pci) ;; *) false;; esac`
} as const

/** Kills the daemon as soon as the condition holds; bounded by the number of looks. */
const killWhen = (condition: string, pid: number) =>
  `n=0; until ${condition}; do n=$((n+1)); [ $n -gt 20000 ] && exit 3; done; kill -9 ${pid}
   readlink ${path}/driver; cat ${path}/driver_override`

const middle = (stage: () => Stage, daemon: Daemon) => {
  /** Whichever way the start ended, the function is exactly where its guest is. */
  const expectSettled = async () => {
    const state = (await stage().states())["web"]
    const isBack = async () =>
      ["host", "assigned"].includes((await stage().row(first.device)).state)
    await stage().outer.until(isBack, "the function is somewhere again", 30)
    see("the guest after the restart", `${state}, pid ${await stage().guestPid("web")}`)
    if (state === "running") return expectAssigned(stage(), first.device, "web")
    expect(state).toBe("shutoff")
    expect(await stage().guestPid("web")).toBe(0)
    return expectAtHome(stage(), first)
  }

  test.each(Object.entries(moments))(
    "the daemon is killed while it takes the function, which %s",
    async (_, condition) => {
      await stage().define("web", guestXml("web", pciHostdev(first.device)))
      const killed = stage().outer.read(killWhen(condition, daemon.pid), 120)
      const started = await stage().troupe("start", "web")
      expect(started.code).not.toBe(0)
      see("the device at the kill (driver, override)", (await killed).replace("\n", ", "))
      await restart(stage(), daemon)
      await expectSettled()
      await forget(stage(), "web")
      await expectAtHome(stage(), first)
    }
  )

  test("the daemon is killed while it gives the function back, which has left VFIO", async () => {
    await stage().define("web", guestXml("web", pciHostdev(first.device)))
    await stage().told("start", "web")
    const condition = `case "$(readlink ${path}/driver)" in */vfio-pci) false;; esac`
    const killed = stage().outer.read(killWhen(condition, daemon.pid), 120)
    const destroyed = await stage().troupe("destroy", "web")
    see("the device at the kill (driver, override)", (await killed).replace("\n", ", "))
    see("destroy", destroyed.out + destroyed.error)
    await restart(stage(), daemon)
    const isBack = async () => (await stage().row(first.device)).state === "host"
    await stage().outer.until(isBack, "the function is with its driver again", 30)
    expect(await stage().states()).toEqual({ web: "shutoff" })
    await expectAtHome(stage(), first)
    await forget(stage(), "web")
  })
}

export const crashProofs = (stage: () => Stage, daemon: Daemon) => {
  describe("Nothing is lost by kill -9", () => whole(stage, daemon))
  describe("Nothing is lost by kill -9 in the middle", () => middle(stage, daemon))
}
