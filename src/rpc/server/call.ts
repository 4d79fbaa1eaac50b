/**
 * One call, and what its handler sees of the client: the connection's side of it is the session's,
 * the call's own side (stream, what waits for the answer) is kept here until the answer goes out.
 */
import type * as Effect from "effect/Effect"
import type { CallError } from "../../../actors/driver/once.ts"
import type { Connection, Engine } from "../../engine/engine.ts"
import type { Procedure } from "../protocol/procedures.ts"
import type { ByteStream, Callbacks, Client, Emit, HostServices, Service, Work } from "./handler.ts"

/** What a call needs of the session that it came by. */
export interface CallSession {
  readonly number: number
  readonly service: Service
  readonly isReadOnly: boolean
  readonly isSecure: boolean
  readonly identity: string | undefined
  readonly uri: string
  readonly connection: Effect.Effect<Connection, CallError>
  readonly emit: Emit
  readonly opened: Client["opened"]
  readonly speaksKeepalive: () => void
  readonly closeAfterReply: () => void
  readonly callbacksFor: (afterReply: (go: () => void) => void) => Callbacks
  readonly onClose: Client["onClose"]
}

export type Serve = (stream: ByteStream) => Work<void>

export class Call implements Client {
  readonly session: CallSession
  readonly procedure: Procedure
  readonly serial: number
  #serve: Serve | undefined
  #afterReply: (() => void)[] | undefined

  constructor(session: CallSession, procedure: Procedure, serial: number) {
    this.session = session
    this.procedure = procedure
    this.serial = serial
  }

  get engine(): Engine {
    return this.session.service.engine
  }
  get hostname(): string {
    return this.session.service.hostname
  }
  get libraryVersion(): number {
    return this.session.service.libraryVersion
  }
  get defaultUri(): string {
    return this.session.service.defaultUri
  }
  get number(): number {
    return this.session.number
  }
  get isReadOnly(): boolean {
    return this.session.isReadOnly
  }
  get isSecure(): boolean {
    return this.session.isSecure
  }
  get identity(): string | undefined {
    return this.session.identity
  }
  get uri(): string {
    return this.session.uri
  }
  get connection(): Effect.Effect<Connection, CallError> {
    return this.session.connection
  }
  get emit(): Emit {
    return this.session.emit
  }
  get callbacks(): Callbacks {
    return this.session.callbacksFor((go) => (this.#afterReply ??= []).push(go))
  }

  opened(how: Parameters<Client["opened"]>[0]): void {
    this.session.opened(how)
  }

  speaksKeepalive(): void {
    this.session.speaksKeepalive()
  }

  closeAfterReply(): void {
    this.session.closeAfterReply()
  }

  onClose(work: Effect.Effect<void, never, HostServices>): () => void {
    return this.session.onClose(work)
  }

  openStream(serve: Serve): void {
    this.#serve = serve
  }

  /** What the handler wants copied once the answer is out. */
  get serve(): Serve | undefined {
    return this.#serve
  }

  /** The answer has gone out. */
  answered(): void {
    const due = this.#afterReply
    this.#afterReply = undefined
    if (due !== undefined) for (const go of due) go()
  }
}
