/**
 * Opens what a call's stream copies before the call is answered, so that what cannot be opened
 * fails the call, and sees that it is closed: when the stream has ended, or soon where none is
 * begun, for the client is gone by then or has streams enough.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Fault } from "../error-code.ts"
import type { ByteStream, Client, HostServices, Work } from "../server/handler.ts"

/** A stream begins in the turn in which its call is answered; this is far more. */
const beginMs = 1_000

export const holdStream = <A, E extends Fault>(
  client: Client,
  open: Effect.Effect<A, E, HostServices | Scope.Scope>,
  serve: (opened: A, stream: ByteStream) => Work<void>
): Effect.Effect<A, E, HostServices> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const opened = yield* Effect.onError(Scope.provide(open, scope), () => close)
    let hasBegun = false
    client.openStream((stream) =>
      Effect.ensuring(
        Effect.suspend(() => {
          hasBegun = true
          return serve(opened, stream)
        }),
        close
      )
    )
    const unlessBegun = Effect.suspend(() => (hasBegun ? Effect.void : close))
    yield* Effect.forkDetach(Effect.andThen(Effect.sleep(beginMs), unlessBegun))
    return opened
  })
