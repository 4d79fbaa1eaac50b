/**
 * Goal: libvirt's clients see the host's devices: lists, tree, kinds, XML, and what each is.
 * Method: virsh and python3-libvirt against a daemon; /sys for which devices there are.
 */
import { readdirSync } from "node:fs"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { python, startService } from "./service.ts"

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

const pciNames = namesIn("/sys/bus/pci/devices").map(
  (address) => `pci_${address.replaceAll(/[:.]/g, "_")}`
)

test("virsh lists devices as names and as a tree, and each is what it is", async () => {
  const { does, refuses } = await startService()
  const all = (await does("nodedev-list")).split("\n")
  expect(all).toContain("computer")
  expect(await does("nodedev-list", "--tree")).toMatch(/^computer\n/)
  expect((await does("nodedev-list", "--cap", "pci")).split("\n").filter(Boolean)).toEqual(
    [...pciNames].toSorted()
  )
  expect(await does("nodedev-list", "--cap", "system,ccw")).toBe("computer")
  expect(await does("nodedev-list", "--inactive")).toBe("")
  expect(await does("nodedev-info", "computer")).toMatch(/Active: +yes\nPersistent: +no\n/)
  for (const name of all) {
    const text = await does("nodedev-dumpxml", name)
    expect(text).toContain(`<name>${name}</name>`)
    expect(text).toMatch(/<capability type='\w+'/)
  }
  expect(await refuses("nodedev-dumpxml", "pci_no")).toContain(
    "no node device with matching name 'pci_no'"
  )
  // Of devices of this host nothing is ever taken: see ../daemon/host-devices.test.ts.
  for (const word of ["nodedev-detach", "nodedev-reattach", "nodedev-reset"])
    expect(await refuses(word, "computer")).toContain("device computer is not a PCI device")
})

test("who may only read sees devices too", async () => {
  const { readOnlyUri } = await startService()
  expect(await virsh(readOnlyUri, "nodedev-info", "computer")).toMatchObject({ code: 0 })
})

const questions = `
import libvirt, sys
connection = libvirt.open(sys.argv[1])
libvirt.registerErrorHandler(lambda *_: None, None)
names = connection.listDevices(None)
print(len(names) == connection.numOfDevices(None) == len(connection.listAllDevices(0)))
print(connection.listDevices("system"), connection.numOfDevices("system"))
computer = connection.nodeDeviceLookupByName("computer")
print(computer.name(), computer.parent(), computer.numOfCaps(), computer.listCaps())
print(computer.isActive(), computer.isPersistent(), computer.autostart())
others = [connection.nodeDeviceLookupByName(one) for one in names if one != "computer"]
print(all(one.parent() in names for one in others))
for work in (lambda: computer.setAutostart(1), lambda: connection.nodeDeviceLookupByName("no")):
    try:
        work()
    except libvirt.libvirtError as error:
        print(error.get_error_code())
events = connection.nodeDeviceEventRegisterAny(None, 0, lambda *_: None, None)
connection.nodeDeviceEventDeregisterAny(events)
print("heard")
`

test("the old calls and the new agree, and events can be asked for", async () => {
  const said = await python(
    await startService(),
    questions.replace("connection = ", "libvirt.virEventRegisterDefaultImpl()\nconnection = ")
  )
  expect(said.trim().split("\n")).toEqual([
    "True",
    "['computer'] 1",
    "computer None 1 ['system']",
    "1 0 0",
    "True",
    "55",
    "53",
    "heard"
  ])
})
