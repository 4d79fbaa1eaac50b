/**
 * What a procedure's handler is, and what it sees of the client that called: the contract between
 * the sessions, which carry calls, and `src/rpc/handlers`, which answer them. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Ids } from "../../base/ids.ts"
import type { Connection, Engine } from "../../engine/engine.ts"
import type { CallError } from "../../../actors/driver/once.ts"
import type { Files } from "../../host/files.ts"
import type { Processes } from "../../host/process.ts"
import type { Sockets } from "../../host/socket.ts"
import type { Fault } from "../error-code.ts"
import type { Messages, Procedures } from "../protocol/procedures.ts"
import type { RpcRefusal } from "../refusal.ts"

/** The host's services, which every effect of a handler may ask for. */
export type HostServices = Files | Ids | Processes | Sockets

/** Programs that have handlers; keepalive is the session's own. */
export type Program = "remote" | "qemu" | "troupe"

export type ProcedureName<P extends Program> = keyof Procedures[P] & string

export type Arguments<P extends Program, K extends ProcedureName<P>> = (Procedures[P][K] & {
  readonly args: unknown
})["args"]

/** `void` for a procedure that answers with nothing: its handler returns `undefined`. */
export type Result<P extends Program, K extends ProcedureName<P>> = (Procedures[P][K] & {
  readonly ret: unknown
})["ret"]

/** An effect of a handler: it fails with what `error-code.ts` has a row for. */
export type Work<A> = Effect.Effect<A, Fault, HostServices>

/**
 * Answers one procedure. A plain value is sent within the turn in which the call came: for what
 * needs no waiting. An Effect runs in a fiber of its own, is not interrupted when the client goes,
 * and its answer is dropped then. A handler throws only for bugs of ours; refusals are failures, so
 * one that may refuse gives an Effect (`Effect.fail(new RpcRefusal(...))` costs no fiber's turn).
 */
export type Handler<P extends Program, K extends ProcedureName<P>> = (
  args: Arguments<P, K>,
  client: Client
) => Result<P, K> | Work<Result<P, K>>

/** The handlers of a family. What no family has is answered with NO_SUPPORT. */
export type Handlers = {
  readonly [P in Program]?: { readonly [K in ProcedureName<P>]?: Handler<P, K> }
}

/** A hole in a sparse file: this many bytes that are not there. */
export interface Hole {
  readonly holeBytes: bigint
}

export type StreamChunk = Uint8Array | Hole

/** The bytes of one call's stream, both ways. */
export interface ByteStream {
  /**
   * The next bytes from the client; `undefined` once it has finished. At most one read at a time.
   * What is not read is not taken from the socket: that is the back-pressure.
   */
  readonly read: Effect.Effect<StreamChunk | undefined>
  /**
   * Sends bytes, in packets of the size that clients take. Returns when the socket has room again,
   * so that a writer goes at the speed of its reader.
   */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void>
  /** Only where the call asked for a sparse stream. */
  readonly writeHole: (holeBytes: bigint) => Effect.Effect<void>
  /** Tells the client that no bytes follow. Sent by itself when the work on a stream succeeds. */
  readonly end: Effect.Effect<void>
}

/** A source of events that a client asked for. */
export interface Callback {
  /** What the client knows it by: unique within its connection, from 0. */
  readonly id: number
  /** Sends an event to the client. Before the reply with the number has gone out it is kept. */
  readonly emit: Emit
}

/** Sends a message of one of the programs, by its procedure's name. */
export type Emit = <P extends Program, K extends keyof Messages[P] & string>(
  program: P,
  event: K,
  message: (Messages[P][K] & { readonly message: unknown })["message"]
) => void

/** Kinds have numbers of one row, and are told apart when one is taken away. */
export type CallbackKind = "domain" | "monitor" | "network" | "nodeDevice" | "pool" | "secret"

export interface Callbacks {
  /**
   * Starts a source of events; the number is what the call answers. The scope closes when the
   * client deregisters or goes; loops are forked into it (`Effect.forkScoped`).
   */
  readonly add: (
    kind: CallbackKind,
    start: (callback: Callback) => Effect.Effect<void, Fault, HostServices | Scope.Scope>
  ) => Work<number>
  /** Fails with INVALID_ARG when the client has no such callback. */
  readonly remove: (kind: CallbackKind, id: number) => Effect.Effect<void, RpcRefusal>
}

/** What all clients of one daemon see alike. */
export interface Service {
  readonly engine: Engine
  /** As the host calls itself, for CONNECT_GET_HOSTNAME. */
  readonly hostname: string
  /** The libvirt release whose protocol is spoken, as 1000000 * major + 1000 * minor + release. */
  readonly libraryVersion: number
  /** The URI that clients without one are given: `qemu:///system` or `qemu:///session`. */
  readonly defaultUri: string
}

/** The connection that a call came by, and the call itself: one object for each call. */
export interface Client extends Service {
  /** Unique within the daemon. */
  readonly number: number
  /**
   * Forced for the read-only socket, or asked for at OPEN. Procedures that always write are refused
   * by the session; those that write by some of their flags only (`isWriteForSome` in the tables)
   * are refused by their handlers, with `readOnlyRefusal`.
   */
  readonly isReadOnly: boolean
  /** Whether others can read what it says: a UNIX socket or TLS. */
  readonly isSecure: boolean
  /** Who it is, where that is known: a TLS certificate's name, or `uid=...` of a UNIX peer. */
  readonly identity: string | undefined
  /** As CONNECT_OPEN named it. */
  readonly uri: string
  /** The same object for all calls of a connection: a key for what a family keeps of its client. */
  readonly session: object
  /** CONNECT_OPEN's part. */
  readonly opened: (how: { readonly uri: string; readonly isReadOnly: boolean }) => void
  /** CONNECT_SUPPORTS_FEATURE of 10: pings may be sent to this client from now on. */
  readonly speaksKeepalive: () => void
  /** CONNECT_CLOSE: the connection ends when the reply has gone out. */
  readonly closeAfterReply: () => void
  /**
   * The engine's connection of this client, made when first asked for: guests that are started with
   * it (`autoDestroy`) end with the client.
   */
  readonly connection: Effect.Effect<Connection, CallError>
  /** Sends an event that belongs to no callback: the legacy set, the end of a connection. */
  readonly emit: Emit
  readonly callbacks: Callbacks
  /** Runs when the client is gone, once. The answer takes it back. */
  readonly onClose: (work: Effect.Effect<void, never, HostServices>) => () => void
  /**
   * Opens this call's stream once its reply has gone out; a call that fails opens none. `serve`
   * copies. When it succeeds the client is told that no bytes follow, and a finish of the client's
   * is confirmed; when it fails the client gets the error. It is interrupted when the client gives
   * the stream up or goes. For an upload it returns when `read` has given `undefined` and the bytes
   * are where they belong: the finish is confirmed only then.
   */
  readonly openStream: (serve: (stream: ByteStream) => Work<void>) => void
}
