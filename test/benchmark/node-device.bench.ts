/**
 * What an inventory of a thousand devices costs on this machine: the list of names and parents that
 * clients are given, all that a pool has to know of each PCI function, and one device whole. Over a
 * tree of real files that looks like /sys, by the live file service. A plain script, run by node,
 * not a timed test: it prints a table and one line of JSON.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { listDevices } from "../../src/host/device-list.ts"
import * as FilesLive from "../../src/host/files.live.ts"
import { Files } from "../../src/host/files.ts"
import { pciNames } from "../../src/host/pci-names.ts"
import { readPciInventory } from "../../src/host/pci-inventory.ts"
import { readDevice } from "../../src/node/device.ts"
import { readGivableDevices } from "../../src/node/givable.ts"
import { MemoryDisk } from "../../src/testing/host/disk.ts"
import { type PciDevice, type UsbDevice, writeDevices } from "../../src/testing/host/sysfs.ts"

const rounds = 20
const goalMs = 50

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

const addressOf = (index: number): string => {
  const bus = hex(1 + Math.floor(index / 256), 2)
  const slot = hex(Math.floor(index / 8) % 32, 2)
  return `0000:${bus}:${slot}.${index % 8}`
}

/** Each in a group of its own, as the virtual functions of a large host are. */
const pci: readonly PciDevice[] = Array.from({ length: 1024 }, (_, index) => ({
  address: addressOf(index),
  vendor: 0x8086,
  device: 0x10ca,
  class: 0x02_00_00,
  driver: "igbvf",
  iommuGroup: index,
  numaNode: 0,
  resetMethods: ["flr", "bus"]
}))

const usb: readonly UsbDevice[] = Array.from({ length: 100 }, (_, index) => ({
  port: `1-${index + 1}`,
  bus: 1,
  number: index + 2,
  vendor: 0x0781,
  product: 0x5567,
  interfaces: [{ class: 8, subclass: 6, protocol: 0x50 }]
}))

const cards = Array.from({ length: 32 }, (_, index) => ({
  name: `eth${index}`,
  index: index + 2,
  address: `52:54:00:00:00:${hex(index, 2)}`,
  on: pci[index]?.address ?? "",
  state: "up",
  speed: 1000
}))

/** What stands on a disk in memory, as real files and links below `root`. */
const copyOut = (disk: MemoryDisk, root: string): void => {
  for (const path of disk.paths()) {
    const node = disk.node(path)
    const to = join(root, path)
    if (node.kind === "directory") fs.mkdirSync(to, { recursive: true })
    else if (node.kind === "symlink") fs.symlinkSync(node.target, to)
    else if (node.kind === "file") fs.writeFileSync(to, node.data)
  }
}

/** The live service in a tree below `root`. */
const below = (root: string): Layer.Layer<Files> =>
  Layer.effect(
    Files,
    Effect.map(Files, (files) => ({
      ...files,
      readHeads: (paths: readonly string[], bytesMax: number) =>
        files.readHeads(
          paths.map((path) => root + path),
          bytesMax
        ),
      readLinks: (paths: readonly string[]) => files.readLinks(paths.map((path) => root + path)),
      read: (path: string, bytesMax: number) => files.read(root + path, bytesMax),
      stat: (path: string) => files.stat(root + path),
      readLink: (path: string) => files.readLink(root + path),
      list: (path: string) => files.list(root + path)
    }))
  ).pipe(Layer.provide(FilesLive.layer))

const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

const measure = async <A>(
  layer: Layer.Layer<Files>,
  work: Effect.Effect<A, never, Files>
): Promise<{ readonly medianMs: number; readonly cpuMs: number; readonly found: A }> => {
  const took: number[] = []
  let found = await Effect.runPromise(Effect.provide(work, layer))
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now()
    found = await Effect.runPromise(Effect.provide(work, layer))
    took.push(performance.now() - begun)
  }
  const { user, system } = process.cpuUsage(before)
  return { medianMs: medianOf(took), cpuMs: (user + system) / 1000 / rounds, found }
}

const root = fs.mkdtempSync(join(tmpdir(), "troupe-sys-"))
try {
  const disk = new MemoryDisk()
  disk.makeDirectories("/dev")
  writeDevices(disk, { pci, usb, cards })
  disk.makeDirectories("/sys/bus/pci/drivers/vfio-pci")
  copyOut(disk, root)
  const layer = below(root)
  const list = await measure(layer, listDevices)
  const functions = await measure(layer, readPciInventory)
  const givable = await measure(
    layer,
    readGivableDevices(() => undefined)
  )
  const [first] = list.found.filter(({ kind }) => kind === "pci")
  if (first === undefined) throw new Error("there are PCI functions")
  const ground = { names: pciNames(""), uuid: "" }
  const one = await measure(layer, readDevice(first, ground))
  const rows = [
    { what: `list of ${list.found.length} devices`, ms: list.medianMs, cpuMs: list.cpuMs },
    {
      what: `inventory of ${functions.found.functions.length} PCI functions`,
      ms: functions.medianMs,
      cpuMs: functions.cpuMs
    },
    {
      what: `${givable.found.length} devices, and why not`,
      ms: givable.medianMs,
      cpuMs: givable.cpuMs
    },
    { what: "one PCI function whole", ms: one.medianMs, cpuMs: one.cpuMs }
  ]
  for (const { what, ms, cpuMs } of rows)
    console.log(
      `${what.padEnd(36)}${ms.toFixed(2).padStart(8)} ms, of processors ${cpuMs.toFixed(2)} ms`
    )
  const isMet = Math.max(list.medianMs, functions.medianMs) <= goalMs
  console.log(JSON.stringify({ goalMs, isMet, devices: list.found.length, rows }))
} finally {
  fs.rmSync(root, { recursive: true })
}
