/**
 * The block nodes of a disk: for each image of its chain a storage node, where the bytes are, and a
 * format node, what they mean. Backing images come before what stands on them.
 */
import { devicesOf } from "../../model/device.ts"
import type { BackingStore, Disk, DiskSource } from "../../model/device/disk.ts"
import type { Domain } from "../../model/domain.ts"
import { type Arg, blockdev, type JsonObject } from "./arg.ts"
import type { ArgvContext } from "./context.ts"
import { networkStorage } from "./disk-network.ts"

interface Image {
  readonly source: DiskSource
  readonly format: string
  readonly isTop: boolean
}

/** The images of a disk from the top down; `isClosed` when the lowest is known to stand alone. */
interface Chain {
  readonly images: readonly Image[]
  readonly isClosed: boolean
}

export const isEmpty = (source: DiskSource): boolean => {
  switch (source.type) {
    case "file":
      return source.file === undefined
    case "block":
      return source.dev === undefined
    case "dir":
      return source.dir === undefined
    case "volume":
      return source.volume === undefined
    default:
      return false
  }
}

/** What was found out of the images' own chains. */
interface Chains {
  readonly resources: Pick<ArgvContext["resources"], "backingChains">
}

const chainOf = (disk: Disk, context: Chains): Chain => {
  if (isEmpty(disk.source)) return { images: [], isClosed: true }
  const top: Image = { source: disk.source, format: disk.driver?.type ?? "raw", isTop: true }
  const images = [top]
  const found = context.resources.backingChains?.[disk.alias ?? ""]
  let below: BackingStore | undefined = disk.backingStore ?? found
  while (below?.type === "image") {
    images.push({ source: below.source, format: below.format ?? "raw", isTop: false })
    below = below.backingStore
  }
  return { images, isClosed: below?.type === "none" }
}

/** Node numbers count from the last disk to the first, and down each chain from its top. */
export const nodeNumbers = (domain: Domain, context: Chains): ReadonlyMap<Disk, number> => {
  const first = new Map<Disk, number>()
  let next = 1
  for (const disk of devicesOf(domain, "disk").toReversed()) {
    first.set(disk, next)
    next += chainOf(disk, context).images.length
  }
  return first
}

/** How many nodes the disks have: whatever else needs one is numbered behind them. */
export const nodeCount = (domain: Domain, context: Chains): number =>
  devicesOf(domain, "disk").reduce((count, disk) => count + chainOf(disk, context).images.length, 0)

interface CacheMode {
  readonly direct: boolean
  readonly noFlush: boolean
  /** Whether the guest is shown a write cache. */
  readonly writeCache: boolean
}

const cacheModes: { readonly [mode: string]: CacheMode } = {
  none: { direct: true, noFlush: false, writeCache: true },
  writethrough: { direct: false, noFlush: false, writeCache: false },
  writeback: { direct: false, noFlush: false, writeCache: true },
  directsync: { direct: true, noFlush: false, writeCache: false },
  unsafe: { direct: false, noFlush: true, writeCache: true }
}

/** A disk that several guests write is not cached, unless the definition says how. */
export const cacheMode = (disk: Disk): CacheMode | undefined => {
  const mode = disk.driver?.cache ?? "default"
  const isShared = disk.isShareable && !disk.isReadonly && mode === "default"
  return cacheModes[isShared ? "none" : mode]
}

const cacheOf = (disk: Disk): JsonObject | undefined => {
  const mode = cacheMode(disk)
  return mode === undefined ? undefined : { direct: mode.direct, "no-flush": mode.noFlush }
}

const asked = <A extends string>(value: A | undefined): Exclude<A, "default"> | undefined =>
  value === undefined || value === "default" ? undefined : (value as Exclude<A, "default">)

/** Where the bytes of an image are. Images that QEMU cannot reach are refused before. */
const storage = (source: DiskSource, disk: Disk, context: ArgvContext): JsonObject => {
  const aio = asked(disk.driver?.io)
  switch (source.type) {
    case "file":
      return { driver: "file", filename: source.file, aio }
    case "block": {
      const isCd = context.resources.cdDrives?.includes(source.dev ?? "") === true
      const driver = isCd && disk.device === "cdrom" ? "host_cdrom" : "host_device"
      return { driver, filename: source.dev, aio }
    }
    case "dir": {
      const isFloppy = disk.device === "floppy"
      const rw = !disk.isReadonly
      return { driver: "vvfat", dir: source.dir, floppy: isFloppy, rw }
    }
    case "network":
      return networkStorage(source)
    default:
      return {}
  }
}

const detectZeroes = (disk: Disk): string | undefined => {
  const mode = asked(disk.driver?.detectZeroes)
  // Unmapping what is found to be zero needs a disk that may unmap at all.
  return mode === "unmap" && disk.driver?.discard !== "unmap" ? "on" : mode
}

const formatDriver = (format: string): string => {
  if (format === "iso" || format === "fat") return "raw"
  return format
}

const imageArgs = (
  image: Image,
  at: { readonly number: number; readonly backing: JsonObject },
  owner: { readonly disk: Disk; readonly context: ArgvContext }
): readonly Arg[] => {
  const { disk, context } = owner
  const node = `libvirt-${at.number}`
  const cache = cacheOf(disk)
  const discard = asked(disk.driver?.discard)
  return [
    blockdev({
      ...storage(image.source, disk, context),
      "node-name": `${node}-storage`,
      cache,
      "auto-read-only": true,
      discard: "unmap"
    }),
    blockdev({
      "node-name": `${node}-format`,
      "read-only": image.isTop ? disk.isReadonly : true,
      discard: image.isTop ? discard : undefined,
      "detect-zeroes": image.isTop ? detectZeroes(disk) : undefined,
      cache,
      driver: formatDriver(image.format),
      file: `${node}-storage`,
      ...at.backing
    })
  ]
}

const canHaveBacking = (format: string): boolean =>
  ["qcow2", "qcow", "qed", "vmdk", "cow"].includes(format)

export interface DiskNodes {
  readonly args: readonly Arg[]
  /** What the device is attached to; undefined for an empty drive. */
  readonly top: string | undefined
}

/** The nodes of a disk, lowest image first. */
export const diskNodes = (disk: Disk, context: ArgvContext): DiskNodes => {
  const { images, isClosed } = chainOf(disk, context)
  const first = nodeNumbers(context.domain, context).get(disk) ?? 1
  const args = images.flatMap((image, depth): readonly (readonly Arg[])[] => {
    const isLowest = depth === images.length - 1
    const number = first + depth
    const below = isLowest
      ? isClosed && canHaveBacking(image.format)
        ? { backing: null }
        : {}
      : { backing: `libvirt-${number + 1}-format` }
    return [imageArgs(image, { number, backing: below }, { disk, context })]
  })
  if (images.length === 0) return { args: [], top: undefined }
  const top = `libvirt-${first}-format`
  const ordered = args.toReversed().flat()
  if (disk.driver?.copyOnRead !== true) return { args: ordered, top }
  const node = `libvirt-CoR-${disk.target.dev}`
  const copy = blockdev({ driver: "copy-on-read", "node-name": node, file: top, discard: "unmap" })
  return { args: [...ordered, copy], top: node }
}
