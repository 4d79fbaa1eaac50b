// Goal: events reach the client that asked, after it can know them; what a client holds ends with
// it, and one that does not listen costs a bounded amount. Method: sessions in memory.
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import type { Connection } from "../../../../src/engine/engine.ts"
import { ActorStopped } from "../../../../src/kernel/error.ts"
import { decodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { RpcRefusal } from "../../../../src/rpc/refusal.ts"
import { Account } from "../../../../src/rpc/server/desk.ts"
import type { Callback, Client, Handlers } from "../../../../src/rpc/server/handler.ts"
import * as limits from "../../../../src/rpc/server/limits.ts"
import { call, engineStub, errorIn, named, settle, status, talk, valueIn } from "./client.ts"

const dom = { name: "web", uuid: new Uint8Array(16), id: 1 }
const lifecycle = (callbackID: number, event = 0) => ({
  callbackID,
  msg: { dom, event, detail: 0 }
})
const register = (serial: number) =>
  call("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", serial, { eventID: 0, dom: null })
const deregister = (serial: number, callbackID: number) =>
  call("CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", serial, { callbackID })

const listening = (start: (callback: Callback) => void, ended: () => void = () => undefined) => {
  const handlers: Handlers = {
    remote: {
      CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: (_, client) =>
        Effect.map(
          client.callbacks.add("domain", (callback) =>
            Effect.andThen(
              Effect.addFinalizer(() => Effect.sync(ended)),
              Effect.sync(() => start(callback))
            )
          ),
          (callbackID) => ({ callbackID })
        ),
      CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: ({ callbackID }, client) =>
        client.callbacks.remove("domain", callbackID)
    }
  }
  return talk({ handlers: [handlers] })
}

const say = ({ id, emit }: Callback, event = 0) =>
  emit("remote", "DOMAIN_EVENT_CALLBACK_LIFECYCLE", lifecycle(id, event))

describe("an event", () => {
  test("that comes while its source is being made follows the number that it has", () => {
    const { says } = listening((callback) => say(callback))
    const replies = says(register(1))
    expect(replies.map(({ type, serial }) => [type, serial])).toEqual([
      [1, 1],
      [2, 0]
    ])
    const told = decodeMessage(
      named("DOMAIN_EVENT_CALLBACK_LIFECYCLE"),
      replies[1]?.payload ?? dom.uuid
    )
    expect(told).toMatchObject({ success: { callbackID: 0 } })
  })

  test("of a source that was taken away does not come any more", () => {
    const made: Callback[] = []
    let isEnded = false
    const { says, wire } = listening(
      (callback) => made.push(callback),
      () => {
        isEnded = true
      }
    )
    says(register(1), deregister(2, 0))
    expect(isEnded).toBe(true)
    for (const callback of made) say(callback)
    expect(wire.packets()).toHaveLength(0)
  })

  test("source has a number of its own", () => {
    const { says } = listening(() => undefined)
    const replies = says(register(1), register(2))
    const ids = replies.map((reply) => valueIn("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", reply))
    expect(ids).toEqual([{ callbackID: 0 }, { callbackID: 1 }])
  })

  test("source that there is not cannot be taken away", () => {
    const { says } = listening(() => undefined)
    expect(errorIn(says(deregister(1, 3))[0]).code).toBe(8)
  })

  test("source that cannot be made leaves nothing behind", () => {
    let isEnded = false
    const { says } = talk({
      handlers: [
        {
          remote: {
            CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: (_, client) =>
              Effect.map(
                client.callbacks.add("domain", () =>
                  Effect.andThen(
                    Effect.addFinalizer(() => Effect.sync(() => void (isEnded = true))),
                    Effect.fail(new RpcRefusal({ code: "INVALID_ARG", text: "no such event" }))
                  )
                ),
                (callbackID) => ({ callbackID })
              )
          }
        }
      ]
    })
    expect(errorIn(says(register(1))[0]).code).toBe(8)
    expect(isEnded).toBe(true)
  })

  test("is dropped with a client that never reads, within a bound", () => {
    const made: Callback[] = []
    const { says, wire, troubles, isGone } = listening((callback) => made.push(callback))
    says(register(1))
    wire.takes = false
    let sent = 0
    for (; !isGone() && sent < 1_000_000; sent++) for (const callback of made) say(callback)
    expect(wire.isClosed).toBe(true)
    expect(troubles.at(-1)?.why).toContain("events")
    expect(wire.pendingBytes()).toBeLessThan(limits.unreadEventBytesMax + 1_000)
  })
})

describe("a client that reads slowly", () => {
  test("is not read from while it has not taken its answers", () => {
    const large = "x".repeat(1_000_000)
    const { send, session, wire } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => ({ sysinfo: large }) } }]
    })
    wire.takes = false
    send(...[1, 2, 3, 4].map((serial) => call("CONNECT_GET_SYSINFO", serial, { flags: 0 })))
    expect(wire.isPaused).toBe(true)
    expect(wire.packets().length).toBeLessThan(4)
    wire.drain(session.listener)
    expect(wire.isPaused).toBe(false)
    expect(wire.packets().length).toBeGreaterThan(0)
  })

  test("goes when all clients together hold more than there is", () => {
    const account = new Account(3_000_000)
    const large = "x".repeat(3_500_000)
    const { send, wire } = talk({
      account,
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => ({ sysinfo: large }) } }]
    })
    wire.takes = false
    send(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    expect(wire.isClosed).toBe(true)
    expect(account.held).toBe(0)
  })

  test("hundreds that each hold a little stay within the bound together; the largest go", () => {
    const account = new Account(20_000_000)
    const sizes = (number: number) => 50_000 + 1_000 * (number % 100)
    const readers = Array.from({ length: 400 }, (_, number) => {
      const one = talk({
        account,
        handlers: [
          { remote: { CONNECT_GET_SYSINFO: () => ({ sysinfo: "x".repeat(sizes(number)) }) } }
        ]
      })
      one.wire.takes = false
      one.send(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
      expect(account.held).toBeLessThanOrEqual(20_000_000)
      return { ...one, number }
    })
    const gone = readers.filter(({ wire }) => wire.isClosed)
    const left = readers.filter(({ wire }) => !wire.isClosed)
    expect(gone.length).toBeGreaterThan(100)
    expect(left.length).toBeGreaterThan(100)
    const mean = (some: typeof readers) =>
      some.reduce((sum, { number }) => sum + sizes(number), 0) / some.length
    expect(mean(left)).toBeLessThan(mean(gone))
    for (const { session } of left) session.close()
    expect(account.held).toBe(0)
  })

  test("is counted with what its socket has read and keeps", () => {
    const account = new Account(1_000_000)
    const { session, wire } = talk({ account })
    wire.keeps = 100_000
    session.tick({ areOthersWaiting: false })
    expect(account.held).toBe(100_000)
    wire.keeps = 1_000_001
    session.tick({ areOthersWaiting: false })
    expect(wire.isClosed).toBe(true)
  })
})

describe("what a client holds", () => {
  const connecting = (closed: string[]) =>
    engineStub({
      connect: Effect.acquireRelease(Effect.succeed<Connection>({ id: "c1" }), ({ id }) =>
        Effect.sync(() => void closed.push(id))
      )
    })

  const asking = (work: (client: Client) => void): Handlers => ({
    remote: {
      CONNECT_GET_SYSINFO: (_, client) => {
        work(client)
        return Effect.map(client.connection, ({ id }) => ({ sysinfo: id }))
      }
    }
  })

  test("is one connection, also of calls that ask for it at the same time", async () => {
    let made = 0
    const engine = engineStub({
      connect: Effect.acquireRelease(
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync((): Connection => ({ id: `c${++made}` }))
        ),
        () => Effect.void
      )
    })
    const { send, wire } = talk({ engine, handlers: [asking(() => undefined)] })
    send(...[1, 2, 3].map((serial) => call("CONNECT_GET_SYSINFO", serial, { flags: 0 })))
    await settle()
    const answers = wire.packets().map((reply) => valueIn("CONNECT_GET_SYSINFO", reply))
    expect(answers).toEqual(Array(3).fill({ sysinfo: "c1" }))
  })

  test("is made again when it could not be made", async () => {
    let tries = 0
    const engine = engineStub({
      connect: Effect.suspend(() =>
        ++tries === 1
          ? Effect.fail(new ActorStopped({ actor: "driver" }))
          : Effect.succeed<Connection>({ id: "c2" })
      )
    })
    const { says } = talk({ engine, handlers: [asking(() => undefined)] })
    const [refused] = says(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    expect(errorIn(refused).message).toContain("driver")
    const [second] = says(call("CONNECT_GET_SYSINFO", 2, { flags: 0 }))
    expect(valueIn("CONNECT_GET_SYSINFO", second)).toEqual({ sysinfo: "c2" })
  })

  test("ends with it: its connection, its hooks, its event sources", async () => {
    const ended: string[] = []
    const { says, session } = talk({
      engine: connecting(ended),
      handlers: [
        asking((client) => void client.onClose(Effect.sync(() => void ended.push("hook"))))
      ]
    })
    const [first, second] = says(
      call("CONNECT_GET_SYSINFO", 1, { flags: 0 }),
      call("CONNECT_GET_SYSINFO", 2, { flags: 0 })
    )
    expect(valueIn("CONNECT_GET_SYSINFO", first)).toEqual(valueIn("CONNECT_GET_SYSINFO", second))
    session.listener.onEnd(undefined)
    await settle()
    expect(ended.toSorted()).toEqual(["c1", "hook", "hook"])
  })

  test("that is made after its end is closed at once", async () => {
    const ended: string[] = []
    let client: Client | undefined
    const { says, session } = talk({
      engine: connecting(ended),
      handlers: [
        {
          remote: {
            CONNECT_GET_SYSINFO: (_, made) => {
              client = made
              return { sysinfo: "" }
            }
          }
        }
      ]
    })
    says(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    session.listener.onEnd(undefined)
    await settle()
    expect(ended).toEqual([])
    await Effect.runPromise(client?.connection ?? Effect.die("no client"))
    expect(ended).toEqual(["c1"])
  })
})

describe("keepalive", () => {
  const ticks = (ms: number) => Array.from({ length: ms / limits.tickMs })
  const feature = call("CONNECT_SUPPORTS_FEATURE", 1, { feature: 10 })
  const tick = { areOthersWaiting: false }

  test("pings a client that knows pings after its silence, and drops it in the end", () => {
    const { says, session, wire } = talk()
    says(feature)
    const { keepaliveIntervalMs: intervalMs, keepaliveCountMax: countMax } = limits
    for (let ping = 0; ping < countMax; ping++) {
      for (const _ of ticks(intervalMs)) session.tick(tick)
      expect(wire.packets().map(({ program }) => program)).toEqual([0x6b656570])
    }
    expect(wire.isClosed).toBe(false)
    for (const _ of ticks(intervalMs)) session.tick(tick)
    expect(wire.isClosed).toBe(true)
  })

  test("takes anything as a sign of life", () => {
    const { says, session, wire } = talk()
    says(feature)
    for (const _ of ticks(20 * limits.keepaliveIntervalMs)) {
      session.tick(tick)
      session.listener.onData(new Uint8Array(0))
    }
    expect(wire.isClosed).toBe(false)
  })

  test("is not for clients that have not said that they know it", () => {
    const { session, wire } = talk()
    for (const _ of ticks(100 * limits.keepaliveIntervalMs)) session.tick(tick)
    expect(wire.packets()).toHaveLength(0)
  })

  test("answers a ping at once", () => {
    const { says } = talk()
    const { ping } = {
      ping: Buffer.from("0000001c6b6565700000000100000001000000020000000000000000", "hex")
    }
    const [pong] = says(ping)
    expect(pong).toMatchObject({ program: 0x6b656570, procedure: 2, type: 2, serial: 0 })
    expect(pong?.status).toBe(status.ok)
  })

  test("a client that never opens is dropped in time", () => {
    const { session, wire } = talk({ isOpen: false })
    for (const _ of ticks(limits.openDeadlineMs)) session.tick(tick)
    expect(wire.isClosed).toBe(true)
  })
})
