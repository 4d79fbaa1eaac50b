/**
 * Goal: the model's own rules: names, whole-model checks, the order of devices, numbers on the
 * wire.
 * Method: one violation at a time against a sound domain; properties for order and names.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { orderDevices, targetIndex } from "../../../src/model/device-order.ts"
import type { Device } from "../../../src/model/device.ts"
import type { Hostdev } from "../../../src/model/device/hostdev.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { lifecycleNumber, lifecycleOnWire } from "../../../src/model/event.ts"
import { nameBytesMax } from "../../../src/model/limits.ts"
import { reasonNumber, stateNumber, stateOnWire } from "../../../src/model/state.ts"
import { nameProblem, validateDomain } from "../../../src/model/validate.ts"

const sound: Domain = {
  type: "qemu",
  name: "web",
  uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809",
  metadata: [],
  memory: { maximumKiB: 65_536 },
  vcpus: { maximum: 2, placement: "static" },
  os: { type: "hvm", boot: [], firmwareFeatures: [] },
  features: { acpi: true, pae: false, viridian: false, privnet: false },
  clock: { offset: "utc", timers: [] },
  onPoweroff: "destroy",
  onReboot: "restart",
  onCrash: "destroy",
  devices: [],
  seclabels: []
}

const disk = (dev: string, more: object = {}): Device => ({
  kind: "disk",
  device: "disk",
  source: { type: "file" },
  target: { dev, bus: "virtio" },
  isReadonly: false,
  isShareable: false,
  isTransient: false,
  ...more
})

const controller = (index: number, more: object = {}): Device => ({
  kind: "controller",
  type: "usb",
  index,
  ...more
})

const place = { type: "pci", domain: 0, bus: 6, slot: 16, function: 2 } as const

const passed = (source: Hostdev["source"]): Device => ({ kind: "hostdev", managed: true, source })

const usb = (more: object): Device => passed({ type: "usb", ...more })

const tape = passed({
  type: "scsi",
  adapter: "scsi_host2",
  unit: { bus: 0, target: 1, unit: 3 },
  isReadonly: false,
  isShareable: false
})

const violations: readonly (readonly [string, Partial<Domain>, string])[] = [
  ["a path for a name", { name: "../etc" }, "name: the name contains a slash"],
  ["a UUID in capitals", { uuid: sound.uuid.toUpperCase() }, "is not a UUID"],
  ["no memory", { memory: { maximumKiB: 0 } }, "a guest needs memory"],
  ["memory beyond reason", { memory: { maximumKiB: 2 ** 50 } }, "beyond any machine"],
  ["a balloon beyond the memory", { memory: { maximumKiB: 4, currentKiB: 5 } }, "more than the"],
  ["no CPU", { vcpus: { maximum: 0, placement: "static" } }, "needs a virtual CPU"],
  ["CPUs beyond reason", { vcpus: { maximum: 9_999, placement: "static" } }, "more than"],
  [
    "more CPUs than there are",
    { vcpus: { maximum: 2, current: 3, placement: "static" } },
    "between"
  ],
  [
    "a topology of other size",
    { cpu: { features: [], topology: { sockets: 1, dies: 1, cores: 3, threads: 1 } } },
    "has room for 3 CPUs, not 2"
  ],
  ["a target twice", { devices: [disk("vda"), disk("vda")] }, "target 'vda' is used twice"],
  [
    "a boot order twice",
    { devices: [disk("vda", { boot: { order: 1 } }), disk("vdb", { boot: { order: 1 } })] },
    "boot order 1 is used for more than one device"
  ],
  [
    "both kinds of boot order",
    { devices: [disk("vda", { boot: { order: 1 } })], os: { ...sound.os, boot: ["hd"] } },
    "excludes a boot order at a device"
  ],
  ["a controller twice", { devices: [controller(0), controller(0)] }, "two of usb controller 0"],
  [
    "an alias twice",
    { devices: [disk("vda", { alias: "ua-a" }), disk("vdb", { alias: "ua-a" })] },
    "alias 'ua-a' is used twice"
  ],
  [
    "a PCI device of the host twice, once as a card",
    {
      devices: [
        passed({ type: "pci", address: place }),
        { kind: "interface", connection: { type: "hostdev", source: place }, ips: [] }
      ]
    },
    "host device PCI 0000:06:10.2 is there twice"
  ],
  [
    "a USB device at one place twice",
    { devices: [usb({ bus: 1, device: 4 }), usb({ bus: 1, device: 4, vendor: 1, product: 2 })] },
    "host device USB 001:004 is there twice"
  ],
  [
    "a kind of USB device twice",
    { devices: [usb({ vendor: 0x46d, product: 2 }), usb({ vendor: 0x46d, product: 2 })] },
    "host device USB 046d:0002 is there twice"
  ],
  ["a SCSI device twice", { devices: [tape, tape] }, "SCSI scsi_host2 0:1:3 is there twice"],
  [
    "two balloons",
    {
      devices: [
        { kind: "memballoon", model: "virtio" },
        { kind: "memballoon", model: "none" }
      ]
    },
    "only one memballoon"
  ]
]

test.each(violations)("refuses %s", (_name, change, reason) => {
  const result = validateDomain({ ...sound, ...change })
  expect(Result.isFailure(result) && result.failure.message).toContain(reason)
})

test("passes host devices that are several, or of which nothing is said", () => {
  const devices = [
    usb({ vendor: 0x46d, product: 2, bus: 1, device: 4 }),
    usb({ vendor: 0x46d, product: 2, bus: 1, device: 5 }),
    usb({}),
    usb({}),
    passed({ type: "pci", address: place }),
    passed({ type: "pci", address: { ...place, function: 3 } })
  ]
  expect(Result.isSuccess(validateDomain({ ...sound, devices }))).toBe(true)
})

test("passes a sound domain, and companions that share an index", () => {
  const devices = [controller(0), controller(0, { model: "ich9-uhci1", masterStartPort: 0 })]
  expect(Result.isSuccess(validateDomain({ ...sound, devices }))).toBe(true)
})

test("accepts a name exactly when it can be a file's", () => {
  for (const bad of ["", ".", "..", "a/b", "a\nb", "a\0", " ", "\u007f", "\ud800"]) {
    expect(nameProblem(bad), JSON.stringify(bad)).toBeDefined()
  }
  for (const good of ["a,b", "..a", "日本", "a b", "-x", "x".repeat(nameBytesMax)]) {
    expect(nameProblem(good), good).toBeUndefined()
  }
  expect(nameProblem("é".repeat(nameBytesMax))).toContain(`more than ${nameBytesMax}`)
})

test("orders disks within a bus and controllers within a type, once and for all", () => {
  const dev = fc.stringMatching(/^(vd|sd)[a-c]{1,2}$/)
  const anyDisk = dev.map((name) =>
    disk(name, { target: { dev: name, bus: name.startsWith("v") ? "virtio" : "scsi" } })
  )
  const anyController = fc.record({ type: fc.constantFrom("usb", "scsi"), index: fc.nat(5) })
  const any = fc.oneof(
    anyDisk,
    anyController.map((more) => controller(0, more))
  )
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (devices) => {
      const ordered = orderDevices(devices)
      expect(orderDevices(ordered)).toEqual(ordered)
      expect(new Set(ordered)).toEqual(new Set(devices))
      const keys = ordered.flatMap((device): readonly (readonly [string, number])[] => {
        if (device.kind === "disk") {
          return [[`disk ${device.target.bus}`, targetIndex(device.target.dev)]]
        }
        return device.kind === "controller" ? [[device.type, device.index ?? -1]] : []
      })
      for (const [bus] of keys) {
        const same = keys.flatMap(([other, index]) => (other === bus ? [index] : []))
        expect(same).toEqual(same.toSorted((left, right) => left - right))
      }
    })
  )
})

test("numbers a target's letters as libvirt does", () => {
  expect(["vda", "vdz", "vdaa", "xvdb", "sdba", "hdc1"].map(targetIndex)).toEqual([
    0, 25, 26, 1, 52, 2
  ])
})

test("has for every state and event a number, and none twice", () => {
  const reasons = Object.values(reasonNumber).map((table) => Object.values(table))
  const details = Object.values(lifecycleNumber).map(({ details: table }) => Object.values(table))
  for (const numbers of [...reasons, ...details, Object.values(stateNumber)]) {
    expect(numbers).toEqual(numbers.map((_, index) => index))
  }
  expect(stateOnWire({ state: "paused", reason: "starting-up" })).toEqual({ state: 3, reason: 11 })
  expect(lifecycleOnWire({ event: "stopped", detail: "failed" })).toEqual({ event: 5, detail: 5 })
})
