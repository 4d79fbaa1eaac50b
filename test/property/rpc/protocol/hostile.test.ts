/**
 * Goal: bytes from a peer give a value or a `DecodeError`, whatever they are, and cost no more than
 * a constant times their number.
 * Method: random bytes, and true packets with words overwritten by the numbers that break decoders,
 * cut, or repeated, for every type. What was decoded from them is counted, and encodes again.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { decodeValue, encodeValue } from "../../../../src/rpc/protocol/codec.ts"
import { DecodeError } from "../../../../src/rpc/protocol/error.ts"
import { headerBytes } from "../../../../src/rpc/protocol/limits.ts"
import { layoutNames } from "../../../../src/rpc/protocol/procedures.ts"
import { valueOf } from "./arbitrary.ts"

const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 0, status: 0 }

/** What a value holds, roughly in bytes: characters, elements, and a price for each object. */
function weightOf(value: unknown): number {
  if (typeof value === "string") return 16 + value.length * 2
  if (value instanceof Uint8Array) return 16 + value.buffer.byteLength
  if (Array.isArray(value)) return 16 + value.reduce((sum, one) => sum + weightOf(one), 0)
  if (typeof value !== "object" || value === null) return 8
  return 16 + Object.values(value).reduce((sum: number, one) => sum + weightOf(one), 0)
}

/** A four-byte count costs an empty array; nothing in the tables is worse than this, by far. */
const weightPerByteMax = 16

function judge(name: string, bytes: Uint8Array): void {
  const result = decodeValue(name, bytes)
  if (Result.isFailure(result)) {
    expect(result.failure).toBeInstanceOf(DecodeError)
    expect(result.failure.offset).toBeLessThanOrEqual(bytes.byteLength)
    return
  }
  expect(weightOf(result.success)).toBeLessThanOrEqual(64 + bytes.byteLength * weightPerByteMax)
  expect(Result.isSuccess(encodeValue(header, name, result.success))).toBe(true)
}

const type = fc.constantFrom(...layoutNames)

test("random bytes are a value or a DecodeError, for every type", () => {
  for (const name of layoutNames) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => judge(name, bytes)),
      { numRuns: 15 }
    )
  }
})

test("small words, of which true packets are made, are a value or a DecodeError", () => {
  const words = fc.array(fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 0xffffffff })), {
    maxLength: 60
  })
  fc.assert(
    fc.property(type, words, (name, values) => {
      const bytes = Buffer.alloc(values.length * 4)
      for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
      judge(name, bytes)
    }),
    { numRuns: 3000 }
  )
})

const breaking = [0, 1, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, 0x00400001]

test("true packets with a word overwritten are a value or a DecodeError", () => {
  const spoiled = type.chain((name) =>
    fc.tuple(
      fc.constant(name),
      valueOf(name),
      fc.nat({ max: 400 }),
      fc.constantFrom(...breaking),
      fc.nat({ max: 400 })
    )
  )
  fc.assert(
    fc.property(spoiled, ([name, value, place, word, cut]) => {
      const whole = Result.getOrThrow(encodeValue(header, name, value)).subarray(headerBytes)
      const bytes = Buffer.from(whole)
      const words = bytes.byteLength / 4
      bytes.writeUInt32BE(word, (place % words) * 4)
      judge(name, bytes)
      judge(name, bytes.subarray(0, cut % (bytes.byteLength + 1)))
    }),
    { numRuns: 3000 }
  )
})

test("a length of 4 GiB fails where it stands, for every kind of sequence", () => {
  const declared = Buffer.from("ffffffff", "hex")
  for (const name of [
    "remote_nonnull_string",
    "remote_domain_block_peek_ret",
    "remote_auth_sasl_step_args",
    "remote_connect_list_all_domains_ret",
    "remote_node_get_security_model_ret"
  ]) {
    const result = decodeValue(name, declared)
    expect(Result.isFailure(result) && result.failure, name).toMatchObject({ offset: 4 })
  }
})

test("a count within its bound is refused if its elements cannot be there", () => {
  // 16,384 domains are allowed, and take 24 bytes each at the least.
  const bytes = Buffer.alloc(4 + 16_384 * 24 - 4)
  bytes.writeUInt32BE(16_384, 0)
  const result = decodeValue("remote_connect_list_all_domains_ret", bytes)
  expect(Result.isFailure(result) && result.failure).toMatchObject({ offset: 4, field: "domains" })
})
