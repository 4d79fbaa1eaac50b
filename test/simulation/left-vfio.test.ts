/**
 * Goal: a device that was detached by name and left VFIO by other ways is not taken for detached:
 * it is shown as it is, guests get it as any other, and nothing of it stays remembered.
 * Method: the engine on a simulated host; a detached card is given to its driver by hand, pulled
 * out and put in again, or gone for good, before each thing that can be asked of it.
 */
import { expect, test } from "vitest"
import { card, deviceShapes } from "../../src/testing/host/device-shapes.ts"
import { pciDevice } from "../unit/node/hostdev-host.ts"
import { Stage } from "./plugging/stage.ts"

const { address } = card
const name = "pci_0000_03_00_0"
const record = `pci-${address}.json`

const atHome = { state: "host", driver: "e1000e" }

const managed = pciDevice(address)
const unmanaged = managed.replace("managed='yes'", "managed='no'")

const detach = (stage: Stage) => stage.call((engine) => engine.node.devices.detach(name))
const reattach = (stage: Stage) => stage.call((engine) => engine.node.devices.reattach(name))

/** As an administrator does; with `isForgetful` the word that it is for VFIO stays. */
const giveHome = ({ host }: Stage, isForgetful = false): void => {
  const write = (file: string, text: string) =>
    host.disk.fileAt(`/sys/bus/pci/${file}`).attribute?.store?.(text)
  if (!isForgetful) write(`devices/${address}/driver_override`, "\n")
  write("drivers/vfio-pci/unbind", address)
  if (isForgetful) write(`devices/${address}/driver_override`, "e1000e\n")
  write("drivers_probe", address)
  if (isForgetful) write(`devices/${address}/driver_override`, "vfio-pci\n")
}

const replug = ({ host }: Stage): void => {
  host.pci.unplug(address)
  host.pci.plug(card)
}

const ways = [
  ["given to its driver by hand", (stage: Stage) => giveHome(stage)],
  ["given to its driver, and meant for VFIO", (stage: Stage) => giveHome(stage, true)],
  ["pulled out and put in again", replug]
] as const

const leftBy = (leave: (stage: Stage) => void): Stage => {
  const stage = new Stage({ devices: deviceShapes.twoCards }).open()
  expect(detach(stage)).toBe("done")
  expect(stage.row(address)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  expect(stage.records).toEqual([record])
  leave(stage)
  stage.pass(1_000)
  expect(stage.row(address)).toMatchObject(atHome)
  return stage
}

test.each(ways)("%s: a guest has it as any other, and it goes home with the guest", (_, leave) => {
  const stage = leftBy(leave)
  expect(stage.create(managed)).toBe("done")
  expect(stage.row(address)).toMatchObject({ state: "assigned", driver: "vfio-pci" })
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(stage.row(address)).toMatchObject(atHome)
  expect(stage.host.pci.get(address)?.override).toBeUndefined()
  expect(stage.records).toEqual([])
})

test.each(ways)("%s: a guest that does not manage it is refused in words", (_, leave) => {
  const stage = leftBy(leave)
  expect(stage.create(unmanaged)).toMatchObject({
    message: expect.stringContaining("it is with driver e1000e and not managed")
  })
  expect(stage.row(address)).toMatchObject(atHome)
  expect(stage.records).toEqual([])
})

test.each(ways)("%s: detached again it is with VFIO, and goes home when asked", (_, leave) => {
  const stage = leftBy(leave)
  expect(detach(stage)).toBe("done")
  expect(stage.row(address)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  expect(stage.records).toEqual([record])
  expect(reattach(stage)).toBe("done")
  expect(stage.row(address)).toMatchObject(atHome)
  expect(stage.host.pci.get(address)?.override).toBeUndefined()
  expect(stage.records).toEqual([])
})

test.each(ways)("%s: given back by name, nothing of it is remembered", (_, leave) => {
  const stage = leftBy(leave)
  expect(reattach(stage)).toBe("done")
  expect(stage.row(address)).toMatchObject(atHome)
  expect(stage.records).toEqual([])
  expect(stage.host.pci.get(address)?.override).toBeUndefined()
})

test("a detached one stays detached through guests that have it, and through their starts", () => {
  const stage = new Stage({ devices: deviceShapes.twoCards }).open()
  expect(detach(stage)).toBe("done")
  for (const devices of [managed, unmanaged]) {
    expect(stage.create(devices)).toBe("done")
    expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
    expect(stage.row(address)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  }
  expect(detach(stage)).toBe("done")
  stage.kill()
  stage.open()
  expect(stage.row(address)).toMatchObject({ state: "detached", driver: "vfio-pci" })
  expect(reattach(stage)).toBe("done")
  expect(stage.row(address)).toMatchObject(atHome)
})

test("gone for good: given back by its name, the pool and its record forget it", () => {
  const stage = new Stage({ devices: deviceShapes.twoCards }).open()
  expect(detach(stage)).toBe("done")
  stage.host.pci.unplug(address)
  stage.pass(1_000)
  expect(stage.row(address)).toMatchObject({ whyNot: "it is not there any more" })
  expect(reattach(stage)).toBe("done")
  expect(stage.row(address)).toBeUndefined()
  expect(stage.records).toEqual([])
  expect(reattach(stage)).toMatchObject({ tag: "NodeDeviceNotFound" })
})

test("pulled out of a guest that ends then: nothing of it is remembered", () => {
  const stage = new Stage({ devices: deviceShapes.twoCards }).open()
  expect(detach(stage)).toBe("done")
  expect(stage.create(managed)).toBe("done")
  replug(stage)
  expect(stage.on("web", (domain) => domain.destroy())).toBe("done")
  expect(stage.row(address)).toMatchObject(atHome)
  expect(stage.records).toEqual([])
})
