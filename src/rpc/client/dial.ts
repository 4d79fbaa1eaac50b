/** The way over a network: TLS with certificates on both sides. A service; bytes only. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { Connection, ConnectionListener } from "../../host/socket.ts"

export class DialError extends Data.TaggedError("DialError")<{
  /** An errno's name, or a sentence of TLS. */
  readonly code: string
}> {
  override get message(): string {
    return this.code
  }
}

export interface DialOptions {
  readonly host: string
  readonly port: number
  /** The directory of certificates; without one, the usual places. */
  readonly pki: string | undefined
  readonly isVerified: boolean
}

export class Dialer extends Context.Service<
  Dialer,
  {
    /** Succeeds once the daemon has taken our certificate. Interruptible. */
    readonly connect: (
      options: DialOptions,
      listener: ConnectionListener
    ) => Effect.Effect<Connection, DialError>
  }
>()("troupe/rpc/Dialer") {}
