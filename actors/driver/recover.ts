/**
 * Finds the guests of the engine before us: matches each status record with a living process by pid
 * and start time and our token, and hands it to a domain actor. Kills only what never was a guest.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { AdoptedGuest } from "../../machines/domain/context.ts"
import { isAlive, type ProcessId, Processes } from "../../src/host/process.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { HostDeviceKind } from "../../src/model/hostdev-wish.ts"
import { heldDevices, openFilesOf } from "../../src/node/hostdev-held.ts"
import { findByToken } from "../../src/qemu/kill.ts"
import type { Held } from "../../src/qemu/held.ts"
import { monitorId, monitorIdPrefix } from "../../src/qemu/monitor-id.ts"
import { domainFromText } from "../../src/store/domain-text.ts"
import type {
  QuarantinedStatus,
  StatusHead,
  StatusListing,
  StatusRecord
} from "../../src/store/status.ts"
import { Belongings } from "../domain/belongings.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import { oweHolds } from "../domain/holds.ts"
import type { Needs } from "../domain/needs.ts"
import { adoptPlugged } from "../domain/plugged.ts"
import { dropRecord } from "../domain/status.ts"
import { untilDead } from "../domain/stop.ts"
import { isUnborn, isUnproven } from "./calls.ts"
import { hold } from "./holdings.ts"
import { endLate, endOrphans, type Living, sweepRun } from "./leftovers.ts"
import type { Parts } from "./parts.ts"

const isOf = ({ token }: Living, { epoch, uuid }: { epoch: string; uuid: string }): boolean =>
  token.uuid === uuid && token.epoch === epoch.replace(".", "-")

/** The record's own process, if it lives; one without a recorded process is found by its token. */
const livingOf = (living: readonly Living[], head: StatusHead): Living | undefined =>
  living.find(
    (one) =>
      isOf(one, head) &&
      (head.process === undefined ||
        (head.process.pid === one.process.pid && head.process.startTime === one.process.startTime))
  )

interface Filling {
  readonly head: StatusHead
  readonly record: StatusRecord | undefined
  /** By the record, or else by what its process shows. */
  readonly held: Held
}

/** What the epoch holds, as the start that filled it had left it. */
const fill = (parts: Parts, mine: Belongings<Needs>, { head, record, held }: Filling) =>
  Effect.gen(function* () {
    const token = `${head.uuid}/${head.epoch}`
    const holder = { uuid: head.uuid, name: head.name, epoch: head.epoch, token }
    mine.owe("runtime directory", Effect.ignore(parts.store.removeGuestDirectory(head.epoch)))
    yield* hold(parts, mine, { holder, held })
    yield* adoptPlugged(parts.pools, mine, { ...head, plugged: record?.plugged ?? [] })
    mine.owe(
      "status record",
      Effect.suspend(() => dropRecord(mine, head.epoch))
    )
    if (record?.holds !== undefined) oweHolds(mine, record.holds)
    mine.monitorPath = head.monitorPath
    mine.record = record
  })

/** What the chart is told of a guest that a record tells of. */
const adopted = (
  record: StatusRecord,
  live: Domain,
  process: { readonly id: ProcessId | undefined; readonly isOver: boolean }
): AdoptedGuest => ({
  epoch: record.epoch,
  id: record.id,
  process: process.id,
  live,
  isPaused: record.phase === "paused",
  // What it was in the middle of is no reason for what it is now.
  reason: isUnproven(record) ? "unknown" : record.reason,
  autoDestroy: record.autoDestroy,
  isUnborn: isUnborn(record),
  isUnproven: isUnproven(record),
  isOver: process.isOver
})

const placeholder = ({ name, uuid }: StatusHead): string => {
  const safe = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
  return (
    `<domain type='qemu'><name>${safe}</name><uuid>${uuid}</uuid>` +
    "<memory>1024</memory><os><type>hvm</type></os></domain>"
  )
}

/** The domain actor for a record: the one of the list, or a new one for a transient guest. */
export type Obtain = (identity: {
  readonly uuid: string
  readonly name: string
  /** What its guest runs with: stands in for a definition on disk that cannot be read. */
  readonly live?: Domain
}) => Effect.Effect<DomainRef, never, Needs>

/** Its process is gone, as far as can be seen now. Where that cannot be seen, it may live. */
const isOver = Effect.fnUntraced(function* (process: ProcessId | undefined) {
  if (process === undefined) return true
  const found = yield* (yield* Processes).inspect(process.pid)
  return !isAlive(found) || found.startTime !== process.startTime
})

/** The client that it was to end with is gone with the engine that knew it. */
const endBound = (parts: Parts, ref: DomainRef, { epoch, autoDestroy }: StatusHead) =>
  autoDestroy === undefined
    ? Effect.void
    : Effect.asVoid(FiberSet.run(parts.errands, Effect.ignore(DomainActor.destroy(ref, { epoch }))))

interface Found {
  readonly record: StatusRecord
  readonly living: Living | undefined
}

const adoptRecord = (parts: Parts, obtain: Obtain, { record, living }: Found) =>
  Effect.gen(function* () {
    const parsed = domainFromText(record.definition, "active")
    if (parsed._tag === "Failure") return false
    const { uuid, name } = record
    const ref = yield* obtain({ uuid, name, live: parsed.success.domain })
    const mine = ref.belongings.of(record.epoch)
    yield* fill(parts, mine, { head: record, record, held: record.reservations })
    mine.process = living?.process ?? record.process
    const process = { id: mine.process, isOver: yield* isOver(mine.process) }
    yield* DomainActor.adopt(ref, adopted(record, parsed.success.domain, process))
    if (process.isOver && !isUnborn(record) && !isUnproven(record))
      parts.note({ what: `guest '${record.name}'`, why: "it ended while no engine was there" })
    yield* endBound(parts, ref, record)
    return true
  })

interface Unread {
  readonly head: StatusHead
  readonly living: Living
  /** Where only the definition in it cannot be read. */
  readonly record: StatusRecord | undefined
}

/**
 * What a guest has of the host whose record tells nothing of it, or not all: by its words, and by
 * what it has open. What is remembered as plugged in is held apart.
 */
const shownBy = Effect.fnUntraced(function* (parts: Parts, { head, living, record }: Unread) {
  const open = yield* openFilesOf(living.process)
  if (open === undefined)
    parts.note({
      what: `guest '${head.name}'`,
      why: "its QEMU does not show what was plugged into it: that may be given away twice"
    })
  const shown = yield* heldDevices(living.said, open)
  const of = (kind: HostDeviceKind) => {
    const apart = (record?.plugged ?? []).filter(({ pool }) => pool === kind)
    const names = [...(record?.reservations[kind] ?? []), ...(shown[kind] ?? [])]
    return [...new Set(names)].filter((name) => !apart.some(({ device }) => device === name))
  }
  return { ...shown, pci: of("pci"), usb: of("usb"), scsi: of("scsi"), mdev: of("mdev") }
})

/**
 * A guest whose record cannot be read: it runs, is listed, and can be destroyed, and what it has
 * of the host is its own. Where it still tells of a client, the guest goes with it.
 */
const adoptUnknown = (parts: Parts, obtain: Obtain, unread: Unread) =>
  Effect.gen(function* () {
    const { head, record } = unread
    const { process } = unread.living
    const parsed = domainFromText(placeholder(head), "inactive")
    const ref = yield* obtain(head)
    const live =
      ref.actor.published.context.persistent ??
      (parsed._tag === "Success" ? parsed.success.domain : undefined)
    if (live === undefined) return
    const mine = ref.belongings.of(head.epoch)
    yield* fill(parts, mine, { head, record, held: yield* shownBy(parts, unread) })
    // The file stays as it is: it was not understood.
    mine.record = undefined
    mine.process = process
    yield* DomainActor.adopt(ref, {
      epoch: head.epoch,
      id: yield* Effect.orDie(parts.domains.nextId),
      process,
      live,
      isPaused: false,
      reason: "unknown",
      autoDestroy: head.autoDestroy,
      isUnborn: false,
      isUnproven: false,
      isOver: false
    })
    yield* endBound(parts, ref, head)
  })

type MaybeUnread = Omit<Unread, "living"> & { readonly living: Living | undefined }

/** `GENERATION.COUNTER.json`: the file's name tells the epoch when nothing in it can be read. */
const epochOfFile = (path: string): string | undefined =>
  /\/([0-9]+\.[0-9]+)\.json$/.exec(path)?.[1]

/** Whose record an unreadable one is: by what can be read of it, or by the QEMU of that epoch. */
const headOf = (
  parts: Parts,
  { path, head }: QuarantinedStatus,
  living: readonly Living[]
): StatusHead | undefined => {
  if (head !== undefined) return head
  const epoch = epochOfFile(path)
  const mine = living.find(({ token }) => token.epoch === epoch?.replace(".", "-"))
  if (epoch === undefined || mine === undefined) return undefined
  const { uuid } = mine.token
  return {
    uuid,
    name: parts.domains.byUuid(uuid)?.name ?? uuid,
    epoch,
    token: monitorId(mine.token),
    process: mine.process,
    monitorPath: `${parts.store.guestDirectory(epoch)}/monitor.sock`
  }
}

/**
 * A second record of one domain: what an engine could not remove after its guest had ended. It
 * gives back what it tells of.
 */
const giveBack = (parts: Parts, { record, living }: Found) =>
  Effect.gen(function* () {
    const mine = new Belongings<Needs>()
    yield* fill(parts, mine, { head: record, record, held: record.reservations })
    if (living !== undefined) yield* untilDead(mine, living.process, 0)
    yield* mine.release
  })

/** One guest for each domain: the one that lives, or else the last. */
const oneEach = (found: readonly Found[]) => {
  const generation = ({ record }: Found) => record.epoch.split(".").map(Number)
  const sorted = found.toSorted((a, b) => {
    const [aHigh = 0, aLow = 0] = generation(a)
    const [bHigh = 0, bLow = 0] = generation(b)
    const byLife = Number(b.living !== undefined) - Number(a.living !== undefined)
    return byLife || bHigh - aHigh || bLow - aLow
  })
  const first = new Map(sorted.toReversed().map((one) => [one.record.uuid, one]))
  const guests = [...first.values()]
  return { guests, others: found.filter((one) => !guests.includes(one)) }
}

/** Adopts every guest that lives, and gives back what those that died had. */
export const recover = Effect.fnUntraced(function* (
  parts: Parts,
  { records, quarantined }: StatusListing,
  obtain: Obtain
) {
  const { store } = parts
  const search = yield* findByToken(monitorIdPrefix(store.rootId))
  const living: readonly Living[] = search.found
  for (const { pid } of search.unreadable)
    parts.note({ what: `process ${pid}`, why: "it does not tell whether it is a QEMU of ours" })
  const explained = new Set<Living>()
  const found = records.map((record): Found => ({ record, living: livingOf(living, record) }))
  const { guests, others } = oneEach(found)
  const unreadable: MaybeUnread[] = []
  for (const one of [...guests, ...others]) if (one.living) explained.add(one.living)
  for (const one of guests) {
    if (yield* adoptRecord(parts, obtain, one)) continue
    const { record } = one
    parts.note({ what: `status of '${record.name}'`, why: "its live definition cannot be read" })
    unreadable.push({ head: record, record, living: one.living })
  }
  for (const one of others) yield* FiberSet.run(parts.errands, giveBack(parts, one))
  for (const status of quarantined) {
    parts.note({ what: status.path, why: status.reason })
    const head = headOf(parts, status, living)
    if (head !== undefined)
      unreadable.push({ head, record: undefined, living: livingOf(living, head) })
  }
  for (const { living: mine, ...rest } of unreadable) {
    if (mine === undefined) continue
    explained.add(mine)
    yield* adoptUnknown(parts, obtain, { ...rest, living: mine })
  }
  const orphans = living.filter((one) => !explained.has(one))
  yield* endOrphans(parts, obtain, orphans)
  const known = [
    ...records.map(({ epoch }) => epoch),
    ...unreadable.map(({ head }) => head.epoch),
    ...living.map(({ token }) => token.epoch.replace("-", "."))
  ]
  yield* sweepRun(parts, known)
  yield* FiberSet.run(parts.errands, endLate(parts, known).pipe(Effect.provideContext(parts.needs)))
})
