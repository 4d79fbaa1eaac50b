/**
 * What may be asked of a running engine about domains: each a short sequence of asks to the actors
 * who own what it needs. Runs inside a lease; holds nothing itself but a reservation, which ends
 * with it.
 */
import * as Effect from "effect/Effect"
import type { Change } from "../../machines/domain/change.ts"
import { Ids } from "../../src/base/ids.ts"
import type { Domain } from "../../src/model/domain.ts"
import { DefinitionQuarantined, DomainNotFound } from "../../src/model/domain-error.ts"
import { startRefusal } from "../../src/qemu/refusal.ts"
import { RequestDenied } from "../../src/kernel/error.ts"
import { domainFromText } from "../../src/store/domain-text.ts"
import { definitionPath } from "../../src/store/layout.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import { complete } from "../domain/plan.ts"
import { withRemembered } from "../domain/plugged.ts"
import type { Entry } from "../domains.ts"
import type { Parts } from "./parts.ts"

/** Spawns a domain's actor. Whoever puts it on the list has it supervised. */
export const spawnDomain = (parts: Parts, input: Parameters<typeof DomainActor.spawn>[0]) =>
  DomainActor.spawn(input, () => parts.supervisor.crashed(input.uuid)).pipe(
    Effect.provideContext(parts.needs)
  )

/** Of two actors that were made for one domain only the one on the list is brought back. */
export const supervise = (parts: Parts, ref: DomainRef): void =>
  parts.supervisor.watch({ id: ref.uuid, revive: reviveDomain(parts, ref) })

/** The persistent definition of an entry, from disk. */
export const loadDefinition = Effect.fnUntraced(function* (
  parts: Parts,
  { name, uuid }: { readonly name: string; readonly uuid: string }
) {
  const text = yield* parts.store.readDefinition(name)
  const parsed = domainFromText(text, "inactive")
  const path = definitionPath(parts.store.layout, name)
  if (parsed._tag === "Failure")
    return yield* new DefinitionQuarantined({ domain: name, path, why: parsed.failure.message })
  const { domain } = parsed.success
  if (domain.uuid !== uuid)
    return yield* new DefinitionQuarantined({
      domain: name,
      path,
      why: `it is of ${domain.uuid} now`
    })
  return domain
})

/** The entry's actor; made now if its definition was not needed before. */
export const openDomain = Effect.fnUntraced(function* (parts: Parts, entry: Entry) {
  if (entry.ref !== undefined) return entry.ref
  const { uuid, name, isAutostart } = entry
  const loaded = yield* Effect.result(loadDefinition(parts, entry))
  if (loaded._tag === "Failure") {
    // Another request may have been faster, and may have renamed or undefined it since.
    const now = parts.domains.byUuid(uuid)
    if (now === undefined || !isVisible(now)) return yield* new DomainNotFound({ key: name })
    return now.ref ?? (yield* Effect.fail(loaded.failure))
  }
  const persistent = loaded.success
  const made = yield* spawnDomain(parts, { uuid, name, isAutostart, persistent })
  const won = yield* parts.domains.attach(uuid, made)
  if (won === made) {
    supervise(parts, made)
    return made
  }
  yield* made.actor.stop()
  if (won === undefined) return yield* new DomainNotFound({ key: name })
  return won
})

/** After a defect: the definition from disk, and the guest, if there is one, from its record. */
export const reviveDomain = Effect.fnUntraced(function* (parts: Parts, ref: DomainRef) {
  const { name, isAutostart, epoch, live, id, process, reason, autoDestroy } =
    ref.actor.published.context
  // A write that the defect met is carried through: what is read is what then stands.
  yield* ref.actor.settled
  const loaded = yield* Effect.result(loadDefinition(parts, { name, uuid: ref.uuid }))
  // A disk that cannot be read now has not taken the definition away.
  const persistent =
    loaded._tag === "Success"
      ? loaded.success
      : isAbsent(loaded.failure)
        ? undefined
        : ref.actor.published.context.persistent
  const input = {
    uuid: ref.uuid,
    name,
    isAutostart,
    ...(persistent === undefined ? {} : { persistent })
  }
  if (epoch === undefined || live === undefined) return DomainActor.restart(ref, input)
  const record = ref.belongings.find(epoch)?.record
  const remembered = withRemembered(live, record)
  const guest = { epoch, id, process, live: remembered, reason, autoDestroy, isOver: false }
  const isPaused = record?.phase === "paused"
  DomainActor.restart(ref, input, {
    ...guest,
    isPaused,
    isUnborn: isUnborn(record),
    isUnproven: isUnproven(record)
  })
})

const isAbsent = (error: { readonly _tag: string }): boolean =>
  "fault" in error && error.fault === "notFound"

/** QEMU was not even launched, as far as anybody wrote down: no guest. */
export const isUnborn = (record: StatusRecord | undefined): boolean =>
  record === undefined || record.phase === "launching"

/** QEMU was launched; whether its guest was continued, it says itself. */
export const isUnproven = (record: StatusRecord | undefined): boolean =>
  record?.phase === "launched"

/** What a request holds while it works: the token, or the domain that has name and uuid already. */
interface Reserved {
  readonly existing: Entry | undefined
  readonly token: string
}

/** Runs with name and uuid reserved, unless a domain has both already. */
const reserving = <A, E, R>(
  parts: Parts,
  wanted: { readonly name: string; readonly uuid: string },
  use: (reserved: Reserved) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const token = yield* (yield* Ids).token
    return yield* Effect.acquireUseRelease(
      parts.domains.reserve(wanted, token),
      (existing) => use({ existing, token }),
      () => Effect.ignore(parts.domains.release(token))
    )
  })

/** The actor for a name and uuid that may be new; a new one is shown once it is something. */
const obtain = Effect.fnUntraced(function* (
  parts: Parts,
  wanted: { readonly name: string; readonly uuid: string },
  { existing, token }: Reserved
) {
  if (existing !== undefined) return yield* openDomain(parts, existing)
  const { uuid, name } = wanted
  const ref = yield* spawnDomain(parts, { uuid, name })
  yield* parts.domains.commit(token, { uuid, name, isAutostart: false, ref })
  supervise(parts, ref)
  return ref
})

/** A domain that ends while a request is on its way to it: the request looks again, so often. */
const looksMax = 3

/**
 * One look: the domain with `use` done on it, or nothing when it was no more, or had another name,
 * when the request arrived. One that was made for it, and that is neither defined nor started
 * afterwards, is off the list again, however `use` ended.
 */
const lookOnce = <E, R>(
  parts: Parts,
  wanted: { readonly name: string; readonly uuid: string },
  use: (ref: DomainRef) => Effect.Effect<unknown, E, R>
) =>
  reserving(parts, wanted, (reserved) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const ref = yield* obtain(parts, wanted, reserved)
        const done = yield* Effect.result(
          Effect.onError(restore(use(ref)), () => Effect.ignore(DomainActor.discard(ref)))
        )
        if (done._tag === "Failure" && wasGone(done.failure, ref, wanted.name))
          return { gone: done.failure }
        yield* Effect.fromResult(done)
        return { ref }
      })
    )
  )

/** Runs `use` on the actor for this name and uuid; one that has made room is looked for again. */
const withDomain = <E, R>(
  parts: Parts,
  wanted: { readonly name: string; readonly uuid: string },
  use: (ref: DomainRef) => Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function* () {
    for (let looksLeft = looksMax; ; looksLeft--) {
      const { ref, gone } = yield* lookOnce(parts, wanted, use)
      if (ref !== undefined) return ref
      if (looksLeft === 0) return yield* Effect.fail(gone)
    }
  })

/** It is no more, or no more called so. */
const wasGone = (failure: unknown, ref: DomainRef, name: string): boolean =>
  failure instanceof RequestDenied &&
  (DomainActor.isGone(ref) || DomainActor.view(ref).context.name !== name)

/** Makes a persistent domain, or replaces its definition. */
export const define = Effect.fnUntraced(function* (parts: Parts, definition: Domain) {
  const { domain } = yield* complete(definition)
  return yield* withDomain(parts, definition, (ref) =>
    DomainActor.change(ref, { type: "define", definition: domain })
  )
})

/**
 * Starts this definition. A domain that was not there before is transient: it ends with its guest.
 */
export const create = Effect.fnUntraced(function* (
  parts: Parts,
  definition: Domain,
  options: DomainActor.StartOptions = {}
) {
  const refused = startRefusal(definition)
  if (refused !== undefined) return yield* refused
  return yield* withDomain(parts, definition, (ref) =>
    Effect.flatMap(parts.nextEpoch, (epoch) =>
      DomainActor.create(ref, definition, { ...options, epoch })
    )
  )
})

export const start = (parts: Parts, ref: DomainRef, options: DomainActor.StartOptions = {}) =>
  Effect.flatMap(parts.nextEpoch, (epoch) => DomainActor.start(ref, epoch, options))

/** A new name for an inactive persistent domain. */
export const rename = (parts: Parts, ref: DomainRef, name: string) =>
  Effect.gen(function* () {
    const token = yield* (yield* Ids).token
    const change: Change = { type: "rename", name }
    return yield* Effect.acquireUseRelease(
      parts.domains.reserveName({ uuid: ref.uuid, name }, token),
      () =>
        Effect.uninterruptible(
          Effect.andThen(DomainActor.change(ref, change), parts.domains.commitName(token))
        ),
      () => Effect.ignore(parts.domains.release(token))
    )
  })

/** By name, by uuid or by the number of a running domain. */
export const find = (parts: Parts, key: string): Entry | undefined => {
  const { domains } = parts
  const entry =
    domains.byName(key) ??
    domains.byUuid(key.toLowerCase()) ??
    (/^[0-9]{1,10}$/.test(key) ? byId(parts, Number(key)) : undefined)
  return entry !== undefined && isVisible(entry) ? entry : undefined
}

const byId = (parts: Parts, id: number): Entry | undefined =>
  parts.domains.all().find((entry) => entry.ref && DomainActor.view(entry.ref).context.id === id)

/** A domain that is only being made is nobody's to see yet. */
export const isVisible = ({ ref }: Entry): boolean => {
  if (ref === undefined) return true
  const { context } = ref.actor.published
  return context.persistent !== undefined || context.epoch !== undefined
}

export const lookUp = (parts: Parts, key: string) =>
  Effect.suspend(() => {
    const entry = find(parts, key)
    return entry === undefined ? Effect.fail(new DomainNotFound({ key })) : openDomain(parts, entry)
  })
