/**
 * Pseudo-terminals as a service: opens the one that QEMU made for a guest's serial port and carries
 * bytes both ways, unchanged. Never makes one, and never becomes anybody's controlling terminal.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Connection, ConnectionListener } from "./socket.ts"

export class TerminalError extends Data.TaggedError("TerminalError")<{
  readonly path: string
  readonly code: string
}> {
  override get message(): string {
    return `cannot open terminal '${this.path}': ${this.code}`
  }
}

export interface TerminalService {
  /**
   * Raw: no echo, no line editing, no translation. Ends (`onEnd`) when QEMU closes its side. What
   * is not a terminal fails with `ENOTTY`.
   */
  readonly open: (
    path: string,
    listener: ConnectionListener
  ) => Effect.Effect<Connection, TerminalError>
}

/** A host that was given no terminals has none to open. */
export const Terminals: Context.Reference<TerminalService> = Context.Reference<TerminalService>(
  "troupe/host/Terminals",
  {
    defaultValue: () => ({
      open: (path) => Effect.fail(new TerminalError({ path, code: "ENOSYS" }))
    })
  }
)
