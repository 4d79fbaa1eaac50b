/**
 * Goal: every kind of device is listed under libvirt's name and parent, and is what the kernel,
 * udev and the lists of names say.
 * Method: the engine's own functions over a simulated host with a device of every kind.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { makeNodeDevices } from "../../../src/engine/node-device.ts"
import { readPciInventory } from "../../../src/host/pci-inventory.ts"
import { readAllUsb } from "../../../src/host/usb.ts"
import type { ListedDevice, NodeDevice } from "../../../src/model/node-device.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import { unplug } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "./host.ts"
import { everyDevice, everyParent } from "./every-device.ts"

const uuid = "9a1b2c3d-0000-4000-8000-000000000001"

const pciIds =
  "# a list\n8086  Intel Corporation\n\t10c9  82576 Gigabit\n\t\t8086 a03c  Adapter\n" +
  "\t10ca  82576 Virtual\n8087  Another\n\t0024  Hub\nC 02  Network controller\n\t00  Ethernet\n"

const hostWithAll = (): SimulatedHost => {
  const host = new SimulatedHost(new World([]), { devices: everyDevice })
  put(host.disk, "/usr/share/misc/pci.ids", { text: pciIds })
  return host
}

const asking = <A, E>(
  ask: (devices: Effect.Success<ReturnType<typeof makeNodeDevices>>) => Effect.Effect<A, E>,
  host = hostWithAll()
): A =>
  runOn(host, Effect.scoped(Effect.flatMap(makeNodeDevices({ uuid: Effect.succeed(uuid) }), ask)))

const capabilityOf = (name: string): NodeDevice["capability"] =>
  asking(({ describe }) => Effect.map(describe(name), ({ capability }) => capability))

const namesOf = (devices: readonly ListedDevice[]) => devices.map(({ name }) => name)

test("every device has libvirt's name and parent, and what is none is not listed", () => {
  const found = asking(({ list }) => list)
  expect(Object.fromEntries(found.map(({ name, parent }) => [name, parent]))).toEqual(everyParent)
  expect(namesOf(found)).toEqual(Object.keys(everyParent).toSorted())
})

test("a PCI function has its names, group, virtual functions, link and product data", () => {
  const group = (...functions: readonly number[]) =>
    functions.map((last) => ({ domain: 0, bus: 3, slot: 0, function: last }))
  expect(capabilityOf("pci_0000_03_00_0")).toEqual({
    type: "pci",
    place: { domain: 0, bus: 3, slot: 0, function: 0 },
    class: 0x02_00_00,
    vendor: { id: 0x8086, name: "Intel Corporation" },
    product: { id: 0x10c9, name: "82576 Gigabit" },
    subsystem: { vendor: 0x8086, device: 0xa03c },
    resetMethods: ["flr", "bus"],
    virtualFunctions: {
      countMax: 7,
      places: [0, 2].map((last) => ({ domain: 0, bus: 3, slot: 16, function: last }))
    },
    mdevTypes: [],
    iommuGroup: { number: 7, places: group(0, 1) },
    numaNode: 1,
    vpd: {
      name: "A good card",
      readOnly: {
        partNumber: "E12345",
        serialNumber: "0099",
        vendor: [{ index: "0", value: "first" }]
      },
      readWrite: { assetTag: "tag 5", vendor: [], system: [] }
    },
    express: {
      link: {
        capable: { port: 3, speed: "8", width: 16 },
        status: { speed: "2.5", width: 4 }
      }
    }
  })
  expect(capabilityOf("pci_0000_03_10_2")).toMatchObject({
    physicalFunction: group(0)[0],
    product: { name: "82576 Virtual" },
    resetMethods: []
  })
  expect(capabilityOf("pci_0000_00_1c_0")).toMatchObject({ bridge: "pci-bridge" })
  expect(capabilityOf("pci_0000_00_02_0")).toMatchObject({
    mdevTypes: [
      { id: "i915-GVTg_V5_4", name: "GVTg <4>", deviceApi: "vfio-pci", availableInstances: 1 }
    ]
  })
})

test("a number has the name of its own vendor only", () => {
  const product = (name: string) => {
    const found = capabilityOf(name)
    return found.type === "pci" ? found.product : found
  }
  // 8087's product 0024 and the class 02 are no products of 8086.
  expect(product("pci_0000_00_1d_0")).toEqual({ id: 0x2934 })
  expect(product("pci_0001_00_01_0")).toEqual({ id: 0x2532 })
})

test("USB devices have udev's names before their own", () => {
  expect(capabilityOf("usb_1_2_3")).toEqual({
    type: "usb_device",
    bus: 1,
    device: 5,
    vendor: { id: 0x0781, name: "SanDisk Corp." },
    product: { id: 0x5567, name: "Blade" },
    port: "1-2.3",
    serial: "4C53",
    interfaces: ["1-2.3:1.0"]
  })
  expect(capabilityOf("usb_usb1")).toMatchObject({
    vendor: { name: "Linux 6.1 xhci-hcd" },
    interfaces: ["1-0:1.0"]
  })
  expect(capabilityOf("usb_1_2_3_1_0")).toEqual({
    type: "usb",
    number: 0,
    class: 8,
    subclass: 6,
    protocol: 0x50
  })
})

test("drives have kind, size and medium", () => {
  const disk = asking(({ describe }) => describe("block_sda_Disk_1_S2"))
  expect(disk).toMatchObject({
    devnode: "/dev/sda",
    links: ["/dev/disk/by-id/ata-Disk_1-S2", "/dev/disk/by-path/x"],
    capability: {
      driveType: "disk",
      bus: "ata",
      vendor: "ATA",
      model: "DISK <1>",
      serial: "Disk_1-S2",
      isRemovable: false,
      sizeBytes: 2000 * 512,
      blocks: 2000
    }
  })
  expect(capabilityOf("block_sr0")).toMatchObject({
    driveType: "cdrom",
    isRemovable: true,
    hasMedia: true,
    mediaLabel: "Debian 12",
    sizeBytes: 4096,
    logicalBlockSize: 2048,
    blocks: 2
  })
})

test("a card that is up has a speed, and one that is down has none", () => {
  expect(capabilityOf("net_eth0_52_54_00_aa_bb_01")).toEqual({
    type: "net",
    interface: "eth0",
    address: "52:54:00:aa:bb:01",
    state: "up",
    speed: 1000,
    isWireless: false
  })
  const wireless = capabilityOf("net_wl0_52_54_00_aa_bb_02")
  expect(wireless).toMatchObject({ state: "down", isWireless: true })
  expect(wireless).not.toHaveProperty("speed")
})

test("hosts are found by their world wide names, in any case", () => {
  const names = { wwnn: "2001001B32A9DA4E", wwpn: "2101001b32a9da4e" }
  expect(asking(({ lookupScsiHost }) => lookupScsiHost(names)).name).toBe("scsi_host5")
  const swapped = { wwnn: names.wwpn, wwpn: names.wwnn }
  expect(() => asking(({ lookupScsiHost }) => lookupScsiHost(swapped))).toThrow(/no node device/)
})

const chosen: { readonly [word: string]: readonly string[] } = {
  fc_host: ["scsi_host5"],
  vports: ["scsi_host5"],
  vpd: ["pci_0000_03_00_0"],
  mdev_types: ["pci_0000_00_02_0"],
  drm: ["drm_card0", "drm_renderD128"],
  system: ["computer"],
  scsi_generic: ["scsi_generic_sg0", "scsi_generic_sg1", "scsi_generic_sg2"],
  ccw: []
}

test("lists are chosen by kinds, and by what a device can do besides", () => {
  for (const [word, names] of Object.entries(chosen))
    expect({ word, names: namesOf(asking(({ listWith }) => listWith([word]))) }).toEqual({
      word,
      names
    })
  const both = asking(({ listWith }) => listWith(["fc_host", "mdev"]))
  expect(namesOf(both)).toEqual([
    ...namesOf(asking(({ listWith }) => listWith(["mdev"]))),
    "scsi_host5"
  ])
  expect(asking(({ words }) => words("scsi_host5"))).toEqual(["scsi_host", "fc_host", "vports"])
})

test("a name that was listed is looked up again when its device is gone or renamed", () => {
  const host = hostWithAll()
  const found = asking(
    ({ list, lookup }) =>
      Effect.gen(function* () {
        yield* list
        const before = yield* lookup("net_eth0_52_54_00_aa_bb_01")
        put(host.disk, `${before.path}/address`, { text: "52:54:00:00:00:99\n" })
        unplug(host.disk, "/sys/bus/usb/devices/1-2.3")
        return {
          renamed: yield* Effect.flip(lookup("net_eth0_52_54_00_aa_bb_01")),
          now: yield* lookup("net_eth0_52_54_00_00_00_99"),
          gone: yield* Effect.flip(lookup("usb_1_2_3")),
          part: yield* Effect.flip(lookup("usb_1_2_3_1_0")),
          hub: yield* lookup("usb_1_2")
        }
      }),
    host
  )
  expect(found).toMatchObject({
    renamed: { _tag: "NodeDeviceNotFound", name: "net_eth0_52_54_00_aa_bb_01" },
    now: { kind: "net" },
    gone: { _tag: "NodeDeviceNotFound", name: "usb_1_2_3" },
    part: { _tag: "NodeDeviceNotFound" },
    hub: { kind: "usb_device" }
  })
})

test("inventories have every function with its group, and every USB device", () => {
  const { pci, usb } = runOn(hostWithAll(), Effect.all({ pci: readPciInventory, usb: readAllUsb }))
  expect(pci.functions.map(({ address }) => address)).toEqual(
    everyDevice.pci?.map(({ address }) => address).toSorted()
  )
  expect(pci.functions.find(({ address }) => address === "0000:03:00.0")).toEqual({
    address: "0000:03:00.0",
    place: { domain: 0, bus: 3, slot: 0, function: 0 },
    vendor: 0x8086,
    device: 0x10c9,
    subsystem: { vendor: 0x8086, device: 0xa03c },
    class: 0x02_00_00,
    driver: "igb",
    iommuGroup: 7,
    numaNode: 1,
    resetMethods: ["flr", "bus"]
  })
  expect(pci.groups.get(7)).toEqual(["0000:03:00.0", "0000:03:00.1"])
  expect(pci.virtualFunctions.get("0000:03:00.0")).toEqual(["0000:03:10.0", "0000:03:10.2"])
  expect(usb.map(({ port }) => port)).toEqual(["1-2", "1-2.3", "usb1"])
})
