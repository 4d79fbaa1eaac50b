/**
 * Goal: a device that is plugged into a running guest gets a name and a place that nothing else
 * has, moves nothing that is there, and is found again by its description.
 * Method: guests of random devices on both boards, prepared as a start does; host devices are
 * plugged in one after the other, as many as there is room for, and some taken out between.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { findDevice, isMeant, withoutDevice } from "../../../src/model/device-match.ts"
import type { Device } from "../../../src/model/device.ts"
import { devicesOf } from "../../../src/model/device.ts"
import type { Hostdev } from "../../../src/model/device/hostdev.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { prepareDomain } from "../../../src/qemu/complete.ts"
import { fitHostdev, hostdevProperties } from "../../../src/qemu/plug.ts"
import { completeOptions, domain, onQ35 } from "../../unit/qemu-argv/fixture.ts"

const { capabilities } = completeOptions

const pci = (slot: number): Hostdev => ({
  kind: "hostdev",
  managed: true,
  source: { type: "pci", address: { type: "pci", domain: 0, bus: 3, slot, function: 0 } }
})
const usb = (device: number): Hostdev => ({
  kind: "hostdev",
  managed: false,
  source: { type: "usb", bus: 1, device }
})

const ports = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    kind: "controller",
    type: "pci",
    model: "pcie-root-port",
    index: at + 1
  }))

const xhci = { kind: "controller", type: "usb", index: 0, model: "qemu-xhci" }
const tablet = { kind: "input", type: "tablet", bus: "usb" }
const rng = { kind: "rng", model: "virtio", backend: { type: "random", path: "/dev/urandom" } }

const guest = fc
  .record({
    isQ35: fc.boolean(),
    ports: fc.integer({ min: 1, max: 8 }),
    tablets: fc.nat({ max: 5 }),
    rngs: fc.nat({ max: 3 }),
    cold: fc.nat({ max: 2 })
  })
  .map(({ isQ35, tablets, rngs, cold, ...given }) => {
    const devices = [
      xhci,
      ...Array.from({ length: tablets }, () => tablet),
      ...Array.from({ length: rngs }, () => rng),
      ...Array.from({ length: cold }, (_, at) => pci(at))
    ] as Device[]
    const root = { kind: "controller", type: "pci", model: "pcie-root", index: 0 }
    const q35 = [root, ...ports(given.ports + rngs + cold + 1), ...devices] as Device[]
    return Result.getOrThrow(
      prepareDomain(isQ35 ? domain(q35, onQ35) : domain(devices, {}), completeOptions)
    )
  })

/** What is plugged in, and what is taken out, by its place among those that are there. */
const deed = fc.oneof(
  fc.record({ plug: fc.constantFrom<"pci" | "usb">("pci", "usb"), which: fc.nat({ max: 30 }) }),
  fc.record({ unplug: fc.nat({ max: 30 }) })
)

const placesOf = ({ devices }: Domain): readonly string[] =>
  devices.flatMap((device) => {
    if (!("address" in device) || device.address === undefined) return []
    const { address } = device
    if (address.type === "pci") {
      const { bus, slot, function: part } = address
      return [`pci ${bus}:${slot}.${part}`]
    }
    return address.type === "usb" ? [`usb ${address.bus}.${address.port}`] : []
  })

const aliasesOf = ({ devices }: Domain) =>
  devices.flatMap((device) => ("alias" in device ? (device.alias ?? []) : []))

const plugged = (live: Domain, wanted: Hostdev): Domain => {
  const fitted = fitHostdev(live, wanted, capabilities)
  if (Result.isFailure(fitted)) {
    expect(fitted.failure.message).toMatch(/no PCI slot is free|no USB port is free/)
    return live
  }
  const device = fitted.success
  expect(aliasesOf(live)).not.toContain(device.alias)
  expect(Result.isSuccess(hostdevProperties(live, device, capabilities))).toBe(true)
  const after = { ...live, devices: [...live.devices, device] }
  const places = placesOf(after)
  expect(new Set(places).size).toBe(places.length)
  const isExpress = live.os.machine?.includes("q35") === true
  if (isExpress && device.address?.type === "pci") expect(device.address.bus).toBeGreaterThan(0)
  expect(findDevice(after, { device: wanted })).toBe(device)
  expect(findDevice(after, { alias: device.alias })).toBe(device)
  return after
}

test("each has a name and a place of its own, and nothing that is there moves", () => {
  let [came, refused] = [0, 0]
  fc.assert(
    fc.property(guest, fc.array(deed, { maxLength: 20 }), (started, deeds) => {
      let live = started
      for (const one of deeds) {
        if ("unplug" in one) {
          const there = devicesOf(live, "hostdev")
          const gone = there[one.unplug % Math.max(1, there.length)]
          if (gone !== undefined) live = withoutDevice(live, gone)
          continue
        }
        const wanted = one.plug === "pci" ? pci(one.which) : usb(one.which + 1)
        if (findDevice(live, { device: wanted }) !== undefined) continue
        const after = plugged(live, wanted)
        expect(after.devices.slice(0, live.devices.length)).toEqual(live.devices)
        if (after === live) refused++
        else came++
        live = after
      }
    }),
    { numRuns: 200 }
  )
  expect(came).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(10)
})

test("every device is meant by itself, and by no other kind's description", () => {
  fc.assert(
    fc.property(guest, ({ devices }) => {
      for (const device of devices) {
        expect(isMeant(device, device)).toBe(true)
        for (const other of devices)
          if (isMeant(device, other)) expect(other.kind).toBe(device.kind)
      }
    })
  )
})

test("a host device is known by its source, wherever the guest sees it", () => {
  const [one, two] = [pci(1), pci(2)]
  const placed: Hostdev = {
    ...one,
    managed: false,
    alias: "hostdev4",
    address: { type: "pci", domain: 0, bus: 5, slot: 0, function: 0 }
  }
  expect(isMeant(one, placed)).toBe(true)
  expect(isMeant(two, placed)).toBe(false)
  const byId: Hostdev = {
    ...usb(1),
    source: { type: "usb", vendor: 0x1d6b, product: 2 }
  }
  const found: Hostdev = {
    ...usb(1),
    source: { type: "usb", vendor: 0x1d6b, product: 2, bus: 1, device: 4 }
  }
  expect(isMeant(byId, found)).toBe(true)
  expect(isMeant(usb(4), found)).toBe(true)
  expect(isMeant(usb(5), found)).toBe(false)
})
