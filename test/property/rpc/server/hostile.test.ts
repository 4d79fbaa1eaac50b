/**
 * Goal: whatever a client sends, each call costs it one answer or its connection, memory is bounded
 * by what it sent, and nobody else notices.
 * Method: calls that real clients made (or drawn ones, where the recordings are absent), mutated in
 * every way that a frame can be wrong, split at random, and said to a session in memory whose
 * procedures are all served: some at once, some later, some with a refusal.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { frames as recorded } from "../../../unit/rpc/protocol/corpus.ts"
import { decodeError } from "../../../../src/rpc/protocol/error-payload.ts"
import { Framer } from "../../../../src/rpc/protocol/framer.ts"
import { encodeRaw, type Packet, packetType } from "../../../../src/rpc/protocol/packet.ts"
import { procedures } from "../../../../src/rpc/protocol/procedures.ts"
import { RpcRefusal } from "../../../../src/rpc/refusal.ts"
import { Account } from "../../../../src/rpc/server/desk.ts"
import type { Handlers } from "../../../../src/rpc/server/handler.ts"
import { call, joined, openPacket, settle, status, talk } from "../../../unit/rpc/server/client.ts"

const refusal = new RpcRefusal({ code: "OPERATION_INVALID", text: "it is not running" })

/** Every procedure that `connect` does not serve: refused at once, later, or by a mistake. */
const everything = (): Handlers => {
  const ours = new Set(["AUTH_LIST", "CONNECT_SUPPORTS_FEATURE", "CONNECT_OPEN", "CONNECT_CLOSE"])
  const inConnect = (name: string) =>
    ours.has(name) ||
    /CLOSE_CALLBACK|GET_URI|GET_TYPE|GET_VERSION|LIB_VERSION|HOSTNAME|IS_SECURE/.test(name)
  const answer = (number: number) => () =>
    number % 3 === 0
      ? Effect.andThen(Effect.yieldNow, Effect.fail(refusal))
      : number % 3 === 1
        ? Effect.fail(refusal)
        : Effect.die("a mistake")
  const rows = (program: "remote" | "qemu") =>
    Object.fromEntries(
      procedures
        .filter(
          ({ isMessage, program: { name }, name: own }) =>
            !isMessage && name === program && !(program === "remote" && inConnect(own))
        )
        .map(({ name, number }) => [name, answer(number)])
    )
  return { remote: rows("remote"), qemu: rows("qemu") }
}

const handlers = [everything()]
const programNumbers: { readonly [word: string]: number } = { R: 0x20008086, Q: 0x20008087 }
const numbersOfTypes: { readonly [word: string]: number } = { CALL: 0, STREAM: 3, HOLE: 6 }
const numbersOfStatus: { readonly [word: string]: number } = { OK: 0, ERROR: 1, CONTINUE: 2 }

/** What clients said, as packets; without recordings, a few calls of our own. */
const seeds: readonly Uint8Array[] = [
  call("CONNECT_GET_HOSTNAME", 1),
  call("CONNECT_SUPPORTS_FEATURE", 1, { feature: 10 }),
  call("DOMAIN_LOOKUP_BY_NAME", 1, { name: "web" }),
  call("CONNECT_LIST_ALL_DOMAINS", 1, { need_results: 1, flags: 0 }),
  ...recorded
    .filter(({ program, from }) => from === "client" && program in programNumbers)
    .map(({ program, procedure, type, status: how, payload }) =>
      encodeRaw(
        {
          program: programNumbers[program] ?? 0,
          version: 1,
          procedure,
          type: numbersOfTypes[type] ?? 0,
          serial: 1,
          status: numbersOfStatus[how] ?? 0
        },
        Buffer.from(payload, "hex")
      )
    )
].filter(({ length }) => length < 4_096)

type Mutation =
  | { readonly kind: "keep" }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "word"; readonly at: number; readonly value: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number }

const telling = [0, 1, 2, 4, 5, 27, 28, 29, 0x7fffffff, 0x80000000, 0xffffffff, 33_554_436]
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("keep" as const) }),
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(4_096), bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant("word" as const),
    at: fc.nat(1_024),
    value: fc.oneof(fc.constantFrom(...telling), fc.nat(0xffffffff))
  }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(4_096) }),
  fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(4_096), length: fc.nat(64) })
)

/** Applied to one frame; `length` of it is made right again, unless that is what is wrong. */
const mutated = (seed: Uint8Array, change: Mutation, keepsLength: boolean): Uint8Array => {
  const bytes = Buffer.from(seed)
  const at = "at" in change ? change.at % bytes.length : 0
  const done = ((): Buffer => {
    switch (change.kind) {
      case "keep":
        return bytes
      case "flip":
        bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << change.bit), at)
        return bytes
      case "word":
        bytes.writeUInt32BE(change.value, Math.min(at & ~3, bytes.length - 4))
        return bytes
      case "cut":
        return bytes.subarray(0, Math.max(4, at))
      case "repeat":
        return Buffer.concat([bytes.subarray(0, at + change.length), bytes.subarray(at)])
    }
  })()
  if (keepsLength && done.length >= 28) done.writeUInt32BE(done.length, 0)
  return done
}

const frame = fc
  .tuple(fc.constantFrom(...seeds), mutation, fc.boolean(), fc.nat(50))
  .map(([seed, change, keepsLength, serial]) => {
    const bytes = mutated(seed, change, keepsLength)
    if (change.kind === "keep") bytes.set([0, 0, 0, serial], 20)
    return bytes
  })

/** The same bytes in pieces of these sizes, around and around. */
const pieces = (bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] => {
  const parts: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length)
    parts.push(bytes.subarray(at, at + size))
    at += size
  }
  return parts
}

const lastSerial = 0x7ffffffe

/** Every answer is a whole packet; of an error, its payload too. */
const check = (packets: readonly Packet[]): void => {
  for (const { type, status: how, payload } of packets) {
    expect([packetType.reply, packetType.message, packetType.stream]).toContain(type)
    if (how === status.error) expect(decodeError(payload)._tag).toBe("Success")
  }
}

test("any bytes cost an answer for each call, or the connection; and no other client", async () => {
  const met = { answered: 0, over: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
      async (frames, sizes) => {
        const account = new Account(64 * 1024 * 1024)
        const hostile = talk({ handlers, account })
        const other = talk({ handlers, account })
        const bytes = joined(frames)
        for (const piece of pieces(bytes, sizes)) hostile.session.listener.onData(piece)
        for (let turn = 0; turn < 4; turn++) await settle()
        const { packets, failure } = new Framer().push(bytes)
        const answers = hostile.wire.packets()
        check(answers)
        const isOver = hostile.wire.isClosed || hostile.wire.isEnded
        expect(answers.length).toBeLessThanOrEqual(packets.length)
        // Either every call was answered, or the connection has ended.
        const calls = packets.filter(({ type }) => type === packetType.call)
        const replies = answers.filter(({ type }) => type === packetType.reply)
        if (!isOver) expect(replies).toHaveLength(calls.length)
        if (failure !== undefined) expect(isOver).toBe(true)
        met.over += isOver ? 1 : 0
        met.answered += isOver ? 0 : 1
        met.refused += replies.filter(({ status: how }) => how === status.error).length
        expect(account.held).toBeLessThanOrEqual(2 * bytes.length + 4_096)
        expect(other.says(call("CONNECT_GET_HOSTNAME", lastSerial))).toHaveLength(1)
        hostile.session.close()
        expect(account.held).toBe(0)
      }
    ),
    { numRuns: 600 }
  )
  // The runs were not trivial: each of these was met.
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(50)
})

test("how bytes are split and joined on their way changes no answer", () => {
  // Only calls that need no waiting: the order of others is theirs.
  const prompt = fc.constantFrom(
    "CONNECT_GET_HOSTNAME",
    "CONNECT_GET_URI",
    "CONNECT_IS_SECURE",
    "CONNECT_GET_TYPE"
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(prompt, fc.nat(1_000)), { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 }),
      (calls, sizes) => {
        const bytes = joined([openPacket(0), ...calls.map(([name, serial]) => call(name, serial))])
        const answersTo = (parts: readonly Uint8Array[]) => {
          const { session, wire } = talk({ isOpen: false })
          for (const part of parts) session.listener.onData(part)
          return Buffer.concat(wire.written).toString("hex")
        }
        expect(answersTo(pieces(bytes, sizes))).toBe(answersTo([bytes]))
      }
    ),
    { numRuns: 300 }
  )
})

test("a packet that is declared and never sent costs no more than what came of it", () => {
  const account = new Account(64 * 1024 * 1024)
  const sessions = Array.from({ length: 50 }, () => talk({ account }))
  const huge = Buffer.alloc(1_000)
  huge.writeUInt32BE(32 * 1024 * 1024, 0)
  for (const { session } of sessions) session.listener.onData(huge)
  expect(account.held).toBeLessThanOrEqual(50 * 2 * huge.length)
})
