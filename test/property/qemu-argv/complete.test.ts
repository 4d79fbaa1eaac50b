/**
 * Goal: completing a definition gives every device a place of its own, changes nothing that is
 * complete, and is the same each time.
 * Method: guests of random devices on both boards; places are compared, completion is repeated.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { pciText } from "../../../src/model/address.ts"
import type { Device } from "../../../src/model/device.ts"
import { devicesOf } from "../../../src/model/device.ts"
import type { Disk, DiskBus } from "../../../src/model/device/disk.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { completeDomain, prepareDomain } from "../../../src/qemu/complete.ts"
import { argv, completeOptions, deviceById, domain, onQ35 } from "../../unit/qemu-argv/fixture.ts"

const letters = "abcdefghijklmnopqrstuvwxyz"

const disk = (bus: DiskBus, prefix: string, index: number): Disk => ({
  kind: "disk",
  device: "disk",
  source: { type: "file", file: `/images/${prefix}${index}` },
  target: { dev: `${prefix}${letters[index]}`, bus },
  isReadonly: false,
  isShareable: false,
  isTransient: false
})

const many = (max: number, make: (index: number) => Device) =>
  fc.nat({ max }).map((count) => Array.from({ length: count }, (_, index) => make(index)))

const guest = fc
  .record({
    isQ35: fc.boolean(),
    virtio: many(26, (index) => disk("virtio", "vd", index)),
    scsi: many(9, (index) => disk("scsi", "sd", index)),
    cards: many(12, (index) => ({
      kind: "interface",
      connection: { type: "user" },
      ips: [],
      model: index % 3 === 0 ? "rtl8139" : "virtio"
    })),
    tablets: many(9, () => ({ kind: "input", type: "tablet" })),
    channels: many(40, (index) => ({
      kind: "channel",
      source: { type: "pty" },
      target: { type: "virtio", name: `port.${index}` }
    })),
    rngs: many(6, () => ({
      kind: "rng",
      model: "virtio",
      backend: { type: "random", path: "/dev/urandom" }
    })),
    graphics: many(1, () => ({ kind: "graphics", type: "vnc", autoport: true, listens: [] })),
    serials: many(2, () => ({ kind: "serial", source: { type: "pty" }, target: {} }))
  })
  .map(({ isQ35, ...kinds }) => domain(Object.values(kinds).flat(), isQ35 ? onQ35 : {}))

const complete = (given: Domain): Domain =>
  Result.getOrThrow(completeDomain(given, completeOptions))

/** A place as text. What a PCI address says of its slot's other functions is no part of it. */
const placeOf = (device: Device): readonly string[] => {
  if (!("address" in device) || device.address === undefined) return []
  const { address } = device
  if (address.type === "pci") return [`pci ${pciText(address)}`]
  // Disks of two buses may have the same drive address.
  const bus = device.kind === "disk" ? device.target.bus : ""
  return [`${bus} ${JSON.stringify(address)}`]
}

const placesOf = (given: Domain): readonly string[] => given.devices.flatMap(placeOf)

test("no two devices have the same place", () => {
  fc.assert(
    fc.property(guest, (given) => {
      const places = placesOf(complete(given))
      expect(new Set(places).size).toBe(places.length)
    })
  )
})

test("every PCI device is on a bus that a controller provides", () => {
  fc.assert(
    fc.property(guest, (given) => {
      const completed = complete(given)
      const buses = devicesOf(completed, "controller")
        .filter(({ type }) => type === "pci")
        .map(({ index }) => index)
      expect(new Set(buses).size).toBe(buses.length)
      for (const device of completed.devices) {
        if ("address" in device && device.address?.type === "pci") {
          expect(buses).toContain(device.address.bus)
        }
      }
    })
  )
})

test("a device at function 0 of a shared slot says that there are others", () => {
  fc.assert(
    fc.property(guest, (given) => {
      const addresses = complete(given).devices.flatMap((device) =>
        "address" in device && device.address?.type === "pci" ? [device.address] : []
      )
      const slots = Map.groupBy(addresses, ({ bus, slot }) => `${bus}:${slot}`)
      for (const shared of slots.values()) {
        const first = shared.find((address) => address.function === 0)
        if (shared.length > 1 && first !== undefined) expect(first.multifunction).toBe(true)
      }
    })
  )
})

test("completing what is complete changes nothing", () => {
  fc.assert(
    fc.property(guest, (given) => {
      const once = complete(given)
      expect(complete(once)).toEqual(once)
    })
  )
})

test("a definition is completed the same way each time", () => {
  fc.assert(
    fc.property(guest, (given) => {
      expect(complete(given)).toEqual(complete(given))
    }),
    { numRuns: 20 }
  )
})

test("every device of the definition is named on the command line, once", () => {
  fc.assert(
    fc.property(guest, (given) => {
      const words = argv(given)
      const prepared = Result.getOrThrow(prepareDomain(given, completeOptions))
      for (const kind of ["disk", "interface", "rng", "channel"] as const) {
        for (const { alias } of devicesOf(prepared, kind)) {
          expect(alias).toBeDefined()
          expect(deviceById(words, alias ?? "")).toBeDefined()
        }
      }
      const ids = words.flatMap((word) => /^\{"driver":.*"id":"([^"]+)"/.exec(word)?.[1] ?? [])
      expect(new Set(ids).size).toBe(ids.length)
    }),
    { numRuns: 50 }
  )
})
