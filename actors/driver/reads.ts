/**
 * What may be read of a running engine: published snapshots put together in one synchronous step,
 * so that a listing is one consistent cut. Sends no message, waits for nobody, changes nothing.
 */
import * as Effect from "effect/Effect"
import { Processes, ticksPerSecond } from "../../src/host/process.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainState } from "../../src/model/state.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import type { Entry } from "../domains.ts"
import { isVisible } from "./calls.ts"
import type { Parts } from "./parts.ts"

/** A domain as a list shows it. */
export interface DomainSummary {
  readonly uuid: string
  readonly name: string
  /** libvirt's number of a running domain. */
  readonly id: number | undefined
  readonly state: DomainState
  /** Why it is in this state, in libvirt's words: `booted`, `user`, `destroyed`. */
  readonly reason: string
  /** Whether there is a guest, starting and stopping included. */
  readonly isActive: boolean
  readonly isPersistent: boolean
  readonly isAutostart: boolean
  /** This start of it and no other: `GENERATION.COUNTER`. */
  readonly epoch: string | undefined
  /** When QEMU of this start was launched, in ms since 1970. */
  readonly startedAtMs: number | undefined
}

/** All that is given must hold. */
export interface DomainFilter {
  readonly isActive?: boolean
  readonly isPersistent?: boolean
  readonly isAutostart?: boolean
  readonly states?: readonly DomainState[]
}

/** Each domain that anybody may see, as it is now. */
export const summaryOf = ({ uuid, name, isAutostart, ref }: Entry): DomainSummary => {
  if (ref === undefined)
    // Its definition has not been needed yet; it has no guest, or there would be an actor.
    return {
      uuid,
      name,
      id: undefined,
      state: "shutoff",
      reason: "unknown",
      isActive: false,
      isPersistent: true,
      isAutostart,
      epoch: undefined,
      startedAtMs: undefined
    }
  const { state, reason, context } = DomainActor.view(ref)
  const { epoch, id, persistent } = context
  return {
    uuid,
    name: context.name,
    id: id === -1 ? undefined : id,
    state,
    reason,
    isActive: epoch !== undefined,
    isPersistent: persistent !== undefined,
    isAutostart: context.isAutostart,
    epoch,
    startedAtMs: ref.belongings.find(epoch)?.record?.startedAtMs
  }
}

const passes = (summary: DomainSummary, filter: DomainFilter): boolean =>
  (filter.isActive === undefined || filter.isActive === summary.isActive) &&
  (filter.isPersistent === undefined || filter.isPersistent === summary.isPersistent) &&
  (filter.isAutostart === undefined || filter.isAutostart === summary.isAutostart) &&
  (filter.states === undefined || filter.states.includes(summary.state))

/** By name. */
export const summaries = (parts: Parts, filter: DomainFilter = {}): readonly DomainSummary[] =>
  parts.domains
    .all()
    .filter(isVisible)
    .map(summaryOf)
    .filter((summary) => passes(summary, filter))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))

/** The definition that the guest has, or that the next start would use. */
export const definitionOf = (ref: DomainRef): Domain | undefined => {
  const { live, persistent } = DomainActor.view(ref).context
  return live ?? persistent
}

/**
 * Processor time that QEMU has used, guest and emulator, in nanoseconds; `undefined` without a
 * process. Costs some microseconds, and waits for nobody.
 */
export const cpuTimeNs = (ref: DomainRef): Effect.Effect<number | undefined, never, Processes> =>
  Effect.suspend(() => {
    const { process } = DomainActor.view(ref).context
    if (process === undefined) return Effect.undefined
    return Effect.flatMap(Processes, ({ inspect }) =>
      Effect.map(inspect(process.pid), (info) =>
        info?.startTime === process.startTime ? (info.cpuTicks * 1e9) / ticksPerSecond : undefined
      )
    )
  })
