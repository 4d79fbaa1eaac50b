/**
 * Goal: a guest gets the hardware, the places and the names that libvirt would have given it.
 * Method: small definitions with the results that libvirt's documentation and behaviour tell of.
 */
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import type { Device } from "../../../src/model/device.ts"
import { devicesOf } from "../../../src/model/device.ts"
import type { Controller } from "../../../src/model/device/controller.ts"
import type { Disk, DiskBus } from "../../../src/model/device/disk.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { completeDomain, macsNeeded } from "../../../src/qemu/complete.ts"
import { completeOptions, domain, onQ35, prepared } from "./fixture.ts"

const disk = (dev: string, bus?: DiskBus): Disk => ({
  kind: "disk",
  device: "disk",
  source: { type: "file", file: `/images/${dev}` },
  target: { dev, ...(bus === undefined ? {} : { bus }) },
  isReadonly: false,
  isShareable: false,
  isTransient: false
})

const card = (model?: string): Device => ({
  kind: "interface",
  connection: { type: "user" },
  ips: [],
  ...(model === undefined ? {} : { model })
})

const vnc: Device = { kind: "graphics", type: "vnc", autoport: true, listens: [] }

/** Alias and place of every device that has a PCI address: `net0 0:3.0`. */
const pciPlaces = (given: Domain): readonly string[] =>
  given.devices.flatMap((device) => {
    if (!("address" in device) || device.address?.type !== "pci") return []
    const { bus, slot, function: own } = device.address
    return [`${device.alias} ${bus}:${slot.toString(16)}.${own}`]
  })

const failure = (given: Domain): string => {
  const result = completeDomain(given, completeOptions)
  return Result.isFailure(result) ? result.failure.message : "no failure"
}

describe("on i440fx", () => {
  test("a bare guest has a USB controller, a balloon and the board's own functions", () => {
    const given = prepared(domain([]))
    expect(given.os.machine).toBe("pc-i440fx-7.2")
    expect(pciPlaces(given)).toEqual(["usb 0:1.2", "balloon0 0:2.0"])
    expect(given.cpu?.model?.name).toBe("qemu64")
    expect(devicesOf(given, "input").map(({ type }) => type)).toEqual(["mouse", "keyboard"])
  })

  test("video has slot 2, cards come before disks, disks before the balloon", () => {
    const given = prepared(domain([disk("vda"), card(), vnc]))
    expect(pciPlaces(given).toSorted()).toEqual([
      "balloon0 0:5.0",
      "net0 0:3.0",
      "usb 0:1.2",
      "video0 0:2.0",
      "virtio-disk0 0:4.0"
    ])
  })

  test("26 disks, a card and a balloon fit; more of them need a bridge", () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz"]
    const many = letters.map((letter) => disk(`vd${letter}`))
    const buses = (given: Domain) =>
      devicesOf(prepared(given), "controller").filter(({ type }) => type === "pci").length
    expect(buses(domain([...many, card()]))).toBe(1)
    expect(buses(domain([...many, card(), card(), card()]))).toBe(2)
  })
})

describe("on q35", () => {
  test("a bare guest has three root ports: for USB, for the balloon, and to spare", () => {
    const given = prepared(domain([], onQ35))
    expect(pciPlaces(given).toSorted()).toEqual([
      "balloon0 2:0.0",
      "ide 0:1f.2",
      "pci.1 0:1.0",
      "pci.2 0:1.1",
      "pci.3 0:1.2",
      "usb 1:0.0"
    ])
  })

  test("root ports begin behind the video card", () => {
    const given = prepared(domain([vnc], onQ35))
    expect(pciPlaces(given)).toContain("video0 0:1.0")
    expect(pciPlaces(given)).toContain("pci.1 0:2.0")
  })

  test("a conventional device gets a bridge on a port, which comes first", () => {
    const sata: Controller = { kind: "controller", type: "sata", index: 1 }
    const usb: Controller = { kind: "controller", type: "usb", index: 0, model: "qemu-xhci" }
    const given = prepared(domain([usb, sata], onQ35))
    expect(pciPlaces(given)).toContain("pci.3 1:0.0")
    expect(pciPlaces(given)).toContain("sata1 3:1.0")
    expect(pciPlaces(given)).toContain("usb 2:0.0")
  })

  test("root ports number themselves by place and index", () => {
    const [, first] = devicesOf(prepared(domain([], onQ35)), "controller").filter(
      ({ type }) => type === "pci"
    )
    expect(first).toMatchObject({
      modelName: "pcie-root-port",
      target: { chassis: 1, port: 8 },
      address: { multifunction: true }
    })
  })

  test("there is no IDE", () => {
    expect(failure(domain([disk("hda")], onQ35))).toContain("the q35 board has no IDE bus")
  })
})

describe("disks", () => {
  test("are named and placed by their target's letters", () => {
    const disks = ["hdc", "sdh", "vdb", "fda"].map((dev) => disk(dev))
    expect(devicesOf(prepared(domain(disks)), "disk").map(({ alias }) => alias)).toEqual([
      "ide0-1-0",
      "scsi1-0-0",
      "virtio-disk1",
      "fdc0-0-0"
    ])
  })

  test("are in the order of their targets within a bus", () => {
    const disks = ["vdc", "hdb", "vda", "hda"].map((dev) => disk(dev))
    const targets = devicesOf(prepared(domain(disks)), "disk").map(({ target }) => target.dev)
    expect(targets).toEqual(["vda", "vdc", "hda", "hdb"])
  })

  test("cannot share a place", () => {
    const address = { type: "drive", controller: 0, bus: 0, target: 0, unit: 0 } as const
    const second: Disk = { ...disk("hdb"), address }
    expect(failure(domain([disk("hda"), second]))).toContain("'hda' has its address already")
  })

  test("cannot be partitions", () => {
    expect(failure(domain([disk("vda1")]))).toContain("a partition")
  })

  test("of a bus that is not known are refused by name", () => {
    expect(failure(domain([disk("nvme0")]))).toContain("disk 'nvme0'")
  })
})

describe("characters", () => {
  const console: Device = { kind: "console", source: { type: "pty" }, target: {} }
  const serial: Device = { kind: "serial", source: { type: "null" }, target: {} }

  test("a lone console becomes a serial port that it mirrors", () => {
    const given = prepared(domain([console]))
    expect(devicesOf(given, "serial")).toMatchObject([
      { alias: "serial0", source: { type: "pty" }, target: { type: "isa-serial", port: 0 } }
    ])
    expect(devicesOf(given, "console")).toMatchObject([
      { alias: "serial0", target: { type: "serial", port: 0 } }
    ])
  })

  test("a lone serial port gets a console", () => {
    expect(devicesOf(prepared(domain([serial])), "console")).toMatchObject([
      { alias: "serial0", source: { type: "null" } }
    ])
  })

  test("the first console is the first serial port, whatever it says", () => {
    const [mirror] = devicesOf(prepared(domain([serial, console])), "console")
    expect(mirror?.source.type).toBe("null")
  })

  test("channels number from 1 and spill over to another controller", () => {
    const controller: Controller = { kind: "controller", type: "virtio-serial", index: 0, ports: 3 }
    const channels = Array.from({ length: 3 }, (): Device => {
      const target = { type: "virtio" } as const
      return { kind: "channel", source: { type: "pty" }, target }
    })
    const given = prepared(domain([controller, ...channels]))
    expect(devicesOf(given, "channel").map(({ address }) => address)).toMatchObject([
      { controller: 0, port: 1 },
      { controller: 0, port: 2 },
      { controller: 1, port: 1 }
    ])
  })
})

describe("USB", () => {
  test("hubs are added when ports run out, and hang on each other", () => {
    const tablets = Array.from({ length: 16 }, (): Device => ({ kind: "input", type: "tablet" }))
    const given = prepared(domain(tablets))
    const ports = (kind: "hub" | "input") =>
      devicesOf(given, kind).flatMap(({ address }) =>
        address?.type === "usb" ? [address.port] : []
      )
    expect(ports("hub")).toEqual(["1", "2", "1.1"])
    expect(ports("input").slice(0, 2)).toEqual(["1.2", "1.3"])
    expect(ports("input").at(-1)).toBe("2.1")
  })

  test("a port that does not exist is refused", () => {
    const address = { type: "usb", bus: 0, port: "9" } as const
    const tablet: Device = { kind: "input", type: "tablet", bus: "usb", address }
    expect(failure(domain([tablet]))).toContain("USB port 9 does not exist there")
  })
})

test("fresh MAC addresses are taken for cards that have none, and only for them", () => {
  const given = domain([card(), { ...card(), mac: "52:54:00:aa:bb:cc" } as Device, card()])
  expect(macsNeeded(given)).toBe(2)
  expect(devicesOf(prepared(given), "interface").map(({ mac }) => mac)).toEqual([
    "52:54:00:00:00:00",
    "52:54:00:aa:bb:cc",
    "52:54:00:00:00:01"
  ])
})

test("a name that the user chose stays", () => {
  const given = prepared(domain([{ ...disk("vda"), alias: "ua-root" }]))
  expect(devicesOf(given, "disk")[0]?.alias).toBe("ua-root")
})

test("an address that is taken twice is refused with the device's name", () => {
  const address = { type: "pci", domain: 0, bus: 0, slot: 5, function: 0 } as const
  const given = domain([
    { ...disk("vda"), address },
    { ...disk("vdb"), address }
  ])
  expect(failure(given)).toContain("disk 'vdb'")
})

test("a machine that QEMU lacks is refused", () => {
  const os = { type: "hvm", machine: "pc-i440fx-99.0", firmwareFeatures: [], boot: [] } as const
  expect(failure(domain([], { os }))).toContain("does not have a machine 'pc-i440fx-99.0'")
})

test("boot orders of the machine and of a device exclude each other", () => {
  const os = { type: "hvm", firmwareFeatures: [], boot: ["hd"] } as const
  const given = domain([{ ...disk("vda"), boot: { order: 1 } }], { os })
  expect(failure(given)).toContain("excludes")
})
