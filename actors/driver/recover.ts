/**
 * Finds the guests of the engine before us: matches each status record with a living process by pid
 * and start time and our token, and hands it to a domain actor. Kills only what never was a guest.
 */
import * as Effect from "effect/Effect"
import type { AdoptedGuest } from "../../machines/domain/context.ts"
import type { ProcessId } from "../../src/host/process.ts"
import type { Domain } from "../../src/model/domain.ts"
import { findByToken } from "../../src/qemu/kill.ts"
import { monitorIdPrefix, type MonitorToken } from "../../src/qemu/monitor-id.ts"
import { domainFromText } from "../../src/store/domain-text.ts"
import type {
  QuarantinedStatus,
  StatusHead,
  StatusListing,
  StatusRecord
} from "../../src/store/status.ts"
import { Belongings } from "../domain/belongings.ts"
import { adopt, type DomainRef } from "../domain/domain.ts"
import type { Needs } from "../domain/needs.ts"
import { untilDead } from "../domain/stop.ts"
import type { Parts } from "./parts.ts"

interface Living {
  readonly process: ProcessId
  readonly token: MonitorToken
}

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

/** What the epoch holds, as the start that filled it had left it. */
const fill = (
  parts: Parts,
  mine: Belongings<Needs>,
  held: { readonly head: StatusHead; readonly record: StatusRecord | undefined }
) =>
  Effect.gen(function* () {
    const { head, record } = held
    const { store, ports, pci, usb } = parts
    const token = `${head.uuid}/${head.epoch}`
    const holder = { uuid: head.uuid, name: head.name, epoch: head.epoch, token }
    mine.owe("runtime directory", Effect.ignore(store.removeGuestDirectory(head.epoch)))
    for (const port of record?.reservations.ports ?? []) {
      mine.owe("display port", Effect.ignore(ports.release(token)))
      yield* Effect.ignore(ports.take({ range: { min: port, max: port }, token }))
    }
    for (const [pool, devices] of [
      [pci, record?.reservations.pci ?? []],
      [usb, record?.reservations.usb ?? []]
    ] as const) {
      if (devices.length === 0) continue
      mine.owe("host devices", Effect.ignore(pool.release(token)))
      yield* Effect.ignore(pool.reserve(devices, holder))
    }
    mine.owe("status record", Effect.ignore(store.removeStatus(head.epoch)))
    mine.monitorPath = head.monitorPath
    mine.record = record
  })

/** What the chart is told of a guest that a record tells of. */
const adopted = (
  record: StatusRecord,
  live: Domain,
  process: ProcessId | undefined
): AdoptedGuest => ({
  epoch: record.epoch,
  id: record.id,
  process,
  live,
  isPaused: record.phase === "paused",
  reason: record.reason,
  autoDestroy: record.autoDestroy,
  isUnborn: record.phase === "launching" || record.phase === "launched"
})

/** A guest whose record cannot be read: it runs, is listed, and can be destroyed. */
const unknownGuest = (head: StatusHead, live: Domain, process: ProcessId): AdoptedGuest => ({
  epoch: head.epoch,
  id: -1,
  process,
  live,
  isPaused: false,
  reason: "unknown",
  autoDestroy: undefined,
  isUnborn: false
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
}) => Effect.Effect<DomainRef | undefined, never, Needs>

const adoptRecord = (
  parts: Parts,
  obtain: Obtain,
  found: { readonly record: StatusRecord; readonly living: Living | undefined }
) =>
  Effect.gen(function* () {
    const { record, living } = found
    const ref = yield* obtain(record)
    const parsed = domainFromText(record.definition, "active")
    if (ref === undefined || parsed._tag === "Failure") return false
    const mine = ref.belongings.of(record.epoch)
    yield* fill(parts, mine, { head: record, record })
    // Dead or alive: the domain looks for itself, and says how it ended.
    mine.process = living?.process ?? record.process
    adopt(ref, adopted(record, parsed.success.domain, mine.process))
    if (living === undefined)
      parts.note({ what: `guest '${record.name}'`, why: "it ended while no engine was there" })
    if (record.autoDestroy !== undefined) {
      const { uuid, epoch } = record
      parts.connections.register({ connection: record.autoDestroy, uuid, epoch })
      // The client that it was to end with is gone with the engine that knew it.
      parts.connections.closed(record.autoDestroy)
    }
    return true
  })

const adoptUnknown = (
  parts: Parts,
  obtain: Obtain,
  found: { readonly status: QuarantinedStatus; readonly living: Living }
) =>
  Effect.gen(function* () {
    const { head } = found.status
    if (head === undefined) return
    const ref = yield* obtain(head)
    const parsed = domainFromText(placeholder(head), "inactive")
    if (ref === undefined || parsed._tag === "Failure") return
    const mine = ref.belongings.of(head.epoch)
    yield* fill(parts, mine, { head, record: undefined })
    mine.process = found.living.process
    const live = ref.actor.published.context.persistent ?? parsed.success.domain
    adopt(ref, unknownGuest(head, live, found.living.process))
  })

/** A QEMU of ours that no record tells of was never continued: it is ended in the background. */
const endOrphan = (parts: Parts, { process, token }: Living) =>
  Effect.gen(function* () {
    parts.note({
      what: `QEMU process ${process.pid} of ${token.uuid}`,
      why: "its start was not finished when the engine ended; it is ended"
    })
    yield* untilDead(new Belongings(), process, 0)
    yield* Effect.ignore(parts.store.removeGuestDirectory(token.epoch.replace("-", ".")))
  })

/** Adopts every guest that lives, and gives back what those that died had. */
export const recover = Effect.fnUntraced(function* (
  parts: Parts,
  { records, quarantined }: StatusListing,
  obtain: Obtain
) {
  const { store } = parts
  const search = yield* findByToken(monitorIdPrefix(store.rootId))
  const living: readonly Living[] = search.found
  const explained = new Set<Living>()
  for (const record of records) {
    const mine = livingOf(living, record)
    if (mine !== undefined) explained.add(mine)
    if (yield* adoptRecord(parts, obtain, { record, living: mine })) continue
    parts.note({ what: `status of '${record.name}'`, why: "its live definition cannot be read" })
  }
  for (const status of quarantined) {
    parts.note({ what: status.path, why: status.reason })
    const mine = status.head && livingOf(living, status.head)
    if (mine === undefined) continue
    explained.add(mine)
    yield* adoptUnknown(parts, obtain, { status, living: mine })
  }
  const orphans = living.filter((one) => !explained.has(one))
  yield* Effect.forEach(orphans, (orphan) => Effect.forkDetach(endOrphan(parts, orphan)), {
    discard: true
  })
})
