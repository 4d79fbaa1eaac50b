/**
 * Goal: whoever listens hears what comes, goes and changes, in an order in which parents are there;
 * nobody looks while nobody listens.
 * Method: a simulated host whose devices change while its clock runs.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { changesBetween } from "../../../src/engine/node-device-watch.ts"
import { makeNodeDevices } from "../../../src/engine/node-device.ts"
import type { NodeDeviceEvent } from "../../../src/model/node-device.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import { type UsbDevice, unplug, writeDevices } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"
import { everyDevice } from "./every-device.ts"
import { runOn } from "./host.ts"

const uuid = Effect.succeed("9a1b2c3d-0000-4000-8000-000000000001")

const stick: UsbDevice = {
  port: "1-4",
  bus: 1,
  number: 9,
  vendor: 0x0781,
  product: 0x5567,
  interfaces: [{ class: 8, subclass: 6, protocol: 0x50 }]
}

/** What is heard of each of some changes, two looks apart. */
const heardOf = (changes: readonly ((host: SimulatedHost) => void)[]) => {
  const host = new SimulatedHost(new World([]), { devices: everyDevice })
  const heard: (readonly string[])[] = []
  return runOn(
    host,
    Effect.scoped(
      Effect.gen(function* () {
        const devices = yield* makeNodeDevices({ uuid })
        let now: NodeDeviceEvent[] = []
        yield* devices.subscribe((event) => now.push(event))
        for (const change of changes) {
          now = []
          change(host)
          yield* Effect.sleep("2 seconds")
          heard.push(now.map(({ type, name }) => `${type} ${name}`))
        }
        return heard
      })
    )
  )
}

const stickAt = "/sys/bus/usb/devices/1-4"

test("what is plugged in comes before its parts, and goes after them", () => {
  expect(
    heardOf([
      () => {},
      ({ disk }) => writeDevices(disk, { usb: [stick] }),
      ({ disk }) => unplug(disk, stickAt)
    ])
  ).toEqual([
    [],
    ["created usb_1_4", "created usb_1_4_1_0"],
    ["deleted usb_1_4_1_0", "deleted usb_1_4"]
  ])
})

test("another driver and another medium are changes; a stick plugged in again is another", () => {
  const replug = ({ disk }: SimulatedHost) => {
    unplug(disk, stickAt)
    writeDevices(disk, { usb: [{ ...stick, number: 10 }] })
  }
  const bind = ({ disk }: SimulatedHost) => {
    const at = "/sys/bus/pci/devices/0000:03:00.1/driver"
    disk.unlink(at)
    disk.symlink("../../../../bus/pci/drivers/vfio-pci", at)
  }
  const change = ({ disk }: SimulatedHost) => put(disk, "/sys/block/sr0/size", { text: "16\n" })
  expect(
    heardOf([({ disk }) => writeDevices(disk, { usb: [stick] }), replug, bind, change])
  ).toEqual([
    ["created usb_1_4", "created usb_1_4_1_0"],
    ["deleted usb_1_4", "created usb_1_4"],
    ["updated pci_0000_03_00_1"],
    ["updated block_sr0"]
  ])
})

test("two listeners share the looks, which end with the last of them and begin anew", () => {
  const host = new SimulatedHost(new World([]), { devices: everyDevice })
  const found = runOn(
    host,
    Effect.scoped(
      Effect.gen(function* () {
        const { subscribe } = yield* makeNodeDevices({ uuid })
        const heard: string[] = []
        const hear =
          (who: string) =>
          ({ type, name }: NodeDeviceEvent) =>
            void heard.push(`${who}: ${type} ${name}`)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* subscribe(hear("one"))
            yield* subscribe(hear("other"))
            unplug(host.disk, "/sys/class/net/wl0")
            yield* Effect.sleep("2 seconds")
          })
        )
        yield* Effect.sleep("5 seconds")
        unplug(host.disk, "/sys/class/net/eth0")
        yield* Effect.sleep("5 seconds")
        yield* subscribe(hear("late"))
        unplug(host.disk, "/sys/class/net/lo")
        yield* Effect.sleep("2 seconds")
        return heard
      })
    )
  )
  expect(found).toEqual([
    "one: deleted net_wl0_52_54_00_aa_bb_02",
    "other: deleted net_wl0_52_54_00_aa_bb_02",
    "late: deleted net_lo_00_00_00_00_00_00"
  ])
})

test("nothing changes between two equal looks", () => {
  const one = { name: "pci_x", kind: "pci", path: "/sys/x", mark: "igb" } as const
  expect(changesBetween(new Map([["pci_x", one]]), new Map([["pci_x", { ...one }]]))).toEqual([])
})
