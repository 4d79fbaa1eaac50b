/**
 * The memory of a guest, as its callers ask: what it has and says of it, how much it is to have,
 * and its contents.
 */
import * as Effect from "effect/Effect"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { Reached } from "../../actors/domain/reach.ts"
import { GuestUnsupported } from "../model/guest-error.ts"
import {
  actualTag,
  balloonOf,
  readBalloon,
  rssTag,
  setBalloon,
  setStatsPeriod
} from "../qemu/guest-memory.ts"
import { peekMemory } from "../qemu/guest-screen.ts"
import { residentKiB } from "../qemu/guest-threads.ts"
import type { Guest, MemoryStat } from "./guest.ts"
import { withFileOf } from "./guest-file.ts"
import { affected, asking, change, type GuestScope, invalid, reachIn } from "./guest-scope.ts"

/** What virDomainMemoryStats tells of a running guest. */
export const memoryFigures = ({ ask, live, process }: Reached) =>
  Effect.gen(function* () {
    const { actualKiB, stats } = yield* readBalloon(ask, live)
    const rssKiB = yield* residentKiB(process)
    const actual = actualKiB ?? live.memory.maximumKiB
    const figures: readonly MemoryStat[] = [
      { tag: actualTag, name: "actual", value: actual },
      ...stats,
      ...(rssKiB === undefined ? [] : [{ tag: rssTag, name: "rss", value: rssKiB }])
    ]
    return figures
  })

const balloonIn = ({ domain, live }: Reached, operation: string) => {
  const alias = balloonOf(live)
  return alias === undefined
    ? Effect.fail(new GuestUnsupported({ domain, operation, why: "it has no memory balloon" }))
    : Effect.succeed(alias)
}

const setMemory = ({ perform, driver }: GuestScope): Guest["setMemory"] => {
  const operation = "set the memory of"
  return (kib, options) =>
    perform("domainSetMemory", (ref) =>
      Effect.gen(function* () {
        const { name, affects, live, config } = yield* affected(ref, operation, options)
        if (!Number.isSafeInteger(kib) || kib <= 0)
          return yield* invalid(name, "memory", "must be more than nothing")
        for (const definition of [live, config])
          if (definition !== undefined && kib > definition.memory.maximumKiB) {
            const { maximumKiB } = definition.memory
            return yield* invalid(name, "memory", `${kib} KiB is past its ${maximumKiB} KiB`)
          }
        if (live !== undefined) {
          const guest = yield* reachIn(driver, ref, operation)
          yield* balloonIn(guest, operation)
          // How far the guest goes, QEMU tells by an event, which the definition follows.
          yield* setBalloon(guest.ask, kib)
        }
        if (config !== undefined)
          yield* change(ref, {
            type: "resources",
            affects: { ...affects, live: false },
            values: { currentKiB: kib }
          })
      })
    )
}

const setMaximum =
  ({ perform }: GuestScope): Guest["setMaximumMemory"] =>
  (kib, options = {}) =>
    perform("domainSetMaxMemory", (ref) =>
      Effect.gen(function* () {
        const operation = "set the maximum memory of"
        const { name, live, affects } = yield* affected(ref, operation, options)
        if (live !== undefined) {
          const why = "a running guest's is fixed"
          return yield* new GuestUnsupported({ domain: name, operation, why })
        }
        if (!Number.isSafeInteger(kib) || kib <= 0)
          return yield* invalid(name, "memory", "must be more than nothing")
        yield* change(ref, { type: "resources", affects, values: { maximumKiB: kib } })
      })
    )

const setPeriod = ({ perform, driver }: GuestScope): Guest["setMemoryStatsPeriod"] => {
  const operation = "set the period of memory statistics of"
  return (seconds, options) =>
    perform("domainSetMemoryStatsPeriod", (ref) =>
      Effect.gen(function* () {
        const { name, affects, live, config } = yield* affected(ref, operation, options)
        if (!Number.isSafeInteger(seconds) || seconds < 0)
          return yield* invalid(name, "period", "must be 0 or more seconds")
        for (const definition of [live, config])
          if (definition !== undefined && balloonOf(definition) === undefined)
            return yield* new GuestUnsupported({
              domain: name,
              operation,
              why: "it has no memory balloon"
            })
        if (live !== undefined) {
          const guest = yield* reachIn(driver, ref, operation)
          yield* setStatsPeriod(guest.ask, yield* balloonIn(guest, operation), seconds)
        }
        yield* change(ref, { type: "resources", affects, values: { statsPeriodSeconds: seconds } })
      })
    )
}

/** REMOTE_DOMAIN_MEMORY_PEEK_BUFFER_MAX */
const peekBytesMax = 4 * 1024 * 1024

export const memoryOf = (
  scope: GuestScope
): Pick<
  Guest,
  "memoryStats" | "setMemory" | "setMaximumMemory" | "setMemoryStatsPeriod" | "memoryPeek"
> => ({
  memoryStats: asking(scope)(
    { procedure: "domainMemoryStats", operation: "read memory statistics of" },
    memoryFigures
  ),
  setMemory: setMemory(scope),
  setMaximumMemory: setMaximum(scope),
  setMemoryStatsPeriod: setPeriod(scope),
  memoryPeek: (start, sizeBytes, kind) => {
    const operation = "look into the memory of"
    return asking(scope)({ procedure: "domainMemoryPeek", operation }, (guest, place) =>
      Effect.gen(function* () {
        const { name } = DomainActor.view(place.ref).context
        if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes > peekBytesMax)
          return yield* invalid(name, "size", `must be at most ${peekBytesMax} bytes`)
        return yield* withFileOf(guest, place, {
          operation,
          name: "memory",
          bytesMax: sizeBytes,
          write: (filename) => peekMemory(guest.ask, { kind, start, sizeBytes, filename })
        })
      })
    )
  }
})
