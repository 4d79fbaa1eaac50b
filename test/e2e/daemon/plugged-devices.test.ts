/**
 * Goal: Debian's virsh gives devices to definitions and takes them back; what a real QEMU cannot
 * have is refused in its words, and nothing of it stays; what it lets go leaves the guest.
 * Method: the real daemon and real QEMUs (TCG) in a mount namespace whose /sys is a fixture of
 * plain files, so that a card and a stick are found that no kernel has. That one comes to a guest
 * is `npm run test:vfio`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { card, deviceShapes, twin } from "../../../src/testing/host/device-shapes.ts"
import { deadWithin, processesOf } from "../engine/processes.ts"
import { scratch, startDaemon, uriOf, virsh } from "./stage.ts"
import { withDevices } from "./sysfs.ts"

const guestXml = [
  "<domain type='qemu'><name>web</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>",
  "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>",
  "<devices><controller type='usb' model='qemu-xhci'/><input type='tablet' bus='usb'/>",
  "<controller type='pci' model='pcie-root'/>",
  "<controller type='pci' model='pcie-root-port'/>".repeat(4),
  "<memballoon model='none'/></devices></domain>"
].join("")

const cardXml =
  "<hostdev mode='subsystem' type='pci' managed='no'><source>" +
  "<address domain='0' bus='3' slot='0' function='0'/></source></hostdev>"
const stickXml =
  "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source></hostdev>"
const diskXml =
  "<disk type='file'><source file='/nosuch.img'/><target dev='vdb' bus='virtio'/></disk>"

/** Guests outlive their daemon: they are the test's to end. */
const endGuests = async (root: string): Promise<void> => {
  const guests = processesOf(root)
  for (const { pid } of guests) process.kill(pid, "SIGKILL")
  await deadWithin(guests, 10_000)
}

const stage = async () => {
  const directory = scratch()
  const sys = join(directory, "sys")
  const root = join(directory, "r")
  mkdirSync(sys)
  onTestFinished(() => endGuests(root))
  const devices = {
    pci: [{ ...card, driver: "vfio-pci" }, twin],
    ...deviceShapes.usbSticks
  }
  const daemon = await startDaemon(root, { through: withDevices(sys, devices) })
  const uri = uriOf(daemon.addresses[0] ?? "")
  const file = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const does = async (...words: readonly string[]) => {
    const { code, out, error } = await virsh(uri, ...words)
    expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
    return out
  }
  const refuses = async (...words: readonly string[]) => {
    const { code, error } = await virsh(uri, ...words)
    expect({ words, hasFailed: code !== 0 }).toEqual({ words, hasFailed: true })
    return error
  }
  await does("define", file("web.xml", guestXml))
  const [one, stick, disk] = [
    file("card.xml", cardXml),
    file("stick.xml", stickXml),
    file("disk.xml", diskXml)
  ]
  const records = () =>
    readdirSync(join(root, "run/status"))
      .filter((name) => name.endsWith(".json"))
      .map((name) => readFileSync(join(root, "run/status", name), "utf8"))
  return { does, refuses, card: one, stick, disk, records }
}

test("devices come into a definition and go from it, for the next start", async () => {
  const { does, refuses, card: file, stick, disk } = await stage()
  const before = await does("dumpxml", "web")
  for (const one of [file, stick, disk]) {
    expect(await does("attach-device", "web", one, "--config")).toContain("successfully")
    expect(await refuses("attach-device", "web", one, "--config")).toContain("already")
  }
  const whole = await does("dumpxml", "web")
  expect(whole.match(/<hostdev/g)).toHaveLength(2)
  expect(whole).toMatch(/<hostdev mode='subsystem' type='pci' managed='no'>[^]*<address type='pci'/)
  expect(whole).toContain("<target dev='vdb' bus='virtio'/>")
  for (const one of [file, stick, disk]) {
    expect(await does("detach-device", "web", one, "--persistent")).toContain("successfully")
    expect(await refuses("detach-device", "web", one, "--config")).toContain("device not found")
  }
  const after = await does("dumpxml", "web")
  // Buses that were added for them stay, as with libvirt.
  expect(after.match(/<hostdev|vdb/g)).toBeNull()
  expect(before.length).toBeLessThanOrEqual(after.length)
  expect(await refuses("attach-device", "web", file, "--live")).toContain("not running")
  expect(await refuses("attach-device", "web", file)).toContain("not running")
})

test("what QEMU cannot have is refused in its words, and all of it is given back", async () => {
  const { does, refuses, card: file, stick, disk, records } = await stage()
  await does("start", "web")
  const [live, config] = [await does("dumpxml", "web"), await does("dumpxml", "web", "--inactive")]
  expect(await refuses("attach-device", "web", file, "--live", "--config")).toMatch(
    /device_add.*vfio 0000:03:00\.0/
  )
  expect(await refuses("attach-device", "web", stick, "--live")).toMatch(
    /device_add.*\/dev\/bus\/usb\/001\/004|device_add.*host usb device/
  )
  expect(await refuses("attach-device", "web", disk, "--live")).toMatch(/not supported.*<disk>/)
  expect(await does("dumpxml", "web")).toBe(live)
  expect(await does("dumpxml", "web", "--inactive")).toBe(config)
  expect(await does("domstate", "web")).toBe("running")
  const words = JSON.stringify({
    execute: "qom-list",
    arguments: { path: "/machine/peripheral" }
  })
  expect(await does("qemu-monitor-command", "web", words)).not.toContain("hostdev")
  expect(records()).toHaveLength(1)
  expect(records().join("")).not.toMatch(/plugged|hostdev/)
  expect(await refuses("detach-device", "web", file, "--live")).toContain("device not found")
  expect(await refuses("detach-device-alias", "web", "nosuch")).toContain("device not found")
})

test("a device that a real QEMU lets go is no more in the guest's definition", async () => {
  const { does, refuses } = await stage()
  await does("start", "web")
  expect(await does("dumpxml", "web")).toContain("<alias name='input0'/>")
  expect(await refuses("detach-device-alias", "web", "input0", "--live")).toContain("<input>")
  const words = JSON.stringify({ execute: "device_del", arguments: { id: "input0" } })
  await does("qemu-monitor-command", "web", words)
  await expect.poll(() => does("dumpxml", "web"), { timeout: 10_000 }).not.toContain("input0")
  expect(await does("dumpxml", "web", "--inactive")).toContain("<input type='tablet' bus='usb'>")
})
