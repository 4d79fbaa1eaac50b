/**
 * What a killed engine leaves that never was a guest: QEMUs that were launched and not continued,
 * probes, directories of starts that came to nothing. Ends and removes it.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { Files } from "../../src/host/files.ts"
import type { ProcessId } from "../../src/host/process.ts"
import { heldDevices, openFilesOf } from "../../src/node/hostdev-held.ts"
import type { Said } from "../../src/qemu/held.ts"
import { findByToken } from "../../src/qemu/kill.ts"
import { monitorIdPrefix, type MonitorToken } from "../../src/qemu/monitor-id.ts"
import { epochPattern } from "../../src/store/status.ts"
import { Belongings } from "../domain/belongings.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import type { Needs } from "../domain/needs.ts"
import { untilDead } from "../domain/stop.ts"
import { hold } from "./holdings.ts"
import type { Parts } from "./parts.ts"

/** A QEMU of this root. */
export interface Living {
  readonly process: ProcessId
  readonly token: MonitorToken
  /** What its own words say that it has of the host. */
  readonly said: Said
}

/** Files of a probe: `p-TOKEN.s`, its temporary name, and the log. */
const probePattern = /^p-[A-Za-z0-9_-]+\.(s|s~|log)$/

/** Nobody may be given what it holds before it is dead. */
const holdFor = Effect.fnUntraced(function* (
  parts: Parts,
  mine: Belongings<Needs>,
  { process, token: { uuid, epoch }, said }: Living
) {
  const held = yield* heldDevices(said, yield* openFilesOf(process))
  const name = parts.domains.byUuid(uuid)?.name ?? uuid
  const holder = { uuid, name, epoch, token: `${uuid}/${epoch.replace("-", ".")}` }
  yield* hold(parts, mine, { holder, held })
})

const endOrphan = (parts: Parts, { process, token }: Living, mine: Belongings<Needs>) =>
  Effect.gen(function* () {
    yield* untilDead(mine, process, 0)
    yield* mine.release
    yield* Effect.ignore(parts.store.removeGuestDirectory(token.epoch.replace("-", ".")))
  })

/** How long an engine waits with its opening for those that it ends. */
const endingBoundMs = 1_000

/** One of a domain that nobody knows any more: its uuid is free when it is dead. */
const endUnknown = Effect.fnUntraced(function* (parts: Parts, orphan: Living) {
  const { uuid, epoch } = orphan.token
  const mine = new Belongings<Needs>()
  const token = `orphan ${epoch}`
  mine.owe("name", Effect.ignore(parts.domains.release(token)))
  yield* Effect.ignore(parts.domains.reserve({ uuid, name: uuid }, token))
  yield* holdFor(parts, mine, orphan)
  return yield* FiberSet.run(
    parts.errands,
    endOrphan(parts, orphan, mine).pipe(Effect.provideContext(parts.needs))
  )
})

/**
 * One of a domain that is known is ended by that domain: its next start then waits until the disk
 * is free. Others are ended in the background.
 */
export const endOrphans = Effect.fnUntraced(function* (
  parts: Parts,
  obtain: (identity: {
    readonly uuid: string
    readonly name: string
  }) => Effect.Effect<DomainRef, never, Needs>,
  orphans: readonly Living[]
) {
  const ending: Fiber.Fiber<void>[] = []
  for (const orphan of orphans) {
    const { process, token } = orphan
    parts.note({
      what: `QEMU process ${process.pid} of ${token.uuid}`,
      why: "its start was not finished when the engine ended; it is ended"
    })
    const entry = parts.domains.byUuid(token.uuid)
    const ref = entry === undefined ? undefined : yield* obtain(entry)
    const live = ref?.actor.published.context.persistent
    const epoch = token.epoch.replace("-", ".")
    if (ref === undefined || live === undefined || !DomainActor.isSettled(ref)) {
      ending.push(yield* endUnknown(parts, orphan))
      continue
    }
    const mine = ref.belongings.of(epoch)
    yield* holdFor(parts, mine, orphan)
    mine.process = process
    mine.owe("runtime directory", Effect.ignore(parts.store.removeGuestDirectory(epoch)))
    const guest = { epoch, id: -1, process, live, isPaused: true, reason: "unknown" }
    yield* DomainActor.adopt(ref, {
      ...guest,
      autoDestroy: undefined,
      isUnborn: true,
      isUnproven: false,
      isOver: false
    })
  }
  // Whoever lost his start with the engine will make it again: by then it is over, as a rule.
  yield* Effect.timeoutOption(Fiber.awaitAll(ending), endingBoundMs)
})

/**
 * An engine that was killed between the fork and the exec of a QEMU leaves a process that becomes
 * one only now: nobody could have found it by its words before.
 */
const lateAfterMs = 2_000

const generationOf = ({ token }: Living): number => Number(token.epoch.split("-")[0])

/**
 * Looks once more, for QEMUs of engines before us that had no words when we first looked and of
 * whose epochs nothing is known.
 */
export const endLate = Effect.fnUntraced(function* (parts: Parts, known: readonly string[]) {
  yield* Effect.sleep(lateAfterMs)
  const { store } = parts
  const search = yield* findByToken(monitorIdPrefix(store.rootId))
  const late = search.found.filter(
    (one) =>
      generationOf(one) < store.generation && !known.includes(one.token.epoch.replace("-", "."))
  )
  const end = Effect.fnUntraced(function* (one: Living) {
    const mine = new Belongings<Needs>()
    yield* holdFor(parts, mine, one)
    yield* endOrphan(parts, one, mine)
  })
  yield* Effect.forEach(late, end, { concurrency: "unbounded", discard: true })
})

/** Removes the directories of epochs that nobody has, and what probes have left. */
export const sweepRun = Effect.fnUntraced(function* (parts: Parts, kept: readonly string[]) {
  const files = yield* Files
  const { store } = parts
  const names = yield* Effect.orElseSucceed(files.list(store.layout.run), () => [])
  for (const name of names) {
    if (probePattern.test(name)) yield* Effect.ignore(files.unlink(`${store.layout.run}/${name}`))
    if (epochPattern.test(name) && !kept.includes(name))
      yield* Effect.ignore(store.removeGuestDirectory(name))
  }
})
