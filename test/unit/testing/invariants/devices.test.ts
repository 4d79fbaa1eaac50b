/**
 * Goal: the laws about devices of the host fail where they are broken.
 * Method: a host with a card that is taken by hand, by what the kernel, the pool and the disk say;
 * each law sees one of them say otherwise, and not its neighbour.
 */
import * as HashMap from "effect/HashMap"
import { expect, test } from "vitest"
import { card, deviceShapes } from "../../../../src/testing/host/device-shapes.ts"
import { put } from "../../../../src/testing/host/put.ts"
import { ownDevices } from "../../../../src/testing/simulation/host-devices.ts"
import { simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import type { View } from "../../../../src/testing/simulation/view.ts"
import {
  checksOf,
  d0,
  domainTurnOf,
  off,
  operation,
  stopping,
  turnOf,
  viewOf
} from "./hand-made.ts"

/** The first that clients call about. */
const [address] = ownDevices
const devices = { pci: [{ ...card, address }] }
const bus = "/sys/bus/pci"
const recordAt = `${simulatedRoot}/run/hostdevs/pci-${address}.json`

const remember = (view: View, original = "e1000e", isDetached = false) =>
  put(view.host.disk, recordAt, { text: JSON.stringify({ original, isDetached }) })

/** As the engine's own deeds on the host's /sys. */
const write = (view: View, path: string, text: string) =>
  view.host.disk.fileAt(`${bus}/${path}`).attribute?.store?.(text)

const take = (view: View) => {
  write(view, `devices/${address}/driver_override`, "vfio-pci")
  write(view, `devices/${address}/driver/unbind`, address)
  write(view, "drivers_probe", address)
}

/** A pool that has no device. */
const nothing = { holdings: () => ({}), entries: () => new Map() }

interface SceneOptions {
  readonly state?: string
  readonly isAsked?: boolean
  readonly isFaulty?: boolean
}

const scene = ({ state, isAsked = false, isFaulty = false }: SceneOptions = {}) => {
  const entries = new Map(state === undefined ? [] : [[address, { state, isManaged: true }]])
  const pci = { holdings: () => ({}), entries: () => entries }
  return viewOf({
    devices,
    parts: { pools: { pci, usb: nothing } },
    operations: isAsked ? [operation({ call: "nodeDetach", device: 0 })] : [],
    faults: isFaulty ? [{ seam: "pci", nth: 0, fault: "refuse" }] : []
  })
}

const atRest = (options: SceneOptions, prepare: (view: View) => void = () => {}) => {
  const view = scene(options)
  prepare(view)
  return checksOf("I24").rest(view)
}

const taken = (view: View) => {
  remember(view)
  take(view)
}

test("I24 sees a device that is the host's by the pool, and is not by the kernel", () => {
  expect(atRest({})).toBeUndefined()
  expect(atRest({}, taken)).toMatch("with driver vfio-pci, not e1000e")
  const meant = (view: View) => write(view, `devices/${address}/driver_override`, "pci-stub")
  expect(atRest({}, meant)).toMatch("meant for pci-stub")
  expect(atRest({}, remember)).toMatch("remembered")
})

test("I24 sees one that is detached although nobody asked, or not, or not remembered", () => {
  expect(atRest({ state: "detached", isAsked: true }, taken)).toBeUndefined()
  expect(atRest({ state: "detached" }, taken)).toMatch("nobody asked")
  expect(atRest({ state: "detached", isAsked: true }, take)).toMatch("not remembered")
  expect(atRest({ state: "detached", isAsked: true }, remember)).toMatch("with driver e1000e")
  const opened = (view: View) => {
    taken(view)
    view.host.pci.open(address, 7)
  }
  expect(atRest({ state: "detached", isAsked: true }, opened)).toMatch("open in process 7")
  expect(atRest({ state: "assigned" }, opened)).toBeUndefined()
})

test("I24 sees one that never arrives, and one that is broken without a cause", () => {
  expect(atRest({ state: "reattaching" }, taken)).toMatch("should have arrived")
  expect(atRest({ state: "broken" }, taken)).toMatch("nothing went wrong")
  expect(atRest({ state: "broken", isFaulty: true }, taken)).toBeUndefined()
})

test("I24 sees a USB device that nobody has and whose driver has not got it back", () => {
  const bulk = { class: 8, subclass: 6, protocol: 80, driver: "usb-storage" }
  const stick = { port: "1-4", bus: 1, number: 4, vendor: 1, product: 2, interfaces: [bulk] }
  const after = (end: "close" | "giveBack" | undefined, entries = new Map<string, object>()) => {
    const usb = { holdings: () => ({}), entries: () => entries }
    const parts = { pools: { pci: nothing, usb } }
    const view = viewOf({ devices: { usb: [stick] }, parts, operations: [], faults: [] })
    const opened = view.host.usb.open("001:004", 7)
    if (end !== undefined) opened[end]()
    return checksOf("I24").rest(view)
  }
  expect(after("giveBack")).toBeUndefined()
  expect(after(undefined)).toBeUndefined()
  expect(after("close", new Map([["001:004", { state: "lingering" }]]))).toBeUndefined()
  expect(after("close")).toMatch("1-4:1.0 of 001:004 is with driver undefined, not usb-storage")
})

test("I24 sees one that lingers although no guest has a mate of its group", () => {
  expect(atRest({ state: "lingering" }, taken)).toMatch("its group is free")
  const [mate] = deviceShapes.twoFunctions.pci ?? []
  const withMate = (holder: object | undefined) => {
    const entries = new Map<string, object>([
      [address, { state: "lingering", isManaged: true }],
      ["0000:01:00.0", { state: "assigned", isManaged: true, holder }]
    ])
    const pci = { holdings: () => ({}), entries: () => entries }
    const view = viewOf({
      devices: {
        pci: [
          { ...card, address },
          { ...mate, driver: "vfio-pci", iommuGroup: 7 }
        ]
      },
      parts: { pools: { pci, usb: nothing } }
    } as Parameters<typeof viewOf>[0])
    taken(view)
    return checksOf("I24").rest(view)
  }
  expect(withMate({ uuid: d0, name: "d0", epoch: "1.1", token: `${d0}/1.1` })).toBeUndefined()
  expect(withMate(undefined)).toMatch("its group is free")
})

test("I24 sees an engine that opens and does not know what is away", () => {
  const { opened } = checksOf("I24")
  const view = scene()
  expect(opened(view)).toBeUndefined()
  remember(view)
  expect(opened(view)).toMatch("is remembered, and no pool")
  take(view)
  expect(opened(view)).toMatch("with vfio-pci, and no pool")
})

test("I24 sees a guest that is off before its device is back", () => {
  const token = `${d0}/1.1`
  const holder = { uuid: d0, name: "d0", epoch: "1.1", token }
  const pool = (value: string, by: object | undefined) => ({
    devices: HashMap.make([address, { value, context: { holder: by, isManaged: true } }] as const),
    tokens: by === undefined ? HashMap.empty() : HashMap.make([token, [address]] as const),
    moving: [],
    waiting: []
  })
  const release = turnOf("pci-pool", {
    message: { type: "release", token },
    before: pool("assigned", holder),
    after: pool("reattaching", undefined)
  })
  const arrival = turnOf("pci-pool", {
    message: { type: "reattached", device: address },
    before: pool("reattaching", undefined),
    after: pool("host", undefined)
  })
  const end = domainTurnOf({ before: stopping("1.1"), after: off })
  const { decided } = checksOf("I24")
  const view = scene()
  expect(decided(release, view)).toBeUndefined()
  expect(decided(end, view)).toMatch(`${address} has not got back`)
  expect(decided(arrival, view)).toBeUndefined()
  expect(decided(end, view)).toBeUndefined()
  const hanging = checksOf("I24")
  expect(hanging.decided(release, scene({ isFaulty: true }))).toBeUndefined()
  expect(hanging.decided(end, scene({ isFaulty: true }))).toBeUndefined()
})

test("I24 sees a device that was detached and is not kept so", () => {
  const acknowledged = { isAsked: true }
  expect(atRest(acknowledged)).toMatch("nobody called for it to be given back")
})

test("I31 sees a driver that is not remembered, before, while and after", () => {
  const { step } = checksOf("I31")
  const view = scene()
  const label = `write ${bus}/devices/${address}/driver_override`
  expect(step(view, label)).toBeUndefined()
  write(view, `devices/${address}/driver_override`, "vfio-pci")
  expect(step(view, label)).toMatch("nothing is remembered")
  remember(view)
  expect(step(view, label)).toBeUndefined()
  remember(view, "")
  expect(step(view, label)).toMatch("had driver e1000e, and '' is remembered")
  remember(view)
  take(view)
  expect(step(view, "write something else")).toBeUndefined()
  view.host.disk.unlink(recordAt)
  expect(step(view, `unlink ${recordAt}`)).toMatch("nothing is remembered")
})

test("I26 sees a device that is left away when all is over", () => {
  const atEnd = (options: SceneOptions, prepare: (view: View) => void) => {
    const { rest, ended } = checksOf("I26")
    const view = scene(options)
    rest(view)
    prepare(view)
    view.life?.process.exit()
    view.world.drain()
    return ended(view)
  }
  expect(atEnd({}, () => {})).toBeUndefined()
  expect(atEnd({}, taken)).toMatch("left with driver vfio-pci")
  expect(atEnd({}, remember)).toMatch("a record of e1000e")
  const detached = (view: View) => {
    remember(view, "e1000e", true)
    take(view)
  }
  expect(atEnd({ isAsked: true }, detached)).toBeUndefined()
  expect(atEnd({}, detached)).toMatch("left with driver vfio-pci")
  expect(atEnd({ isFaulty: true }, taken)).toBeUndefined()
})

test("I23 sees what the kernel refuses to a QEMU", () => {
  const { step } = checksOf("I23")
  const view = viewOf({ devices: deviceShapes.twoCards })
  expect(step(view, "timer")).toBeUndefined()
  expect(() => view.host.pci.open(card.address, 7)).toThrow("ENOENT")
  expect(step(view, "timer")).toMatch(`refused ${card.address} to a QEMU: ENOENT`)
  expect(step(view, "timer")).toBeUndefined()
})
