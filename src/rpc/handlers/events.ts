/**
 * Who hears what of domains: the callbacks of today's clients, which have numbers and may be for
 * one domain, and the legacy set, one for each event id of a client.
 */
import * as Effect from "effect/Effect"
import type { Client, Emit, Handler, Handlers, Work } from "../server/handler.ts"
import { refuse, uuidText } from "./domain-reference.ts"
import { feedOf, type Listener } from "./events-feed.ts"
import { eventIdMax, type EventMessage, legacyIdMax, type Told } from "./events-message.ts"

const send = (emit: Emit, { event, message }: EventMessage): void =>
  emit<"remote", EventMessage["event"]>("remote", event, message)

/** VIR_CONNECT_CLOSE_REASON_ERROR. */
const closedByError = 0

/**
 * Events that were lost cannot be told. A client that watches its connection hears that it is
 * broken, so that it connects again and looks for itself.
 */
const listener = (
  client: Client,
  which: Pick<Listener, "id" | "uuid">,
  hear: (told: Told) => void
): Listener => ({
  ...which,
  hear,
  owner: client.session,
  missed: () =>
    send(client.emit, {
      event: "CONNECT_EVENT_CONNECTION_CLOSED",
      message: { reason: closedByError }
    })
})

const unsupported = (id: number) => refuse("INVALID_ARG", `unsupported event ID ${id}`)

const register: Handler<"remote", "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY"> = (
  { eventID: id, dom },
  client
) => {
  if (id < 0 || id > eventIdMax) return unsupported(id)
  const uuid = dom === null ? undefined : uuidText(dom.uuid)
  const add = client.callbacks.add("domain", (callback) =>
    feedOf(client.engine).listen(
      listener(client, { id, uuid }, (told) => send(callback.emit, told.modern(callback.id)))
    )
  )
  return Effect.map(add, (callbackID) => ({ callbackID }))
}

/** The legacy callbacks of a client: by event id, the number that the session knows it by. */
const legacy = new WeakMap<object, Map<number, number>>()

const legacyOf = ({ session }: Client): Map<number, number> => {
  const existing = legacy.get(session)
  if (existing !== undefined) return existing
  const made = new Map<number, number>()
  legacy.set(session, made)
  return made
}

/** Taken before the callback is there: two calls of one client may be under way at once. */
const isComing = -1

const registerLegacy = (id: number, client: Client): Work<void> =>
  Effect.suspend(() => {
    if (id < 0 || id > legacyIdMax) return unsupported(id)
    const mine = legacyOf(client)
    if (mine.has(id)) return refuse("INTERNAL_ERROR", `domain event ${id} already registered`)
    mine.set(id, isComing)
    const add = client.callbacks.add("domain", ({ emit }) =>
      feedOf(client.engine).listen(
        listener(client, { id, uuid: undefined }, ({ legacy: message }) => {
          if (message !== undefined) send(emit, message)
        })
      )
    )
    return add.pipe(
      Effect.tapError(() => Effect.sync(() => mine.delete(id))),
      Effect.map((number) => void mine.set(id, number))
    )
  })

const deregisterLegacy = (id: number, client: Client): Work<void> =>
  Effect.suspend(() => {
    const mine = legacyOf(client)
    const number = mine.get(id)
    if (number === undefined || number === isComing)
      return refuse("INTERNAL_ERROR", `domain event ${id} not registered`)
    mine.delete(id)
    return client.callbacks.remove("domain", number)
  })

/** The id of the one event that the oldest calls are for. */
const lifecycle = 0

export const events: Handlers = {
  remote: {
    CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: register,
    CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: ({ callbackID }, client) =>
      client.callbacks.remove("domain", callbackID),
    CONNECT_DOMAIN_EVENT_REGISTER: (_, client) =>
      Effect.as(registerLegacy(lifecycle, client), { cb_registered: 1 }),
    CONNECT_DOMAIN_EVENT_DEREGISTER: (_, client) =>
      Effect.as(deregisterLegacy(lifecycle, client), { cb_registered: 0 }),
    CONNECT_DOMAIN_EVENT_REGISTER_ANY: ({ eventID }, client) => registerLegacy(eventID, client),
    CONNECT_DOMAIN_EVENT_DEREGISTER_ANY: ({ eventID }, client) => deregisterLegacy(eventID, client)
  }
}
