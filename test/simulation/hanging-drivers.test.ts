/**
 * Goal: drivers that hang stop neither the engine nor, as long as one device at a time can still
 * move, any other device; what cannot be moved because of them is told so, and left as it was.
 * Method: the engine on a simulated host on which drivers take as long as they are told to let go.
 */
import { expect, test } from "vitest"
import { manyCards } from "../../src/testing/host/device-shapes.ts"
import { pciDevice } from "../unit/node/hostdev-host.ts"
import { guestWith, Stage } from "./plugging/stage.ts"

const stuckMs = 300_000

const addresses = manyCards(4).map(({ address }) => address)
const nameOf = (address: string): string => `pci_${address.replaceAll(/[:.]/g, "_")}`

/** Cards whose drivers take so long; the others let go at once. */
const stageWith = (...unbindMs: readonly number[]): Stage =>
  new Stage({
    devices: {
      pci: manyCards(4).map((card, index) => ({
        ...card,
        quirks: { unbindMs: unbindMs[index] ?? 0 }
      }))
    }
  }).open()

const [first = "", second = "", third = "", fourth = ""] = addresses

const beginDetach = (stage: Stage, address: string) =>
  stage.beginCall((engine) => engine.node.devices.detach(nameOf(address)))

const beginGuest = (stage: Stage, address: string, digit: number) => {
  const xml = guestWith(pciDevice(address), { name: `g${digit}`, digit })
  return stage.beginCall((engine) => engine.createXML(xml))
}

const stuck = (stage: Stage, ...which: readonly string[]): void => {
  for (const address of which) beginDetach(stage, address)
  stage.pass(15_000)
  for (const address of which) expect(stage.row(address)?.state).toBe("broken")
}

const driverOf = (stage: Stage, address: string) => stage.host.pci.get(address)?.driver

test("while one driver hangs, all other devices go on", () => {
  const stage = stageWith(stuckMs)
  stuck(stage, first)
  expect(stage.create(pciDevice(second))).toBe("done")
  expect(stage.create(pciDevice(third), { name: "db", digit: 8 })).toBe("done")
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(driverOf(stage, second)).toBe("e1000e")
})

test("while two hang a third is refused untouched, and can be given when one ends", () => {
  const stage = stageWith(40_000, stuckMs)
  stuck(stage, first, second)
  const answer = stage.create(pciDevice(third))
  expect(answer).toMatchObject({
    tag: "StartFailed",
    message: expect.stringContaining(
      `2 other drivers hang: taking ${first} from driver e1000e; ` +
        `taking ${second} from driver e1000e`
    )
  })
  expect(stage.row(third)).toMatchObject({ state: "host", driver: "e1000e" })
  expect(stage.host.pci.get(third)?.override).toBeUndefined()
  expect(stage.records).not.toContain(`pci-${third}.json`)
  stage.pass(40_000)
  // Nothing was left in a line to be done later.
  expect(stage.row(third)).toMatchObject({ state: "host", driver: "e1000e" })
  expect(stage.create(pciDevice(third))).toBe("done")
  expect(stage.row(first)).toMatchObject({ state: "host", driver: "e1000e" })
})

test("what a guest gives back while two hang goes home by itself when one has ended", () => {
  const stage = stageWith(60_000, stuckMs)
  expect(stage.create(pciDevice(third))).toBe("done")
  expect(stage.call((engine) => engine.node.devices.detach(nameOf(fourth)))).toBe("done")
  stuck(stage, first, second)
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(stage.row(third)).toMatchObject({ state: "lingering", driver: "vfio-pci" })
  expect(stage.call((engine) => engine.node.devices.reattach(nameOf(fourth)))).toMatchObject({
    tag: "DeviceNotReady",
    message: expect.stringContaining("2 other drivers hang: ")
  })
  expect(stage.row(fourth)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  expect(stage.call((engine) => engine.node.devices.reset(nameOf(fourth)))).toMatchObject({
    message: expect.stringContaining("2 other drivers hang: ")
  })
  stage.pass(60_000)
  expect(stage.row(third)).toMatchObject({ state: "host", driver: "e1000e" })
  // Somebody was told no: it is asked for again, or stays.
  expect(stage.row(fourth)).toMatchObject({ state: "detached", driver: "vfio-pci" })
})

test("of drivers that are slow and end in time none fails, however many there are", () => {
  const stage = stageWith(9_000, 9_000, 9_000, 9_000)
  const answers = addresses.map((address, n) => beginGuest(stage, address, n + 1))
  stage.pass(60_000)
  expect(answers.map((answer) => answer())).toEqual(addresses.map(() => "done"))
})
