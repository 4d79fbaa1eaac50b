/** I28: a guest that ends with its client ends once, and no other guest does. */
import type { BoundGuest, CloseCallback } from "../../../actors/connections.ts"
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"

interface State {
  readonly callbacks: readonly CloseCallback[]
  readonly closed: readonly string[]
}

type Message =
  | { readonly type: "register" | "forget"; readonly callback: CloseCallback }
  | { readonly type: "ended"; readonly guest: BoundGuest }
  | { readonly type: "closed"; readonly connection: string }

const keyOf = ({ kind, connection, uuid, epoch }: CloseCallback) =>
  `${kind} ${connection} ${uuid}/${epoch}`

/** Those that run on this turn. */
const due = (message: Message, { callbacks, closed }: State): readonly CloseCallback[] => {
  if (message.type === "closed")
    return callbacks.filter(({ connection }) => connection === message.connection)
  if (message.type === "ended") return []
  const { callback } = message
  return message.type === "register" && closed.includes(callback.connection) ? [callback] : []
}

class Callbacks {
  private life: number | undefined
  private readonly run = new Set<string>()

  check({ record, message, before, after }: Turn, life: number | undefined): string | undefined {
    if (life !== this.life) this.run.clear()
    this.life = life
    if (record.actor !== "connections") return undefined
    const ran = due(message as Message, before as State)
    const emitted = record.actions.filter((action) => action === "emit").length
    if (emitted !== ran.length)
      return `${emitted} callbacks ran on '${message.type}', and ${ran.length} were due`
    for (const callback of ran) {
      const key = keyOf(callback)
      if (this.run.has(key)) return `the callback of ${key} ran twice`
      this.run.add(key)
    }
    const left = (after as State).callbacks.find((one) => this.run.has(keyOf(one)))
    return left && `the callback of ${keyOf(left)} ran, and is kept`
  }
}

/** A guest that is bound to a client has one. */
const abandoned = ({ life }: View): string | undefined => {
  const parts = life?.driver?.parts()
  const callbacks = parts?.connections.registered() ?? []
  const registered = new Set(callbacks.map(keyOf))
  const active = new Set<string>()
  for (const { uuid, ref } of parts?.domains.all() ?? []) {
    const { epoch, autoDestroy } = ref?.actor.published.context ?? {}
    if (epoch === undefined) continue
    active.add(`${uuid}/${epoch}`)
    if (autoDestroy === undefined) continue
    const key = keyOf({ kind: "autoDestroy", connection: autoDestroy, uuid, epoch })
    if (!registered.has(key)) return `at rest ${uuid} lives on without its client: ${key}`
  }
  const stale = callbacks.find(({ uuid, epoch }) => !active.has(`${uuid}/${epoch}`))
  return stale && `at rest a callback is kept for a guest that is over: ${keyOf(stale)}`
}

export const closeCallbackOnce: Invariant = {
  id: "I28",
  name: "CloseCallbackOnce",
  statement:
    "The end of a connection runs each callback of it once, in the epoch it was registered for; " +
    "at rest a guest that is bound to a client has that client, in this engine and the next.",
  make: () => {
    const callbacks = new Callbacks()
    return {
      decided: (turn, view) => callbacks.check(turn, view.life?.number),
      rest: abandoned
    }
  }
}
