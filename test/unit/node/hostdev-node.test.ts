/**
 * Goal: QEMU's account is given the nodes of its guest's host devices, those too that VFIO makes
 * only when a device leaves its driver, and nothing else in /dev.
 * Method: definitions in libvirt's XML, asked of a simulated /sys and /dev.
 */
import { expect, test } from "vitest"
import { nodesToChange } from "../../../actors/domain/ownership.ts"
import { genericNodesOf, nodesOf } from "../../../src/node/hostdev-node.ts"
import { runOn } from "./host.ts"
import {
  asking,
  hostOf,
  mediatedDevice,
  pciDevice,
  pciSource,
  scsiDevice,
  usbDevice,
  usbIds,
  usbPlace
} from "./hostdev-host.ts"

const everything = asking(
  "<memballoon model='none'/>",
  pciDevice("0000:03:00.0"),
  pciDevice("0000:03:00.1"),
  `<interface type='hostdev'>${pciSource("0000:06:10.0")}</interface>`,
  usbDevice(usbPlace(1, 4)),
  scsiDevice("scsi_host2", 1, 3),
  mediatedDevice("4b20d080-1b54-4048-85b3-a6a62d165c01")
)

test("each kind of device has its node, and functions of one group have one", () => {
  expect(runOn(hostOf(), nodesOf(everything))).toEqual([
    "/dev/vfio/10",
    "/dev/vfio/7",
    "/dev/bus/usb/001/004",
    "/dev/sg4",
    "/dev/vfio/20"
  ])
})

test("what was not found, or has gone, has no node", () => {
  const lost = asking(
    pciDevice("0000:0a:00.0"),
    pciDevice("0000:05:00.0"),
    usbDevice(usbIds("046d", "c52b")),
    scsiDevice("scsi_host2", 2, 0),
    scsiDevice("hba", 2, 0)
  )
  expect(runOn(hostOf(), nodesOf(lost))).toEqual([])
})

test("a SCSI device is found by its name in QEMU", () => {
  const named = (text: string, alias: string) =>
    text.replace("</hostdev>", `<alias name='${alias}'/></hostdev>`)
  const domain = asking(
    named(scsiDevice("scsi_host2", 1, 3), "ua-tape"),
    named(scsiDevice("scsi_host2", 2, 0), "ua-without")
  )
  expect(runOn(hostOf(), genericNodesOf(domain))).toEqual({ "ua-tape": "/dev/sg4" })
})

test("nodes change their owner, VFIO's as root's before they are there", () => {
  const host = hostOf()
  host.disk.special("/dev/sg4", "character")
  const account = { uid: 64_055, gid: 108 }
  const given = runOn(host, nodesToChange(everything, { ...account, groups: [] }))
  const from = { uid: 0, gid: 0 }
  expect(given).toEqual(
    ["/dev/vfio/10", "/dev/vfio/7", "/dev/bus/usb/001/004", "/dev/sg4", "/dev/vfio/20"].map(
      (path) => ({ path, from, to: account })
    )
  )
  // Its own already, and a file that somebody put in a node's place.
  const { disk } = host
  disk.makeDirectories("/dev/vfio")
  disk.special("/dev/vfio/7", "character")
  disk.chown("/dev/vfio/7", account.uid, account.gid)
  disk.createFile("/dev/vfio/10", 0o600, false)
  const others = runOn(host, nodesToChange(everything, { ...account, groups: [] }))
  expect(others.map(({ path }) => path)).toEqual([
    "/dev/bus/usb/001/004",
    "/dev/sg4",
    "/dev/vfio/20"
  ])
})
