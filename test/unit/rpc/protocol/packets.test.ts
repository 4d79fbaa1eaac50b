/**
 * Goal: packets, errors and holes have the forms that libvirt's peers expect.
 * Method: bytes by hand and from the fact sheet of the protocol against what is made and read.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import {
  decodeHole,
  encodeArgs,
  encodeHole,
  encodeMessage,
  headerOf
} from "../../../../src/rpc/protocol/codec.ts"
import {
  decodeError,
  encodeError,
  errorTextLengthMax
} from "../../../../src/rpc/protocol/error-payload.ts"
import {
  decodePacket,
  encodePacket,
  encodeRaw,
  packetStatus,
  packetType,
  splitDescriptors
} from "../../../../src/rpc/protocol/packet.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const upload = headerOf(procedure("remote", "STORAGE_VOL_UPLOAD"), {
  type: packetType.stream,
  serial: 7,
  status: packetStatus.continue
})

const error = {
  code: 42,
  domain: 10,
  message: "Domain not found",
  level: 2,
  str1: "Domain not found: %s",
  str2: null,
  str3: null,
  int1: -1,
  int2: -1
}

test("a ping is 28 bytes", () => {
  const ping = Result.getOrThrow(encodeMessage(procedure("keepalive", "PING"), undefined))
  expect(hex(ping)).toBe("0000001c6b6565700000000100000001000000020000000000000000")
})

test("a call has its length with itself, the header and the arguments", () => {
  const open = { name: "qemu:///system", flags: 0 }
  const call = Result.getOrThrow(encodeArgs(procedure("remote", "CONNECT_OPEN"), 2, open))
  expect(hex(call)).toBe(
    "00000038200080860000000100000001000000000000000200000000" +
      "000000010000000e71656d753a2f2f2f73797374656d000000000000"
  )
})

test("a stream's data has neither length nor padding", () => {
  const packet = encodeRaw(upload, Buffer.from("abc"))
  expect(packet.byteLength).toBe(31)
  expect(decodePacket(packet)).toEqual({ ...upload, payload: Buffer.from("abc") })
})

test("a hole is 40 bytes and comes back", () => {
  const header = { ...upload, type: packetType.streamHole }
  const packet = Result.getOrThrow(encodeHole(header, { length: 65_536n, flags: 0 }))
  expect(packet.byteLength).toBe(40)
  expect(decodeHole(decodePacket(packet).payload)).toEqual(
    Result.succeed({ length: 65_536n, flags: 0 })
  )
})

test("an error comes back, and its packet says that it is one", () => {
  const packet = decodePacket(encodeError(upload, error))
  expect(packet.status).toBe(packetStatus.error)
  expect(decodeError(packet.payload)).toEqual(Result.succeed(error))
})

test("an error can be told whatever is in its texts", () => {
  const message = `a\0b\ud800${"x".repeat(10 * 1024 * 1024)}`
  const packet = decodePacket(encodeError(upload, { ...error, message }))
  const told = Result.getOrThrow(decodeError(packet.payload)).message
  expect(told?.startsWith("ab\ufffdx")).toBe(true)
  expect(told?.length).toBe(errorTextLengthMax - 1)
})

test("the count of descriptors stands before the payload, and is bounded", () => {
  const bytes = Buffer.from("0000000261626364", "hex")
  expect(Result.getOrThrow(splitDescriptors(bytes))).toEqual({
    count: 2,
    payload: Buffer.from("abcd")
  })
  expect(Result.isFailure(splitDescriptors(Buffer.from("00000021", "hex")))).toBe(true)
  expect(Result.isFailure(splitDescriptors(Buffer.from("0000", "hex")))).toBe(true)
})

test("packets do not share memory, nor with a packet made while one is made", () => {
  let inner: Result.Result<Uint8Array, unknown> | undefined
  const outer = encodePacket(upload, "two words", (writer) => {
    writer.unsigned(1)
    inner = encodePacket(upload, "a word", (nested) => nested.unsigned(9))
    writer.unsigned(2)
  })
  const next = encodePacket(upload, "a word", (writer) => writer.unsigned(3))
  expect(hex(Result.getOrThrow(outer)).slice(56)).toBe("0000000100000002")
  expect(inner && hex(Result.getOrThrow(inner)).slice(56)).toBe("00000009")
  expect(hex(Result.getOrThrow(next)).slice(56)).toBe("00000003")
})
