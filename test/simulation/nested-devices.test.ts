/**
 * Goal: nobody is given a device in which another guest has one, nor one inside a device that is
 * away from the host, whoever comes first; and what is refused is refused with which, why and what
 * next, before anything is touched.
 * Method: the engine on a simulated host with a USB bus on a card and a part of a graphics card;
 * guests that want the inner and the outer one, one after the other and at the same time; and the
 * list of devices, which says the same.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { uniform } from "../../src/testing/strategy/uniform.ts"
import {
  givable,
  mediatedDevice,
  pciDevice,
  usbDevice,
  usbPlace
} from "../unit/node/hostdev-host.ts"
import { Bench } from "./plugging/bench.ts"
import { guestXml } from "./plugging/stage.ts"

/** The USB bus 1 is on it. */
const card = "0000:04:00.0"
const stick = "001:004"
const [cardXml, stickXml] = [pciDevice(card), usbDevice(usbPlace(1, 4))]

const controller = "<controller type='usb' index='0' model='qemu-xhci'/>"

const create = (bench: Bench, name: string, devices: string) => {
  const xml = guestXml(controller + devices, { name, digit: name === "web" ? 7 : 8 })
  return bench.call((engine) => engine.createXML(xml))
}

const opened = (): Bench => {
  const bench = new Bench([], givable)
  bench.open()
  return bench
}

const said = (...words: readonly string[]) => ({
  message: expect.stringMatching(words.map((one) => one.replaceAll(".", "[.]")).join(".*"))
})

const detach = (bench: Bench, name: string, isForced = false) =>
  bench.call((engine) => engine.node.devices.detach(name, { isForced }))

test("a card goes to nobody while a guest has a stick behind it", () => {
  const bench = opened()
  expect(create(bench, "web", stickXml)).toBe("done")
  const why = said(`guest 'web' has ${stick}, which is behind it`, "take the device out of it")
  expect(create(bench, "db", cardXml)).toMatchObject(why)
  expect(detach(bench, "pci_0000_04_00_0")).toMatchObject(why)
  expect(detach(bench, "pci_0000_04_00_0", true)).toMatchObject(why)
  expect(bench.row(card)).toMatchObject({ state: "host", whyNot: why.message })
  expect(bench.host.pci.get(card)?.driver).toBe("e1000e")
  // Not to the guest that has the stick, either.
  expect(bench.ask((domain) => domain.attachDevice(cardXml))).toMatchObject(why)
  expect(bench.stateOf(stick)).toBe("assigned")
  bench.ask((domain) => domain.destroy())
  expect(create(bench, "db", cardXml)).toBe("done")
})

test("a graphics card is not detached while a guest has a part of it", () => {
  const bench = opened()
  const uuid = "4b20d080-1b54-4048-85b3-a6a62d165c01"
  expect(create(bench, "web", mediatedDevice(uuid))).toBe("done")
  const why = said(`guest 'web' has ${uuid}, which is behind it`)
  expect(detach(bench, "pci_0000_00_02_0")).toMatchObject({ tag: "DeviceNotReady", ...why })
  expect(bench.host.pci.get("0000:00:02.0")?.driver).toBe("i915")
})

test("a stick goes to nobody while its card is a guest's, or with VFIO", () => {
  const bench = opened()
  expect(create(bench, "db", cardXml)).toBe("done")
  const held = said(`guest 'db' has ${card}, which it is behind`)
  expect(create(bench, "web", stickXml)).toMatchObject(held)
  expect(bench.row(stick)).toMatchObject({ state: "host", whyNot: held.message })
  const end = bench.call((engine) =>
    Effect.flatMap(engine.lookup({ name: "db" }), (domain) => domain.destroy())
  )
  expect(end).toBe("done")
  expect(detach(bench, "pci_0000_04_00_0")).toBe("done")
  const away = said(`${card}, which it is behind, is with VFIO`, "nodedev-reattach")
  expect(create(bench, "web", stickXml)).toMatchObject(away)
  expect(bench.call((engine) => engine.node.devices.reattach("pci_0000_04_00_0"))).toBe("done")
  expect(create(bench, "web", stickXml)).toBe("done")
})

test("one definition cannot ask for both", () => {
  const bench = opened()
  const why = said(`${stick} cannot be given`, `behind ${card}, which the definition asks for too`)
  expect(create(bench, "web", cardXml + stickXml)).toMatchObject(why)
  expect([bench.stateOf(card), bench.stateOf(stick)]).toEqual(["host", "host"])
})

test("of two that come at the same time not both get theirs, in whatever order it is done", () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 40; seed++) {
    const bench = new Bench([], givable, uniform(seed))
    bench.open()
    for (const [name, digit, devices] of [
      ["db", 8, cardXml],
      ["web", 7, stickXml]
    ] as const) {
      const xml = guestXml(controller + devices, { name, digit })
      bench.beginCall((engine) => engine.createXML(xml))
    }
    bench.pass(10_000)
    const states = [bench.stateOf(card), bench.stateOf(stick)].join(" ")
    expect(["assigned host", "host assigned", "host host"], `seed ${seed}`).toContain(states)
    outcomes.add(states)
  }
  expect(outcomes.size).toBeGreaterThan(1)
})
