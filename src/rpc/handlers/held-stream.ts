/**
 * Opens what a call's stream copies before the call is answered, so that what cannot be opened
 * fails the call, and sees that it is closed: when the stream has ended, or with the client where
 * the stream was never begun.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Fault } from "../error-code.ts"
import type { ByteStream, Client, HostServices, Work } from "../server/handler.ts"

export const holdStream = <A, E extends Fault>(
  client: Client,
  open: Effect.Effect<A, E, HostServices | Scope.Scope>,
  serve: (opened: A, stream: ByteStream) => Work<void>
): Effect.Effect<A, E, HostServices> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const opened = yield* Effect.onError(Scope.provide(open, scope), () => close)
    const forget = client.onClose(close)
    client.openStream((stream) =>
      Effect.ensuring(
        Effect.suspend(() => {
          forget()
          return serve(opened, stream)
        }),
        close
      )
    )
    return opened
  })
