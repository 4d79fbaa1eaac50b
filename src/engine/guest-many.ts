/**
 * Statistics of many domains in one answer, those of a list or all that a filter lets through.
 * A domain that is no more by the time it is looked at is left out.
 */
import * as Effect from "effect/Effect"
import * as Calls from "../../actors/driver/calls.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import * as Reads from "../../actors/driver/reads.ts"
import type { DomainFilter } from "../../actors/driver/reads.ts"
import { makeCall } from "../kernel/call.ts"
import type { DomainStats, StatsOptions } from "./guest.ts"
import { statsOf } from "./guest-stats.ts"

export interface ManyStatsOptions extends StatsOptions {
  /** Uuids, in the order of the answer. By default all domains, by name. */
  readonly domains?: readonly string[]
  readonly filter?: DomainFilter
}

/** Domains whose QEMUs are asked at once. */
const concurrency = 64

export type StatsOfMany = (
  options?: ManyStatsOptions
) => Effect.Effect<readonly DomainStats[], CallError>

export const statsOfMany =
  (driver: Driver): StatsOfMany =>
  ({ domains, filter = {}, ...options } = {}) =>
    driver.call(makeCall("connectGetAllDomainStats"), (parts) =>
      Effect.gen(function* () {
        const known = Reads.summaries(parts, filter).map(({ uuid }) => uuid)
        const allowed = new Set(known)
        const wanted = domains?.filter((uuid) => allowed.has(uuid)) ?? known
        const found = yield* Effect.forEach(
          wanted,
          (uuid) => {
            const entry = parts.domains.byUuid(uuid)
            if (entry === undefined) return Effect.succeed([])
            return Calls.openDomain(parts, entry).pipe(
              Effect.flatMap((ref) => statsOf(ref, options)),
              Effect.map((stats) => [stats]),
              // Gone, or with a definition that cannot be read: it has nothing to tell.
              Effect.catch(() => Effect.succeed([]))
            )
          },
          { concurrency }
        )
        return found.flat()
      }).pipe(Effect.provideContext(parts.needs))
    )
