/**
 * Goal: a SCSI device of the host has a place in its guest that nobody else has, and is one block
 * node with one device, as under libvirt; what is not built is refused.
 * Method: small definitions, completed and built; the words are those of libvirt's command line.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { devicesOf } from "../../../src/model/device.ts"
import type { Controller } from "../../../src/model/device/controller.ts"
import type { Disk } from "../../../src/model/device/disk.ts"
import type { Hostdev, ScsiSource } from "../../../src/model/device/hostdev.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { completeDomain } from "../../../src/qemu/complete.ts"
import { fitHostdev, hostdevProperties } from "../../../src/qemu/plug.ts"
import { capabilities, completeOptions, domain, prepared, resources } from "./fixture.ts"

const scsi = (more: Partial<Hostdev> = {}, source: Partial<ScsiSource> = {}): Hostdev => ({
  kind: "hostdev",
  managed: false,
  source: {
    type: "scsi",
    adapter: "scsi_host2",
    unit: { bus: 0, target: 1, unit: 3 },
    isReadonly: false,
    isShareable: false,
    ...source
  },
  ...more
})

const controller = (model: string): Controller => ({
  kind: "controller",
  type: "scsi",
  index: 0,
  model
})

const disk: Disk = {
  kind: "disk",
  device: "disk",
  source: { type: "file", file: "/images/a" },
  target: { dev: "sdb", bus: "scsi" },
  isReadonly: false,
  isShareable: false,
  isTransient: false
}

const at = (unit: number, target = 0, index = 0): Pick<Hostdev, "address"> => ({
  address: { type: "drive", controller: index, bus: 0, target, unit }
})

const completed = (given: Domain): Domain =>
  Result.getOrThrow(completeDomain(given, completeOptions))

const placesOf = (given: Domain): readonly string[] =>
  devicesOf(given, "hostdev").map(({ address }) =>
    address?.type === "drive" ? `${address.controller}:${address.unit}` : "none"
  )

test("places are given that neither disks nor other host devices have", () => {
  const given = domain([controller("virtio-scsi"), disk, scsi(), scsi(at(2)), scsi()])
  expect(placesOf(completed(given))).toEqual(["0:0", "0:2", "0:3"])
  expect(completed(completed(given))).toEqual(completed(given))
})

test("a bus that is full is followed by one of the same model", () => {
  const nine = Array.from({ length: 9 }, () => scsi())
  const whole = completed(domain([controller("virtio-scsi"), ...nine]))
  expect(placesOf(whole).slice(6)).toEqual(["0:6", "1:0", "1:1"])
  const models = devicesOf(whole, "controller").flatMap(({ type, model }) =>
    type === "scsi" ? [model] : []
  )
  expect(models).toEqual(["virtio-scsi", "virtio-scsi"])
})

test("two devices at one place are refused, whatever they are", () => {
  for (const device of [scsi(at(1)), disk]) {
    const answer = completeDomain(domain([device, scsi(at(1))]), completeOptions)
    expect(Result.isFailure(answer) && answer.failure.message).toContain("SCSI address 0:0:0:1")
  }
})

/** The fixture's QEMU, with passing SCSI through. */
const able = { ...capabilities, types: [...capabilities.types, "scsi-generic", "vfio-pci"] }

const wordsOf = (given: Domain, genericNodes: { readonly [alias: string]: string }) =>
  buildArgv(prepared(given), {
    capabilities: able,
    config: defaultArgvConfig,
    resources: { ...resources, genericNodes }
  })

test("the unit's generic node is a block node, numbered behind those of the disks", () => {
  const given = domain([
    controller("virtio-scsi"),
    disk,
    scsi(at(8, 4)),
    scsi(at(7, 4), { isReadonly: true })
  ])
  const words = Result.getOrThrow(wordsOf(given, { hostdev0: "/dev/sg4", hostdev1: "/dev/sg0" }))
  const after = words.slice(words.findIndex((word) => word.includes("/dev/sg4")) - 1)
  expect(after.slice(0, 8)).toEqual([
    "-blockdev",
    '{"driver":"host_device","filename":"/dev/sg4","node-name":"libvirt-2-backend",' +
      '"read-only":false}',
    "-device",
    '{"driver":"scsi-generic","drive":"libvirt-2-backend","id":"hostdev0","bus":"scsi0.0",' +
      '"channel":0,"scsi-id":4,"lun":8}',
    "-blockdev",
    '{"driver":"host_device","filename":"/dev/sg0","node-name":"libvirt-3-backend",' +
      '"read-only":true}',
    "-device",
    '{"driver":"scsi-generic","drive":"libvirt-3-backend","id":"hostdev1","bus":"scsi0.0",' +
      '"channel":0,"scsi-id":4,"lun":7}'
  ])
  const narrow = domain([controller("lsilogic"), scsi({ ...at(6), boot: { order: 1 } })])
  expect(Result.getOrThrow(wordsOf(narrow, { hostdev0: "/dev/sg1" }))).toContain(
    '{"driver":"scsi-generic","drive":"libvirt-1-backend","id":"hostdev0","bootindex":1,' +
      '"bus":"scsi0.0","scsi-id":6}'
  )
})

test("a unit without a node, rights that are not given, and Xen's filter are refused", () => {
  const refusal = (device: Hostdev, nodes: { readonly [alias: string]: string } = {}) => {
    const answer = wordsOf(domain([controller("virtio-scsi"), device]), nodes)
    return Result.isFailure(answer) ? answer.failure.message : "no refusal"
  }
  const node = { hostdev0: "/dev/sg1" }
  expect(refusal(scsi())).toContain("no generic node (/dev/sgN)")
  expect(refusal(scsi({}, { rawio: true }), node)).toContain("rawio")
  expect(refusal(scsi({}, { sgio: "unfiltered" }), node)).toContain("sgio")
  expect(refusal(scsi({}, { sgio: "filtered", rawio: false }), node)).toBe("no refusal")
  const pci: Hostdev = {
    kind: "hostdev",
    managed: true,
    source: {
      type: "pci",
      address: { type: "pci", domain: 0, bus: 3, slot: 0, function: 0 },
      writeFiltering: false
    }
  }
  expect(refusal(pci)).toContain("for Xen's guests")
})

test("a SCSI device stays with a running guest that gets another device, and none is added", () => {
  const usb: Hostdev = {
    kind: "hostdev",
    managed: false,
    source: { type: "usb", bus: 1, device: 4 }
  }
  const live = prepared(domain([controller("virtio-scsi"), scsi()]))
  const withUsb = { ...able, types: [...able.types, "usb-host"] }
  const fitted = Result.getOrThrow(fitHostdev(live, usb, withUsb))
  const added = Result.getOrThrow(hostdevProperties(live, fitted, withUsb))
  expect(added).toMatchObject({ driver: "usb-host", hostbus: 1, hostaddr: 4 })
  const refused = fitHostdev(live, scsi(), withUsb)
  expect(Result.isFailure(refused) && refused.failure.message).toContain("cannot be plugged in")
})
