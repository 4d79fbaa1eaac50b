/**
 * What a guest's balloon tells: how much memory the guest has, and what the guest says of it.
 * Asks QEMU only; what the process takes on the host is told by the host.
 */
import * as Effect from "effect/Effect"
import { devicesOf } from "../model/device.ts"
import type { Domain } from "../model/domain.ts"
import { balloon, qomGet, qomSet, queryBalloon } from "../qmp/command.ts"
import type { Json } from "../qmp/json.ts"
import { type Ask, devicePath, memberOf, numberAt } from "./guest-ask.ts"

/** A figure of the guest's memory: KiB, a count, or seconds since 1970 (`last-update`). */
export interface MemoryStat {
  /** virDomainMemoryStatTags */
  readonly tag: number
  /** As the statistics call it: `balloon.NAME`. */
  readonly name: string
  readonly value: number
}

interface Row {
  readonly tag: number
  readonly name: string
  /** QEMU's name in `guest-stats` (hw/virtio/virtio-balloon.c). */
  readonly at: string
  readonly isBytes: boolean
}

const rows: readonly Row[] = [
  { tag: 0, name: "swap_in", at: "stat-swap-in", isBytes: true },
  { tag: 1, name: "swap_out", at: "stat-swap-out", isBytes: true },
  { tag: 2, name: "major_fault", at: "stat-major-faults", isBytes: false },
  { tag: 3, name: "minor_fault", at: "stat-minor-faults", isBytes: false },
  { tag: 4, name: "unused", at: "stat-free-memory", isBytes: true },
  { tag: 5, name: "available", at: "stat-total-memory", isBytes: true },
  { tag: 8, name: "usable", at: "stat-available-memory", isBytes: true },
  { tag: 10, name: "disk_caches", at: "stat-disk-caches", isBytes: true },
  { tag: 11, name: "hugetlb_pgalloc", at: "stat-htlb-pgalloc", isBytes: false },
  { tag: 12, name: "hugetlb_pgfail", at: "stat-htlb-pgfail", isBytes: false }
]

export const actualTag = 6
export const rssTag = 7
const lastUpdateTag = 9

/** QEMU fills what the guest has not told with -1, as 64 bits without a sign. */
const isTold = (value: number | undefined): value is number =>
  value !== undefined && value >= 0 && value < 2 ** 63

/** The balloon of a guest that has one, by its name in QEMU. */
export const balloonOf = (live: Domain): string | undefined => {
  const balloon = devicesOf(live, "memballoon").find(({ model }) => model !== "none")
  return balloon === undefined ? undefined : (balloon.alias ?? "balloon0")
}

/** What `guest-stats` says, as far as the guest has said anything. */
export const guestStats = (reply: Json): readonly MemoryStat[] => {
  const told = rows.flatMap(({ tag, name, at, isBytes }): readonly MemoryStat[] => {
    const value = numberAt(reply, "stats", at)
    if (!isTold(value)) return []
    return [{ tag, name, value: isBytes ? Math.floor(value / 1024) : value }]
  })
  const lastUpdate = numberAt(reply, "last-update")
  if (told.length === 0 && (lastUpdate ?? 0) === 0) return []
  return isTold(lastUpdate)
    ? [...told, { tag: lastUpdateTag, name: "last-update", value: lastUpdate }]
    : told
}

export interface BalloonFigures {
  readonly actualKiB: number | undefined
  readonly stats: readonly MemoryStat[]
}

/** Nothing of a guest without a balloon. */
export const readBalloon = (ask: Ask, live: Domain) =>
  Effect.gen(function* () {
    const alias = balloonOf(live)
    if (alias === undefined) return { actualKiB: undefined, stats: [] } satisfies BalloonFigures
    const [actual, stats] = yield* Effect.all(
      [
        ask(queryBalloon()),
        // A QEMU without this property still tells what it has taken.
        Effect.catchTag(ask(qomGet(devicePath(alias), "guest-stats")), "GuestRefused", () =>
          Effect.succeed(null)
        )
      ],
      { concurrency: "unbounded" }
    )
    const figures: BalloonFigures = {
      actualKiB: Math.floor(actual.actualBytes / 1024),
      stats: memberOf(stats, "stats") === undefined ? [] : guestStats(stats)
    }
    return figures
  })

/** Answered at once; the guest gives or takes pages when it gets to it. */
export const setBalloon = (ask: Ask, kib: number) => ask(balloon(kib * 1024))

/** How often QEMU asks the guest for its figures; 0: never. */
export const setStatsPeriod = (ask: Ask, alias: string, seconds: number) =>
  ask(
    qomSet({
      path: devicePath(alias),
      property: "guest-stats-polling-interval",
      value: seconds
    })
  )
