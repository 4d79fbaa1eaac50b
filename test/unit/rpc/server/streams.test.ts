// Goal: a call's stream carries bytes both ways at the pace of its reader, and ends once, however
// it ends. Method: packets in and out of a session in memory, with handlers that copy.
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import type { Packet } from "../../../../src/rpc/protocol/packet.ts"
import { RpcRefusal } from "../../../../src/rpc/refusal.ts"
import type { ByteStream, Work } from "../../../../src/rpc/server/handler.ts"
import { streamPacketBytesMax, unreadStreamBytesMax } from "../../../../src/rpc/server/limits.ts"
import { call, errorIn, settle, status, streamPacket, talk } from "./client.ts"

const name = "STORAGE_VOL_UPLOAD"
const vol = { pool: "p", name: "v", key: "k" }
const opening = call(name, 7, { vol, offset: 0n, length: 0n, flags: 0 })
const piece = (bytes: Uint8Array) => streamPacket(name, 7, { status: status.continue, bytes })
const finish = streamPacket(name, 7, { status: status.ok })
const abort = streamPacket(name, 7, { status: status.error })

const streaming = (serve: (stream: ByteStream) => Work<void>) => {
  const talking = talk({
    handlers: [{ remote: { STORAGE_VOL_UPLOAD: (_, client) => client.openStream(serve) } }]
  })
  return talking
}

const text = (words: string) => new TextEncoder().encode(words)
const kinds = (packets: readonly Packet[]) =>
  packets.map(({ type, status: how, payload }) => [type, how, payload.length])

const readAll = (into: Uint8Array[]) => (stream: ByteStream) =>
  Effect.gen(function* () {
    for (;;) {
      const chunk = yield* stream.read
      if (chunk === undefined) return
      if (chunk instanceof Uint8Array) into.push(chunk)
    }
  })

describe("an upload", () => {
  test("brings its bytes in order, and its finish is confirmed when they are read", () => {
    const got: Uint8Array[] = []
    const { says } = streaming(readAll(got))
    const replies = says(opening, piece(text("one ")), piece(text("two")), finish)
    expect(Buffer.concat(got).toString()).toBe("one two")
    expect(kinds(replies)).toEqual([
      [1, status.ok, 0],
      [3, status.ok, 0]
    ])
    expect(replies.every(({ serial }) => serial === 7)).toBe(true)
  })

  test("that nobody reads stops the client, and goes on when it is read", async () => {
    let read: Effect.Effect<unknown> = Effect.void
    const { send, wire } = streaming((stream) => {
      read = stream.read
      return Effect.never
    })
    send(opening)
    const chunk = piece(new Uint8Array(streamPacketBytesMax))
    const count = Math.ceil(unreadStreamBytesMax / streamPacketBytesMax) + 2
    for (let at = 0; at < count; at++) send(chunk)
    expect(wire.isPaused).toBe(true)
    for (let at = 0; at < count; at++) await Effect.runPromise(read)
    expect(wire.isPaused).toBe(false)
  })

  test("that fails tells the error once, and what was under way is dropped", () => {
    const refusal = new RpcRefusal({ code: "OPERATION_FAILED", text: "the disk is full" })
    const { says } = streaming((stream) => Effect.andThen(stream.read, Effect.fail(refusal)))
    const replies = says(opening, piece(text("x")), piece(text("y")), finish)
    expect(replies).toHaveLength(2)
    expect(replies[1]).toMatchObject({ type: 3, serial: 7 })
    expect(errorIn(replies[1])).toMatchObject({ code: 9 })
  })

  test("is confirmed only after the work behind it has ended", async () => {
    let end: () => void = () => undefined
    const { says, wire } = streaming((stream) =>
      Effect.andThen(
        readAll([])(stream),
        Effect.callback<void>((resume) => {
          end = () => resume(Effect.void)
        })
      )
    )
    expect(kinds(says(opening, finish))).toEqual([[1, status.ok, 0]])
    end()
    await settle()
    expect(kinds(wire.packets())).toEqual([[3, status.ok, 0]])
  })
})

describe("a download", () => {
  test("is cut into packets that clients take, and ends with an empty one", () => {
    const bytes = new Uint8Array(streamPacketBytesMax + 5).fill(7)
    const { says } = streaming((stream) => stream.write(bytes))
    const replies = says(opening)
    expect(kinds(replies)).toEqual([
      [1, status.ok, 0],
      [3, status.continue, streamPacketBytesMax],
      [3, status.continue, 5],
      [3, status.continue, 0]
    ])
    expect(kinds(says(finish))).toEqual([[3, status.ok, 0]])
  })

  test("goes at the pace of its reader", async () => {
    let written = 0
    const { send, session, wire } = streaming((stream) =>
      Effect.gen(function* () {
        for (; written < 10; written++) yield* stream.write(new Uint8Array(100_000))
      })
    )
    wire.takes = false
    send(opening)
    await settle()
    const before = written
    expect(before).toBeLessThan(3)
    for (let at = 0; at < 10; at++) {
      wire.drain(session.listener)
      wire.takes = false
      await settle()
    }
    expect(written).toBe(10)
  })

  test("given up by the client is interrupted, and that is confirmed", async () => {
    let wasInterrupted = false
    const { says, wire } = streaming(() =>
      Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          wasInterrupted = true
        })
      )
    )
    says(opening)
    const replies = says(abort)
    await settle()
    expect(wasInterrupted).toBe(true)
    expect(kinds([...replies, ...wire.packets()])).toEqual([[3, status.ok, 0]])
  })
})

describe("a stream", () => {
  test("carries bytes both ways at once", () => {
    const { says } = streaming((stream) =>
      Effect.gen(function* () {
        for (;;) {
          const chunk = yield* stream.read
          if (chunk === undefined) return
          if (chunk instanceof Uint8Array) yield* stream.write(chunk)
        }
      })
    )
    says(opening)
    const [echo] = says(piece(text("hello")))
    expect(Buffer.from(echo?.payload ?? []).toString()).toBe("hello")
    // After the client's finish nothing but its confirmation follows.
    expect(kinds(says(finish))).toEqual([[3, status.ok, 0]])
  })

  test("is opened only by a call that succeeds", () => {
    let isServed = false
    const { says } = talk({
      handlers: [
        {
          remote: {
            STORAGE_VOL_UPLOAD: (_, client) => {
              client.openStream(() => Effect.sync(() => void (isServed = true)))
              return Effect.fail(new RpcRefusal({ code: "NO_STORAGE_VOL", text: "v" }))
            }
          }
        }
      ]
    })
    expect(errorIn(says(opening)[0]).code).toBe(50)
    expect(isServed).toBe(false)
  })

  test("ends with its client", async () => {
    let wasInterrupted = false
    const { send, session, wire } = streaming(() =>
      Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (wasInterrupted = true)))
    )
    send(opening)
    wire.packets()
    session.listener.onEnd("ECONNRESET")
    await settle()
    expect(wasInterrupted).toBe(true)
    expect(wire.packets()).toHaveLength(0)
  })

  test("that nobody opened is nobody's: its packets are dropped", () => {
    const { says, wire } = talk()
    expect(says(piece(text("x")), finish, abort)).toHaveLength(0)
    expect(wire.isClosed).toBe(false)
  })

  test("keeps its serial to itself while it is open", () => {
    const { says } = streaming(() => Effect.never)
    says(opening)
    expect(errorIn(says(call("CONNECT_GET_URI", 7))[0]).code).toBe(39)
  })
})

test("two calls of one serial have one stream, which ends with the client", async () => {
  let open = 0
  const { send, session, wire } = talk({
    handlers: [
      {
        remote: {
          STORAGE_VOL_UPLOAD: (_, client) =>
            Effect.andThen(
              Effect.yieldNow,
              Effect.sync(() => {
                client.openStream(() =>
                  Effect.acquireUseRelease(
                    Effect.sync(() => (open += 1)),
                    () => Effect.never,
                    () => Effect.sync(() => (open -= 1))
                  )
                )
              })
            )
        }
      }
    ]
  })
  send(opening, opening)
  await settle()
  expect(wire.packets().map(({ status: how }) => how)).toEqual([status.ok, status.error])
  expect(open).toBe(1)
  session.close()
  await settle()
  expect(open).toBe(0)
})
