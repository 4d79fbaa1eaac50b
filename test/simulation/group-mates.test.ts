/**
 * Goal: functions of one IOMMU group go to one guest, and none goes back to its driver while a
 * guest has another of the group, whoever asks for it and whatever engine is there.
 * Method: the engine on a simulated host whose kernel gives the host's drivers nothing of a group
 * that a QEMU has open; a guest with both functions of a card gives one back while it runs, is
 * found by another engine, and ends.
 */
import { expect, test } from "vitest"
import { deviceShapes } from "../../src/testing/host/device-shapes.ts"
import { Bench } from "./plugging/bench.ts"

const [video, sound] = ["0000:01:00.0", "0000:01:00.1"] as const

const xmlOf = (address: string): string =>
  [
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000'",
    `bus='0x01' slot='0x00' function='0x${address.at(-1)}'/></source></hostdev>`
  ].join(" ")

const drivers = ({ host }: Bench) => [video, sound].map((one) => host.pci.get(one)?.driver)
const states = (bench: Bench) => [video, sound].map((one) => bench.stateOf(one))

const detach = (bench: Bench, address: string) =>
  bench.ask((domain) => domain.detachDevice(xmlOf(address)))
const attach = (bench: Bench, address: string) =>
  bench.ask((domain) => domain.attachDevice(xmlOf(address)))

/** A guest that had both and has the first. */
const parted = (): Bench => {
  const bench = new Bench([], deviceShapes.twoFunctions)
  bench.start(xmlOf(video) + xmlOf(sound))
  expect(states(bench)).toEqual(["assigned", "assigned"])
  expect(detach(bench, sound)).toBe("done")
  bench.pass(10_000)
  return bench
}

const atHome = { drivers: ["nouveau", "snd_hda_intel"], states: ["host", "host"] }

test("what a guest gives back while it has a mate of it goes home when the guest has ended", () => {
  const bench = parted()
  expect(drivers(bench)).toEqual(["vfio-pci", "vfio-pci"])
  expect(states(bench)).toEqual(["assigned", "lingering"])
  expect(bench.ask((domain) => domain.destroy())).toBe("done")
  // Home before the end is answered.
  expect({ drivers: drivers(bench), states: states(bench) }).toEqual(atHome)
})

test("one after the other, the last of them takes the others home", () => {
  const bench = parted()
  expect(detach(bench, video)).toBe("done")
  bench.pass(10_000)
  expect({ drivers: drivers(bench), states: states(bench) }).toEqual(atHome)
})

test("the guest can have it again meanwhile", () => {
  const bench = parted()
  expect(attach(bench, sound)).toBe("done")
  expect(states(bench)).toEqual(["assigned", "assigned"])
  expect(detach(bench, video)).toBe("done")
  bench.pass(10_000)
  expect(states(bench)).toEqual(["lingering", "assigned"])
  expect(bench.ask((domain) => domain.destroy())).toBe("done")
  expect({ drivers: drivers(bench), states: states(bench) }).toEqual(atHome)
})

test("an engine that finds the guest leaves it where it is, too", () => {
  const bench = parted()
  bench.kill()
  bench.open()
  bench.pass(10_000)
  expect(drivers(bench)).toEqual(["vfio-pci", "vfio-pci"])
  expect(states(bench)).toEqual(["assigned", "lingering"])
  expect(bench.ask((domain) => domain.destroy())).toBe("done")
  expect({ drivers: drivers(bench), states: states(bench) }).toEqual(atHome)
})
