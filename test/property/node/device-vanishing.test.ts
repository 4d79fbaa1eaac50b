/**
 * Goal: a device that vanishes while devices are read is left out or whole, and nothing else
 * changes; a disk that answers with errors makes no failure.
 * Method: a simulated /sys from which a device is taken before the n-th primitive, for every n.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { listDevices } from "../../../src/host/device-list.ts"
import { Files } from "../../../src/host/files.ts"
import { pciNames } from "../../../src/host/pci-names.ts"
import { type PciEntry, readPciInventory } from "../../../src/host/pci-inventory.ts"
import type { NodeDevice } from "../../../src/model/node-device.ts"
import { readDevice } from "../../../src/node/device.ts"
import { MemoryDisk } from "../../../src/testing/host/disk.ts"
import { carried, filesService, OpenFiles, refused } from "../../../src/testing/host/files.ts"
import { unplug, writeDevices } from "../../../src/testing/host/sysfs.ts"
import { nodeDeviceXml } from "../../../src/xml/node-device.ts"
import { everyDevice } from "../../unit/node/every-device.ts"

const freshDisk = (): MemoryDisk => {
  const disk = new MemoryDisk()
  disk.makeDirectories("/dev")
  writeDevices(disk, everyDevice)
  return disk
}

type Before = (count: number, path: string) => boolean

/** Runs on a disk; `fails` is asked before each primitive. Tells how many there were. */
const runOn = <A>(disk: MemoryDisk, work: Effect.Effect<A, never, Files>, fails: Before) => {
  let count = 0
  const files = filesService(new OpenFiles(disk), (deed) =>
    Effect.suspend(() => (fails(count++, deed.path) ? refused(deed, "EIO") : carried(deed)))
  )
  const found = Effect.runSync(Effect.provideContext(work, Context.make(Files, files)))
  return { found, count: () => count }
}

const ground = { names: pciNames(""), uuid: "9a1b2c3d-0000-4000-8000-000000000001" }

const readAll = Effect.gen(function* () {
  const found = yield* Effect.forEach(yield* listDevices, (device) => readDevice(device, ground))
  return found.flatMap((one) => one ?? [])
})

const never: Before = () => false

const textsOf = (devices: readonly NodeDevice[]) =>
  new Map(devices.map((device) => [device.name, nodeDeviceXml(device)]))

const whole = runOn(freshDisk(), readAll, never)
const wholeTexts = textsOf(whole.found)
const last = whole.count()

const withoutParent = (text: string): string => text.replace(/ *<parent>.*\n/, "")

/** What is taken away, and the devices that go with it. */
const victims = [
  { link: "/sys/bus/usb/devices/1-2.3", goes: /^usb_1_2_3/ },
  { link: "/sys/bus/scsi/devices/0:0:0:0", goes: /^(scsi_0_0_0_0|scsi_generic_sg0|block_sda)/ },
  { link: "/sys/class/net/eth0", goes: /^net_eth0/ }
] as const

test("a device that goes in the middle is left out or told whole, and the others stay", () => {
  fc.assert(
    fc.property(fc.constantFrom(...victims), fc.nat(last), ({ link, goes }, moment) => {
      const disk = freshDisk()
      const { found } = runOn(disk, readAll, (count) => {
        if (count === moment) unplug(disk, link)
        return false
      })
      const texts = textsOf(found)
      for (const [name, text] of wholeTexts)
        if (!goes.test(name)) expect(texts.get(name)).toBe(text)
      // A part that is seen later than what it was a part of is a part of the next one above.
      for (const [name, text] of texts)
        expect(withoutParent(text)).toBe(withoutParent(wholeTexts.get(name) ?? ""))
    }),
    { numRuns: 300 }
  )
})

test("a device that goes in the middle of a list is in it under its own name or not at all", () => {
  fc.assert(
    fc.property(fc.constantFrom(...victims), fc.nat(last), ({ link, goes }, moment) => {
      const disk = freshDisk()
      const { found } = runOn(disk, listDevices, (count) => {
        if (count === moment) unplug(disk, link)
        return false
      })
      const names = found.map(({ name }) => name)
      for (const name of names) expect(wholeTexts.has(name)).toBe(true)
      for (const name of wholeTexts.keys()) if (!goes.test(name)) expect(names).toContain(name)
    })
  )
})

test("an inventory has the functions that stay, and says nothing half of one that goes", () => {
  const whole = runOn(freshDisk(), readPciInventory, never)
  const goes = "0000:03:10.2"
  const others = (functions: readonly PciEntry[]) =>
    functions.filter(({ address }) => address !== goes)
  fc.assert(
    fc.property(fc.nat(whole.count()), (moment) => {
      const disk = freshDisk()
      const { found } = runOn(disk, readPciInventory, (count) => {
        if (count === moment) unplug(disk, `/sys/bus/pci/devices/${goes}`)
        return false
      })
      expect(others(found.functions)).toEqual(others(whole.found.functions))
      const mates = found.groups.get(9) ?? []
      expect(mates.length).toBeLessThanOrEqual(1)
    })
  )
})

test("reads that fail leave facts out and never fail the list", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(9)), (chances) => {
      const { found } = runOn(freshDisk(), readAll, () => chances.next().value === 0)
      for (const device of found) expect(nodeDeviceXml(device)).toContain(`<name>${device.name}<`)
    }),
    { numRuns: 50 }
  )
})
