/**
 * The host's CPUs as the kernel counts them: which there are, which are online, where each sits,
 * which caches they share, and how long they worked. Reads /proc and /sys, keeps nothing.
 */
import * as Effect from "effect/Effect"
import {
  cpusMax,
  listNames,
  numberIn,
  numbersOf,
  readLine,
  readNumber,
  readText
} from "./node-files.ts"

const base = "/sys/devices/system/cpu"

export interface CpuLists {
  /** Plugged in, ascending. */
  readonly present: readonly number[]
  readonly online: readonly number[]
}

/** A kernel without hotplug has no lists; it has the CPUs of /proc/stat. */
export const readCpuLists = Effect.gen(function* () {
  const [present, online] = yield* Effect.all([
    readLine(`${base}/present`),
    readLine(`${base}/online`)
  ])
  const running =
    online === undefined
      ? cpusIn((yield* readText("/proc/stat")) ?? "")
      : numbersOf(online, cpusMax)
  const lists: CpuLists = {
    present: present === undefined ? running : numbersOf(present, cpusMax),
    online: running
  }
  return lists
})

const cpusIn = (stat: string): readonly number[] =>
  [...stat.matchAll(/^cpu(\d+) /gm)].map(([, number]) => Number(number))

/** Where a CPU sits. Only what is online has a place. */
export interface CpuPlace {
  readonly id: number
  readonly socket: number
  readonly die: number
  readonly core: number
  /** CPUs of the same core, itself among them. */
  readonly siblings: readonly number[]
}

/** The kernel writes 65535 or -1 where there is no such thing. */
const noNumber = 65_535

const placeOf = Effect.fnUntraced(function* (id: number) {
  const at = `${base}/cpu${id}/topology`
  const [socket, die, core, siblings] = yield* Effect.all([
    readNumber(`${at}/physical_package_id`),
    readNumber(`${at}/die_id`),
    readNumber(`${at}/core_id`),
    readLine(`${at}/thread_siblings_list`)
  ])
  const known = (value: number | undefined): number =>
    value === undefined || value === noNumber ? 0 : value
  const threads = numbersOf(siblings, cpusMax)
  const place: CpuPlace = {
    id,
    socket: known(socket),
    die: known(die),
    // Without a topology each CPU is a core of its own.
    core: core ?? id,
    siblings: threads.length === 0 ? [id] : threads
  }
  return place
})

/** Files read at once: the pool has four threads, others use it too. */
const readsAtOnce = 4

export const readCpuPlaces = (online: readonly number[]) =>
  Effect.forEach(online, placeOf, { concurrency: readsAtOnce })

/** A cache that CPUs share. */
export interface CacheBank {
  readonly id: number
  readonly level: number
  readonly type: "both" | "code" | "data"
  readonly sizeKiB: number
  readonly cpus: readonly number[]
}

const cacheTypes: { readonly [kernel: string]: CacheBank["type"] } = {
  Unified: "both",
  Instruction: "code",
  Data: "data"
}

const bankAt = Effect.fnUntraced(function* (at: string) {
  const [id, level, kind, size, shared] = yield* Effect.all([
    readNumber(`${at}/id`),
    readNumber(`${at}/level`),
    readLine(`${at}/type`),
    readLine(`${at}/size`),
    readLine(`${at}/shared_cpu_list`)
  ])
  const type = cacheTypes[kind ?? ""]
  const sizeKiB = numberIn(size?.replace(/K$/, ""))
  if (id === undefined || level === undefined || type === undefined) return undefined
  if (sizeKiB === undefined) return undefined
  const bank: CacheBank = { id, level, type, sizeKiB, cpus: numbersOf(shared, cpusMax) }
  return bank
})

/** Caches of the third level and beyond, each once: those that guests can be kept apart in. */
const levelMin = 3

export const readCacheBanks = Effect.fnUntraced(function* (online: readonly number[]) {
  const banks = new Map<string, CacheBank>()
  const seen = new Set<number>()
  for (const cpu of online) {
    // One that shares the last cache of an earlier CPU has no other.
    if (seen.has(cpu)) continue
    const names = (yield* listNames(`${base}/cpu${cpu}/cache`)).filter((name) =>
      /^index\d+$/.test(name)
    )
    for (const name of names) {
      const bank = yield* bankAt(`${base}/cpu${cpu}/cache/${name}`)
      if (bank === undefined || bank.level < levelMin) continue
      banks.set(`${bank.level} ${bank.type} ${bank.id}`, bank)
      if (bank.level === levelMin) for (const sharer of bank.cpus) seen.add(sharer)
    }
  }
  return [...banks.values()].toSorted(
    (left, right) => left.level - right.level || left.id - right.id
  )
})

/** Nanoseconds since boot. */
export interface CpuTimes {
  readonly kernel: bigint
  readonly user: bigint
  readonly idle: bigint
  readonly iowait: bigint
}

/** A tick of /proc/stat is 10 ms for every program (USER_HZ), whatever the kernel's own is. */
const nanosecondsPerTick = 10_000_000n

/** The row of one CPU, or of all; undefined when it is not online. */
export const cpuTimesFrom = (stat: string, cpu: number | "all"): CpuTimes | undefined => {
  const label = cpu === "all" ? "cpu" : `cpu${cpu}`
  const row = stat.split("\n").find((line) => line.startsWith(`${label} `))
  const ticks = row?.trim().split(/\s+/).slice(1)
  if (ticks === undefined || !ticks.every((one) => /^\d+$/.test(one))) return undefined
  // proc(5): user, nice, system, idle, iowait, irq, softirq.
  const sum = (...positions: readonly number[]): bigint =>
    positions.reduce((total, at) => total + BigInt(ticks[at] ?? "0"), 0n) * nanosecondsPerTick
  return { kernel: sum(2, 5, 6), user: sum(0, 1), idle: sum(3), iowait: sum(4) }
}

export const readCpuTimes = (cpu: number | "all") =>
  Effect.map(readText("/proc/stat"), (stat) => cpuTimesFrom(stat ?? "", cpu))
