/**
 * Goal: the list of devices says of each PCI function what a start would be refused for, although
 * it does not read each of them whole.
 * Method: every kind of host of the fixtures, one of them with names; what the list says is held
 * against what the checks of a start and of a detach say of that one function.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { vfioProblem } from "../../../src/host/pci-driver.ts"
import { detachProblem, type GivableDevice, readGivableDevices } from "../../../src/node/givable.ts"
import { resolveHostdevs } from "../../../src/node/hostdev.ts"
import { groupProblem } from "../../../src/node/hostdev-group.ts"
import { type DeviceShape, deviceShapes } from "../../../src/testing/host/device-shapes.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import {
  answerOn,
  asking,
  givable,
  hostOf,
  mediatedDevice,
  pciDevice,
  scsiDevice,
  usbDevice,
  usbPlace
} from "./hostdev-host.ts"
import { runOn } from "./host.ts"

const nobody = () => undefined

const alone = "9f3b2c51-7d11-4c2e-8a53-0d6f6f3c1a10"

const checked = Effect.fnUntraced(function* (device: string) {
  const unfit = (yield* detachProblem(device)) ?? (yield* vfioProblem)
  if (unfit !== undefined) return unfit
  const asked = { wishes: [], guest: undefined, taken: nobody }
  const problem = yield* groupProblem(device, asked)
  return problem?.members.map(({ device: mate, why }) => `${mate} (${why})`).join(", ")
})

test.each(Object.keys(deviceShapes) as DeviceShape[])("%s: told as checked", (shape) => {
  const host = hostOf(deviceShapes[shape])
  const found = runOn(host, readGivableDevices(nobody)).filter(({ kind }) => kind === "pci")
  const { pci = [] }: Devices = deviceShapes[shape]
  expect(found.map(({ device }) => device)).toEqual(pci.map(({ address }) => address).toSorted())
  for (const { device, problem } of found) {
    const why = runOn(host, checked(device))
    if (why === undefined) expect(problem, device).toBeUndefined()
    else expect(problem, device).toContain(why)
  }
})

const wishFor = ({ kind, device }: GivableDevice): string => {
  const [first = "", second = "", target = "", unit = ""] = device.split(":")
  switch (kind) {
    case "usb":
      return usbDevice(usbPlace(Number(first), Number(second)))
    case "scsi":
      return scsiDevice(`scsi_host${first}`, Number(target), Number(unit))
    default:
      return kind === "mdev" ? mediatedDevice(device) : pciDevice(device)
  }
}

test("what is listed as givable is what a start takes, of every kind", () => {
  const part = { uuid: alone, on: "0000:00:02.0", type: "i915-GVTg_V5_4", iommuGroup: 21 }
  const devices = { ...givable, mediated: [...(givable.mediated ?? []), part] }
  const host = hostOf(devices, { "/sys/bus/usb/devices/usb1/bDeviceClass": "09\n" })
  host.disk.unlink(`/sys/bus/mdev/devices/${alone}/iommu_group`)
  const found = runOn(host, readGivableDevices(nobody))
  const refusals = found.map((one) => {
    const answer = answerOn(host, resolveHostdevs(asking(wishFor(one)), nobody))
    return [one.device, answer instanceof Error] as const
  })
  const listed = found.map(({ device, problem }) => [device, problem !== undefined] as const)
  // Whether VFIO's driver is there is not a matter of the definition's device.
  expect(listed).toEqual(refusals)
  const of = (device: string) => found.find((one) => one.device === device)?.problem
  expect(of("001:007")).toBe("it is a hub; give the guest what is plugged into it")
  expect(of("2:0:2:0")).toContain("no generic node")
  expect(of(alone)).toContain("in no IOMMU group")
  expect(found.filter(({ problem }) => problem === undefined).map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["pci", "usb", "scsi", "mdev"])
  )
})

test("functions of one make have one name, and those that the list has not their numbers", () => {
  const ids = "8086  Intel Corporation\n\t10d3  82574L\n10de  NVIDIA\n\t10d3  another\n"
  const [one] = deviceShapes.twoCards.pci
  const pci = [
    { ...one, address: "0000:03:00.0" },
    { ...one, address: "0000:04:00.0" },
    { ...one, address: "0000:05:00.0", vendor: 0x10_de },
    { ...one, address: "0000:06:00.0", device: 0x99_99 },
    { ...one, address: "0000:07:00.0", vendor: 0x99_99 }
  ]
  const host = hostOf({ pci }, { "/usr/share/misc/pci.ids": ids })
  expect(runOn(host, readGivableDevices(nobody)).map(({ product }) => product)).toEqual([
    "Intel Corporation 82574L",
    "Intel Corporation 82574L",
    "NVIDIA another",
    "Intel Corporation",
    "9999:10d3"
  ])
})
