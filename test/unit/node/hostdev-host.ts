/** A host with devices to give away, and definitions that ask for them. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Files } from "../../../src/host/files.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { bridgeConfig } from "./every-device.ts"
import { runOn, type Texts } from "./host.ts"

export const nic = { vendor: 0x8086, device: 0x10d3, class: 0x02_00_00 } as const

/** 03:00.0 and .1 share a group with a bridge; 04:00.0 has one of its own; 05:00.0 has none. */
export const givable: Devices = {
  pci: [
    {
      address: "0000:00:1c.0",
      vendor: 0x8086,
      device: 0x2940,
      class: 0x06_04_00,
      driver: "shpchp",
      iommuGroup: 7,
      config: bridgeConfig(1)
    },
    { ...nic, address: "0000:03:00.0", driver: "e1000e", iommuGroup: 7 },
    { ...nic, address: "0000:03:00.1", driver: "e1000e", iommuGroup: 7 },
    { ...nic, address: "0000:04:00.0", driver: "e1000e", iommuGroup: 8 },
    { ...nic, address: "0000:05:00.0" },
    { ...nic, address: "0000:06:00.0", iommuGroup: 9, virtualFunctionsMax: 7 },
    { ...nic, address: "0000:06:10.0", iommuGroup: 10, physicalFunction: "0000:06:00.0" },
    {
      address: "0000:00:02.0",
      vendor: 0x8086,
      device: 0x3e92,
      class: 0x03_00_00,
      driver: "i915",
      iommuGroup: 1,
      mdevTypes: { "i915-GVTg_V5_4": { available: 1 } }
    }
  ],
  usb: [
    { port: "usb1", bus: 1, number: 1, vendor: 0x1d6b, product: 2, on: "0000:04:00.0" },
    { port: "1-1", bus: 1, number: 4, vendor: 0x046d, product: 0xc52b, serial: "A1" },
    { port: "1-2", bus: 1, number: 5, vendor: 0x0781, product: 0x5567 },
    { port: "1-3", bus: 1, number: 6, vendor: 0x0781, product: 0x5567 },
    { port: "1-4", bus: 1, number: 7, vendor: 0x05e3, product: 0x0608 }
  ],
  scsi: [
    {
      number: 2,
      units: [
        { bus: 0, target: 1, lun: 3, type: 1, generic: 4 },
        { bus: 0, target: 2, lun: 0, type: 1 }
      ]
    }
  ],
  mediated: [
    {
      uuid: "4b20d080-1b54-4048-85b3-a6a62d165c01",
      on: "0000:00:02.0",
      type: "i915-GVTg_V5_4",
      iommuGroup: 20
    }
  ]
}

export const hostOf = (devices: Devices = givable, texts: Texts = {}): SimulatedHost => {
  const host = new SimulatedHost(new World([]), { devices, programs: new Map() })
  put(host.disk, "/sys/bus/usb/devices/1-4/bDeviceClass", { text: "09\n" })
  for (const [path, text] of Object.entries(texts)) put(host.disk, path, { text })
  return host
}

export const guest = "11111111-1111-4111-8111-111111111111"

/** A definition of this guest with these devices. */
export const asking = (...devices: readonly string[]): Domain =>
  Result.getOrThrow(
    parseDomain(
      `<domain type='qemu'><name>web</name><uuid>${guest}</uuid><memory>1024</memory>` +
        "<os><type arch='x86_64' machine='q35'>hvm</type></os>" +
        `<devices>${devices.join("")}</devices></domain>`
    )
  ).domain

/** `0000:03:00.1` as an address of libvirt's. */
export const pciSource = (address: string): string => {
  const [domain, bus, rest = ""] = address.split(":")
  const [slot, last] = rest.split(".")
  return (
    `<source><address type='pci' domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' ` +
    `function='0x${last}'/></source>`
  )
}

export const pciDevice = (address: string, rest = ""): string =>
  "<hostdev mode='subsystem' type='pci' managed='yes'>" +
  `${rest}${pciSource(address).replace(" type='pci'", "")}</hostdev>`

export const usbDevice = (source: string, policy = ""): string =>
  `<hostdev mode='subsystem' type='usb'><source${policy}>${source}</source></hostdev>`

export const usbIds = (vendor: string, product: string): string =>
  `<vendor id='0x${vendor}'/><product id='0x${product}'/>`

export const usbPlace = (bus: number, device: number): string =>
  `<address bus='${bus}' device='${device}'/>`

export const scsiDevice = (adapter: string, target: number, unit: number): string =>
  `<hostdev mode='subsystem' type='scsi'><source><adapter name='${adapter}'/>` +
  `<address bus='0' target='${target}' unit='${unit}'/></source></hostdev>`

export const mediatedDevice = (uuid: string): string =>
  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>" +
  `<address uuid='${uuid}'/></source></hostdev>`

/** The answer, or the error that it fails with. */
export const answerOn = <A, E>(host: SimulatedHost, ask: Effect.Effect<A, E, Files>): A | E => {
  const exit = runOn(host, Effect.exit(ask))
  if (Exit.isSuccess(exit)) return exit.value
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") throw new Error("it neither succeeded nor failed")
  return reason.error
}

/** Fails, and says this. */
export const words = (answer: unknown): string => {
  if (!(answer instanceof Error)) throw new Error("it did not fail")
  return answer.message
}
