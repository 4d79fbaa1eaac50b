/**
 * Owns the sessions of one daemon: lets clients in within the bounds, looks at their silence, and
 * ends them in order. Where clients come from is `server.live.ts`'s.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { Account, type Desk, type Trouble } from "./desk.ts"
import { type Dispatch, makeDispatch } from "./dispatch.ts"
import type { Handlers, HostServices, Service } from "./handler.ts"
import * as limits from "./limits.ts"
import { Session } from "./session.ts"
import type { Peer, Transport, TransportListener } from "./transport.ts"

/** What an operator may set; libvirtd.conf has the same under its own names. */
export interface ServerLimits {
  readonly clientsMax: number
  readonly anonymousClientsMax: number
  readonly callsInFlightMax: number
  /** Silence after which a client is pinged; 0 for never. */
  readonly keepaliveIntervalMs: number
  readonly keepaliveCountMax: number
}

export interface ServerOptions {
  readonly service: Service
  readonly families: readonly Handlers[]
  readonly limits?: Partial<ServerLimits> | undefined
  readonly tell: (trouble: Trouble) => void
}

export interface ServerState {
  readonly clients: number
  /** Accepted, and not read from yet. */
  readonly waiting: number
  readonly anonymous: number
  readonly heldBytes: number
}

export interface Server {
  readonly dispatch: Dispatch
  /** What is to be told of a client's bytes; `undefined` when it cannot be taken. */
  readonly accept: (transport: Transport, peer: Peer) => TransportListener | undefined
  /**
   * New bounds, and the usual ones where none are named; for clients that come from now on, where
   * they concern one client.
   */
  readonly adopt: (limits: Partial<ServerLimits>) => void
  readonly state: () => ServerState
  /** Lets calls under way end, for a bounded time, and drops all clients then. */
  readonly drain: Effect.Effect<void>
}

const usual: ServerLimits = {
  clientsMax: limits.clientsMax,
  anonymousClientsMax: limits.anonymousClientsMax,
  callsInFlightMax: limits.callsInFlightMax,
  keepaliveIntervalMs: limits.keepaliveIntervalMs,
  keepaliveCountMax: limits.keepaliveCountMax
}

class Sessions {
  readonly #desk: Desk
  readonly #all = new Set<Session>()
  readonly #waiting = new Set<Session>()
  /** Read from, and not opened yet. */
  readonly #anonymous = new Set<Session>()
  #bounds: ServerLimits
  #number = 0
  #isClosed = false

  constructor(desk: Desk, bounds: ServerLimits) {
    this.#desk = desk
    this.#bounds = bounds
  }

  accept(transport: Transport, peer: Peer): TransportListener | undefined {
    const { clientsMax, anonymousClientsMax, callsInFlightMax } = this.#bounds
    if (this.#isClosed) return undefined
    if (this.#all.size >= clientsMax) {
      const why = `there are ${clientsMax} clients already`
      this.#desk.tell({ what: "client refused", why })
      return undefined
    }
    const { keepaliveIntervalMs: intervalMs, keepaliveCountMax: countMax } = this.#bounds
    const keepalive = { intervalMs, countMax }
    const isAdmitted = this.#anonymous.size < anonymousClientsMax
    const session: Session = new Session(
      { ...this.#desk, callsInFlightMax, keepalive },
      {
        number: ++this.#number,
        peer,
        transport,
        isAdmitted,
        onKnown: () => this.#known(session),
        onGone: () => this.#gone(session)
      }
    )
    this.#all.add(session)
    if (isAdmitted) this.#anonymous.add(session)
    else this.#waiting.add(session)
    return session.listener
  }

  adopt(bounds: Partial<ServerLimits>): void {
    this.#bounds = { ...usual, ...bounds }
    this.#admit()
  }

  tick(): void {
    const areOthersWaiting = this.#waiting.size > 0
    for (const session of this.#all) session.tick({ areOthersWaiting })
  }

  drain(): void {
    this.#isClosed = true
    for (const session of this.#all) session.drain()
  }

  close(): void {
    this.#isClosed = true
    for (const session of this.#all) session.close()
  }

  state(): ServerState {
    return {
      clients: this.#all.size,
      waiting: this.#waiting.size,
      anonymous: this.#anonymous.size,
      heldBytes: this.#desk.account.held
    }
  }

  #known(session: Session): void {
    if (this.#anonymous.delete(session)) this.#admit()
  }

  #gone(session: Session): void {
    this.#all.delete(session)
    this.#waiting.delete(session)
    this.#known(session)
  }

  /** Who has waited longest comes first. */
  #admit(): void {
    for (const session of this.#waiting) {
      if (this.#isClosed || this.#anonymous.size >= this.#bounds.anonymousClientsMax) return
      this.#waiting.delete(session)
      this.#anonymous.add(session)
      session.admit()
    }
  }
}

/** How often an end in order looks whether all calls have ended. */
const drainLookMs = 20

const drained = (sessions: Sessions) =>
  Effect.gen(function* () {
    sessions.drain()
    while (sessions.state().clients > 0) yield* Effect.sleep(drainLookMs)
  }).pipe(Effect.timeoutOption(limits.drainMs), Effect.andThen(Effect.sync(() => sessions.close())))

/** A server for the life of the scope; at its end the clients are dropped. */
export const makeServer = Effect.fnUntraced(function* (options: ServerOptions) {
  const context = yield* Effect.context<HostServices>()
  // Of the surroundings, effects of clients get the services and the world they run in; not the
  // scope, which is the daemon's.
  const forkWith = Effect.runForkWith(Context.omit(Scope.Scope)(context))
  const bounds = { ...usual, ...options.limits }
  const dispatch = makeDispatch(options.families)
  const sessions = new Sessions(
    {
      service: options.service,
      dispatch,
      fork: (effect) => forkWith(effect),
      tell: options.tell,
      account: new Account(limits.heldBytesMax),
      callsInFlightMax: bounds.callsInFlightMax,
      keepalive: { intervalMs: bounds.keepaliveIntervalMs, countMax: bounds.keepaliveCountMax }
    },
    bounds
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => sessions.close()))
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(
        Effect.sleep(limits.tickMs),
        Effect.sync(() => sessions.tick())
      )
    )
  )
  const server: Server = {
    dispatch,
    accept: (transport, peer) => sessions.accept(transport, peer),
    adopt: (changed) => sessions.adopt(changed),
    state: () => sessions.state(),
    drain: drained(sessions)
  }
  return server
})
