/**
 * Goal: what a living guest has of the host is its own, also when nothing can be read of its
 * record: nobody else gets it, no driver is told to take it back, and it goes home with the guest.
 * Method: the engine on a simulated host; a guest with a device of every kind, some plugged in
 * while it runs; its record torn, or of a newer version, when the next engine opens. And a program
 * that has a function of which only the engine's memory tells.
 */
import { expect, test } from "vitest"
import { put } from "../../src/testing/host/put.ts"
import { simulatedRoot } from "../../src/testing/simulation/lives.ts"
import {
  givable,
  mediatedDevice,
  pciDevice,
  scsiDevice,
  usbDevice,
  usbPlace
} from "../unit/node/hostdev-host.ts"
import { Bench, card, cardXml } from "./plugging/bench.ts"
import { guestXml } from "./plugging/stage.ts"

const uuid = "4b20d080-1b54-4048-85b3-a6a62d165c01"

/** By the names of their pools. */
const cold = {
  "2:0:1:3": scsiDevice("scsi_host2", 1, 3),
  [uuid]: mediatedDevice(uuid),
  "001:004": usbDevice(usbPlace(1, 4)),
  "0000:03:00.0": pciDevice("0000:03:00.0"),
  "0000:03:00.1": pciDevice("0000:03:00.1")
}
const hot = { "001:005": usbDevice(usbPlace(1, 5)), "0000:05:00.0": pciDevice("0000:05:00.0") }
const all = { ...cold, ...hot }

const devices = {
  ...givable,
  // The root hub is on a card that nobody asks for here.
  pci: givable.pci?.map((one) =>
    one.address === "0000:05:00.0" ? { ...one, driver: "e1000e", iommuGroup: 12 } : one
  )
} as typeof givable

const controllers =
  "<controller type='scsi' index='0' model='virtio-scsi'/>" +
  "<controller type='usb' index='0' model='qemu-xhci'/>"

const statusOf = ({ host }: Bench): string => {
  const folder = `${simulatedRoot}/run/status/`
  const path = host.disk.paths().find((one) => one.startsWith(folder))
  if (path === undefined) throw new Error("there is no record")
  return path
}

const spoilt: { readonly [how: string]: (text: string) => string } = {
  "is torn": (text) => text.slice(0, 40),
  "is of a newer version": (text) => text.replace(/"version":\s*\d+/, '"version":99'),
  "has a definition that cannot be read": (text) => text.replace("<domain", "<<domain")
}

const spoil = (bench: Bench, how: string): void => {
  const path = statusOf(bench)
  const text = new TextDecoder().decode(bench.host.disk.data(bench.host.disk.fileAt(path)))
  const change = spoilt[how]
  expect(change?.(text)).not.toBe(text)
  put(bench.host.disk, path, { text: change?.(text) ?? "" })
}

const holders = (bench: Bench, names: readonly string[]) =>
  names.map((name) => {
    const row = bench.row(name)
    return [name, row?.state, row?.holder?.name]
  })

test.each(Object.keys(spoilt))("a guest whose record %s keeps all that it has", (how) => {
  const bench = new Bench([], devices)
  bench.start(controllers + Object.values(cold).join(""))
  for (const xml of Object.values(hot))
    expect(bench.ask((domain) => domain.attachDevice(xml))).toBe("done")
  bench.kill()
  spoil(bench, how)
  bench.open()
  // Longer than a driver is waited for that does not let go.
  bench.pass(20_000)
  const names = Object.keys(all)
  expect(holders(bench, names)).toEqual(names.map((name) => [name, "assigned", "web"]))
  for (const [name, xml] of Object.entries(all)) {
    const db = guestXml(controllers + xml, { name: "db", digit: 8 })
    expect(
      bench.call((engine) => engine.createXML(db)),
      name
    ).toMatchObject({
      message: expect.stringMatching(/web/)
    })
  }
  const functions = names.flatMap((name) => bench.host.pci.get(name) ?? [])
  expect(functions.map(({ driver, isBusy }) => [driver, isBusy])).toEqual(
    functions.map(() => ["vfio-pci", false])
  )
  expect(bench.ask((domain) => domain.destroy())).toBe("done")
  expect(holders(bench, names)).toEqual(names.map((name) => [name, "host", undefined]))
  expect(functions.map(({ address }) => bench.host.pci.get(address)?.driver)).toEqual(
    functions.map(({ home }) => home.driver)
  )
})

test("what a program has that is nobody's guest stays with it until it is asked back", () => {
  const bench = new Bench()
  bench.start(cardXml)
  bench.kill()
  const { disk, processes } = bench.host
  disk.unlink(statusOf(bench))
  const qemu = processes.all.find(({ words }) => words.includes("-S"))
  if (qemu === undefined) throw new Error("there is no QEMU")
  // Nobody can tell whose it is, for it hangs in the kernel.
  processes.stick(qemu, 3_600_000)
  bench.open()
  bench.pass(20_000)
  expect(bench.stateOf(card)).toBe("lingering")
  expect(bench.host.pci.get(card)).toMatchObject({ driver: "vfio-pci", isBusy: false })
  const back = () => bench.call((engine) => engine.node.devices.reattach("pci_0000_03_00_0"))
  expect(back()).toMatchObject({
    tag: "DeviceNotReady",
    message: expect.stringContaining(`process ${qemu.pid} has its IOMMU group open (/dev/vfio/7)`)
  })
  processes.end(qemu, { code: 0, signal: undefined })
  bench.pass(1_000)
  expect(back()).toBe("done")
  expect(bench.stateOf(card)).toBe("host")
  expect(bench.host.pci.get(card)?.driver).toBe("e1000e")
})
