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

type State = readonly CloseCallback[]

type Message =
  | (Fact & { readonly type: "register" | "forget"; readonly callback: CloseCallback })
  | (Fact & { readonly type: "closed"; readonly connection: string })

const isSame = (a: CloseCallback, b: CloseCallback) =>
  a.connection === b.connection && a.uuid === b.uuid && a.epoch === b.epoch

const decide = (state: State, message: Message): Decision<State> => {
  if (message.type === "closed") {
    const due = state.filter(({ connection }) => connection === message.connection)
    return {
      next: state.filter(({ connection }) => connection !== message.connection),
      actions: due.map((callback) => ({ type: "emit", params: { event: callback } }))
    }
  }
  const others = state.filter((callback) => !isSame(callback, message.callback))
  // The epoch travels in `callback`, not as the fact's own: this actor has none.
  return {
    next: message.type === "register" ? [...others, message.callback] : others,
    actions: []
  }
}

export interface Connections {
  readonly register: (callback: CloseCallback) => void
  /** The guest ended before its connection did. */
  readonly forget: (callback: CloseCallback) => void
  /** The client is gone, or the connection was closed: runs what was registered for it, once. */
  readonly closed: (connection: string) => void
  readonly registered: () => readonly CloseCallback[]
  readonly stop: () => Effect.Effect<void>
}

/** `run` ends one guest; it is called on a turn, so it only starts what has to be done. */
export const makeConnections = (
  kernel: Kernel,
  run: (callback: CloseCallback) => void
): Connections => {
  const actor = new Actor<State, object, Message>(
    {
      name: "connections",
      initial: { next: [], actions: [] },
      decide: (state, message) => decide(state, message as Message),
      describe: (state) => `${state.length} callbacks`,
      onEmit: (callback) => run(callback as CloseCallback),
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  return {
    register: (callback) => actor.tell({ type: "register", callback }),
    forget: (callback) => actor.tell({ type: "forget", callback }),
    closed: (connection) => actor.tell({ type: "closed", connection }),
    registered: () => actor.published,
    stop: () => actor.stop()
  }
}
