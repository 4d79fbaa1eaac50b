// Goal: a session answers calls as clients of libvirt expect, whatever the handlers do.
// Method: packets in and out of a session in memory; handlers of the tests' own.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { OperationFailed } from "../../../../src/model/domain-error.ts"
import { encodeRaw, packetType } from "../../../../src/rpc/protocol/packet.ts"
import { RpcRefusal } from "../../../../src/rpc/refusal.ts"
import { callsInFlightMax, packetsPerTurn } from "../../../../src/rpc/server/limits.ts"
import { call, errorIn, openPacket, settle, status, talk, valueIn } from "./client.ts"

const header = { program: 0x20008086, version: 1, type: packetType.call, status: status.ok }
const nothing = new Uint8Array(0)

describe("the handshake", () => {
  test("is answered in the order in which clients say it", () => {
    const { says } = talk({ isOpen: false })
    const feature = (serial: number, number: number) =>
      call("CONNECT_SUPPORTS_FEATURE", serial, { feature: number })
    const replies = says(
      call("AUTH_LIST", 0),
      feature(1, 10),
      openPacket(2),
      feature(3, 14),
      feature(4, 15),
      call("CONNECT_REGISTER_CLOSE_CALLBACK", 5)
    )
    expect(replies.map(({ serial, status: how }) => [serial, how])).toEqual(
      [0, 1, 2, 3, 4, 5].map((serial) => [serial, status.ok])
    )
    expect(valueIn("AUTH_LIST", replies[0])).toEqual({ types: [0] })
    expect(valueIn("CONNECT_SUPPORTS_FEATURE", replies[1])).toEqual({ supported: 1 })
  })

  test("comes before all other calls", () => {
    const { says } = talk({ isOpen: false })
    const [refused] = says(call("CONNECT_GET_URI", 1))
    expect(errorIn(refused)).toMatchObject({ code: 1, domain: 7 })
  })

  test("is done once", () => {
    const { says } = talk()
    expect(errorIn(says(openPacket(7))[0]).code).toBe(55)
  })

  test("names a hypervisor that is ours", () => {
    const { says } = talk({ isOpen: false })
    const [refused] = says(call("CONNECT_OPEN", 1, { name: "xen:///", flags: 0 }))
    expect(errorIn(refused)).toMatchObject({ code: 5 })
  })

  test("gives a client without a URI the daemon's", () => {
    const { says } = talk({ isOpen: false })
    says(call("CONNECT_OPEN", 1, { name: null, flags: 0 }))
    const [uri] = says(call("CONNECT_GET_URI", 2))
    expect(valueIn("CONNECT_GET_URI", uri)).toEqual({ uri: "qemu:///system" })
  })

  test("ends with the reply to CLOSE, and then the connection", () => {
    const { says, wire, isGone } = talk()
    const replies = says(call("CONNECT_CLOSE", 3), call("CONNECT_GET_URI", 4))
    expect(replies.map(({ serial }) => serial)).toEqual([3])
    expect(wire.isEnded).toBe(true)
    expect(isGone()).toBe(true)
  })
})

describe("what nobody answers", () => {
  test("a program that is not ours is told so, under its own number", () => {
    const { says } = talk()
    const [reply] = says(encodeRaw({ ...header, program: 77, procedure: 1, serial: 5 }, nothing))
    expect(reply).toMatchObject({ program: 77, procedure: 1, serial: 5 })
    expect(errorIn(reply)).toMatchObject({ code: 39, domain: 7, level: 2 })
  })

  test("another version of a program is not ours", () => {
    const { says } = talk()
    const [reply] = says(encodeRaw({ ...header, version: 2, procedure: 1, serial: 5 }, nothing))
    expect(errorIn(reply).message).toContain("Cannot find program")
  })

  test.each([0, -1, 444, 456, 9_999])("procedure %i is unknown, in libvirt's words", (number) => {
    const { says } = talk()
    const [reply] = says(encodeRaw({ ...header, procedure: number, serial: 5 }, nothing))
    const { code, domain, message } = errorIn(reply)
    expect({ code, domain }).toEqual({ code: 39, domain: 7 })
    expect(message).toMatch(/^unknown procedure/)
  })

  test("an event cannot be called", () => {
    const { says } = talk()
    const [reply] = says(encodeRaw({ ...header, procedure: 318, serial: 5 }, nothing))
    expect(errorIn(reply).message).toMatch(/^unknown procedure/)
  })

  test("a procedure without a handler is not supported, by its public name", () => {
    const { says } = talk()
    const [reply] = says(encodeRaw({ ...header, procedure: 12, serial: 5 }, nothing))
    expect(errorIn(reply)).toMatchObject({ code: 3 })
    expect(errorIn(reply).message).toContain("virDomainDestroy")
  })

  test("a call with a status is refused", () => {
    const { says } = talk()
    const [reply] = says(
      encodeRaw({ ...header, status: status.error, procedure: 110, serial: 5 }, nothing)
    )
    expect(errorIn(reply).code).toBe(39)
  })

  test("arguments that are not the procedure's are refused, and the next call is heard", () => {
    const { says } = talk()
    const replies = says(
      encodeRaw({ ...header, procedure: 110, serial: 5 }, new Uint8Array(3)),
      call("CONNECT_GET_URI", 6)
    )
    expect(errorIn(replies[0]).code).toBe(39)
    expect(replies[1]).toMatchObject({ serial: 6, status: status.ok })
  })
})

describe("a client that may only read", () => {
  const destroy = encodeRaw({ ...header, procedure: 12, serial: 5 }, nothing)
  const words = "operation forbidden: read only access prevents virDomainDestroy"

  test("is refused what writes, when it came by the socket for reading", () => {
    const { says } = talk({ peer: { isReadOnly: true } })
    expect(errorIn(says(destroy)[0])).toMatchObject({ code: 29, message: words })
  })

  test("is refused it, when it asked for that itself", () => {
    const { says } = talk({ isOpen: false })
    says(openPacket(1, 1))
    expect(errorIn(says(destroy)[0])).toMatchObject({ code: 29, message: words })
  })

  test("cannot ask for more than its socket gives", () => {
    const { says } = talk({ isOpen: false, peer: { isReadOnly: true } })
    says(openPacket(1, 0))
    expect(errorIn(says(destroy)[0]).code).toBe(29)
  })
})

describe("answers", () => {
  test("to one batch of calls leave as one buffer", () => {
    const { send, wire } = talk()
    send(...[1, 2, 3, 4].map((serial) => call("CONNECT_GET_HOSTNAME", serial)))
    expect(wire.written).toHaveLength(1)
    expect(wire.packets()).toHaveLength(4)
  })

  test("come in the order in which the work ends", async () => {
    const gates = [0, 1].map(() => Deferred.makeUnsafe<void>())
    const left = [...gates]
    const inTurn = () =>
      Effect.as(Effect.flatMap(Effect.fromNullishOr(left.shift()), Deferred.await), { sysinfo: "" })
    const { send, wire } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => Effect.orDie(inTurn()) } }]
    })
    send(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }), call("CONNECT_GET_SYSINFO", 2, { flags: 0 }))
    for (const gate of gates.toReversed()) Deferred.doneUnsafe(gate, Effect.void)
    await settle()
    expect(wire.packets().map(({ serial }) => serial)).toEqual([2, 1])
  })

  test("tell a failure by libvirt's number, with the whole text", () => {
    const why = new OperationFailed({ domain: "web", operation: "describe", why: "it is made" })
    const { says } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => Effect.fail(why) } }]
    })
    const [reply] = says(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    const error = errorIn(reply)
    expect(error).toMatchObject({ code: 9, domain: 10, level: 2, str2: why.message, int2: -1 })
    expect(error.message).toBe(`operation failed: ${why.message}`)
  })

  test("tell a refusal by its own code and domain", () => {
    const refusal = new RpcRefusal({ code: "NO_NETWORK", domain: "NETWORK", text: "'n'" })
    const { says } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => Effect.fail(refusal) } }]
    })
    const [reply] = says(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    expect(errorIn(reply)).toMatchObject({ code: 43, domain: 19 })
  })

  test.each([
    [
      "throws",
      () => {
        throw new Error("secret insides")
      }
    ],
    ["dies", () => Effect.die(new Error("secret insides"))]
  ])("to a handler that %s are errors that keep its insides", (_, answer) => {
    const { says, troubles } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: answer } }]
    })
    const replies = says(
      call("CONNECT_GET_SYSINFO", 1, { flags: 0 }),
      call("CONNECT_GET_HOSTNAME", 2)
    )
    const error = errorIn(replies[0])
    expect(error.code).toBe(1)
    expect(error.message).not.toContain("secret insides")
    expect(troubles[0]?.why).toContain("secret insides")
    expect(replies[1]).toMatchObject({ serial: 2, status: status.ok })
  })

  test("that do not fit the wire are errors, and the daemon is told", () => {
    const { says, troubles } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => ({ sysinfo: "a\0b" }) } }]
    })
    const [reply] = says(call("CONNECT_GET_SYSINFO", 1, { flags: 0 }))
    expect(errorIn(reply).code).toBe(39)
    expect(troubles).toHaveLength(1)
  })
})

describe("calls in flight", () => {
  const waiting = () => {
    const gates: Deferred.Deferred<void>[] = []
    const talking = talk({
      handlers: [
        {
          remote: {
            CONNECT_GET_SYSINFO: () => {
              const gate = Deferred.makeUnsafe<void>()
              gates.push(gate)
              return Effect.as(Deferred.await(gate), { sysinfo: "s" })
            }
          }
        }
      ]
    })
    const open = (at: number) => {
      const gate = gates[at]
      if (gate !== undefined) Deferred.doneUnsafe(gate, Effect.void)
    }
    return { ...talking, gates, open }
  }
  const slow = (serial: number) => call("CONNECT_GET_SYSINFO", serial, { flags: 0 })
  const many = Array.from({ length: callsInFlightMax + 3 }, (_, at) => slow(at))

  test("are bounded: beyond it the client is not read from, and nothing fails", async () => {
    const { send, wire, gates, open } = waiting()
    send(...many)
    expect(gates).toHaveLength(callsInFlightMax)
    expect(wire.isPaused).toBe(true)
    open(0)
    await settle()
    expect(gates).toHaveLength(callsInFlightMax + 1)
    for (let at = 1; at < many.length; at++) {
      open(at)
      await settle()
    }
    expect(wire.packets()).toHaveLength(many.length)
    expect(wire.isPaused).toBe(false)
  })

  test("run to their end when the client goes, and their answers are dropped", async () => {
    let hasEnded = false
    const gate = Deferred.makeUnsafe<void>()
    const work = Effect.andThen(
      Deferred.await(gate),
      Effect.sync(() => {
        hasEnded = true
        return { sysinfo: "s" }
      })
    )
    const { send, session, wire, isGone } = talk({
      handlers: [{ remote: { CONNECT_GET_SYSINFO: () => work } }]
    })
    send(slow(1))
    session.listener.onEnd(undefined)
    expect(isGone()).toBe(true)
    Deferred.doneUnsafe(gate, Effect.void)
    await settle()
    expect(hasEnded).toBe(true)
    expect(wire.packets()).toHaveLength(0)
  })

  test("are answered before a connection that drains is closed", async () => {
    const { send, session, wire, open } = waiting()
    send(slow(1))
    session.drain()
    expect(wire.isEnded).toBe(false)
    open(0)
    await settle()
    expect(wire.packets()).toHaveLength(1)
    expect(wire.isEnded).toBe(true)
  })
})

describe("a flood of calls that need no waiting", () => {
  test("gives way to others, and is answered whole and in order", async () => {
    const { send, wire } = talk()
    const count = 2 * packetsPerTurn + 7
    send(...Array.from({ length: count }, (_, serial) => call("CONNECT_GET_HOSTNAME", serial)))
    const first = wire.packets()
    expect(first).toHaveLength(packetsPerTurn)
    const all = [...first]
    for (let turn = 0; turn < 10; turn++) {
      await settle()
      all.push(...wire.packets())
    }
    expect(all.map(({ serial }) => serial)).toEqual([...Array.from({ length: count }).keys()])
  })
})
