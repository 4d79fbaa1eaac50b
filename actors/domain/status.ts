/**
 * The status record of the running epoch: what the next engine finds if this one dies. Written
 * before QEMU may run, at each change of state, and when the live definition changes.
 */
import * as Effect from "effect/Effect"
import type { DomainContext } from "../../machines/domain/context.ts"
import type { StoreError } from "../../src/store/error.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import { Store } from "../../src/store/store.ts"
import type { Belongings } from "./belongings.ts"
import type { DomainSelf, DomainSnapshot, Identity, Needs } from "./needs.ts"

/**
 * Writes the record as it stands, and again when it has changed meanwhile: whoever writes at the
 * same time, the newest is what remains. A record that was taken away meanwhile does not come back.
 */
export const putRecord = (mine: Belongings<Needs>): Effect.Effect<void, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    for (;;) {
      const { record } = mine
      if (record === undefined) return
      yield* store.writeStatus(record)
      const { record: now } = mine
      if (now === undefined) return yield* store.removeStatus(record.epoch)
      if (now === record) return
    }
  }).pipe(Effect.uninterruptible)

/** Takes the record away. Absent is fine. */
export const dropRecord = (mine: Belongings<Needs>, epoch: string) =>
  Effect.gen(function* () {
    mine.record = undefined
    yield* Effect.ignore((yield* Store).removeStatus(epoch))
  })

/** Changes the record, and writes it. There may be none: then nothing is to be remembered. */
export const amendRecord = (
  mine: Belongings<Needs>,
  amend: (record: StatusRecord) => StatusRecord
): Effect.Effect<void, StoreError, Store> =>
  Effect.suspend(() => {
    if (mine.record === undefined) return Effect.void
    mine.record = amend(mine.record)
    return putRecord(mine)
  })

/** The record with the state as it is published. */
const present = (
  record: StatusRecord,
  { reason, persistent, name, isUnproven }: DomainContext,
  state: "running" | "paused"
): StatusRecord => ({
  ...record,
  phase: isUnproven ? record.phase : state,
  state,
  reason,
  isTransient: persistent === undefined,
  name
})

/** Script `saveStatus`: best effort, for QEMU itself knows its state when it is asked again. */
export const saveStatus =
  (domain: Identity) =>
  ({ state }: { readonly state: "running" | "paused" }, self: DomainSelf) =>
    Effect.gen(function* () {
      // An older write of the same record may still be under way.
      yield* self.settled
      const { context } = domain.now()
      const mine = domain.belongings.find(context.epoch)
      if (mine?.record === undefined) return
      mine.record = present(mine.record, context, state)
      yield* Effect.ignore(putRecord(mine))
    })

/** For a guest that is left alone: a write that was under way may have been cut short. */
export const leaveStatus = (mine: Belongings<Needs> | undefined, snapshot: DomainSnapshot) =>
  Effect.suspend(() => {
    if (mine?.record === undefined) return Effect.void
    const { context, value } = snapshot
    const isRunning =
      value.life === "rebooting" || (typeof value.life === "object" && "running" in value.life)
    mine.record = present(mine.record, context, isRunning ? "running" : "paused")
    return Effect.ignore(putRecord(mine))
  })
