/**
 * UNIX sockets as a service: bind one for a child to inherit, and connect to one. Bytes only; what
 * they mean is `src/qmp`'s and `src/rpc`'s.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

export class SocketError extends Data.TaggedError("SocketError")<{
  readonly operation: "bind" | "connect"
  readonly path: string
  readonly code: string
}> {
  override get message(): string {
    return `cannot ${this.operation} socket '${this.path}': ${this.code}`
  }
}

/** Where a connection's bytes go. Each is called on a later turn than the call that set it. */
export interface ConnectionListener {
  readonly onData: (bytes: Uint8Array) => void
  /** Once: the peer closed, or the connection failed with this errno name. */
  readonly onEnd: (error: string | undefined) => void
  /** All that was written has gone, after at least `drainBytes` had to wait. */
  readonly onDrain?: () => void
}

/** What Node keeps of a socket before it counts as full. */
export const drainBytes = 64 * 1024

export interface Connection {
  /** Queues the bytes. After the end it does nothing: `onEnd` has told. */
  readonly write: (bytes: Uint8Array) => void
  /** Bytes accepted by `write` and not yet taken by the kernel. */
  readonly pendingBytes: () => number
  /** Back-pressure: while paused no `onData` is called and the peer's writes fill up. */
  readonly pause: () => void
  readonly resume: () => void
  /** Drops the connection now. `onEnd` is not called. */
  readonly close: () => void
}

/** A bound, listening socket that is not accepted from by us: a child inherits it. */
export interface BoundSocket {
  readonly path: string
  /** For `SpawnPlan.descriptors`. */
  readonly listener: unknown
  /**
   * Gives the socket its real name and closes our copy. Call it after the spawn: libuv accepts from
   * a listener it still has, and closing one unlinks the path it was bound to.
   */
  readonly handOver: Effect.Effect<void, SocketError>
  /** Drops it and its path, when no child will have it. Idempotent. */
  readonly discard: Effect.Effect<void>
}

export class Sockets extends Context.Service<
  Sockets,
  {
    /** Mode 0600. A path past `socketPathBytesMax` fails with `ENAMETOOLONG`, here and below. */
    readonly bind: (path: string) => Effect.Effect<BoundSocket, SocketError>
    /** Interruptible: a wait. */
    readonly connect: (
      path: string,
      listener: ConnectionListener
    ) => Effect.Effect<Connection, SocketError>
  }
>()("troupe/host/Sockets") {}
