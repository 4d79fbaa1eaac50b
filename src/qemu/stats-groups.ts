/**
 * The groups of a domain's statistics, each from its figures to named values: libvirt's names,
 * types and order (`man virsh`, domstats). Pure.
 */
import type { DomainState } from "../model/state.ts"
import { reasonNumber, stateNumber } from "../model/state.ts"
import type { Json } from "../qmp/json.ts"
import { numberAt, rowsOf, textAt } from "./guest-ask.ts"
import type { DiskFigures, ImageFigures } from "./guest-block.ts"
import type { MemoryStat } from "./guest-memory.ts"
import type { ThreadTimes } from "./guest-threads.ts"
import type { VcpuFigures } from "./guest-vcpus.ts"
import { int, long, text, type TypedParameter, unsigned, unsignedLong } from "./stats.ts"

type Params = readonly TypedParameter[]

export const stateParams = (state: DomainState, reason: string): Params => {
  const reasons: { readonly [reason: string]: number } = reasonNumber[state]
  return [int("state.state", stateNumber[state]), int("state.reason", reasons[reason] ?? 0)]
}

export const cpuParams = (times: ThreadTimes | undefined): Params =>
  times === undefined
    ? []
    : [
        unsignedLong("cpu.time", times.userNs + times.systemNs),
        unsignedLong("cpu.user", times.userNs),
        unsignedLong("cpu.system", times.systemNs)
      ]

export interface BalloonGroup {
  readonly currentKiB: number
  readonly maximumKiB: number
  readonly stats: readonly MemoryStat[]
  readonly rssKiB: number | undefined
}

export const balloonParams = ({ currentKiB, maximumKiB, stats, rssKiB }: BalloonGroup): Params => [
  unsignedLong("balloon.current", currentKiB),
  unsignedLong("balloon.maximum", maximumKiB),
  ...stats.map(({ name, value }) => unsignedLong(`balloon.${name}`, value)),
  ...(rssKiB === undefined ? [] : [unsignedLong("balloon.rss", rssKiB)])
]

/** virVcpuState: a vCPU that is plugged runs, as far as QEMU tells. */
export const vcpuRunning = 1

export interface VcpuGroup {
  readonly current: number
  readonly maximum: number
  readonly vcpus: readonly VcpuFigures[]
}

export const vcpuParams = ({ current, maximum, vcpus }: VcpuGroup): Params => [
  unsigned("vcpu.current", current),
  unsigned("vcpu.maximum", maximum),
  ...vcpus.flatMap(({ number, cpuTimeNs, delayNs }) => [
    int(`vcpu.${number}.state`, vcpuRunning),
    unsignedLong(`vcpu.${number}.time`, cpuTimeNs),
    ...(delayNs === undefined ? [] : [unsignedLong(`vcpu.${number}.delay`, delayNs)])
  ])
]

/** As the guest sees it: received is what came to the guest. */
export interface InterfaceStats {
  readonly rxBytes: number
  readonly rxPackets: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly txBytes: number
  readonly txPackets: number
  readonly txErrors: number
  readonly txDropped: number
}

export interface NamedInterface {
  readonly name: string | undefined
  /** Absent where the host does not count. */
  readonly stats: InterfaceStats | undefined
}

const interfaceCounters = (at: string, stats: InterfaceStats): Params => [
  unsignedLong(`${at}.rx.bytes`, stats.rxBytes),
  unsignedLong(`${at}.rx.pkts`, stats.rxPackets),
  unsignedLong(`${at}.rx.errs`, stats.rxErrors),
  unsignedLong(`${at}.rx.drop`, stats.rxDropped),
  unsignedLong(`${at}.tx.bytes`, stats.txBytes),
  unsignedLong(`${at}.tx.pkts`, stats.txPackets),
  unsignedLong(`${at}.tx.errs`, stats.txErrors),
  unsignedLong(`${at}.tx.drop`, stats.txDropped)
]

export const interfaceParams = (interfaces: readonly NamedInterface[]): Params => [
  unsigned("net.count", interfaces.length),
  ...interfaces.flatMap(({ name, stats }, index) => [
    ...(name === undefined ? [] : [text(`net.${index}.name`, name)]),
    ...(stats === undefined ? [] : interfaceCounters(`net.${index}`, stats))
  ])
]

/** Sizes of an image that no QEMU has open, in bytes. */
export interface ImageSizes {
  readonly capacity: number
  readonly allocation: number
  readonly physical: number
}

/** One entry of the group: an image of a disk. */
export interface BlockEntry {
  readonly name: string
  readonly path: string | undefined
  readonly backingIndex: number | undefined
  readonly image: ImageFigures | undefined
  readonly sizes: ImageSizes | undefined
}

const blockCounters = (at: string, image: ImageFigures): Params => [
  unsignedLong(`${at}.rd.reqs`, image.stats.readRequests),
  unsignedLong(`${at}.rd.bytes`, image.stats.readBytes),
  unsignedLong(`${at}.rd.times`, image.stats.readTimeNs),
  unsignedLong(`${at}.wr.reqs`, image.stats.writeRequests),
  unsignedLong(`${at}.wr.bytes`, image.stats.writtenBytes),
  unsignedLong(`${at}.wr.times`, image.stats.writeTimeNs),
  unsignedLong(`${at}.fl.reqs`, image.stats.flushRequests),
  unsignedLong(`${at}.fl.times`, image.stats.flushTimeNs)
]

const sizesOf = ({ image, sizes }: BlockEntry): ImageSizes | undefined => {
  if (image?.virtualBytes === undefined) return sizes
  return {
    allocation: image.highestOffset,
    capacity: image.virtualBytes,
    physical: image.actualBytes ?? image.virtualBytes
  }
}

const blockEntry = (entry: BlockEntry, index: number): Params => {
  const at = `block.${index}`
  const { name, path, backingIndex, image } = entry
  const sizes = sizesOf(entry)
  return [
    text(`${at}.name`, name),
    ...(backingIndex === undefined ? [] : [unsigned(`${at}.backingIndex`, backingIndex)]),
    ...(path === undefined ? [] : [text(`${at}.path`, path)]),
    ...(image === undefined ? [] : blockCounters(at, image)),
    ...(sizes === undefined
      ? []
      : [
          unsignedLong(`${at}.allocation`, sizes.allocation),
          unsignedLong(`${at}.capacity`, sizes.capacity),
          unsignedLong(`${at}.physical`, sizes.physical)
        ]),
    ...((image?.threshold ?? 0) === 0
      ? []
      : [unsignedLong(`${at}.threshold`, image?.threshold ?? 0)])
  ]
}

export const blockParams = (entries: readonly BlockEntry[]): Params => [
  unsigned("block.count", entries.length),
  ...entries.flatMap(blockEntry)
]

/** The images of a disk as entries: the top one, or its whole chain. */
export const entriesOf = (
  { disk, images }: DiskFigures,
  { path, withBacking }: { readonly path: string | undefined; readonly withBacking: boolean }
): readonly BlockEntry[] => {
  const shown = withBacking ? images : images.slice(0, 1)
  return shown.map((image, depth) => ({
    name: disk.target.dev,
    path: depth === 0 ? path : image.path,
    backingIndex: withBacking ? image.index : undefined,
    image,
    sizes: undefined
  }))
}

/** `query-iothreads`, by the number in the thread's name. */
export const iothreadParams = (reply: Json): Params => {
  const threads = rowsOf(reply).flatMap((row) => {
    const number = /^iothread(\d+)$/.exec(textAt(row, "id") ?? "")?.[1]
    return number === undefined ? [] : [{ number, row }]
  })
  return [
    unsigned("iothread.count", threads.length),
    ...threads.flatMap(({ number, row }) => {
      const at = `iothread.${number}`
      const maximum = numberAt(row, "poll-max-ns")
      return maximum === undefined
        ? []
        : [
            unsignedLong(`${at}.poll-max-ns`, maximum),
            unsigned(`${at}.poll-grow`, numberAt(row, "poll-grow") ?? 0),
            unsigned(`${at}.poll-shrink`, numberAt(row, "poll-shrink") ?? 0)
          ]
    })
  ]
}

/** virDomainDirtyRateStatus */
const dirtyRateStatus: { readonly [word: string]: number } = {
  unstarted: 0,
  measuring: 1,
  measured: 2
}

/** `query-dirty-rate`: the last measurement that somebody asked for. */
export const dirtyRateParams = (reply: Json): Params => {
  const status = dirtyRateStatus[textAt(reply, "status") ?? ""] ?? 0
  const rate = numberAt(reply, "dirty-rate")
  return [
    int("dirtyrate.calc_status", status),
    long("dirtyrate.calc_start_time", numberAt(reply, "start-time") ?? 0),
    int("dirtyrate.calc_period", numberAt(reply, "calc-time") ?? 0),
    text("dirtyrate.calc_mode", textAt(reply, "mode") ?? "page-sampling"),
    ...(status === dirtyRateStatus["measured"] && rate !== undefined
      ? [long("dirtyrate.megabytes_per_second", rate)]
      : [])
  ]
}
