/**
 * Goal: the devices that the host lives on are told with one sentence each, and no other device is.
 * Method: the functions over a simulated /sys and /proc, one shape of a host at a time.
 */
import { expect, test } from "vitest"
import { hostUse } from "../../../src/node/hostdev-use.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { link } from "../../../src/testing/host/sysfs-put.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn, type Texts } from "./host.ts"

const pci = (address: string, kind: number) => ({
  address,
  vendor: 0x8086,
  device: 0x1234,
  class: kind
})

const ahci = "0000:00:1f.2"
const nvme = "0000:01:00.0"
const first = "0000:03:00.0"
const second = "0000:04:00.0"
const graphics = "0000:00:02.0"
const xhci = "0000:00:14.0"

const disk = (node: string, minor: number) => ({
  node,
  number: { major: 8, minor },
  sectors: 2000
})

const devices: Devices = {
  pci: [
    pci(ahci, 0x01_06_01),
    pci(nvme, 0x01_08_02),
    pci(first, 0x02_00_00),
    pci(second, 0x02_00_00),
    { ...pci(graphics, 0x03_00_00), driver: "i915" },
    pci(xhci, 0x0c_03_30)
  ],
  usb: [
    { port: "usb1", bus: 1, number: 1, vendor: 0x1d6b, product: 2, on: xhci },
    { port: "1-2", bus: 1, number: 4, vendor: 0x0bda, product: 0x8153 }
  ],
  scsi: [
    {
      number: 0,
      on: ahci,
      units: [
        { bus: 0, target: 0, lun: 0, type: 0, drive: disk("sda", 0) },
        { bus: 0, target: 1, lun: 0, type: 0, drive: disk("sdb", 16) }
      ]
    }
  ],
  drives: [
    { node: "nvme0n1", number: { major: 259, minor: 0 }, sectors: 8, on: nvme },
    { node: "dm-0", number: { major: 254, minor: 0 }, sectors: 8 }
  ],
  cards: [
    { name: "lo", index: 1, address: "00:00:00:00:00:00" },
    { name: "eth0", index: 2, address: "52:54:00:00:00:01", on: first, state: "up" },
    { name: "eth1", index: 3, address: "52:54:00:00:00:02", on: second, state: "down" },
    { name: "br0", index: 4, address: "52:54:00:00:00:03", state: "up", type: "bridge" }
  ],
  graphics: [
    { name: "card0", minor: 0, on: graphics },
    { name: "card0-HDMI-A-1", minor: 0, on: graphics }
  ]
}

const hostOf = (texts: Texts = {}): SimulatedHost => {
  const host = new SimulatedHost(new World([]), { devices, programs: new Map() })
  for (const [path, text] of Object.entries(texts)) put(host.disk, path, { text })
  return host
}

const scsiDisk = (unit: string, name: string): string =>
  `/sys/devices/pci0000:00/${ahci}/host0/target${unit.slice(0, 5)}/${unit}/block/${name}`
const sda = scsiDisk("0:0:0:0", "sda")
const sdb = scsiDisk("0:0:1:0", "sdb")

const partition = (at: string, major: number, minor: number): Texts => ({
  [`${at}/uevent`]: `MAJOR=${major}\nMINOR=${minor}\nDEVTYPE=partition\n`
})

const mounted = (...lines: readonly string[]): Texts => ({
  "/proc/self/mountinfo": lines.map((line, index) => `${20 + index} 1 ${line}\n`).join("")
})

const usesOf = (host: SimulatedHost): { readonly [device: string]: string } =>
  Object.fromEntries(
    [ahci, nvme, first, second, graphics, xhci, "0:0:0:0", "0:0:1:0", "001:004"].flatMap(
      (device) => {
        const why = runOn(host, hostUse(device))
        return why === undefined ? [] : [[device, why]]
      }
    )
  )

/** Both cards have a carrier, so that neither is the only one. */
const otherCarrier: Texts = {
  [`/sys/devices/pci0000:04/${second}/net/eth1/carrier`]: "1\n"
}

test("a host that has mounted nothing and is reached by nothing needs none of its devices", () => {
  expect(usesOf(hostOf(otherCarrier))).toEqual({})
})

test("a mounted partition's disk, its SCSI unit and its controller are in use", () => {
  const host = hostOf({
    ...otherCarrier,
    ...partition(`${sda}/sda1`, 8, 1),
    ...mounted(
      "8:1 / /srv\\040x rw - ext4 /dev/sda1 rw",
      "8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
      "0:21 / /sys rw - sysfs sysfs rw"
    )
  })
  const why = "of its disk sda, sda1 is mounted at '/'"
  expect(usesOf(host)).toEqual({ [ahci]: why, "0:0:0:0": why })
})

test("mounts are followed through device mapper, swap and Btrfs down to their disks", () => {
  const host = hostOf({
    ...otherCarrier,
    ...partition(`${sdb}/sdb2`, 8, 18),
    ...mounted("254:0 / /var\\040lib rw - xfs /dev/mapper/vg-root rw"),
    "/proc/swaps": "Filename Type Size Used Priority\n/dev/nvme0n1 partition 1 0 -2\n"
  })
  link(host.disk, `${sdb}/sdb2/holders/dm-0`, "/sys/devices/virtual/block/dm-0")
  const why = "of its disk sdb, dm-0 is mounted at '/var lib'"
  expect(usesOf(host)).toEqual({
    [ahci]: why,
    "0:0:1:0": why,
    [nvme]: "its disk nvme0n1 is swapped to"
  })
  link(host.disk, "/sys/fs/btrfs/0d1c/devices/sda", sda)
  expect(runOn(host, hostUse("0:0:0:0"))).toBe("its disk sda is part of a mounted Btrfs")
})

test("a disk of ZFS is in use while a file system of ZFS is mounted", () => {
  const record = { "/run/udev/data/b8:1": "E:ID_FS_TYPE=zfs_member\n" }
  const part = partition(`${sda}/sda1`, 8, 1)
  const zfs = mounted("0:30 / /tank rw - zfs tank rw")
  expect(usesOf(hostOf({ ...otherCarrier, ...part, ...record }))).toEqual({})
  expect(usesOf(hostOf({ ...otherCarrier, ...part, ...record, ...zfs }))).toMatchObject({
    [ahci]: "of its disk sda, sda1 is part of a ZFS pool"
  })
})

test("an NVMe disk that several controllers lead to makes each of them needed", () => {
  const above = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0"
  const host = hostOf({
    ...otherCarrier,
    [`${above}/nvme1n1/uevent`]: "MAJOR=259\nMINOR=7\nDEVTYPE=disk\n",
    ...mounted("259:7 / / rw - ext4 /dev/nvme1n1 rw")
  })
  link(host.disk, "/sys/block/nvme1n1", `${above}/nvme1n1`)
  link(host.disk, `${above}/nvme1`, `/sys/devices/pci0000:01/${nvme}/nvme/nvme1`)
  expect(usesOf(host)).toEqual({ [nvme]: "its disk nvme1n1 is mounted at '/'" })
})

const route = (name: string, destination: string, flags: string): Texts => ({
  "/proc/net/route":
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n" +
    `${name}\t${destination}\t0101A8C0\t${flags}\t0\t0\t100\t${destination}\t0\t0\t0\n`
})

test("the card below a default route is in use, also through a bridge and for IPv6", () => {
  const host = hostOf({ ...otherCarrier, ...route("br0", "00000000", "0003") })
  link(host.disk, "/sys/class/net/br0/lower_eth1", `/sys/devices/pci0000:04/${second}/net/eth1`)
  expect(usesOf(host)).toEqual({ [second]: "its card eth1 carries the default route" })
  const zeros = "0".repeat(32)
  const six = `${zeros} 00 ${zeros} 00 ${zeros} 00000400 00000001 00000000 00000003     eth0\n`
  expect(usesOf(hostOf({ ...otherCarrier, "/proc/net/ipv6_route": six }))).toEqual({
    [first]: "its card eth0 carries the default route"
  })
  const lost = { ...otherCarrier, ...route("eth0", "00000000", "0201") }
  expect(usesOf(hostOf(lost))).toEqual({})
  expect(usesOf(hostOf({ ...otherCarrier, ...route("eth0", "0001A8C0", "0001") }))).toEqual({})
})

test("the only card with a carrier is in use, and a USB card and its controller like any", () => {
  expect(usesOf(hostOf())).toEqual({ [first]: "its card eth0 is the only one with a carrier" })
  const usb = `/sys/devices/pci0000:00/${xhci}/usb1/1-2`
  const host = hostOf({
    ...otherCarrier,
    ...route("usb0", "00000000", "0003"),
    [`${usb}/1-2:1.0/net/usb0/operstate`]: "up\n"
  })
  link(host.disk, "/sys/class/net/usb0", `${usb}/1-2:1.0/net/usb0`)
  const why = "its card usb0 carries the default route"
  expect(usesOf(host)).toEqual({ [xhci]: why, "001:004": why })
})

const chosen: Texts = { [`/sys/devices/pci0000:00/${graphics}/boot_vga`]: "1\n" }
const drawn: Texts = {
  "/sys/class/vtconsole/vtcon1/name": "(M) frame buffer device\n",
  "/sys/class/vtconsole/vtcon1/bind": "1\n"
}

test("the graphics card that shows the console is in use, one that shows nothing is not", () => {
  const withBuffer = (texts: Texts, at: string): SimulatedHost => {
    const host = hostOf({ ...otherCarrier, ...texts })
    link(host.disk, "/sys/class/graphics/fb0", `${at}/graphics/fb0`)
    return host
  }
  const own = `/sys/devices/pci0000:00/${graphics}`
  const why = { [graphics]: "it shows the host's console (fb0)" }
  expect(usesOf(withBuffer({ ...chosen, ...drawn }, own))).toEqual(why)
  const firmware = "/sys/devices/platform/efi-framebuffer.0"
  expect(usesOf(withBuffer({ ...chosen, ...drawn }, firmware))).toEqual(why)
  expect(usesOf(withBuffer(chosen, own))).toEqual({})
  expect(usesOf(withBuffer(drawn, own))).toEqual({})
  const enabled = { [`${own}/drm/card0-HDMI-A-1/enabled`]: "enabled\n" }
  expect(usesOf(hostOf({ ...otherCarrier, ...chosen, ...enabled }))).toEqual({
    [graphics]: "it shows a picture of the host's (card0-HDMI-A-1)"
  })
})

test("what is not there, and what nobody can say anything of, is not in use", () => {
  const host = hostOf(mounted("8:0 / / rw - ext4 /dev/sda rw"))
  for (const device of ["0000:09:00.0", "001:099", "9:0:0:0", "no device", "sda", "../../x"])
    expect(runOn(host, hostUse(device))).toBeUndefined()
})
