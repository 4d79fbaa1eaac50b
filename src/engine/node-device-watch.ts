/**
 * Tells what happens to the devices of the host, by looking at them again and again while somebody
 * listens. sysfs tells no watcher of its changes, and the kernel's own messages need a netlink
 * socket or udev's tools, which a small host has not; a list a second costs less than a child
 * process that has to be kept alive. What comes and goes between two looks is not seen.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { isReplaced, listDevices, readMark } from "../host/device-list.ts"
import { readsAtOnce } from "../host/device-record.ts"
import { Files } from "../host/files.ts"
import type { ListedDevice, NodeDeviceEvent } from "../model/node-device.ts"

/** A thousand devices are listed in some 50 ms. */
const lookEvery = Duration.seconds(1)

interface Seen extends ListedDevice {
  readonly mark: string | undefined
}

type Look = ReadonlyMap<string, Seen>

const look = Effect.gen(function* () {
  const seen = yield* Effect.forEach(
    yield* listDevices,
    (device) => Effect.map(readMark(device), (mark): Seen => ({ ...device, mark })),
    { concurrency: readsAtOnce }
  )
  return new Map(seen.map((one) => [one.name, one])) as Look
})

const isSame = (one: Seen, other: Seen): boolean =>
  one.path === other.path && (one.mark === other.mark || !isReplaced(one.kind))

const deep = (seen: Look): readonly Seen[] =>
  [...seen.values()].toSorted((one, other) => one.path.length - other.path.length)

/** What lies between two looks: what is gone, children first; what came, parents first; changes. */
export const changesBetween = (before: Look, after: Look): readonly NodeDeviceEvent[] => {
  const stays = (one: Seen, there: Look): boolean => {
    const other = there.get(one.name)
    return other !== undefined && isSame(one, other)
  }
  const event =
    (type: NodeDeviceEvent["type"]) =>
    ({ name }: Seen) => ({ type, name })
  const gone = deep(before)
    .toReversed()
    .filter((one) => !stays(one, after))
  const came = deep(after).filter((one) => !stays(one, before))
  const changed = deep(after).filter(
    (one) => stays(one, before) && before.get(one.name)?.mark !== one.mark
  )
  return [
    ...gone.map(event("deleted")),
    ...came.map(event("created")),
    ...changed.map(event("updated"))
  ]
}

type Hear = (event: NodeDeviceEvent) => void

/**
 * Gives the subscription. All listeners share one fiber, which the first of them starts in the
 * scope at hand and which ends when nobody listens any more.
 */
export const deviceWatch = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const files = yield* Files
  const listeners = new Set<Hear>()
  let first: Deferred.Deferred<void> | undefined

  const watch = Effect.fnUntraced(function* (isReady: Deferred.Deferred<void>) {
    let known = yield* look
    yield* Deferred.succeed(isReady, undefined)
    while (listeners.size > 0) {
      yield* Effect.sleep(lookEvery)
      const now = yield* look
      for (const event of changesBetween(known, now)) for (const hear of listeners) hear(event)
      known = now
    }
    first = undefined
  })

  /** Nothing that happens after it is missed by a look that began before. */
  const started = Effect.suspend(() => {
    if (first !== undefined) return Deferred.await(first)
    const isReady = Deferred.makeUnsafe<void>()
    first = isReady
    return Effect.andThen(
      Effect.forkIn(
        // Whoever waits goes on when the engine ends in the middle.
        Effect.ensuring(watch(isReady), Deferred.succeed(isReady, undefined)).pipe(
          Effect.provideService(Files, files)
        ),
        scope
      ),
      Deferred.await(isReady)
    )
  })

  return (hear: Hear): Effect.Effect<void, never, Scope.Scope> =>
    Effect.andThen(
      Effect.acquireRelease(
        Effect.sync(() => listeners.add(hear)),
        () => Effect.sync(() => listeners.delete(hear))
      ),
      started
    )
})
