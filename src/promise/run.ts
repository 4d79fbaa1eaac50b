/**
 * How a call of the promise face runs: an effect of the engine becomes a promise that obeys an
 * `AbortSignal` and throws the engine's own errors.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { OperationId } from "../kernel/call.ts"

/** Aborted, the call is interrupted and throws the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** The same again, also after a restart of the engine: answered as it was, and not done twice. */
  readonly operationId?: string | undefined
}

export const run = async <A, E>(
  effect: Effect.Effect<A, E>,
  { signal, operationId }: CallOptions = {}
): Promise<A> => {
  signal?.throwIfAborted()
  const isOnce = operationId !== undefined
  const work = isOnce ? Effect.provideService(effect, OperationId, operationId) : effect
  const exit = await Effect.runPromiseExit(work, signal && { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (signal?.aborted === true && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw Cause.squash(exit.cause)
}
