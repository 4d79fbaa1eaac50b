/**
 * Goal: the kernel is asked for drivers of the idle interfaces of one USB device, and of no other,
 * but for those that were idle before.
 * Method: a simulated host, whose kernel keeps what it was asked for.
 */
import { expect, test } from "vitest"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { findUsbDrivers } from "../../../src/host/usb-driver.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import type { UsbDevice } from "../../../src/testing/host/sysfs-usb.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "../node/host.ts"

const disk = { class: 8, subclass: 6, protocol: 80 }
const driven = { ...disk, driver: "uas" }
const idle = { ...disk, nativeDriver: "uas" }
const stick = { vendor: 0x0781, product: 0x5530, maker: "SanDisk", name: "Cruzer" } as const
const usb: readonly UsbDevice[] = [
  { ...stick, port: "1-2", bus: 1, number: 4, interfaces: [driven, idle, idle] },
  { ...stick, port: "1-2.1", bus: 1, number: 5, interfaces: [idle] },
  { ...stick, port: "1-3", bus: 1, number: 6, interfaces: [driven] }
]

const afterAsking = (device: string, before: readonly string[]) => {
  const host = new SimulatedHost(new World([]), { programs: new Map(), devices: { usb } })
  runOn(host, new DriverTurns().within(findUsbDrivers(device, before)))
  return host.usb
}

test.each([
  ["001:004", [], ["1-2:1.1", "1-2:1.2"], "two of three interfaces are idle"],
  ["001:004", ["1-2:1.2"], ["1-2:1.1"], "one of them was idle before"],
  ["001:005", [], ["1-2.1:1.0"], "a device behind a hub"],
  ["001:006", [], [], "all are driven"],
  ["001:007", [], [], "the device is gone"]
])("%s but for %j: %j, %s", (device, before, names) => {
  const { probed, standings } = afterAsking(device, before)
  expect(probed).toEqual(names)
  const drivers = standings.filter(({ name }) => names.includes(name)).map(({ driver }) => driver)
  expect(drivers).toEqual(names.map(() => "uas"))
})
