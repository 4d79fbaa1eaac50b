/**
 * The end of an engine: its children in reverse order of their start. Guests go on, but those that
 * were to end with their connection, and all of them when that was asked for.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { stopPools } from "../device-pools.ts"
import * as DomainActor from "../domain/domain.ts"
import type { Parts } from "./parts.ts"

/** Guests that are ended at the same time. */
const concurrency = 16

export const shutDown = Effect.fnUntraced(function* (parts: Parts, stopsGuests: boolean) {
  // First what could start another guest, or take one over, while this looks at them.
  yield* FiberSet.clear(parts.errands)
  const refs = parts.domains.all().flatMap(({ ref }) => (ref === undefined ? [] : [ref]))
  const ending = refs.filter((ref) => {
    const { epoch, autoDestroy } = DomainActor.view(ref).context
    if (epoch === undefined) return false
    // One that is starting is no guest yet, and one that is stopping is none any more: both are
    // brought to their end, for nobody will be there to do it.
    return stopsGuests || autoDestroy !== undefined || !DomainActor.isSettled(ref)
  })
  yield* Effect.forEach(
    ending,
    (ref) =>
      DomainActor.destroy(ref, { isGraceful: true }).pipe(
        Effect.catch(({ message }) =>
          Effect.sync(() => parts.note({ what: "the end of a guest", why: message }))
        )
      ),
    { concurrency, discard: true }
  )
  yield* parts.storage.stop()
  yield* parts.supervisor.stop()
  yield* Effect.forEach(refs, DomainActor.abandon, { concurrency, discard: true }).pipe(
    Effect.provideContext(parts.needs)
  )
  yield* parts.domains.stop()
  yield* parts.lane.stop()
  yield* parts.connections.stop()
  yield* parts.ports.stop()
  yield* stopPools(parts.pools)
  yield* parts.monitorEvents.stop()
  yield* parts.events.stop()
  yield* parts.config.stop()
})
