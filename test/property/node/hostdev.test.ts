/**
 * Goal: a function goes to a guest exactly when nothing else of its group is the host's or another
 * guest's, and each that stands in the way is named; a USB device is found exactly when one answers
 * to all that is said of it; a /sys that vanishes or breaks in the middle gives an answer or a
 * typed error, and never a device that was not meant.
 * Method: hosts of random groups and sticks against the rules said once more, in lists; then every
 * primitive in turn answered with an error.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { Files } from "../../../src/host/files.ts"
import { GroupNotViable } from "../../../src/model/hostdev-error.ts"
import { resolveHostdevs } from "../../../src/node/hostdev.ts"
import type { Taken } from "../../../src/node/hostdev-group.ts"
import { readHostUses } from "../../../src/node/hostdev-use.ts"
import { MemoryDisk } from "../../../src/testing/host/disk.ts"
import { carried, filesService, OpenFiles, refused } from "../../../src/testing/host/files.ts"
import { type Devices, writeDevices } from "../../../src/testing/host/sysfs.ts"
import { everyDevice } from "../../unit/node/every-device.ts"
import { put } from "../../../src/testing/host/put.ts"
import {
  asking,
  givable,
  guest,
  mediatedDevice,
  nic,
  pciDevice,
  scsiDevice,
  usbDevice,
  usbIds,
  usbPlace
} from "../../unit/node/hostdev-host.ts"

const diskOf = (devices: Devices): MemoryDisk => {
  const disk = new MemoryDisk()
  disk.makeDirectories("/dev")
  writeDevices(disk, devices)
  return disk
}

type Fails = (count: number, path: string) => boolean

/** Runs on a disk; a primitive for which `fails` says so is refused with EIO. */
const runOn = <A, E>(disk: MemoryDisk, work: Effect.Effect<A, E, Files>, fails: Fails) => {
  let count = 0
  const files = filesService(new OpenFiles(disk), (deed) =>
    Effect.suspend(() => (fails(count++, deed.path) ? refused(deed, "EIO") : carried(deed)))
  )
  const answer = Effect.runSync(
    Effect.provideContext(Effect.result(work), Context.make(Files, files))
  )
  return { answer, count }
}

const never: Fails = () => false

interface Function {
  readonly group: number
  readonly driver: string | undefined
  readonly holder: "web" | "db" | undefined
  readonly isWanted: boolean
}

const oneFunction: fc.Arbitrary<Function> = fc.record({
  group: fc.nat(2),
  driver: fc.constantFrom(undefined, "igb", "vfio-pci", "pci-stub", "pcieport", "nouveau"),
  holder: fc.constantFrom(undefined, undefined, "web" as const, "db" as const),
  isWanted: fc.boolean()
})

const addressOf = (index: number): string => `0000:03:${(index + 1).toString().padStart(2, "0")}.0`

const harmless: readonly (string | undefined)[] = [undefined, "vfio-pci", "pci-stub", "pcieport"]

/** Who stands in the way of this one, by address. */
const hindrances = (all: readonly Function[], wanted: Function): readonly string[] =>
  all.flatMap((one, index) => {
    if (one === wanted || one.isWanted || one.group !== wanted.group) return []
    if (one.holder === "web") return []
    return one.holder === "db" || !harmless.includes(one.driver) ? [addressOf(index)] : []
  })

test("a group goes to a guest as a whole or not at all, and who hinders it is named", () => {
  fc.assert(
    fc.property(fc.array(oneFunction, { minLength: 1, maxLength: 6 }), (all) => {
      const pci = all.map(({ group, driver }, index) => ({
        ...nic,
        address: addressOf(index),
        iommuGroup: group,
        ...(driver === undefined ? {} : { driver })
      }))
      const taken: Taken = (kind, device) => {
        const holder = all.find((_, index) => addressOf(index) === device)?.holder
        if (kind !== "pci" || holder === undefined) return undefined
        return { uuid: holder === "web" ? guest : "other", name: holder }
      }
      const wanted = all.flatMap((one, index) => (one.isWanted ? [addressOf(index)] : []))
      const domain = asking(...wanted.map((address) => pciDevice(address)))
      const { answer } = runOn(diskOf({ pci }), resolveHostdevs(domain, taken), never)
      const hindered = all.find((one) => one.isWanted && hindrances(all, one).length > 0)
      if (hindered === undefined) {
        const names = Result.getOrThrow(answer).wishes.pci.map(({ device }) => device)
        expect(names).toEqual(wanted)
        return
      }
      expect(Result.isFailure(answer) && answer.failure).toBeInstanceOf(GroupNotViable)
      if (Result.isFailure(answer) && answer.failure._tag === "GroupNotViable") {
        expect(answer.failure.device).toBe(addressOf(all.indexOf(hindered)))
        expect(answer.failure.members.map(({ device }) => device)).toEqual(
          hindrances(all, hindered)
        )
      }
    })
  )
})

const stick = fc.record({ vendor: fc.constantFrom(0x781, 0x46d), product: fc.constantFrom(1, 2) })

const wantedStick = fc.record({
  ids: fc.option(stick),
  place: fc.option(
    fc.record({ bus: fc.constantFrom(1, 2), device: fc.integer({ min: 1, max: 4 }) })
  )
})

const hex = (value: number): string => value.toString(16).padStart(4, "0")

test("a USB device is found when exactly one answers to all that is said of it", () => {
  fc.assert(
    fc.property(fc.array(stick, { maxLength: 4 }), wantedStick, (sticks, { ids, place }) => {
      fc.pre(ids !== null || place !== null)
      const usb = sticks.map((one, index) => ({
        port: `1-${index + 1}`,
        bus: 1,
        number: index + 1,
        ...one
      }))
      const source =
        (ids === null ? "" : usbIds(hex(ids.vendor), hex(ids.product))) +
        (place === null ? "" : usbPlace(place.bus, place.device))
      const matches = usb.filter(
        ({ vendor, product, bus, number }) =>
          (ids === null || (ids.vendor === vendor && ids.product === product)) &&
          (place === null || (place.bus === bus && place.device === number))
      )
      const domain = asking(usbDevice(source))
      const { answer } = runOn(
        diskOf({ usb }),
        resolveHostdevs(domain, () => undefined),
        never
      )
      if (matches.length === 1) {
        const device = `001:00${matches[0]?.number}`
        expect(Result.getOrThrow(answer).wishes.usb).toEqual([{ device, isManaged: false }])
        return
      }
      const tag = matches.length === 0 ? "HostdevNotFound" : "HostdevAmbiguous"
      expect(Result.isFailure(answer) && answer.failure._tag).toBe(tag)
      if (Result.isFailure(answer) && answer.failure._tag === "HostdevAmbiguous")
        expect(answer.failure.matches).toEqual(matches.map(({ number }) => `001:00${number}`))
    })
  )
})

const everything = asking(
  pciDevice("0000:03:00.0"),
  pciDevice("0000:03:00.1"),
  usbDevice(usbIds("046d", "c52b")),
  scsiDevice("scsi_host2", 1, 3),
  mediatedDevice("4b20d080-1b54-4048-85b3-a6a62d165c01")
)

test("a /sys that answers with errors gives the same devices, or none and a typed error", () => {
  const disk = diskOf(givable)
  const work = resolveHostdevs(everything, () => undefined)
  const { answer, count } = runOn(disk, work, never)
  const whole = Result.getOrThrow(answer).wishes
  for (let at = 0; at < count; at += 1) {
    const broken = runOn(disk, work, (deed) => deed === at).answer
    if (Result.isSuccess(broken)) expect(broken.success.wishes).toEqual(whole)
    else expect(broken.failure.message).not.toBe("")
  }
  const all = runOn(disk, work, () => true).answer
  expect(Result.isFailure(all) && all.failure._tag).toBe("HostdevNotFound")
})

test("what the host uses is told, or less of it, when /sys answers with errors", () => {
  const disk = diskOf(everyDevice)
  put(disk, "/proc/self/mountinfo", { text: "20 1 8:0 / / rw - ext4 /dev/sda rw\n" })
  const usesIn = (fails: Fails) => {
    const { answer, count } = runOn(disk, readHostUses, fails)
    return { uses: Result.getOrThrow(answer), count }
  }
  const { uses, count } = usesIn(never)
  expect(uses.map(({ why }) => why)).toEqual([
    "its disk sda is mounted at '/'",
    "its card eth0 is the only one with a carrier"
  ])
  for (let at = 0; at < count; at += 1)
    for (const { path } of usesIn((deed) => deed === at).uses)
      expect(uses.some((one) => one.path === path) || path.includes("/block/")).toBe(true)
})

test("where it cannot be told what is mounted, every disk may be the host's", () => {
  const disk = diskOf(everyDevice)
  for (const table of ["/proc/self/mountinfo", "/proc/swaps"]) {
    const { answer } = runOn(disk, readHostUses, (_, path) => path === table)
    const uses = Result.getOrThrow(answer).filter(({ path }) => path.includes("/block/"))
    expect(uses.map(({ path }) => path.split("/").at(-1))).toEqual(["loop0", "sda", "sr0", "vda"])
    expect(uses[0]?.why).toContain("may be mounted or swapped to")
  }
})
