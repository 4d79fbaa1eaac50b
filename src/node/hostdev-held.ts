/**
 * What a process that runs has of the host: what its words say, and what it has open, for nothing
 * else tells of a device that was plugged into it. More than it has is said at most of an IOMMU
 * group, which is one program's as a whole. Reads only.
 */
import * as Effect from "effect/Effect"
import { readTarget } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { numberIn } from "../host/node-files.ts"
import { pciDevicesAt, placeOf } from "../host/pci.ts"
import { type ProcessId, Processes } from "../host/process.ts"
import { type HostDeviceKind, hostDeviceKinds } from "../model/hostdev-wish.ts"
import { type Held, type Said, usbOfNode } from "../qemu/held.ts"
import { functionsOf, groupOf } from "./hostdev-group.ts"

interface Device {
  readonly kind: HostDeviceKind
  readonly device: string
}

/** A look into a process that takes longer hangs in the kernel. */
const lookBoundMs = 1_000

/** Undefined where it cannot be told: it has gone, or is another's. */
export const openFilesOf = Effect.fnUntraced(function* (process: ProcessId) {
  const { openFiles } = yield* Processes
  const seen = yield* Effect.timeoutOption(openFiles(process), lookBoundMs)
  return seen._tag === "Some" ? seen.value : undefined
})

/** VFIO's file of the group that a function is in; undefined without an IOMMU. */
export const groupFileOf = (device: string) =>
  Effect.map(groupOf(device), (group) => (group === undefined ? undefined : `/dev/vfio/${group}`))

/** Drivers that give functions to programs: VFIO's own, and those of makers beside it. */
const isVfio = (driver: string | undefined): boolean => /(^|[-_])vfio[-_]pci$/.test(driver ?? "")

/** What is in a group that is open: bridges and what has no driver are nobody's. */
const membersOf = Effect.fnUntraced(function* (group: number) {
  const found: Device[] = []
  for (const device of yield* functionsOf(group)) {
    if (placeOf(device) === undefined) found.push({ kind: "mdev", device })
    else if (isVfio(yield* readTarget(`${pciDevicesAt}/${device}`, "driver")))
      found.push({ kind: "pci", device })
  }
  return found
})

/** `/dev/sg4` */
const unitOf = Effect.fnUntraced(function* (node: string) {
  const device = yield* readTarget(`/sys/class/scsi_generic/${node}`, "device")
  return device === undefined ? [] : [{ kind: "scsi" as const, device }]
})

const devicesAt = (path: string): Effect.Effect<readonly Device[], never, Files> => {
  const group = numberIn(/^\/dev\/vfio\/([0-9]+)$/.exec(path)?.[1])
  if (group !== undefined) return membersOf(group)
  const unit = /^\/dev\/(sg[0-9]+)$/.exec(path)?.[1]
  if (unit !== undefined) return unitOf(unit)
  const device = usbOfNode(path)
  return Effect.succeed(device === undefined ? [] : [{ kind: "usb", device }])
}

/** All of it, by names. */
export const heldDevices: (
  said: Said,
  open: readonly string[] | undefined
) => Effect.Effect<Held, never, Files> = Effect.fnUntraced(function* (said, open = []) {
  const found = yield* Effect.forEach(new Set([...said.nodes, ...open]), devicesAt)
  const named = hostDeviceKinds.flatMap((kind) =>
    (said[kind] ?? []).map((device): Device => ({ kind, device }))
  )
  const all = [...named, ...found.flat()]
  const of = (kind: HostDeviceKind) => [
    ...new Set(all.flatMap((one) => (one.kind === kind ? [one.device] : [])))
  ]
  return { pci: of("pci"), usb: of("usb"), scsi: of("scsi"), mdev: of("mdev"), ports: said.ports }
})
