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
import { firstRefusal } from "../../src/qemu/refusal.ts"
import { domainFromText } from "../../src/store/domain-text.ts"
import * as DomainActor from "../domain/domain.ts"
import type { DomainRef } from "../domain/domain.ts"
import { complete } from "../domain/plan.ts"
import type { Entry } from "../domains.ts"
import type { Parts } from "./parts.ts"

/** Spawns a domain's actor under the supervisor. */
export const spawnDomain = (
  parts: Parts,
  input: Parameters<typeof DomainActor.spawn>[0],
  revive: (ref: DomainRef) => Effect.Effect<void, unknown>
) =>
  Effect.gen(function* () {
    const { uuid } = input
    const ref = yield* DomainActor.spawn(input, () => parts.supervisor.crashed(uuid))
    parts.supervisor.watch({ id: uuid, revive: Effect.suspend(() => revive(ref)) })
    return ref
  }).pipe(Effect.provideContext(parts.needs))

/** The persistent definition of an entry, from disk. */
export const loadDefinition = Effect.fnUntraced(function* (
  parts: Parts,
  { name, uuid }: { readonly name: string; readonly uuid: string }
) {
  const text = yield* parts.store.readDefinition(name)
  const parsed = domainFromText(text, "inactive")
  const path = `${parts.store.layout.definitions}/${name}.xml`
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
  const persistent = yield* loadDefinition(parts, entry)
  const made = yield* spawnDomain(parts, { uuid, name, isAutostart, persistent }, (ref) =>
    reviveDomain(parts, ref)
  )
  const won = yield* parts.domains.attach(uuid, made)
  if (won === made) return made
  yield* made.actor.stop()
  if (won === undefined) return yield* new DomainNotFound({ key: name })
  return won
})

/** After a defect: the definition from disk, and the guest, if there is one, from its record. */
export const reviveDomain = Effect.fnUntraced(function* (parts: Parts, ref: DomainRef) {
  const { name, isAutostart, epoch, live, id, process, reason, autoDestroy } =
    ref.actor.published.context
  const persistent = yield* Effect.option(loadDefinition(parts, { name, uuid: ref.uuid }))
  yield* ref.actor.settled
  DomainActor.restart(ref, {
    uuid: ref.uuid,
    name,
    isAutostart,
    ...(persistent._tag === "Some" ? { persistent: persistent.value } : {})
  })
  if (epoch === undefined || live === undefined) return
  const record = ref.belongings.find(epoch)?.record
  const isUnborn =
    record === undefined || record.phase === "launched" || record.phase === "launching"
  const isPaused = record?.phase === "paused"
  DomainActor.adopt(ref, { epoch, id, process, live, isPaused, reason, autoDestroy, isUnborn })
})

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

/** The actor for a name and uuid that may be new; a new one is listed only once it is something. */
const obtain = Effect.fnUntraced(function* (
  parts: Parts,
  wanted: { readonly name: string; readonly uuid: string },
  { existing, token }: Reserved
) {
  if (existing !== undefined) return yield* openDomain(parts, existing)
  const { uuid, name } = wanted
  const ref = yield* spawnDomain(parts, { uuid, name }, (one) => reviveDomain(parts, one))
  yield* parts.domains.commit(token, { uuid, name, isAutostart: false, ref })
  return ref
})

/** Makes a persistent domain, or replaces its definition. */
export const define = (parts: Parts, definition: Domain) =>
  reserving(parts, definition, (reserved) =>
    Effect.gen(function* () {
      const completed = yield* complete(definition)
      const ref = yield* obtain(parts, definition, reserved)
      // Once begun it is carried through: a definition on disk that no list knows would be lost.
      yield* Effect.uninterruptible(
        DomainActor.change(ref, { type: "define", definition: completed.domain })
      ).pipe(Effect.tapError(() => dropShell(ref)))
      return ref
    })
  )

/** A domain that was made for a request that failed, and is nothing: off the list. */
const dropShell = (ref: DomainRef) => {
  const { persistent, epoch } = ref.actor.published.context
  return persistent === undefined && epoch === undefined
    ? Effect.ignore(DomainActor.change(ref, { type: "undefine" }))
    : Effect.void
}

/**
 * Starts this definition. A domain that was not there before is transient: it ends with its guest.
 */
export const create = (parts: Parts, definition: Domain, options: DomainActor.StartOptions = {}) =>
  reserving(parts, definition, (reserved) =>
    Effect.gen(function* () {
      const refused = firstRefusal(definition)
      if (refused !== undefined) return yield* refused
      const epoch = yield* parts.nextEpoch
      const ref = yield* obtain(parts, definition, reserved)
      yield* DomainActor.create(ref, definition, { ...options, epoch }).pipe(
        Effect.tapError(() => dropShell(ref))
      )
      return ref
    })
  )

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
