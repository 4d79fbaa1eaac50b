/**
 * What the families of a guest's functions share: a call that reaches the running guest, and which
 * definition a call is about. Decides nothing else.
 */
import * as Effect from "effect/Effect"
import type { Affects as ChangeAffects, Change } from "../../machines/domain/change.ts"
import type { DomainRef } from "../../actors/domain/domain.ts"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { Needs } from "../../actors/domain/needs.ts"
import { reach, type Reached } from "../../actors/domain/reach.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import type { KernelError } from "../kernel/error.ts"
import { OperationFailed } from "../model/domain-error.ts"
import type { Domain } from "../model/domain.ts"
import type { Keeps } from "../model/kept.ts"
import type { InvalidDomain } from "../model/error.ts"
import { type GuestSilent, InvalidArgument, NotRunning } from "../model/guest-error.ts"
import type { StoreError } from "../store/error.ts"
import type { Consult, LookupError, Perform } from "./consult.ts"
import type { Affects } from "./guest.ts"
import { reached } from "./waiting.ts"

/** How a domain's functions reach it. */
export interface GuestScope {
  readonly driver: Driver
  readonly consult: Consult
  readonly perform: Perform
}

/** A call on a running guest: libvirt's name for it, and what it does, for messages. */
export interface Asking {
  readonly procedure: string
  /** `read block statistics of` */
  readonly operation: string
}

interface Place {
  readonly ref: DomainRef
  readonly parts: Parts
}

/** Waits for a guest that was just adopted, and for no other. */
export const reachIn = (
  driver: Driver,
  ref: DomainRef,
  operation: string
): Effect.Effect<Reached, NotRunning | GuestSilent> =>
  Effect.andThen(reached(driver, ref), reach(ref, operation))

/** A question to the running guest. */
export const asking =
  ({ driver, consult }: GuestScope) =>
  <A, E>(
    { procedure, operation }: Asking,
    work: (guest: Reached, place: Place) => Effect.Effect<A, E, Needs>
  ): Effect.Effect<A, E | LookupError | NotRunning | GuestSilent> =>
    consult(procedure, (ref, parts) =>
      Effect.flatMap(reachIn(driver, ref, operation), (guest) => work(guest, { ref, parts }))
    )

/** An order to the running guest: with an operation id it is given once. */
export const telling =
  ({ driver, perform }: GuestScope) =>
  <E>(
    { procedure, operation }: Asking,
    work: (guest: Reached, place: Place) => Effect.Effect<void, E, Needs>
  ): Effect.Effect<void, E | LookupError | NotRunning | GuestSilent> =>
    perform(procedure, (ref, parts) =>
      Effect.flatMap(reachIn(driver, ref, operation), (guest) => work(guest, { ref, parts }))
    )

/** Which definitions are meant: by default the guest's when it runs, else the persistent one. */
export const affected = (
  ref: DomainRef,
  operation: string,
  { live = false, config = false }: Affects = {}
) =>
  Effect.gen(function* () {
    const { name, epoch, live: running, persistent } = DomainActor.view(ref).context
    const isActive = epoch !== undefined && running !== undefined
    const meant = live || config ? { live, config } : { live: isActive, config: !isActive }
    if (meant.live && !isActive) return yield* new NotRunning({ domain: name, operation })
    if (meant.config && persistent === undefined) {
      const why = "it is transient: it has no persistent definition"
      return yield* new OperationFailed({ domain: name, operation, why })
    }
    return {
      name,
      affects: meant satisfies ChangeAffects,
      live: meant.live ? running : undefined,
      config: meant.config ? persistent : undefined
    }
  })

/** The one definition that a question is about. */
export const definitionFor = (ref: DomainRef, operation: string, affects: Affects = {}) =>
  Effect.gen(function* () {
    const { name, live, config } = yield* affected(ref, operation, affects)
    if (live !== undefined && config !== undefined) {
      const why = "either the guest or its definition is asked, not both"
      return yield* new InvalidArgument({ domain: name, argument: "flags", why })
    }
    const definition: Domain | undefined = live ?? config
    if (definition !== undefined) return { name, definition, isLive: live !== undefined }
    const why = "it has no definition"
    return yield* new OperationFailed({ domain: name, operation, why })
  })

/** The chart hands on what its script failed with. */
export const change = (ref: DomainRef, what: Change) =>
  DomainActor.change(ref, what) as Effect.Effect<void, StoreError | KernelError | InvalidDomain>

export const invalid = (domain: string, argument: string, why: string) =>
  new InvalidArgument({ domain, argument, why })

/** Whether there is such an element, or a piece of one, that is kept and not acted on. */
export const isKept = ({ kept = [] }: Keeps, element: string): boolean =>
  kept.some(
    (one) => one.within[0] === element || (one.what === "element" && one.element.name === element)
  )
