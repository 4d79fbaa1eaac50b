/**
 * Looks at an engine's published state: at once, or until it is as somebody wants it. Follows the
 * turns of one domain's actor, so that no state passes unseen. Asks nobody and changes nothing.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { DomainRef } from "../../actors/domain/domain.ts"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Parts } from "../../actors/driver/parts.ts"
import * as Reads from "../../actors/driver/reads.ts"
import { makeCall } from "../kernel/call.ts"
import { ActorStopped } from "../kernel/error.ts"
import { DomainNotFound } from "../model/domain-error.ts"
import type { DomainState } from "../model/state.ts"

/** The state that was waited for did not come in time. */
export class StateNotReached extends Data.TaggedError("StateNotReached")<{
  readonly domain: string
  readonly wanted: DomainState
  readonly state: DomainState
  readonly timeoutMs: number
}> {
  override get message(): string {
    const { domain, wanted, state, timeoutMs } = this
    return `'${domain}' is not ${wanted} after ${timeoutMs} ms: it is ${state}`
  }
}

/** A minute: what libvirt's own tests give a guest to start or to end. */
const waitTimeoutMs = 60_000

/** Which domain, and how it was called when its handle was made. */
export interface Identity {
  readonly uuid: string
  readonly name: string
}

/**
 * Reads what is published without a lease; one only where the engine is not running yet, or any
 * more.
 */
export const reading = <A>(
  driver: Driver,
  procedure: string,
  read: (parts: Parts) => A
): Effect.Effect<A, CallError> =>
  Effect.suspend(() => {
    const parts = driver.parts()
    if (driver.phase() === "running" && parts !== undefined) return Effect.succeed(read(parts))
    return driver.call(makeCall(procedure), (now) => Effect.sync(() => read(now)))
  })

const reachable = (driver: Driver, { uuid, name }: Identity) => {
  const entry = driver.parts()?.domains.byUuid(uuid)
  return entry === undefined ? { name, state: undefined } : Reads.summaryOf(entry)
}

type Answer<A, E> = Effect.Effect<A, E> | undefined

/** Looks now and after each turn of the domain's actor, so that no state passes unseen. */
const watching = <A, E>(
  driver: Driver,
  { uuid }: Pick<Identity, "uuid">,
  look: () => Answer<A, E>
): Effect.Effect<A, E | ActorStopped> =>
  Effect.callback((resume) => {
    const actor = `domain/${uuid}`
    const settle = (answer: Answer<A, E | ActorStopped>) => {
      if (answer === undefined) return
      unwatch()
      resume(answer)
    }
    const unwatch = driver.kernel.inspection.watch((record) => {
      if (record.actor !== actor) return
      const isOver = record.outcome === "stopped" && driver.phase() !== "running"
      settle(isOver ? Effect.fail(new ActorStopped({ actor })) : look())
    })
    settle(look())
    return Effect.sync(unwatch)
  })

const waiting = (driver: Driver, domain: Identity, wanted: DomainState) =>
  watching(driver, domain, (): Answer<void, DomainNotFound> => {
    const { state, name } = reachable(driver, domain)
    if (state === wanted || (state === undefined && wanted === "shutoff")) return Effect.void
    return state === undefined ? Effect.fail(new DomainNotFound({ key: name })) : undefined
  })

/** A handshake with a QEMU that answers takes some 10 ms; one that does not is not waited for. */
const handshakeMs = 5_000

/**
 * Just adopted, a guest cannot be told anything before its QEMU has been reached. What is said
 * after this wait may still fail for that reason.
 */
export const reached = (driver: Driver, ref: DomainRef) =>
  Effect.ignore(
    Effect.timeout(
      watching(driver, ref, () =>
        ref.actor.published.value.monitor === "connecting" ? undefined : Effect.void
      ),
      handshakeMs
    )
  )

export interface WaitOptions {
  readonly timeoutMs?: number
}

export const waitFor =
  (driver: Driver, domain: Identity) =>
  (
    wanted: DomainState,
    { timeoutMs = waitTimeoutMs }: WaitOptions = {}
  ): Effect.Effect<void, StateNotReached | DomainNotFound | CallError> => {
    const late = Effect.suspend(() => {
      const { name, state = "shutoff" } = reachable(driver, domain)
      return Effect.fail(new StateNotReached({ domain: name, wanted, state, timeoutMs }))
    })
    return Effect.andThen(
      reading(driver, "domainGetState", () => {}),
      waiting(driver, domain, wanted).pipe(
        Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => late })
      )
    )
  }
