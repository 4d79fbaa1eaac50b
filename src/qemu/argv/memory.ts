/** Memory and processors as the guest counts them: size, back-ends, topology, NUMA cells. */
import { bytesOfMib, kibOfMib, mibOfKib } from "../../base/units.ts"
import type { NumaCell } from "../../model/cpu.ts"
import type { Domain } from "../../model/domain.ts"
import { hasProperty } from "../capabilities.ts"
import { type Arg, type JsonObject, keyValues, type KeyValue, object } from "./arg.ts"
import type { ArgvContext, GuestArgs, HugepageMount } from "./context.ts"
import { hasCells, mainMemoryId } from "./machine.ts"

/** MiB at boot: the cells' sum where there are cells, each rounded up by itself. */
const bootMib = ({ memory, cpu }: Domain): number => {
  const cells = cpu?.numa?.cells ?? []
  if (cells.length === 0) return mibOfKib(memory.maximumKiB)
  return cells.reduce((sum, cell) => sum + mibOfKib(cell.memoryKiB), 0)
}

const size: GuestArgs = ({ domain }) => {
  const { hotplug } = domain.memory
  const mib = bootMib(domain)
  if (hotplug === undefined) return [["-m", String(mib)]]
  return [
    [
      "-m",
      keyValues(undefined, [
        ["size", `${kibOfMib(mib)}k`],
        ["slots", hotplug.slots],
        ["maxmem", `${hotplug.maximumKiB}k`]
      ])
    ]
  ]
}

interface Region {
  readonly id: string
  readonly mib: number
  /** The guest's NUMA cell, if the region is one. */
  readonly cell?: number
  readonly access?: "shared" | "private"
  readonly discard?: boolean
}

/** libvirt's bitmap syntax: `0-3,^2,7`. */
export const numbersIn = (list: string): readonly number[] => {
  const chosen = new Set<number>()
  for (const part of list.split(",")) {
    const [, not, from, to] = /^\s*(\^?)(\d+)(?:-(\d+))?\s*$/.exec(part) ?? []
    if (from === undefined) continue
    const last = to === undefined ? Number(from) : Number(to)
    for (let number = Number(from); number <= last; number += 1) {
      if (not === "^") chosen.delete(number)
      else chosen.add(number)
    }
  }
  return [...chosen].toSorted((left, right) => left - right)
}

/** `0-1,5` as ranges of QEMU: `0-1`, `5`. */
const rangesIn = (list: string): readonly string[] => {
  const ranges: { from: number; to: number }[] = []
  for (const number of numbersIn(list)) {
    const last = ranges.at(-1)
    if (last !== undefined && last.to === number - 1) last.to = number
    else ranges.push({ from: number, to: number })
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
}

/** The huge page size of a region; undefined for ordinary pages. */
const pageOf = ({ memoryBacking }: Domain, cell: number): number | "default" | undefined => {
  const pages = memoryBacking?.hugepages?.pages
  if (pages === undefined) return undefined
  if (pages.length === 0) return "default"
  const own = pages.find(
    ({ nodeset }) => nodeset !== undefined && numbersIn(nodeset).includes(cell)
  )
  return (own ?? pages.find(({ nodeset }) => nodeset === undefined))?.sizeKiB
}

const systemPageKiB = 4

export const mountOf = (
  mounts: readonly HugepageMount[],
  page: number | "default"
): HugepageMount | undefined => {
  if (page !== "default") return mounts.find((mount) => mount.sizeKiB === page)
  return mounts.find((mount) => mount.isDefault === true) ?? mounts[0]
}

/** The huge page mount that a region's memory is on, if it is on one. */
export const hugepagesOf = (context: ArgvContext, cell: number): number | "default" | undefined => {
  const page = pageOf(context.domain, cell)
  return page === systemPageKiB ? undefined : page
}

/** A guest's own folder on a mount of huge pages. */
export const hugepageFolder = (mount: string, shortName: string): string =>
  `${mount}/libvirt/qemu/${shortName}`

const fileBackend = (region: Region, context: ArgvContext): JsonObject | undefined => {
  const { domain, config, resources } = context
  const page = hugepagesOf(context, region.cell ?? 0)
  const source = domain.memoryBacking?.source
  if (source === "memfd") {
    const mount = page === undefined ? undefined : mountOf(config.hugepageMounts, page)
    return {
      "qom-type": "memory-backend-memfd",
      id: region.id,
      hugetlb: page === undefined ? undefined : true,
      hugetlbsize: mount === undefined ? undefined : bytesOfKib(mount.sizeKiB)
    }
  }
  if (page !== undefined) {
    const path = mountOf(config.hugepageMounts, page)?.path ?? ""
    return {
      "qom-type": "memory-backend-file",
      id: region.id,
      "mem-path": hugepageFolder(path, resources.shortName)
    }
  }
  if (source !== "file") return undefined
  return {
    "qom-type": "memory-backend-file",
    id: region.id,
    "mem-path": `${config.memoryBackingDir}/${resources.shortName}/${region.id}`
  }
}

const kibBytes = 1024
const bytesOfKib = (kib: number): number => kib * kibBytes

const backendOf = (region: Region, context: ArgvContext): Arg => {
  const { memoryBacking } = context.domain
  const { capabilities } = context
  const file = fileBackend(region, context)
  const access = region.access ?? memoryBacking?.access
  const isHuge = hugepagesOf(context, region.cell ?? 0) !== undefined
  const isFile = file?.["qom-type"] === "memory-backend-file"
  const allocation = memoryBacking?.allocation
  const keepsId = "x-use-canonical-path-for-ramblock-id"
  const isMain = region.id === mainMemoryId(context)
  const discard = region.discard ?? memoryBacking?.discard
  return object({
    ...(file ?? { "qom-type": "memory-backend-ram", id: region.id }),
    "discard-data": isFile ? discard : undefined,
    share:
      access === undefined
        ? file?.["qom-type"] === "memory-backend-memfd"
          ? undefined
          : undefined
        : access === "shared",
    [keepsId]:
      file !== undefined && isMain && hasProperty(capabilities, "memory-backend-file", keepsId)
        ? false
        : undefined,
    prealloc: (isHuge && isFile) || allocation?.mode === "immediate" ? true : undefined,
    "prealloc-threads": allocation?.threads,
    size: bytesOfMib(region.mib)
  })
}

/** The cells by their numbers; those without one have their position's. */
const cellsOf = ({ cpu }: Domain): readonly NumaCell[] => {
  const cells = cpu?.numa?.cells ?? []
  const numbered = cells.map((cell, position) => ({ id: position, ...cell }))
  return numbered.toSorted((left, right) => left.id - right.id)
}

const regions = (context: ArgvContext): readonly Region[] => {
  const { domain } = context
  if (!hasCells(domain)) {
    return [{ id: mainMemoryId(context), mib: mibOfKib(domain.memory.maximumKiB) }]
  }
  return cellsOf(domain).map((cell, position): Region => {
    const id = cell.id ?? position
    return {
      id: `ram-node${id}`,
      mib: mibOfKib(cell.memoryKiB),
      cell: id,
      ...(cell.memAccess === undefined ? {} : { access: cell.memAccess }),
      ...(cell.discard === undefined ? {} : { discard: cell.discard })
    }
  })
}

export const memory: GuestArgs = (context) => [
  ...size(context),
  ...(hasCells(context.domain) ? [] : regions(context).map((region) => backendOf(region, context))),
  ["-overcommit", `mem-lock=${context.domain.memoryBacking?.locked === true ? "on" : "off"}`]
]

/** NUMA cells with a back-end each, then their distances. */
export const cells: GuestArgs = (context) => {
  const given = cellsOf(context.domain)
  const backed = regions(context)
  const nodes = given.flatMap((cell, position): readonly Arg[] => {
    const region = backed[position]
    if (region === undefined) return []
    const cpus = rangesIn(cell.cpus ?? "").map((range): KeyValue => ["cpus", range])
    const node: Arg = [
      "-numa",
      keyValues("node", [["nodeid", region.cell], ...cpus, ["memdev", region.id]])
    ]
    return [backendOf(region, context), node]
  })
  return [...nodes, ...distances(context.domain)]
}

const localDistance = 10
const remoteDistance = 20

/** Once one distance is given all of them are: to itself 10, and the same both ways. */
const distances = (domain: Domain): readonly Arg[] => {
  const given = cellsOf(domain)
  if (given.every((cell) => cell.distances.length === 0)) return []
  const idOf = (position: number) => given[position]?.id ?? position
  const said = (from: number, to: number) =>
    given
      .find((_, position) => idOf(position) === from)
      ?.distances.find((distance) => distance.id === to)?.value
  return given.flatMap((_, source) =>
    given.map((__, target): Arg => {
      const [src, dst] = [idOf(source), idOf(target)]
      const usual = src === dst ? localDistance : remoteDistance
      const val = said(src, dst) ?? said(dst, src) ?? usual
      return [
        "-numa",
        keyValues("dist", [
          ["src", src],
          ["dst", dst],
          ["val", val]
        ])
      ]
    })
  )
}

export const processors: GuestArgs = ({ domain }) => {
  const { vcpus, cpu } = domain
  const { maximum, current = maximum } = vcpus
  const topology = cpu?.topology
  const pairs: readonly KeyValue[] = [
    ["maxcpus", current === maximum ? undefined : maximum],
    ["sockets", topology?.sockets ?? maximum],
    ["dies", topology?.dies],
    ["cores", topology?.cores ?? 1],
    ["threads", topology?.threads ?? 1]
  ]
  return [["-smp", keyValues(String(current), pairs)]]
}

export const iothreads: GuestArgs = ({ domain }) =>
  Array.from({ length: domain.iothreads ?? 0 }, (_, index) =>
    object({ "qom-type": "iothread", id: `iothread${index + 1}` })
  )
