/**
 * The status record of the running epoch: what the next engine finds if this one dies. Written
 * before QEMU may run, and at each change of state.
 */
import * as Effect from "effect/Effect"
import { domainText } from "../../src/store/domain-text.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import { Store } from "../../src/store/store.ts"
import type { DomainSelf, Identity } from "./needs.ts"

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
      const { live, reason, persistent } = context
      const record: StatusRecord = {
        ...mine.record,
        phase: state,
        state,
        reason,
        isTransient: persistent === undefined,
        name: context.name,
        ...(live === undefined ? {} : { definition: domainText(live, "active") })
      }
      const store = yield* Store
      yield* Effect.ignore(Effect.uninterruptible(store.writeStatus(record)))
      mine.record = record
    })
