/**
 * How a call reaches one domain: within a lease of the engine, under libvirt's name for it. What
 * the families of a domain's functions (`handle.ts`, `guest-*.ts`) are made with.
 */
import * as Effect from "effect/Effect"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Needs } from "../../actors/domain/needs.ts"
import * as Calls from "../../actors/driver/calls.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import { type CallError, once } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import { makeCall } from "../kernel/call.ts"
import { type DefinitionQuarantined, DomainNotFound } from "../model/domain-error.ts"
import type { StoreError } from "../store/error.ts"
import type { Identity } from "./waiting.ts"

/** What a look at a domain can fail with. */
export type LookupError = DomainNotFound | DefinitionQuarantined | StoreError | CallError

/** Runs a call on one domain, under libvirt's name for it. */
export type Consult = <A, E>(
  procedure: string,
  work: (ref: DomainRef, parts: Parts) => Effect.Effect<A, E, Needs>
) => Effect.Effect<A, E | LookupError>

/** As `Consult`, for a call with an effect: with an operation id it is done once. */
export type Perform = <A extends string | number | boolean | void, E>(
  procedure: string,
  work: (ref: DomainRef, parts: Parts) => Effect.Effect<A, E, Needs>
) => Effect.Effect<A, E | LookupError>

export const find = (parts: Parts, uuid: string, name: string) => {
  const entry = parts.domains.byUuid(uuid)
  return entry === undefined || !Calls.isVisible(entry)
    ? Effect.fail(new DomainNotFound({ key: name }))
    : Effect.succeed(entry)
}

export const performOn =
  (consult: Consult): Perform =>
  (procedure, work) =>
    consult(procedure, (ref, parts) => once(parts, procedure, work(ref, parts)))

export const consultOn =
  (driver: Driver, { uuid, name }: Identity): Consult =>
  (procedure, work) =>
    driver.call(makeCall(procedure), (parts) =>
      Effect.gen(function* () {
        const ref = yield* Calls.openDomain(parts, yield* find(parts, uuid, name))
        // It may have been undefined while its definition was read, and defined again.
        const entry = yield* find(parts, uuid, name)
        return yield* work(entry.ref ?? ref, parts)
      }).pipe(Effect.provideContext(parts.needs))
    )
