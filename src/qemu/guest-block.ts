/**
 * What QEMU tells of a guest's disks: counters, sizes, errors and limits, found by the device that
 * the disk is. Asks `query-blockstats` and `query-block`; knows images of the host by path only.
 */
import * as Effect from "effect/Effect"
import { devicesOf } from "../model/device.ts"
import type { Disk } from "../model/device/disk.ts"
import type { Domain } from "../model/domain.ts"
import { queryBlock, queryBlockstats } from "../qmp/command.ts"
import type { Json, JsonObject } from "../qmp/json.ts"
import { type Ask, devicePath, memberOf, numberAt, rowsOf, textAt } from "./guest-ask.ts"

/** Counters since the guest's start. Times in ns. */
export interface BlockStats {
  readonly readRequests: number
  readonly readBytes: number
  readonly readTimeNs: number
  readonly writeRequests: number
  readonly writtenBytes: number
  readonly writeTimeNs: number
  readonly flushRequests: number
  readonly flushTimeNs: number
}

/** One image of a disk, the top one first. */
export interface ImageFigures {
  readonly stats: BlockStats
  /** End of what was written to its file since the start; 0: nothing was. */
  readonly highestOffset: number
  /** The image's number in its chain, from its node's name. */
  readonly index: number | undefined
  readonly path: string | undefined
  readonly virtualBytes: number | undefined
  readonly actualBytes: number | undefined
  /** Bytes past which QEMU tells of a write; 0: never. */
  readonly threshold: number
}

/** A disk of the guest as QEMU has it. */
export interface DiskFigures {
  readonly disk: Disk
  /** By what QEMU knows the device: its id, or its path. */
  readonly qdev: string
  /** Of the image on top; `undefined` for an empty drive. */
  readonly node: string | undefined
  readonly ioStatus: string | undefined
  readonly images: readonly ImageFigures[]
  /** `query-block`'s own row of what is inserted. */
  readonly inserted: Json | undefined
}

export const disksOf = (domain: Domain): readonly Disk[] => devicesOf(domain, "disk")

/** The file or device of the host that holds the disk, if it is one. */
export const pathOf = ({ source }: Disk): string | undefined => {
  if (source.type === "file") return source.file
  return source.type === "block" ? source.dev : undefined
}

/** By target (`vda`) or by the path of its source. */
export const findDisk = (domain: Domain, wanted: string): Disk | undefined => {
  const disks = disksOf(domain)
  return (
    disks.find(({ target }) => target.dev === wanted) ??
    disks.find((disk) => wanted !== "" && pathOf(disk) === wanted)
  )
}

/** QEMU tells an id for some devices and a path below the device for others. */
const isOfDevice = (qdev: string | undefined, alias: string): boolean =>
  qdev === alias || qdev === devicePath(alias) || qdev?.startsWith(`${devicePath(alias)}/`) === true

const countersOf = (row: Json): BlockStats => {
  const at = (name: string) => numberAt(row, "stats", name) ?? 0
  return {
    readRequests: at("rd_operations"),
    readBytes: at("rd_bytes"),
    readTimeNs: at("rd_total_time_ns"),
    writeRequests: at("wr_operations"),
    writtenBytes: at("wr_bytes"),
    writeTimeNs: at("wr_total_time_ns"),
    flushRequests: at("flush_operations"),
    flushTimeNs: at("flush_total_time_ns")
  }
}

/** `libvirt-3-format` */
const indexOf = (node: string | undefined): number | undefined => {
  const number = /^libvirt-(\d+)-/.exec(node ?? "")?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Both replies nest an image's backing image in it, under different names. */
const imagesOf = (
  stats: Json | undefined,
  image: Json | undefined,
  threshold: number
): readonly ImageFigures[] => {
  if (stats === undefined) return []
  const top: ImageFigures = {
    stats: countersOf(stats),
    highestOffset:
      numberAt(stats, "parent", "stats", "wr_highest_offset") ??
      numberAt(stats, "stats", "wr_highest_offset") ??
      0,
    index: indexOf(textAt(stats, "node-name")),
    path: textAt(image, "filename"),
    virtualBytes: numberAt(image, "virtual-size"),
    // QEMU leaves it out where it is the whole size.
    actualBytes: numberAt(image, "actual-size") ?? numberAt(image, "virtual-size"),
    threshold
  }
  return [top, ...imagesOf(memberOf(stats, "backing"), memberOf(image, "backing-image"), 0)]
}

const figuresOf = (
  disk: Disk,
  stats: readonly JsonObject[],
  blocks: readonly JsonObject[]
): DiskFigures | undefined => {
  const { alias = "" } = disk
  const isIts = (row: JsonObject) => isOfDevice(textAt(row, "qdev"), alias)
  const [row, block] = [stats.find(isIts), blocks.find(isIts)]
  const qdev = textAt(row, "qdev") ?? textAt(block, "qdev")
  if (qdev === undefined) return undefined
  const inserted = memberOf(block, "inserted")
  const image = memberOf(inserted, "image")
  const threshold = numberAt(inserted, "write_threshold") ?? 0
  return {
    disk,
    qdev,
    node: textAt(row, "node-name") ?? textAt(inserted, "node-name"),
    ioStatus: textAt(block, "io-status"),
    images: imagesOf(row, image, threshold),
    inserted
  }
}

/** Disks that QEMU does not know of, being changed just now, are left out. */
export const readDisks = (ask: Ask, live: Domain) =>
  Effect.gen(function* () {
    const [stats, blocks] = yield* Effect.all([ask(queryBlockstats()), ask(queryBlock())], {
      concurrency: "unbounded"
    })
    const [statRows, blockRows] = [rowsOf(stats), rowsOf(blocks)]
    return disksOf(live).flatMap((disk) => figuresOf(disk, statRows, blockRows) ?? [])
  })

const none: BlockStats = {
  readRequests: 0,
  readBytes: 0,
  readTimeNs: 0,
  writeRequests: 0,
  writtenBytes: 0,
  writeTimeNs: 0,
  flushRequests: 0,
  flushTimeNs: 0
}

const added = (one: BlockStats, other: BlockStats): BlockStats => ({
  readRequests: one.readRequests + other.readRequests,
  readBytes: one.readBytes + other.readBytes,
  readTimeNs: one.readTimeNs + other.readTimeNs,
  writeRequests: one.writeRequests + other.writeRequests,
  writtenBytes: one.writtenBytes + other.writtenBytes,
  writeTimeNs: one.writeTimeNs + other.writeTimeNs,
  flushRequests: one.flushRequests + other.flushRequests,
  flushTimeNs: one.flushTimeNs + other.flushTimeNs
})

/** Of all these disks together. */
export const sumOf = (disks: readonly DiskFigures[]): BlockStats =>
  disks.reduce((sum, { images }) => added(sum, images[0]?.stats ?? none), none)

/** virDomainDiskErrorCode; `undefined`: it has none. */
export const errorOf = ({ ioStatus }: DiskFigures): 1 | 2 | undefined => {
  if (ioStatus === "nospace") return 2
  return ioStatus === "failed" ? 1 : undefined
}
