/**
 * Goal: a PCI function that was taken to VFIO comes back to the driver that it had, with what had
 * been said of its driver before, whichever driver the kernel would choose for it.
 * Method: the deeds themselves on a simulated host, whose kernel binds as it is told.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { driverOf, overrideOf, pciDrivers } from "../../../src/host/pci-driver.ts"
import { card } from "../../../src/testing/host/device-shapes.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import type { PciDevice } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "../node/host.ts"

const { address } = card

const hostWith = (device: Partial<PciDevice>): SimulatedHost =>
  new SimulatedHost(new World([]), { devices: { pci: [{ ...card, ...device }] } })

const was = Effect.map(Effect.all([driverOf(address), overrideOf(address)]), ([driver, text]) => ({
  original: driver ?? "",
  override: text
}))

/** To VFIO and back; how it stands then. */
const thereAndBack = (device: Partial<PciDevice>) => {
  const host = hostWith(device)
  const turns = new DriverTurns()
  const way = Effect.gen(function* () {
    const before = yield* was
    yield* turns.within(pciDrivers.take(address))
    expect(yield* driverOf(address)).toBe("vfio-pci")
    yield* turns.within(pciDrivers.giveBack(address, before))
    return yield* was
  })
  return runOn(host, Effect.orDie(way))
}

const byHand = { driver: "uio_pci_generic", nativeDriver: "e1000e" } as const

test.each([
  ["nothing was said of it", {}, { original: "e1000e", override: "" }],
  [
    "it was meant for VFIO, and its own driver had it all the same",
    { override: "vfio-pci" },
    { original: "e1000e", override: "vfio-pci" }
  ],
  [
    "it was meant for the driver that it had",
    { driver: "pci-stub", nativeDriver: "e1000e", override: "pci-stub" },
    { original: "pci-stub", override: "pci-stub" }
  ],
  [
    "somebody had bound it to a driver that the kernel would not choose",
    byHand,
    { original: "uio_pci_generic", override: "" }
  ],
  [
    "its driver does not want it any more, and another one does",
    { ...byHand, quirks: { refusedBy: { uio_pci_generic: "ENODEV" } } },
    { original: "e1000e", override: "" }
  ],
  [
    "it had no driver, and is meant for VFIO",
    { driver: undefined, nativeDriver: "e1000e", override: "vfio-pci" },
    { original: "", override: "vfio-pci" }
  ]
])("%s", (_, device, expected) => {
  expect(thereAndBack(device)).toEqual(expected)
})

test("what an engine before us had begun is finished: the word goes, the driver stays", () => {
  const host = hostWith({ override: "e1000e" })
  const before = { original: "e1000e", override: "" }
  const way = new DriverTurns().within(pciDrivers.giveBack(address, before))
  expect(runOn(host, Effect.orDie(Effect.andThen(way, was)))).toEqual(before)
})

test("what neither its driver nor another takes is told", () => {
  const host = hostWith({ quirks: { refusedBy: { e1000e: "ENODEV" } } })
  const turns = new DriverTurns()
  const before = { original: "e1000e", override: "" }
  const way = Effect.gen(function* () {
    yield* turns.within(pciDrivers.take(address))
    return yield* Effect.flip(turns.within(pciDrivers.giveBack(address, before)))
  })
  expect(runOn(host, Effect.orDie(way))).toMatchObject({
    _tag: "DriverUnwilling",
    message: "driver e1000e did not take it"
  })
})
