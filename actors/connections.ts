/**
 * Owns the close callbacks: what is done about which guest when which client connection ends. A
 * connection that closes has its callbacks run once, each for that very start of the guest and no
 * later one. What a callback does is told to whoever makes this actor.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { Kernel } from "../src/kernel/kernel.ts"

/**
 * Why a guest does not outlive a client: it was started so (`autoDestroy`), or it comes in by a
 * migration that this client leads, and half a guest is none (`killSwitch`).
 */
export type CloseKind = "autoDestroy" | "killSwitch"

/** One start of one guest. */
export interface BoundGuest {
  readonly uuid: string
  readonly epoch: string
}

export interface CloseCallback extends BoundGuest {
  readonly kind: CloseKind
  readonly connection: string
}

/** Connections known to be over: a start that is under way may be bound to one of them. */
const closedMax = 1024

interface State {
  readonly callbacks: readonly CloseCallback[]
  readonly closed: readonly string[]
}

type Message =
  | (Fact & { readonly type: "register" | "forget"; readonly callback: CloseCallback })
  // The epoch travels in `guest`, as in `callback`, not as the fact's own: this actor has none.
  | (Fact & { readonly type: "ended"; readonly guest: BoundGuest })
  | (Fact & { readonly type: "closed"; readonly connection: string })

const isOf = (guest: BoundGuest, { uuid, epoch }: BoundGuest): boolean =>
  guest.uuid === uuid && guest.epoch === epoch

const isSame = (one: CloseCallback, other: CloseCallback): boolean =>
  one.kind === other.kind && one.connection === other.connection && isOf(one, other)

const run = (callback: CloseCallback) => ({ type: "emit", params: { event: callback } })

const decide = ({ callbacks, closed }: State, message: Message): Decision<State> => {
  if (message.type === "closed") {
    const { connection } = message
    const due = callbacks.filter((callback) => callback.connection === connection)
    return {
      next: {
        callbacks: callbacks.filter((callback) => callback.connection !== connection),
        closed: [...closed.filter((other) => other !== connection), connection].slice(-closedMax)
      },
      actions: due.map(run)
    }
  }
  if (message.type === "ended") {
    const others = callbacks.filter((callback) => !isOf(callback, message.guest))
    return { next: { callbacks: others, closed }, actions: [] }
  }
  const { callback } = message
  const others = callbacks.filter((other) => !isSame(other, callback))
  if (message.type === "forget") return { next: { callbacks: others, closed }, actions: [] }
  return closed.includes(callback.connection)
    ? { next: { callbacks: others, closed }, actions: [run(callback)] }
    : { next: { callbacks: [...others, callback], closed }, actions: [] }
}

export interface Connections {
  /** For a connection that is closed already it runs at once. */
  readonly register: (callback: CloseCallback) => void
  /** It is not to be done any more, though the guest goes on: its migration is over. */
  readonly forget: (callback: CloseCallback) => void
  /** The guest ended before its connections did: nothing is to be done about it any more. */
  readonly ended: (guest: BoundGuest) => void
  /**
   * The client is gone, or the connection was closed: runs what was registered for it, once. The
   * name of a connection is never used again in the life of an engine.
   */
  readonly closed: (connection: string) => void
  readonly registered: () => readonly CloseCallback[]
  readonly stop: () => Effect.Effect<void>
}

/** What each kind does. Called on a turn, so that it only starts what has to be done. */
export type CloseDeeds = { readonly [kind in CloseKind]: (callback: CloseCallback) => void }

export const makeConnections = (kernel: Kernel, deeds: CloseDeeds): Connections => {
  const actor = new Actor<State, object, Message>(
    {
      name: "connections",
      initial: { next: { callbacks: [], closed: [] }, actions: [] },
      decide: (state, message) => decide(state, message as Message),
      describe: (state) => `${state.callbacks.length} callbacks`,
      onEmit: (event) => {
        const callback = event as CloseCallback
        deeds[callback.kind](callback)
      },
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  return {
    register: (callback) => actor.tell({ type: "register", callback }),
    forget: (callback) => actor.tell({ type: "forget", callback }),
    ended: ({ uuid, epoch }) => actor.tell({ type: "ended", guest: { uuid, epoch } }),
    closed: (connection) => actor.tell({ type: "closed", connection }),
    registered: () => actor.published.callbacks,
    stop: () => actor.stop()
  }
}
