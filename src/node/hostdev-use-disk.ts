/**
 * The disks that the host has mounted or swaps to, through partitions, device mapper, software RAID
 * and file systems of several disks, down to where each disk is. Reads only.
 *
 * Beyond it: a disk that some process reads as a whole (a guest's, a database's).
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  lastOf,
  type Properties,
  readPath,
  readsAtOnce,
  readUdev,
  readUevent
} from "../host/device-record.ts"
import { Files } from "../host/files.ts"
import { listNames } from "../host/node-files.ts"
import type { HostUse } from "./hostdev-used.ts"

/** A line for each mount; hosts of containers have some thousands. */
const tableBytesMax = 16 * 1024 * 1024

const blockAt = "/sys/block"
const btrfsAt = "/sys/fs/btrfs"

/** A disk, or a part of one. */
interface BlockNode {
  readonly name: string
  /** The disk's place below /sys/devices. */
  readonly disk: string
  readonly path: string
  readonly uevent: Properties
  /** Names of the nodes that are made of this one. */
  readonly holders: readonly string[]
}

const readNode = Effect.fnUntraced(function* (path: string, disk: string) {
  const uevent = yield* readUevent(path)
  if (uevent === undefined) return []
  const holders = yield* listNames(`${path}/holders`)
  const node: BlockNode = { name: lastOf(path), disk, path, uevent, holders }
  return [node]
})

const readDisk = Effect.fnUntraced(function* (name: string) {
  const disk = (yield* readPath(`${blockAt}/${name}`)) ?? `${blockAt}/${name}`
  // A partition's name begins with its disk's: `sda1`, `nvme0n1p2`.
  const parts = (yield* listNames(disk)).filter((one) => one.startsWith(name))
  const paths = [disk, ...parts.map((part) => `${disk}/${part}`)]
  return (yield* Effect.forEach(paths, (path) => readNode(path, disk))).flat()
})

/** `\040` and its like, in which mountinfo writes white space (proc(5)). */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8))
  )

interface Mount {
  readonly number: string
  readonly at: string
  readonly type: string
  /** Names below /dev of what it is made of, where the source says it. */
  readonly names: readonly string[]
}

const mountOf = (line: string): readonly Mount[] => {
  const [before = "", after = ""] = line.split(" - ")
  const [, , number, , at] = before.split(" ")
  const [type, source = ""] = after.split(" ")
  if (number === undefined || at === undefined || type === undefined) return []
  const names = source.split(":").flatMap((one) => (one.startsWith("/dev/") ? [lastOf(one)] : []))
  return [{ number, at: unescaped(at), type, names }]
}

/** `/` before all others: it is what is best known by. */
const byDepth = (one: Mount, other: Mount): number => one.at.length - other.at.length

/** Lines of a file; none of one that is not there, and undefined for one that cannot be read. */
const readLines = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const bytes = yield* Effect.result(files.read(path, tableBytesMax))
  if (Result.isSuccess(bytes)) return new TextDecoder().decode(bytes.success).split("\n")
  return bytes.failure.code === "ENOENT" ? [] : undefined
})

const readMounts = Effect.map(readLines("/proc/self/mountinfo"), (lines) =>
  lines?.flatMap(mountOf).toSorted(byDepth)
)

/** Names of swap partitions; a swap file is in a file system that is mounted. */
const readSwaps = Effect.map(readLines("/proc/swaps"), (lines) =>
  lines?.flatMap((line) => {
    const [path = "", type] = line.split(/\s+/)
    return type === "partition" ? [lastOf(unescaped(path))] : []
  })
)

/** A mounted file system of Btrfs' lists its disks, of which the mount shows one. */
const readBtrfs = Effect.gen(function* () {
  const lists = yield* Effect.forEach(yield* listNames(btrfsAt), (id) =>
    listNames(`${btrfsAt}/${id}/devices`)
  )
  return lists.flat()
})

const isZfsMember = ({ path, uevent }: BlockNode) =>
  Effect.map(
    readUdev(path, uevent, "block"),
    ({ properties }) => properties["ID_FS_TYPE"] === "zfs_member"
  )

interface Facts {
  /** Undefined where it cannot be told: then every disk may be one that the host needs. */
  readonly mounts: readonly Mount[] | undefined
  readonly swaps: readonly string[] | undefined
  readonly btrfs: readonly string[]
  /** Nodes of which only udev knows what they belong to. */
  readonly zfs: readonly string[]
}

const directUse = ({ name, uevent }: BlockNode, facts: Facts): string | undefined => {
  if (facts.mounts === undefined || facts.swaps === undefined)
    return "may be mounted or swapped to: /proc does not tell"
  const number = `${uevent["MAJOR"]}:${uevent["MINOR"]}`
  const mount = facts.mounts.find((one) => one.number === number || one.names.includes(name))
  if (mount !== undefined) return `is mounted at '${mount.at}'`
  if (facts.swaps.includes(name)) return "is swapped to"
  if (facts.btrfs.includes(name)) return "is part of a mounted Btrfs"
  return facts.zfs.includes(name) ? "is part of a ZFS pool" : undefined
}

/** Stacks of device mapper and RAID are a few high; a circle ends here. */
const holdersMax = 16

const useOf = (
  node: BlockNode,
  { facts, nodes }: { readonly facts: Facts; readonly nodes: ReadonlyMap<string, BlockNode> },
  depth = 0
): string | undefined => {
  const direct = directUse(node, facts)
  if (direct !== undefined) return `${node.name} ${direct}`
  if (depth === holdersMax) return undefined
  for (const name of node.holders) {
    const holder = nodes.get(name)
    const use = holder && useOf(holder, { facts, nodes }, depth + 1)
    if (use !== undefined) return use
  }
  return undefined
}

/** A disk that several controllers lead to hangs below none of them (NVMe's multipath). */
const placesOf = Effect.fnUntraced(function* (disk: string) {
  const above = disk.slice(0, disk.lastIndexOf("/"))
  if (!above.includes("/nvme-subsystem/")) return [disk]
  const names = (yield* listNames(above)).filter((name) => /^nvme\d+$/.test(name))
  const places = yield* Effect.forEach(names, (name) => readPath(`${above}/${name}`))
  return [disk, ...places.flatMap((place) => place ?? [])]
})

/** One for each place of each disk that is in use. */
export const readDiskUses: Effect.Effect<readonly HostUse[], never, Files> = Effect.gen(
  function* () {
    const [mounts, swaps, btrfs] = yield* Effect.all([readMounts, readSwaps, readBtrfs])
    const all = (yield* Effect.forEach(yield* listNames(blockAt), readDisk, {
      concurrency: readsAtOnce
    })).flat()
    const hasZfs = mounts?.some(({ type }) => type === "zfs")
    const members = hasZfs === true ? yield* Effect.filter(all, isZfsMember) : []
    const facts = { mounts, swaps, btrfs, zfs: members.map(({ name }) => name) }
    const nodes = new Map(all.map((node) => [node.name, node]))
    const uses = all.flatMap((node) => {
      const use = useOf(node, { facts, nodes })
      const name = lastOf(node.disk)
      if (use === undefined) return []
      const why = use.startsWith(`${name} `) ? `its disk ${use}` : `of its disk ${name}, ${use}`
      return [{ disk: node.disk, why }]
    })
    const placed = yield* Effect.forEach(uses, ({ disk, why }) =>
      Effect.map(placesOf(disk), (places) => places.map((path) => ({ path, why })))
    )
    return placed.flat()
  }
)
