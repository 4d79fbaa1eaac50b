/**
 * Goal: the kernel is asked for drivers of the idle interfaces of one USB device, and of no other.
 * Method: a simulated /sys, whose probe file keeps what was written to it.
 */
import { expect, test } from "vitest"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { findUsbDrivers } from "../../../src/host/usb-driver.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import type { UsbDevice } from "../../../src/testing/host/sysfs-usb.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "../node/host.ts"

const probe = "/sys/bus/usb/drivers_probe"

const disk = { class: 8, subclass: 6, protocol: 80 }
const stick = { vendor: 0x0781, product: 0x5530, maker: "SanDisk", name: "Cruzer" } as const
const usb: readonly UsbDevice[] = [
  { ...stick, port: "1-2", bus: 1, number: 4, interfaces: [{ ...disk, driver: "uas" }, disk] },
  { ...stick, port: "1-2.1", bus: 1, number: 5, interfaces: [disk] },
  { ...stick, port: "1-3", bus: 1, number: 6, interfaces: [{ ...disk, driver: "uas" }] }
]

const asked = (device: string): string => {
  const host = new SimulatedHost(new World([]), { programs: new Map(), devices: { usb } })
  put(host.disk, probe, { text: "" })
  runOn(host, new DriverTurns().within(findUsbDrivers(device)))
  const node = host.disk.node(probe)
  return node?.kind === "file" ? new TextDecoder().decode(node.data) : ""
}

test.each([
  ["001:004", "1-2:1.1", "one of two interfaces is idle"],
  ["001:005", "1-2.1:1.0", "a device behind a hub"],
  ["001:006", "", "all are driven"],
  ["001:007", "", "the device is gone"]
])("%s: '%s', %s", (device, name) => {
  expect(asked(device)).toBe(name)
})
