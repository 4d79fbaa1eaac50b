/**
 * The order in which libvirt lists devices: by kind, disks by target within a bus, controllers by
 * index within a type. The order decides names and addresses, so that it is part of the guest.
 */
import { type Device, devicesOf } from "./device.ts"
import type { Controller } from "./device/controller.ts"
import type { Disk } from "./device/disk.ts"

/** Element names in libvirt's order. */
const kinds: readonly string[] = [
  "disk",
  "controller",
  "lease",
  "filesystem",
  "interface",
  "smartcard",
  "serial",
  "parallel",
  "console",
  "channel",
  "input",
  "tpm",
  "graphics",
  "sound",
  "audio",
  "video",
  "hostdev",
  "redirdev",
  "redirfilter",
  "hub",
  "watchdog",
  "memballoon",
  "rng",
  "nvram",
  "panic",
  "shmem",
  "memory",
  "crypto",
  "iommu",
  "vsock",
  "pstore"
]

const rank: ReadonlyMap<string, number> = new Map(kinds.map((name, index) => [name, index]))

const byRank = (left: string, right: string): number =>
  (rank.get(left) ?? 0) - (rank.get(right) ?? 0)

/** The XML element that a device is. */
export function elementName(device: Device): string {
  return device.kind === "kept" ? device.name : device.kind
}

/** The devices by kind, in libvirt's order of kinds. Within a kind nothing moves. */
export function groupDevices(devices: readonly Device[]): readonly Device[] {
  const named = Map.groupBy(devices, elementName)
  const names = [...named.keys()]
  // Kinds that libvirt does not know stay in the order in which they came.
  const known = names.filter((name) => rank.has(name)).toSorted(byRank)
  const others = names.filter((name) => !rank.has(name))
  return [...known, ...others].flatMap((name) => named.get(name) ?? [])
}

/**
 * The devices as libvirt sorts them when it reads a definition. What is added later goes to the
 * end of its kind. Ordering twice changes nothing.
 */
export function orderDevices(devices: readonly Device[]): readonly Device[] {
  const grouped = groupDevices(devices)
  const disks = insertAll(devicesOf({ devices: grouped }, "disk"), sameBus, isDiskBefore)
  const all = devicesOf({ devices: grouped }, "controller")
  const controllers = insertAll(all, sameType, isControllerBefore)
  return [...disks, ...controllers, ...grouped.slice(disks.length + controllers.length)]
}

/**
 * The number of a target's letters: `vda` 0, `vdz` 25, `vdaa` 26. A digit at the end is ignored.
 */
export function targetIndex(dev: string): number {
  const letters = /^(?:xvd|ubd|[fhsv]d)([a-z]+)\d*$/.exec(dev)?.[1] ?? ""
  return [...letters].reduce((index, letter) => index * 26 + letter.charCodeAt(0) - 96, 0) - 1
}

type Related<A> = (left: A, right: A) => boolean

const sameBus: Related<Disk> = (left, right) => left.target.bus === right.target.bus
const sameType: Related<Controller> = (left, right) => left.type === right.type

const isDiskBefore: Related<Disk> = (left, right) =>
  targetIndex(left.target.dev) < targetIndex(right.target.dev)

const isControllerBefore: Related<Controller> = (left, right) => {
  if (left.index === undefined || right.index === undefined) return false
  if (left.index !== right.index) return left.index < right.index
  return left.masterStartPort === undefined && right.masterStartPort !== undefined
}

/**
 * Inserts one after the other: before the first relative that comes later, else after the last.
 */
function insertAll<A>(items: readonly A[], isRelated: Related<A>, isBefore: Related<A>): A[] {
  const list: A[] = []
  for (const item of items) {
    const later = list.findIndex((other) => isRelated(item, other) && isBefore(item, other))
    const last = list.findLastIndex((other) => isRelated(item, other))
    list.splice(later >= 0 ? later : last >= 0 ? last + 1 : list.length, 0, item)
  }
  return list
}
