/**
 * Goal: Debian's virsh and our command line see which devices can be given and why the others
 * cannot, and what they may not take stays untouched.
 * Method: the real daemon in a mount namespace whose /sys is a fixture of plain files: nothing that
 * it writes reaches a kernel. What a kernel does with such writes is `npm run test:vfio`.
 */
import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { card, deviceShapes, twin } from "../../../src/testing/host/device-shapes.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { scratch, startDaemon, uriOf, virsh } from "./stage.ts"
import { withDevices } from "./sysfs.ts"

const program = join(import.meta.dirname, "../../../troupe")

interface Said {
  readonly code: number
  readonly out: string
  readonly error: string
}

const troupe = (words: readonly string[]) =>
  new Promise<Said>((resolve) => {
    const options = { env: { ...process.env, NO_COLOR: "1" }, timeout: 30_000 }
    execFile(program, [...words], options, (failure, out, error) => {
      const code = failure === null ? 0 : Number(failure.code ?? -1)
      resolve({ code, out: out.trim(), error: error.trim() })
    })
  })

const stage = async (devices: Devices) => {
  const directory = scratch()
  const sys = join(directory, "sys")
  mkdirSync(sys)
  const root = join(directory, "r")
  const daemon = await startDaemon(root, { through: withDevices(sys, devices) })
  const uri = uriOf(daemon.addresses[0] ?? "")
  return {
    directory,
    virsh: (...words: readonly string[]) => virsh(uri, ...words),
    troupe: (...words: readonly string[]) => troupe([...words, "-c", uri]),
    /** An attribute of a PCI function. */
    attribute: (address: string, name: string) =>
      readFileSync(join(sys, "bus/pci/devices", address, name), "utf8")
  }
}

/** A card with VFIO already, one with its driver, a card of two functions; three USB devices. */
const everything: Devices = {
  pci: [{ ...card, driver: "vfio-pci" }, twin, ...deviceShapes.twoFunctions.pci],
  ...deviceShapes.usbSticks
}

const bySound = "(driver snd_hda_intel has it)"

test("virsh and troupe list the same devices, and troupe says who has which", async () => {
  const { virsh, troupe } = await stage(everything)
  const names = (await virsh("nodedev-list", "--cap", "pci")).out.split("\n")
  expect(names).toEqual([
    "pci_0000_01_00_0",
    "pci_0000_01_00_1",
    "pci_0000_03_00_0",
    "pci_0000_04_00_0"
  ])
  expect((await troupe("nodedev-list", "--cap", "pci", "-o", "name")).out.split("\n")).toEqual(
    names
  )
  expect((await virsh("nodedev-dumpxml", "pci_0000_03_00_0")).out).toContain(
    "<iommuGroup number='7'>"
  )
  const rows: readonly { readonly device: string }[] = JSON.parse(
    (await troupe("hostdev", "list", "-o", "json")).out
  )
  expect(Object.fromEntries(rows.map((row) => [row.device, row]))).toMatchObject({
    "0000:01:00.0": {
      name: "pci_0000_01_00_0",
      state: "host",
      driver: "nouveau",
      group: 11,
      whyNot: `all of IOMMU group 11 goes with it: 0000:01:00.1 ${bySound}`
    },
    "0000:03:00.0": { state: "detached", driver: "vfio-pci", group: 7 },
    "0000:04:00.0": { state: "host", driver: "e1000e", group: 8 },
    "001:004": { kind: "usb", name: "usb_1_1", state: "host" },
    "001:006": { kind: "usb", product: "Serial" }
  })
  const usable = (await troupe("hostdev", "list", "--usable", "-o", "name")).out.split("\n")
  expect(usable).toEqual(["pci_0000_03_00_0", "pci_0000_04_00_0", "usb_1_1", "usb_1_2", "usb_1_3"])
  const table = (await troupe("hostdev", "list")).out
  expect(table).toMatch(/^DEVICE +NAME\/PRODUCT +STATE +DRIVER +GROUP +HOLDER +WHY NOT\n/)
  expect(table).toMatch(/^0000:04:00\.0 .+ host +e1000e +8 +- +-$/m)
})

test("shells complete the names of PCI devices", async () => {
  const { troupe } = await stage(everything)
  const names = (await troupe("__complete", "pci-devices")).out.split("\n")
  expect(names).toContain("pci_0000_04_00_0")
  expect(names).not.toContain("usb_1_1")
})

test.each([
  ["noIommu", "the host has no IOMMU that is switched on"],
  ["noVfio", "the kernel has not loaded vfio-pci"]
] as const)("%s: a detach is refused before anything is written", async (shape, says) => {
  const { virsh, troupe, attribute } = await stage(deviceShapes[shape])
  const name = "pci_0000_03_00_0"
  const before = attribute("0000:03:00.0", "driver_override")
  for (const words of [[], ["--driver", "vfio"]])
    expect(await virsh("nodedev-detach", name, ...words)).toMatchObject({
      code: 1,
      error: expect.stringContaining(says)
    })
  for (const words of [[], ["--driver", "vfio"], ["--force"]])
    expect(await troupe("nodedev-detach", name, ...words)).toMatchObject({
      error: expect.stringContaining(says)
    })
  expect(attribute("0000:03:00.0", "driver_override")).toBe(before)
  expect((await troupe("hostdev", "list")).out).toContain(says)
})

test("words that are wrong are told with what is right", async () => {
  const { virsh, troupe } = await stage(everything)
  expect((await virsh("nodedev-detach", "pci_0000_04_00_0", "--driver", "kvm")).error).toContain(
    "'kvm' is gone from Linux"
  )
  expect(await troupe("nodedev-detach", "usb_1_1")).toMatchObject({
    code: 3,
    error: expect.stringContaining("device usb_1_1 is not a PCI device")
  })
  expect(await troupe("nodedev-reattach", "pci_0000_99_00_0")).toMatchObject({ code: 4 })
  expect(await troupe("nodedev-list", "--cap", "cards")).toMatchObject({ code: 3 })
  expect((await troupe("nodedev-detach", "pci_0000_04_00_0", "-r")).error).toContain(
    "read only access prevents virNodeDeviceDettach"
  )
  expect((await virsh("nodedev-reset", "pci_0000_04_00_0")).error).toContain(
    "driver e1000e is using it"
  )
})

test("what is with VFIO already is detached at once; a kernel that disobeys is told", async () => {
  const { virsh, troupe, attribute } = await stage(everything)
  expect(await virsh("nodedev-detach", "pci_0000_03_00_0")).toMatchObject({
    code: 0,
    out: "Device pci_0000_03_00_0 detached"
  })
  expect(attribute("0000:03:00.0", "driver_override")).toBe("(null)\n")
  // Nothing happens to plain files: the driver keeps its device, and is said to.
  const stubborn = await virsh("nodedev-detach", "pci_0000_04_00_0")
  expect(stubborn).toMatchObject({ code: 1, error: expect.stringContaining("e1000e") })
  const rows: readonly { readonly device: string; readonly state: string }[] = JSON.parse(
    (await troupe("hostdev", "list", "-o", "json")).out
  )
  expect(rows.find(({ device }) => device === "0000:04:00.0")?.state).toMatch(/^(host|broken)$/)
})

test("a start that cannot be done says why, and leaves the device to the next one", async () => {
  const { directory, virsh, troupe } = await stage(everything)
  const file = join(directory, "web.xml")
  writeFileSync(
    file,
    `<domain type='qemu'><name>web</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices><hostdev mode='subsystem' type='pci' managed='no'><source>
        <address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
      </source></hostdev></devices></domain>`
  )
  expect(await virsh("define", file)).toMatchObject({ code: 0 })
  const refused = await virsh("start", "web")
  // QEMU finds no VFIO behind the file; or we may not lock the memory that VFIO takes.
  expect(refused).toMatchObject({ code: 1, error: expect.stringMatching(/0000:03:00\.0|memlock/) })
  const { out } = await troupe("hostdev", "list", "--usable", "-o", "name")
  expect(out.split("\n")).toContain("pci_0000_03_00_0")
})
