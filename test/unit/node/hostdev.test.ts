/**
 * Goal: a definition's host devices are found on the host, or refused with the reason.
 * Method: definitions in libvirt's XML, resolved over a simulated /sys.
 */
import { expect, test } from "vitest"
import { devicesOf } from "../../../src/model/device.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { isPassed, resolveHostdev, resolveHostdevs } from "../../../src/node/hostdev.ts"
import type { Taken } from "../../../src/node/hostdev-group.ts"
import { put } from "../../../src/testing/host/put.ts"
import { link } from "../../../src/testing/host/sysfs-put.ts"
import { unplug, writeDevices } from "../../../src/testing/host/sysfs.ts"
import {
  answerOn,
  asking,
  givable,
  guest,
  hostOf,
  mediatedDevice,
  nic,
  pciDevice,
  pciSource,
  scsiDevice,
  usbDevice,
  usbIds,
  usbPlace,
  words
} from "./hostdev-host.ts"

const nobody: Taken = () => undefined

const resolve = (domain: Domain, host = hostOf(), taken = nobody) =>
  answerOn(host, resolveHostdevs(domain, taken))

const refusal = (domain: Domain, host = hostOf(), taken = nobody) =>
  words(resolve(domain, host, taken))

const pair = [pciDevice("0000:03:00.0"), pciDevice("0000:03:00.1")]

test("a definition without host devices comes back as it is, and asks for nothing", () => {
  const domain = asking("<memballoon model='none'/>")
  expect(resolve(domain)).toEqual({
    domain,
    wishes: { pci: [], usb: [], scsi: [], mdev: [] },
    notes: []
  })
})

test("every kind of device is asked for by its name, PCI as managed as it says", () => {
  const uuid = "4b20d080-1b54-4048-85b3-a6a62d165c01"
  const domain = asking(
    pciDevice("0000:04:00.0", "<driver name='vfio'/>"),
    pciDevice("0000:06:10.0").replace(" managed='yes'", ""),
    usbDevice(usbIds("046d", "c52b")),
    scsiDevice("scsi_host2", 1, 3),
    mediatedDevice(uuid)
  )
  // The USB bus is on another card.
  const usb = givable.usb?.map((one) => ("on" in one ? { ...one, on: "0000:05:00.0" } : one)) ?? []
  expect(resolve(domain, hostOf({ ...givable, usb }))).toMatchObject({
    wishes: {
      pci: [
        { device: "0000:04:00.0", isManaged: true },
        { device: "0000:06:10.0", isManaged: false }
      ],
      usb: [{ device: "001:004", isManaged: false }],
      scsi: [{ device: "2:0:1:3", isManaged: false }],
      mdev: [{ device: uuid, isManaged: false }]
    },
    notes: []
  })
})

test("a network card of the host is a virtual function, and nothing else", () => {
  const card = `<interface type='hostdev' managed='yes'>${pciSource("0000:06:10.0")}</interface>`
  expect(resolve(asking(card))).toMatchObject({
    wishes: { pci: [{ device: "0000:06:10.0", isManaged: true }] }
  })
  const usb = "<interface type='hostdev'><source><address type='usb' bus='0'/></source></interface>"
  expect(refusal(asking(usb))).toContain("is named by its PCI address")
  const whole = `<interface type='hostdev'>${pciSource("0000:04:00.0")}</interface>`
  expect(refusal(asking(whole))).toContain("an interface takes virtual functions only")
})

test("what is not on the host is named, with where it was looked for", () => {
  expect(refusal(asking(pciDevice("0000:0a:00.0")))).toBe(
    "there is no host PCI device 0000:0a:00.0: /sys/bus/pci/devices/0000:0a:00.0 does not exist"
  )
  expect(refusal(asking(scsiDevice("scsi_host9", 0, 0)))).toContain("SCSI device 9:0:0:0")
  const uuid = "00000000-1b54-4048-85b3-a6a62d165c01"
  expect(refusal(asking(mediatedDevice(uuid)))).toContain(`mediated device ${uuid}`)
})

test("PCI functions that VFIO does not take are refused, each with what to do", () => {
  const refused = (address: string, rest = "", host = hostOf()) =>
    refusal(asking(pciDevice(address, rest)), host)
  expect(refused("0000:00:1c.0")).toContain("it is a bridge")
  expect(refused("0000:06:00.0")).toContain("write 0 to its sriov_numvfs")
  expect(refused("0000:04:00.0", "<driver name='kvm'/>")).toContain("gone from Linux since 4.12")
  expect(refused("0000:04:00.0", "<driver name='xen'/>")).toContain("for Xen's guests")
  expect(refused("0000:05:00.0")).toContain("in no IOMMU group although the host has an IOMMU")
  const without = hostOf({ pci: [{ ...nic, address: "0000:05:00.0" }] })
  expect(refused("0000:05:00.0", "", without)).toMatch(/VT-d .* firmware, put intel_iommu=on/)
  const unsafe = hostOf(givable, { "/sys/kernel/iommu_groups/8/name": "vfio-noiommu\n" })
  expect(refused("0000:04:00.0", "", unsafe)).toContain("has no IOMMU that is switched on")
})

test("a group goes as a whole: what stays behind is named with who has it", () => {
  const one = asking(pciDevice("0000:03:00.0"))
  expect(refusal(one)).toBe(
    "host device 0000:03:00.0 goes to a guest only with all of its IOMMU group 7: " +
      "0000:03:00.1 (driver e1000e has it); give these to the same guest too, " +
      "or detach them from the host (nodedev-detach)"
  )
  expect(resolve(asking(...pair))).toMatchObject({ wishes: { pci: { length: 2 } } })
  const byOther: Taken = (kind, device) =>
    kind === "pci" && device === "0000:03:00.1" ? { uuid: "other", name: "db" } : undefined
  expect(refusal(one, hostOf(), byOther)).toContain("0000:03:00.1 ('db' has it)")
  expect(resolve(one, hostOf(), () => ({ uuid: guest, name: "web" }))).toMatchObject({
    wishes: { pci: [{ device: "0000:03:00.0" }] }
  })
})

test("functions that do nothing on their own do not keep the rest of their group", () => {
  for (const driver of ["vfio-pci", "mlx5_vfio_pci", "pci-stub", undefined]) {
    const pci = [
      { ...nic, address: "0000:03:00.0", iommuGroup: 7 },
      { ...nic, address: "0000:03:00.1", iommuGroup: 7, ...(driver && { driver }) }
    ]
    const found = resolve(asking(pciDevice("0000:03:00.0")), hostOf({ pci }))
    expect(found).toMatchObject({ wishes: { pci: { length: 1 } } })
  }
})

test("a device that is asked for twice is refused, however it is named", () => {
  const twice = [usbDevice(usbIds("046d", "c52b")), usbDevice(usbPlace(1, 4))]
  expect(refusal(asking(...twice))).toContain("001:004 cannot be given to a guest: the definition")
  const same = [scsiDevice("scsi_host2", 1, 3), scsiDevice("scsi_host2", 1, 3)]
  expect(refusal(asking(...same))).toContain("2:0:1:3")
})

test("a USB device is found by its ids, its place, or both, and gets its place", () => {
  for (const source of [
    usbIds("046d", "c52b"),
    usbPlace(1, 4),
    `${usbIds("046d", "c52b")}${usbPlace(1, 4)}`
  ]) {
    const answer = resolve(asking(usbDevice(source)))
    if (!("domain" in answer)) throw answer
    const [device] = devicesOf(answer.domain, "hostdev")
    expect(device?.source).toMatchObject({ bus: 1, device: 4 })
    expect(answer.wishes.usb).toEqual([{ device: "001:004", isManaged: false }])
  }
})

test("among several USB devices of the same ids none is chosen, whoever has the others", () => {
  const domain = asking(usbDevice(usbIds("0781", "5567")))
  const held: Taken = (_, device) => (device === "001:005" ? { uuid: "x", name: "db" } : undefined)
  for (const taken of [nobody, held])
    expect(refusal(domain, hostOf(), taken)).toBe(
      "2 devices of the host are USB device 0781:5567, at 001:005, 001:006 (bus:device): " +
        "say which one by <address bus= device=/> in its <source>"
    )
  const placed = asking(usbDevice(`${usbIds("0781", "5567")}${usbPlace(1, 6)}`))
  expect(resolve(placed)).toMatchObject({ wishes: { usb: [{ device: "001:006" }] } })
})

test("an absent USB device is told with what answers to a part of its description", () => {
  const refused = (source: string) => refusal(asking(usbDevice(source)))
  expect(refused(usbIds("dead", "beef"))).toContain("dead:beef: nothing like it is plugged in")
  expect(refused(`${usbIds("046d", "c52b")}${usbPlace(1, 5)}`)).toContain("there is 0781:5567")
  expect(refused(`${usbIds("046d", "c52b")}${usbPlace(2, 9)}`)).toContain("is at 001:004 now")
  expect(refused("<vendor id='0x046d'/>")).toContain("a vendor without a product")
  expect(refused("<address bus='1'/>")).toContain("a bus without a device")
  expect(refused("")).toContain("neither vendor and product nor an <address>")
  expect(refused(usbPlace(1, 7))).toContain("it is a hub")
})

test("a start goes without a USB device only where the definition says it may be missing", () => {
  const missing = usbIds("dead", "beef")
  for (const policy of ["", "default", "mandatory", "requisite"]) {
    const words = policy === "" ? "" : ` startupPolicy='${policy}'`
    expect(refusal(asking(usbDevice(missing, words)))).toContain("dead:beef")
  }
  const domain = asking(
    usbDevice(missing, " startupPolicy='optional'"),
    usbDevice(usbIds("046d", "c52b"), " startupPolicy='optional'")
  )
  const answer = resolve(domain)
  if (!("domain" in answer)) throw answer
  expect(devicesOf(answer.domain, "hostdev")).toHaveLength(1)
  expect(answer.notes).toEqual([
    "it goes without a device that it may miss: there is no host USB device dead:beef: " +
      "nothing like it is plugged in"
  ])
  // What is there and cannot be given is no absence.
  const hub = asking(usbDevice(usbPlace(1, 7), " startupPolicy='optional'"))
  expect(refusal(hub)).toContain("it is a hub")
})

test("a device that is plugged into a guest that runs may not be missing", () => {
  const [device] = asking(
    usbDevice(usbIds("dead", "beef"), " startupPolicy='optional'")
  ).devices.filter(isPassed)
  if (device === undefined) throw new Error("the definition has no host device")
  const answer = answerOn(hostOf(), resolveHostdev(device, { guest, taken: nobody }))
  expect(words(answer)).toContain("dead:beef")
  const [function1] = asking(pciDevice("0000:03:00.1")).devices.filter(isPassed)
  if (function1 === undefined) throw new Error("the definition has no host device")
  const withFirst: Taken = (_, name) =>
    name === "0000:03:00.0" ? { uuid: guest, name: "web" } : undefined
  expect(answerOn(hostOf(), resolveHostdev(function1, { guest, taken: withFirst }))).toMatchObject({
    kind: "pci",
    wish: { device: "0000:03:00.1", isManaged: true }
  })
  expect(words(answerOn(hostOf(), resolveHostdev(function1, { guest, taken: nobody })))).toContain(
    "0000:03:00.0 (driver e1000e has it)"
  )
})

test("SCSI hosts of the kernel's, strange adapters and units without a node are refused", () => {
  const vhost =
    "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.5'/></hostdev>"
  expect(refusal(asking(vhost))).toContain("vhost-scsi")
  expect(refusal(asking(scsiDevice("fc_host2", 1, 3)))).toContain("names no <adapter")
  expect(refusal(asking(scsiDevice("scsi_host2", 2, 0)))).toContain("load the kernel's module 'sg'")
})

test("what a host has mounted or is reached by is not given away beside its driver", () => {
  const drive = { node: "sdc", number: { major: 8, minor: 32 }, sectors: 8 }
  const scsi = [{ number: 2, units: [{ bus: 0, target: 1, lun: 3, type: 0, generic: 4, drive }] }]
  const mounted = { "/proc/self/mountinfo": "20 1 8:32 / /srv rw - ext4 /dev/sdc rw\n" }
  const disk = asking(scsiDevice("scsi_host2", 1, 3))
  expect(resolve(disk, hostOf({ scsi }))).toMatchObject({ wishes: { scsi: { length: 1 } } })
  expect(refusal(disk, hostOf({ scsi }, mounted))).toBe(
    "host device 2:0:1:3 cannot be given to a guest: " +
      "the host needs it: its disk sdc is mounted at '/srv'"
  )
  const host = hostOf()
  const card = "/sys/devices/pci0000:04/0000:04:00.0/usb1/1-1/1-1:1.0/net/usb0"
  put(host.disk, `${card}/operstate`, { text: "up\n" })
  link(host.disk, "/sys/class/net/usb0", card)
  expect(refusal(asking(usbDevice(usbPlace(1, 4))), host)).toContain(
    "its card usb0 is the only one"
  )
})

test("a mediated device that no VFIO driver has, or of another architecture, is refused", () => {
  const host = hostOf()
  const uuid = "99999999-1b54-4048-85b3-a6a62d165c01"
  link(host.disk, `/sys/bus/mdev/devices/${uuid}`, `/sys/devices/virtual/${uuid}`)
  expect(refusal(asking(mediatedDevice(uuid)), host)).toContain("no driver of VFIO has it")
  const other = mediatedDevice(uuid).replace("vfio-pci", "vfio-ap")
  expect(refusal(asking(other), host)).toContain("of another architecture")
})

test("a USB device that is plugged in again is found where it is now", () => {
  const host = hostOf()
  const domain = asking(usbDevice(usbIds("046d", "c52b")))
  unplug(host.disk, "/sys/bus/usb/devices/1-1")
  expect(refusal(domain, host)).toContain("nothing like it is plugged in")
  const again = { port: "1-1", bus: 1, number: 8, vendor: 0x046d, product: 0xc52b }
  // Its old number is another one's by now, which is not what is meant.
  const other = { port: "1-5", bus: 1, number: 4, vendor: 0x1050, product: 0x0407 }
  writeDevices(host.disk, { usb: [again, other] })
  expect(resolve(domain, host)).toMatchObject({ wishes: { usb: [{ device: "001:008" }] } })
  const placed = asking(usbDevice(`${usbIds("046d", "c52b")}${usbPlace(1, 4)}`))
  expect(refusal(placed, host)).toContain("what is there is 1050:0407")
})
