// Goal: each client hears the events that it asked for, in the set that it speaks, from the one
// subscription of its engine, which is there only while somebody listens. Method: sessions in
// memory over an engine whose events the test says.
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import type { Engine, TroupeEvent } from "../../../../src/engine/engine.ts"
import type { DomainEvent, DomainHappening } from "../../../../src/model/event.ts"
import { uuidBytes } from "../../../../src/rpc/handlers/domain-reference.ts"
import { events } from "../../../../src/rpc/handlers/events.ts"
import { decodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import type { Packet } from "../../../../src/rpc/protocol/packet.ts"
import { procedureOf } from "../../../../src/rpc/protocol/procedures.ts"
import { call, engineStub, errorIn, settle, type Talk, talk, valueIn } from "../server/client.ts"

const web = "00000000-0000-4000-8000-000000000001"
const db = "00000000-0000-4000-8000-000000000002"

interface Stage {
  readonly engine: Engine
  readonly subscriptions: () => number
  readonly tell: (event: TroupeEvent) => Promise<void>
}

/** An engine that says what it is told to, to each subscription. */
const speaking = (): Stage => {
  const takers = new Set<(event: TroupeEvent) => void>()
  const subscribe: Engine["subscribe"] = () => {
    let resume: ((event: TroupeEvent) => void) | undefined
    const waiting: TroupeEvent[] = []
    const hear = (event: TroupeEvent) =>
      resume === undefined ? waiting.push(event) : resume(event)
    const take = Effect.callback<TroupeEvent>((done) => {
      const next = waiting.shift()
      if (next !== undefined) return done(Effect.succeed(next))
      resume = (event) => {
        resume = undefined
        done(Effect.succeed(event))
      }
    })
    return Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => takers.add(hear)),
        () => Effect.sync(() => takers.delete(hear))
      ),
      take
    )
  }
  return {
    engine: engineStub({ subscribe }),
    subscriptions: () => takers.size,
    tell: async (event) => {
      for (const taker of takers) taker(event)
      await settle()
    }
  }
}

const happened = (uuid: string, what: DomainHappening): DomainEvent => ({
  uuid,
  name: uuid === web ? "web" : "db",
  id: 3,
  ...what
})
const started = (uuid: string) =>
  happened(uuid, { type: "lifecycle", event: "started", detail: "booted" })

const client = ({ engine }: Stage): Talk => talk({ handlers: [events], engine })

const register = (serial: number, eventID: number, uuid?: string) =>
  call("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", serial, {
    eventID,
    dom: uuid === undefined ? null : { name: "x", uuid: uuidBytes(uuid), id: -1 }
  })

/** Asks, and waits for the answer. */
const asks = async ({ says, wire }: Talk, packet: Uint8Array): Promise<Packet> => {
  const replies = [...says(packet)]
  await settle()
  const [reply] = [...replies, ...wire.packets()]
  if (reply === undefined) throw new Error("there is an answer")
  return reply
}

const heardBy = ({ wire }: Talk): readonly (readonly [name: string, message: unknown])[] =>
  wire.packets().map((packet) => {
    const found = procedureOf(packet.program, packet.procedure)
    if (found === undefined) throw new Error("a message is of a known procedure")
    const decoded = decodeMessage(found, packet.payload)
    if (decoded._tag === "Failure") throw decoded.failure
    return [found.name, decoded.success]
  })

const dom = (uuid: string) => ({ name: uuid === web ? "web" : "db", uuid: uuidBytes(uuid), id: 3 })

test("a client hears the ids that it asked for, of the domains that it asked for", async () => {
  const stage = speaking()
  const listener = client(stage)
  const ids = [
    await asks(listener, register(1, 0)),
    await asks(listener, register(2, 0, web)),
    await asks(listener, register(3, 1, db))
  ].map((reply) => valueIn("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", reply))
  expect(ids).toEqual([{ callbackID: 0 }, { callbackID: 1 }, { callbackID: 2 }])
  await stage.tell(started(db))
  await stage.tell(started(web))
  await stage.tell(happened(web, { type: "reboot" }))
  await stage.tell(happened(db, { type: "reboot" }))
  const lifecycle = (callbackID: number, uuid: string) => [
    "DOMAIN_EVENT_CALLBACK_LIFECYCLE",
    { callbackID, msg: { dom: dom(uuid), event: 2, detail: 0 } }
  ]
  expect(heardBy(listener)).toEqual([
    lifecycle(0, db),
    lifecycle(0, web),
    lifecycle(1, web),
    ["DOMAIN_EVENT_CALLBACK_REBOOT", { callbackID: 2, msg: { dom: dom(db) } }]
  ])
})

test("all clients share one subscription, which ends with the last listener", async () => {
  const stage = speaking()
  const [one, other] = [client(stage), client(stage)]
  await asks(one, register(1, 0))
  await asks(one, register(2, 23))
  await asks(other, register(1, 0))
  expect(stage.subscriptions()).toBe(1)
  await asks(one, call("CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", 3, { callbackID: 0 }))
  await stage.tell(started(web))
  expect(heardBy(one)).toEqual([])
  expect(heardBy(other)).toHaveLength(1)
  one.session.listener.onEnd(undefined)
  await settle()
  expect(stage.subscriptions()).toBe(1)
  other.session.listener.onEnd(undefined)
  await settle()
  expect(stage.subscriptions()).toBe(0)
  const late = client(stage)
  await asks(late, register(1, 0))
  await stage.tell(started(web))
  expect(heardBy(late)).toHaveLength(1)
})

test("a client of the legacy set hears messages without numbers, once for each id", async () => {
  const stage = speaking()
  const old = client(stage)
  const registered = await asks(old, call("CONNECT_DOMAIN_EVENT_REGISTER", 1))
  expect(valueIn("CONNECT_DOMAIN_EVENT_REGISTER", registered)).toEqual({ cb_registered: 1 })
  await asks(old, call("CONNECT_DOMAIN_EVENT_REGISTER_ANY", 2, { eventID: 6 }))
  const twice = await asks(old, call("CONNECT_DOMAIN_EVENT_REGISTER_ANY", 3, { eventID: 6 }))
  expect(errorIn(twice).message).toMatch("domain event 6 already registered")
  await stage.tell(started(web))
  const path = "/disk"
  const error = { path, device: "virtio-disk0", action: "pause", reason: "enospc" } as const
  await stage.tell(happened(web, { type: "io-error", ...error }))
  expect(heardBy(old)).toEqual([
    ["DOMAIN_EVENT_LIFECYCLE", { dom: dom(web), event: 2, detail: 0 }],
    [
      "DOMAIN_EVENT_IO_ERROR_REASON",
      { dom: dom(web), srcPath: path, devAlias: "virtio-disk0", action: 1, reason: "enospc" }
    ]
  ])
  await asks(old, call("CONNECT_DOMAIN_EVENT_DEREGISTER", 4))
  const gone = await asks(old, call("CONNECT_DOMAIN_EVENT_DEREGISTER", 5))
  expect(errorIn(gone).message).toMatch("domain event 0 not registered")
  await stage.tell(started(web))
  expect(heardBy(old)).toEqual([])
})

test("ids that nobody knows are refused, and those that have no legacy message", async () => {
  const stage = speaking()
  const listener = client(stage)
  for (const id of [-1, 27, 1_000])
    expect(errorIn(await asks(listener, register(1, id))).code).toBe(8)
  for (const eventID of [-1, 16, 26]) {
    const reply = await asks(listener, call("CONNECT_DOMAIN_EVENT_REGISTER_ANY", 2, { eventID }))
    expect(errorIn(reply).message).toMatch(`unsupported event ID ${eventID}`)
  }
  expect(stage.subscriptions()).toBe(0)
})

test("where events are missing a client is told once that its connection is broken", async () => {
  const stage = speaking()
  const listener = client(stage)
  await asks(listener, register(1, 0))
  await asks(listener, register(2, 1))
  await stage.tell({ type: "gap", missed: 7 })
  expect(heardBy(listener)).toEqual([["CONNECT_EVENT_CONNECTION_CLOSED", { reason: 0 }]])
})
