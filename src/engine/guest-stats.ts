/**
 * Statistics of one domain or of many in one answer. What QEMU has to tell is waited for within a
 * bound, all questions at once; a QEMU that hangs costs its own domain some groups, and the answer
 * a moment. What the host and the definition tell is always there.
 */
import * as Effect from "effect/Effect"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Needs } from "../../actors/domain/needs.ts"
import { control, reach, type Reached, running } from "../../actors/domain/reach.ts"
import * as Reads from "../../actors/driver/reads.ts"
import type { Domain } from "../model/domain.ts"
import { devicesOf } from "../model/device.ts"
import type { AskFailure } from "../qemu/guest-ask.ts"
import { disksOf, pathOf, readDisks } from "../qemu/guest-block.ts"
import { hostDevice, readCard } from "../qemu/guest-cards.ts"
import { readBalloon } from "../qemu/guest-memory.ts"
import { askDirtyRate, askIothreads } from "../qemu/guest-rates.ts"
import { processTimes, residentKiB } from "../qemu/guest-threads.ts"
import { readVcpus, vcpuFigures } from "../qemu/guest-vcpus.ts"
import {
  balloonParams,
  blockParams,
  cpuParams,
  dirtyRateParams,
  entriesOf,
  interfaceParams,
  iothreadParams,
  stateParams,
  vcpuParams
} from "../qemu/stats-groups.ts"
import { allGroups, type StatsGroup, type TypedParameter } from "../qemu/stats.ts"
import { fileSizes } from "./guest-block.ts"
import type { DomainStats, StatsOptions } from "./guest.ts"
import { vcpusOf } from "./guest-vcpus.ts"

/** As long as one domain's QEMU may take to tell all that is asked, at most. */
export const statsPatienceMs = 3_000
/** The same for who said that he will not wait. */
const nowaitPatienceMs = 500
/** A QEMU that is busy for longer is not asked by who will not wait. */
const busyMs = 100

type Params = readonly TypedParameter[]

/** A domain that is looked at. `guest` is there when its QEMU can be asked. */
interface Look {
  readonly ref: DomainRef
  readonly definition: Domain | undefined
  readonly process: Reached["process"] | undefined
  readonly guest: Reached | undefined
  readonly withBacking: boolean
}

type Group = (look: Look) => Effect.Effect<Params, AskFailure, Needs>

/** Of a guest that is not running, or whose QEMU does not tell: what is known without it. */
const nothing: Params = []

const balloon: Group = ({ definition, guest, process }) =>
  Effect.gen(function* () {
    if (definition === undefined) return nothing
    const { maximumKiB, currentKiB = maximumKiB } = definition.memory
    const told =
      guest === undefined
        ? { actualKiB: undefined, stats: [] }
        : yield* readBalloon(guest.ask, guest.live)
    return balloonParams({
      currentKiB: told.actualKiB ?? currentKiB,
      maximumKiB,
      stats: told.stats,
      rssKiB: process === undefined ? undefined : yield* residentKiB(process)
    })
  })

const vcpu: Group = ({ definition, guest }) =>
  Effect.gen(function* () {
    if (definition === undefined) return nothing
    const { current, maximum } = vcpusOf(definition)
    if (guest === undefined) return vcpuParams({ current, maximum, vcpus: [] })
    const threads = yield* readVcpus(guest.ask)
    const vcpus = yield* Effect.forEach(threads, (thread) => vcpuFigures(guest.process, thread))
    return vcpuParams({ current, maximum, vcpus })
  })

const network: Group = ({ definition, process }) =>
  Effect.gen(function* () {
    if (definition === undefined || process === undefined) return nothing
    const cards = devicesOf(definition, "interface")
    const named = yield* Effect.forEach(cards, (card) =>
      Effect.gen(function* () {
        const device = hostDevice(card)
        const stats =
          device === undefined
            ? undefined
            : yield* Effect.catch(readCard(card, device), () => Effect.succeed(undefined))
        return { name: card.target?.dev, stats }
      })
    )
    return interfaceParams(named)
  })

const block: Group = ({ definition, guest, withBacking }) =>
  Effect.gen(function* () {
    if (definition === undefined) return nothing
    const figures = guest === undefined ? [] : yield* readDisks(guest.ask, guest.live)
    const isOff = guest === undefined
    const entries = yield* Effect.forEach(disksOf(definition), (disk) =>
      Effect.gen(function* () {
        const path = pathOf(disk)
        const found = figures.find((one) => one.disk === disk)
        if (found !== undefined && found.images.length > 0)
          return entriesOf(found, { path, withBacking })
        const sizes = isOff ? yield* fileSizes(disk) : undefined
        const name = disk.target.dev
        return [{ name, path, backingIndex: undefined, image: undefined, sizes }]
      })
    )
    return blockParams(entries.flat())
  })

const groups: { readonly [G in StatsGroup]: Group } = {
  state: ({ ref }) =>
    Effect.sync(() => {
      const { state, reason } = DomainActor.view(ref)
      return stateParams(state, reason)
    }),
  "cpu-total": ({ process }) =>
    process === undefined ? Effect.succeed(nothing) : Effect.map(processTimes(process), cpuParams),
  balloon,
  vcpu,
  interface: network,
  block,
  // No event is ever enabled.
  perf: () => Effect.succeed(nothing),
  iothread: ({ guest }) =>
    guest === undefined
      ? Effect.succeed(nothing)
      : Effect.map(askIothreads(guest.ask), iothreadParams),
  // Only monitors of resource control would have figures, and there are none.
  memory: () => Effect.succeed(nothing),
  dirtyrate: ({ guest }) =>
    guest === undefined
      ? Effect.succeed(nothing)
      : Effect.map(askDirtyRate(guest.ask), dirtyRateParams),
  // KVM's own counters are not asked for.
  vm: () => Effect.succeed(nothing)
}

/** The guest to ask; nobody where it is known that no answer comes soon. */
const reachable = (ref: DomainRef, isNowait: boolean) =>
  Effect.map(Effect.option(reach(ref, "read statistics of")), (found) => {
    if (found._tag === "None") return undefined
    const { busySinceMs, nowMs } = control(ref, found.value.epoch)
    const isBusy = busySinceMs !== undefined && nowMs - busySinceMs > busyMs
    return isNowait && isBusy ? undefined : found.value
  })

/** A group as far as QEMU tells it in time; else as it is without QEMU. */
const within = (group: Group, look: Look, patienceMs: number) =>
  group(look).pipe(
    Effect.timeout(patienceMs),
    Effect.catch(() =>
      Effect.catch(group({ ...look, guest: undefined }), () => Effect.succeed(nothing))
    )
  )

/** Never fails: a domain that ended meanwhile is told as it is now. */
export const statsOf = (
  ref: DomainRef,
  { groups: wanted = allGroups, withBacking = false, isNowait = false }: StatsOptions = {}
): Effect.Effect<DomainStats, never, Needs> =>
  Effect.gen(function* () {
    const { uuid, name, id } = DomainActor.view(ref).context
    const alive = yield* Effect.option(running(ref, "read statistics of"))
    const look: Look = {
      ref,
      definition: Reads.definitionOf(ref),
      process: alive._tag === "Some" ? alive.value.process : undefined,
      guest: yield* reachable(ref, isNowait),
      withBacking
    }
    const patienceMs = isNowait ? nowaitPatienceMs : statsPatienceMs
    const params = yield* Effect.forEach(
      wanted,
      (group) => within(groups[group], look, patienceMs),
      { concurrency: "unbounded" }
    )
    return { uuid, name, id, params: params.flat() }
  })
