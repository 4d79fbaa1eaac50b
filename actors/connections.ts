/**
 * Owns the close callbacks: which guests end with which client connection. A connection that closes
 * has its callbacks run once, each for that very start of the guest and no later one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { Kernel } from "../src/kernel/kernel.ts"

export interface CloseCallback {
  readonly connection: string
  readonly uuid: string
  readonly epoch: string
}

/** Connections known to be over: a start that is under way may be bound to one of them. */
const closedMax = 1024

interface State {
  readonly callbacks: readonly CloseCallback[]
  readonly closed: readonly string[]
}

type Message =
  | (Fact & { readonly type: "register" | "forget"; readonly callback: CloseCallback })
  | (Fact & { readonly type: "closed"; readonly connection: string })

const isSame = (a: CloseCallback, b: CloseCallback) =>
  a.connection === b.connection && a.uuid === b.uuid && a.epoch === b.epoch

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
  const { callback } = message
  // The epoch travels in `callback`, not as the fact's own: this actor has none.
  const others = callbacks.filter((other) => !isSame(other, callback))
  if (message.type === "forget") return { next: { callbacks: others, closed }, actions: [] }
  return closed.includes(callback.connection)
    ? { next: { callbacks: others, closed }, actions: [run(callback)] }
    : { next: { callbacks: [...others, callback], closed }, actions: [] }
}

export interface Connections {
  /** For a connection that is closed already it runs at once. */
  readonly register: (callback: CloseCallback) => void
  /** The guest ended before its connection did. */
  readonly forget: (callback: CloseCallback) => void
  /**
   * The client is gone, or the connection was closed: runs what was registered for it, once. The
   * name of a connection is never used again in the life of an engine.
   */
  readonly closed: (connection: string) => void
  readonly registered: () => readonly CloseCallback[]
  readonly stop: () => Effect.Effect<void>
}

/** `end` ends one guest; it is called on a turn, so it only starts what has to be done. */
export const makeConnections = (
  kernel: Kernel,
  end: (callback: CloseCallback) => void
): Connections => {
  const actor = new Actor<State, object, Message>(
    {
      name: "connections",
      initial: { next: { callbacks: [], closed: [] }, actions: [] },
      decide: (state, message) => decide(state, message as Message),
      describe: (state) => `${state.callbacks.length} callbacks`,
      onEmit: (callback) => end(callback as CloseCallback),
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  return {
    register: (callback) => actor.tell({ type: "register", callback }),
    forget: (callback) => actor.tell({ type: "forget", callback }),
    closed: (connection) => actor.tell({ type: "closed", connection }),
    registered: () => actor.published.callbacks,
    stop: () => actor.stop()
  }
}
