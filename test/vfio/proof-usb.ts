/**
 * USB devices that are given to guests and come back: named by what they are and by where they are,
 * to one guest and to two that want the same, through killed daemons, and pulled out meanwhile.
 */
import { describe, expect, test } from "vitest"
import { guestXml, pciHostdev, usbById, usbByPlace } from "./guest.ts"
import { hardware } from "./outer.ts"
import { forget } from "./proof-pci.ts"
import type { Daemon } from "./proof-crash.ts"
import { type Stage, see } from "./stage.ts"

const { storage, serial } = hardware

type Usb = typeof storage | typeof serial

interface Plugged {
  /** As the pools name it: `001:002`. */
  readonly device: string
  /** The driver of its first interface. */
  readonly driver: string
}

/** Where the kernel has it now, by what it is: its number changes when it is plugged in again. */
async function lookFor(stage: Stage, { vendor, product }: Usb): Promise<Plugged | undefined> {
  const found = await stage.outer.read(
    `cd /sys/bus/usb/devices; for d in *; do
      [ "$(cat $d/idVendor 2>/dev/null)$(cat $d/idProduct 2>/dev/null)" = ${vendor}${product} ] &&
      echo "$(cat $d/busnum) $(cat $d/devnum) $(basename "$(readlink $d:1.0/driver)" 2>/dev/null)"
    done; true`
  )
  if (found === "") return undefined
  const [bus = "", number = "", driver = ""] = found.split(" ")
  return { device: `${bus.padStart(3, "0")}:${number.padStart(3, "0")}`, driver }
}

async function find(stage: Stage, usb: Usb): Promise<Plugged> {
  const found = await lookFor(stage, usb)
  if (found === undefined) throw new Error(`the host has no ${usb.vendor}:${usb.product}`)
  return found
}

async function expectAtHome(stage: Stage, usb: Usb): Promise<void> {
  // The kernel looks for a driver after QEMU has let go.
  const isBack = async () => (await find(stage, usb)).driver === usb.driver
  await stage.outer.until(isBack, `${usb.driver} has ${usb.vendor}:${usb.product} again`, 30)
  const { device } = await find(stage, usb)
  const row = await stage.row(device)
  expect(row).toMatchObject({ state: "host", driver: usb.driver })
  expect(row.holder).toBeUndefined()
  see(`USB ${device}`, `driver ${usb.driver}, state host`)
}

/**
 * The guest's QEMU has the device's node open, and no driver of the host has its interface: usbfs
 * has it once the guest uses it, nobody until then.
 */
async function expectAssigned(stage: Stage, usb: Usb, guest: string): Promise<void> {
  const { device, driver } = await find(stage, usb)
  const node = `/dev/bus/usb/${device.replace(":", "/")}`
  const open = await stage.outer.read(
    `for f in /proc/${await stage.guestPid(guest)}/fd/*; do readlink $f; done; true`
  )
  expect(open.split("\n")).toContain(node)
  expect(["", "usbfs"]).toContain(driver)
  expect(await stage.row(device)).toMatchObject({ state: "assigned", holder: guest })
  see(`USB ${device}`, `driver '${driver}', ${node} open in '${guest}', which holds it`)
}

/** Both USB devices are behind it (outer.ts). */
const controller = "0000:00:07.0"

const products = { [storage.product]: "QEMU USB HARDDRIVE", [serial.product]: "QEMU USB SERIAL" }

async function expectInGuest(stage: Stage, usb: Usb, guest: string): Promise<void> {
  const seen = await stage.told("qemu-monitor-command", guest, "--hmp", "info usb")
  expect(seen).toContain(products[usb.product])
  see(`info usb of '${guest}'`, seen)
}

const given = (stage: () => Stage) => {
  test.each([
    ["the stick", storage],
    ["the serial line", serial]
  ] as const)("%s is given by vendor and product, and comes back", async (_, usb) => {
    await expectAtHome(stage(), usb)
    await stage().define("web", guestXml("web", usbById(usb)))
    await stage().told("start", "web")
    await expectInGuest(stage(), usb, "web")
    await expectAssigned(stage(), usb, "web")
    await stage().destroy("web")
    await expectAtHome(stage(), usb)
    await forget(stage(), "web")
  })

  test("the stick is given by bus and device, and comes back", async () => {
    const { device } = await find(stage(), storage)
    await stage().define("web", guestXml("web", usbByPlace(device)))
    await stage().told("start", "web")
    await expectInGuest(stage(), storage, "web")
    await expectAssigned(stage(), storage, "web")
    await stage().destroy("web")
    await expectAtHome(stage(), storage)
    await forget(stage(), "web")
  })

  test("the controller of a guest's stick goes to nobody, by force either", async () => {
    const { device } = await find(stage(), storage)
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().define("rival", guestXml("rival", pciHostdev(controller)))
    await stage().told("start", "web")
    const why = `guest 'web' has ${device}, which is behind it`
    expect((await stage().troupe("start", "rival")).error).toContain(why)
    const forced = await stage().troupe("nodedev-detach", "--force", "pci_0000_00_07_0")
    expect(forced.error).toContain(why)
    see("the refusal, by force", forced.error)
    expect(await stage().row(controller)).toMatchObject({ state: "host", driver: "xhci_hcd" })
    await expectInGuest(stage(), storage, "web")
    await stage().destroy("web")
    await expectAtHome(stage(), storage)
    await forget(stage(), "web", "rival")
  })

  test("of two guests for one device the second is refused, by the first one's name", async () => {
    const { device } = await find(stage(), storage)
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().define("rival", guestXml("rival", usbByPlace(device)))
    await stage().told("start", "web")
    const pid = await stage().guestPid("web")
    const refused = await stage().troupe("start", "rival")
    expect(refused.code).not.toBe(0)
    expect(refused.error).toMatch(/\bweb\b/)
    see("the refusal", refused.error)
    expect(await stage().guestPid("web")).toBe(pid)
    await expectInGuest(stage(), storage, "web")
    await expectAssigned(stage(), storage, "web")
    await stage().destroy("web")
    await stage().told("start", "rival")
    await expectAssigned(stage(), storage, "rival")
    await forget(stage(), "web", "rival")
    await expectAtHome(stage(), storage)
  })
}

const killed = (stage: () => Stage, daemon: Daemon) => {
  test("the daemon is killed: the guest goes on, and its device comes back", async () => {
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().told("start", "web")
    const pid = await stage().guestPid("web")
    await stage().killInside(daemon.pid)
    daemon.pid = await stage().startDaemon()
    expect(await stage().guestPid("web")).toBe(pid)
    await expectInGuest(stage(), storage, "web")
    await expectAssigned(stage(), storage, "web")
    await stage().destroy("web")
    await expectAtHome(stage(), storage)
    await forget(stage(), "web")
  })

  test("daemon and QEMU are killed: the device is its driver's, and can be given", async () => {
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().told("start", "web")
    await stage().killInside(daemon.pid, await stage().guestPid("web"))
    daemon.pid = await stage().startDaemon()
    expect(await stage().states()).toEqual({ web: "shutoff" })
    await expectAtHome(stage(), storage)
    await stage().define("next", guestXml("next", usbById(storage)))
    await stage().told("start", "next")
    await expectInGuest(stage(), storage, "next")
    await expectAssigned(stage(), storage, "next")
    await forget(stage(), "web", "next")
  })

  test("QEMU is killed: the device comes back to its driver by itself", async () => {
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().told("start", "web")
    await stage().killInside(await stage().guestPid("web"))
    const isOff = async () => (await stage().states())["web"] === "shutoff"
    await stage().outer.until(isOff, "the guest is shut off", 30)
    await expectAtHome(stage(), storage)
    await forget(stage(), "web")
  })
}

const changing = (stage: () => Stage) => {
  test("a device is plugged into a running guest and taken out again", async () => {
    await stage().define("web", guestXml("web"))
    await stage().told("start", "web")
    const file = stage().write("stick.xml", usbById(storage))
    expect(await stage().virsh("attach-device", "web", file)).toMatchObject({ code: 0 })
    await expectInGuest(stage(), storage, "web")
    await expectAssigned(stage(), storage, "web")
    expect(await stage().virsh("detach-device", "web", file)).toMatchObject({ code: 0 })
    await expectAtHome(stage(), storage)
    await forget(stage(), "web")
  })

  test("a stick that was pulled out and plugged in is the host's, and can be given", async () => {
    await stage().define("web", guestXml("web", usbById(storage)))
    await stage().told("start", "web")
    const before = await find(stage(), storage)
    await stage().outer.pullStick()
    const isAway = async () => (await lookFor(stage(), storage)) === undefined
    await stage().outer.until(isAway, "the stick is away", 30)
    await stage().outer.plugStick()
    const isThere = async () => (await lookFor(stage(), storage))?.driver === storage.driver
    await stage().outer.until(isThere, "the stick is there again", 30)
    const after = await find(stage(), storage)
    see("the stick", `was ${before.device}, is ${after.device}`)
    expect(after.device).not.toBe(before.device)
    await stage().define("next", guestXml("next", usbById(storage)))
    await stage().told("start", "next")
    await expectInGuest(stage(), storage, "next")
    await expectAssigned(stage(), storage, "next")
    expect(await stage().states()).toEqual({ next: "running", web: "running" })
    await forget(stage(), "next", "web")
    await expectAtHome(stage(), storage)
  })
}

export const usbProofs = (stage: () => Stage, daemon: Daemon) => {
  describe("USB devices are given and come back", () => given(stage))
  describe("USB devices are not lost by kill -9", () => killed(stage, daemon))
  describe("USB devices come and go", () => changing(stage))
}
