/**
 * Goal: a client matches answers to calls whatever their order, tells errors by libvirt's number,
 * answers pings, hears events, carries streams both ways within its bounds, and survives a daemon
 * that does not keep to the protocol.
 * Method: a client whose daemon is the test; no socket.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { callsInFlightMax, streamHeldBytesMax } from "../../../../src/rpc/client/limits.ts"
import { encodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { packetStatus, packetType } from "../../../../src/rpc/protocol/packet.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"
import { Peer, ping } from "./peer.ts"

const lookup = (peer: Peer, id: number) => peer.client.call("remote", "DOMAIN_LOOKUP_BY_ID", { id })

const domain = (id: number) => ({ name: `d${id}`, uuid: new Uint8Array(16).fill(id), id })

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.runFork(effect)

const ended = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.runPromise(Fiber.await(fiber))

const failureOf = async <A, E>(fiber: Fiber.Fiber<A, E>) => {
  const exit = await ended(fiber)
  if (Exit.isSuccess(exit)) throw new Error("it fails")
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : reason
}

test("each call gets its own answer, whatever the order and the cuts of the bytes", async () => {
  const order = fc.uniqueArray(fc.nat(11), { minLength: 12, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(order, fc.integer({ min: 1, max: 64 }), async (answered, cut) => {
      const peer = new Peer()
      const calls = Array.from({ length: 12 }, (_, id) => start(lookup(peer, id)))
      const said = peer.said()
      const bytes = Buffer.concat(
        answered.flatMap((at) => {
          const call = said[at]
          return call === undefined ? [] : [peer.answer(call, { dom: domain(at) })]
        })
      )
      for (let from = 0; from < bytes.length; from += cut)
        peer.send(bytes.subarray(from, from + cut))
      for (const [id, call] of calls.entries()) {
        const exit = await ended(call)
        expect(Exit.isSuccess(exit) && exit.value.dom).toEqual(domain(id))
      }
    }),
    { numRuns: 30 }
  )
})

test("an error is told with libvirt's number and words", async () => {
  const peer = new Peer()
  const call = start(lookup(peer, 7))
  for (const said of peer.said()) peer.send(peer.refuse(said, 42, "Domain not found: no 7"))
  expect(await failureOf(call)).toMatchObject({
    _tag: "RemoteError",
    code: 42,
    procedure: "DOMAIN_LOOKUP_BY_ID",
    message: "Domain not found: no 7"
  })
})

test("no more calls are under way than may be, and the others wait in line", async () => {
  const peer = new Peer()
  const calls = Array.from({ length: callsInFlightMax + 1 }, (_, id) => start(lookup(peer, id)))
  const first = peer.said()
  expect(first).toHaveLength(callsInFlightMax)
  for (const said of first) peer.send(peer.answer(said, { dom: domain(1) }))
  await Promise.all(calls.slice(0, -1).map(ended))
  // Who waits in line goes on in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve))
  const [last] = peer.said()
  expect(last).toBeDefined()
  if (last !== undefined) peer.send(peer.answer(last, { dom: domain(2) }))
  expect(Exit.isSuccess(await ended(calls.at(-1) ?? start(Effect.never)))).toBe(true)
})

test("a ping is answered at once, and one that floods without reading is dropped", () => {
  const peer = new Peer()
  peer.send(ping)
  expect(peer.said()).toMatchObject([{ program: 0x6b656570, procedure: 2 }])
  peer.pending = 64 * 1024 * 1024
  peer.send(ping)
  expect(peer.isClosed).toBe(true)
})

test("who waits is told that the connection is lost, and so is who comes later", async () => {
  const peer = new Peer()
  const call = start(lookup(peer, 1))
  peer.client.listener.onEnd("ECONNRESET")
  expect(await failureOf(call)).toMatchObject({ _tag: "ConnectionLost", why: "ECONNRESET" })
  expect(await failureOf(start(lookup(peer, 2)))).toMatchObject({ _tag: "ConnectionLost" })
})

test("an answer that nobody waits for any more is dropped, and confuses no other", async () => {
  const peer = new Peer()
  const call = start(lookup(peer, 1))
  const [said] = peer.said()
  await Effect.runPromise(Fiber.interrupt(call))
  const next = start(lookup(peer, 2))
  const [other] = peer.said()
  if (said === undefined || other === undefined) throw new Error("both were called")
  peer.send(peer.answer(said, { dom: domain(1) }), peer.answer(other, { dom: domain(2) }))
  const exit = await ended(next)
  expect(Exit.isSuccess(exit) && exit.value.dom.id).toBe(2)
})

test("events go to those who listen for their name, until they have had enough", () => {
  const peer = new Peer()
  const heard: number[] = []
  const stop = peer.client.on("remote", "DOMAIN_EVENT_CALLBACK_REBOOT", ({ callbackID }) =>
    heard.push(callbackID)
  )
  const told = (callbackID: number) =>
    Result.getOrThrow(
      encodeMessage(procedure("remote", "DOMAIN_EVENT_CALLBACK_REBOOT"), {
        callbackID,
        msg: { dom: domain(1) }
      })
    )
  peer.send(told(3), told(4))
  stop()
  peer.send(told(5))
  expect(heard).toEqual([3, 4])
})

const openConsole = async (peer: Peer) => {
  const opened = start(
    peer.client.open("remote", "DOMAIN_OPEN_CONSOLE", {
      dom: domain(1),
      dev_name: null,
      flags: 0
    })
  )
  const [call] = peer.said()
  if (call === undefined) throw new Error("it is called")
  return { call, opened }
}

test("a stream carries bytes both ways, from right behind the reply to its end", async () => {
  const peer = new Peer()
  const { call, opened } = await openConsole(peer)
  peer.send(peer.answer(call, undefined), peer.piece(call, Buffer.from("hello")))
  const exit = await ended(opened)
  if (Exit.isFailure(exit)) throw new Error("it opens")
  const { stream } = exit.value
  expect(await Effect.runPromise(stream.read)).toEqual(Buffer.from("hello"))
  await Effect.runPromise(stream.write(Buffer.alloc(300_000, 1)))
  const pieces = peer.said()
  expect(pieces.map(({ type, status }) => [type, status])).toEqual([
    [packetType.stream, packetStatus.continue],
    [packetType.stream, packetStatus.continue]
  ])
  expect(pieces.reduce((sum, { payload }) => sum + payload.byteLength, 0)).toBe(300_000)
  peer.send(peer.piece(call, new Uint8Array(0)))
  expect(await Effect.runPromise(stream.read)).toBeUndefined()
  const finished = start(stream.finish)
  expect(peer.said()).toMatchObject([{ type: packetType.stream, status: packetStatus.ok }])
  peer.send(peer.piece(call, new Uint8Array(0), packetStatus.ok))
  expect(Exit.isSuccess(await ended(finished))).toBe(true)
})

test("what nobody reads of a stream stops the connection, and reading lets it go on", async () => {
  const peer = new Peer()
  const { call, opened } = await openConsole(peer)
  peer.send(peer.answer(call, undefined))
  const exit = await ended(opened)
  if (Exit.isFailure(exit)) throw new Error("it opens")
  const piece = Buffer.alloc(256 * 1024)
  const count = streamHeldBytesMax / piece.byteLength + 1
  for (let at = 0; at < count; at += 1) peer.send(peer.piece(call, piece))
  expect(peer.isPaused).toBe(true)
  for (let at = 0; at < count; at += 1) await Effect.runPromise(exit.value.stream.read)
  expect(peer.isPaused).toBe(false)
})

test("bytes of any kind end the connection at most, and never throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (chunks) => {
      const peer = new Peer()
      start(Effect.ignore(lookup(peer, 1)))
      for (const chunk of chunks) peer.send(chunk)
      expect(peer.client.end === undefined || typeof peer.client.end === "string").toBe(true)
    })
  )
})

test("headers of any kind around a payload of any kind are borne too", () => {
  const word = fc.oneof(fc.nat(8), fc.integer())
  const known = fc.constantFrom(0x20008086, 0x20008087, 0x6b656570)
  fc.assert(
    fc.property(
      fc.tuple(known, word, fc.nat(460), fc.nat(7), fc.nat(3), fc.nat(3)),
      fc.uint8Array({ maxLength: 200 }),
      (header, payload) => {
        const peer = new Peer()
        start(Effect.ignore(lookup(peer, 1)))
        peer.client.on("remote", "DOMAIN_EVENT_CALLBACK_LIFECYCLE", () => undefined)
        const bytes = Buffer.alloc(28 + payload.byteLength)
        bytes.writeUInt32BE(bytes.byteLength, 0)
        for (const [at, value] of header.entries()) bytes.writeInt32BE(value | 0, 4 + 4 * at)
        bytes.set(payload, 28)
        peer.send(bytes)
        peer.send(ping)
        // It goes on, and answers; or it has ended, and has closed its socket.
        expect(peer.client.end === undefined).toBe(!peer.isClosed)
      }
    )
  )
})
