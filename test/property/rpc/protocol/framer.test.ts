/**
 * Goal: packets are the same however the stream was split or joined, and a peer that lies about a
 * length is found out when the length is known.
 * Method: sequences of packets are joined and cut anywhere; what the framer gives is compared with
 * them. Memory is what the runtime counts in buffers, and copies are those that were asked for.
 */
import * as fc from "fast-check"
import { expect, test, vi } from "vitest"
import { FrameError } from "../../../../src/rpc/protocol/error.ts"
import { Framer } from "../../../../src/rpc/protocol/framer.ts"
import { headerBytes, packetBytesMax } from "../../../../src/rpc/protocol/limits.ts"
import { encodeRaw, type Packet } from "../../../../src/rpc/protocol/packet.ts"
import { chunksOf } from "./arbitrary.ts"

const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 0, status: 0 }

const word = fc.nat({ max: 0xffffffff })

const packet = fc.record(
  {
    program: word,
    version: word,
    procedure: fc.integer(),
    type: word,
    serial: word,
    status: word,
    payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 5000 }))
  },
  { noNullPrototype: true }
)

const bytesOf = ({ payload, ...header }: Packet): Uint8Array => encodeRaw(header, payload)

const plain = ({ payload, ...header }: Packet) => ({
  ...header,
  payload: Buffer.from(payload).toString("hex")
})

/** Packets, and their bytes in chunks. */
const cutStream = fc.array(packet, { maxLength: 12 }).chain((packets) =>
  fc.record({
    packets: fc.constant(packets),
    chunks: chunksOf(Buffer.concat(packets.map(bytesOf)))
  })
)

test("any split of any sequence of packets gives the same packets", () => {
  fc.assert(
    fc.property(cutStream, ({ packets, chunks }) => {
      const framer = new Framer()
      const got = chunks.flatMap((chunk) => framer.push(chunk).packets)
      expect(got.map(plain)).toEqual(packets.map(plain))
      expect(framer.pendingBytes).toBe(0)
    })
  )
})

test("a packet comes with the chunk that holds its last byte", () => {
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 3 }), (packets) => {
      const framer = new Framer()
      for (const one of packets) {
        const bytes = bytesOf(one)
        const before = bytes.subarray(0, bytes.byteLength - 1)
        for (let at = 0; at < before.byteLength; at++) {
          expect(framer.push(before.subarray(at, at + 1)).packets).toEqual([])
          expect(framer.pendingBytes).toBe(at + 1)
        }
        const last = framer.push(bytes.subarray(-1)).packets
        expect(last.map(plain)).toEqual([plain(one)])
      }
    }),
    { numRuns: 20 }
  )
})

const wrongLength = fc.oneof(
  fc.nat({ max: headerBytes - 1 }),
  fc.integer({ min: packetBytesMax + 1, max: 0xffffffff })
)

test("a wrong length ends the stream when its four bytes are there, after what came before", () => {
  const lying = fc.record({ stream: cutStream, length: wrongLength, cut: fc.nat({ max: 4 }) })
  fc.assert(
    fc.property(lying, ({ stream, length, cut }) => {
      const framer = new Framer()
      const packets = stream.chunks.flatMap((chunk) => framer.push(chunk).packets)
      expect(packets.length).toBe(stream.packets.length)
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(length)
      const first = framer.push(bytes.subarray(0, cut))
      expect(first.failure !== undefined).toBe(cut === 4)
      const { failure } = framer.push(bytes.subarray(cut))
      expect(failure).toBeInstanceOf(FrameError)
      expect(failure?.length).toBe(length)
      const after = framer.push(encodeRaw(header, new Uint8Array(8)))
      expect(after).toEqual({ packets: [], failure })
      expect(framer.pendingBytes).toBe(0)
    })
  )
})

test("packets before a wrong length in the same chunk are given with the failure", () => {
  const bytes = Buffer.concat([encodeRaw(header, new Uint8Array(4)), Buffer.alloc(4)])
  const { packets, failure } = new Framer().push(bytes)
  expect(packets.length).toBe(1)
  expect(failure).toMatchObject({ length: 0, least: headerBytes, most: packetBytesMax })
})

test("the largest packet passes, and a smaller bound can be set", () => {
  const largest = encodeRaw(header, new Uint8Array(packetBytesMax - headerBytes))
  const framer = new Framer()
  const half = largest.byteLength / 2
  expect(framer.push(largest.subarray(0, half)).packets.length).toBe(0)
  expect(framer.push(largest.subarray(half)).packets.length).toBe(1)
  expect(new Framer(1000).push(largest.subarray(0, 4)).failure).toBeInstanceOf(FrameError)
})

test("what is declared and not sent is not allocated", () => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(packetBytesMax)
  const before = process.memoryUsage().arrayBuffers
  const framers = Array.from({ length: 200 }, () => new Framer())
  for (const framer of framers) framer.push(length)
  const held = process.memoryUsage().arrayBuffers - before
  expect(held).toBeLessThan(200 * 8192)
  expect(framers.every(({ pendingBytes }) => pendingBytes === 4)).toBe(true)
})

test("of a packet in many chunks, each byte is copied three times at most", () => {
  const bytes = encodeRaw(header, new Uint8Array(1024 * 1024))
  const framer = new Framer()
  const copying = vi.spyOn(Uint8Array.prototype, "set")
  for (let at = 0; at < bytes.byteLength; at += 1000) framer.push(bytes.subarray(at, at + 1000))
  const copied = copying.mock.calls.reduce((sum, [part]) => sum + part.length, 0)
  copying.mockRestore()
  expect(framer.pendingBytes).toBe(0)
  expect(copied).toBeGreaterThanOrEqual(bytes.byteLength)
  expect(copied).toBeLessThanOrEqual(3 * bytes.byteLength)
})

test("a packet in one chunk is not copied", () => {
  const bytes = encodeRaw(header, new Uint8Array(64))
  const [only] = new Framer().push(bytes).packets
  expect(only?.payload.buffer).toBe(bytes.buffer)
})
