/**
 * One packet of libvirt's RPC: its header of 28 bytes, and how a whole one is made in a buffer of
 * its own. Knows nothing of what payloads mean. Cutting a stream into packets is `framer.ts`.
 */
import * as Result from "effect/Result"
import { assert } from "../../base/assert.ts"
import { DecodeError, EncodeError } from "./error.ts"
import { descriptorsMax, headerBytes, payloadBytesMax } from "./limits.ts"
import { Reader } from "./reader.ts"
import { Writer } from "./writer.ts"

/** What a packet is (`virNetMessageType`). */
export const packetType = {
  call: 0,
  reply: 1,
  message: 2,
  stream: 3,
  callWithDescriptors: 4,
  replyWithDescriptors: 5,
  streamHole: 6
} as const

/** How it went, and whether more follows (`virNetMessageStatus`). */
export const packetStatus = { ok: 0, error: 1, continue: 2 } as const

/** The header without the length, as its peer wrote it: any 32 bits each. */
export interface Header {
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** One of `packetType`, if the peer keeps to the protocol. */
  readonly type: number
  /** Of a call, chosen by the caller; replies and streams repeat it. Of a message, 0. */
  readonly serial: number
  /** One of `packetStatus`, if the peer keeps to the protocol. */
  readonly status: number
}

/** A packet that was received. The payload may be a view of the bytes that came with it. */
export interface Packet extends Header {
  readonly payload: Uint8Array
}

/** Larger buffers are not kept for the next packet. */
const keptBytesMax = 256 * 1024

const fresh = (): Uint8Array => new Uint8Array(16 * 1024)

/** The buffer in which packets are made, one after another; absent while one is being made. */
let workbench: Uint8Array | undefined = fresh()

/**
 * A packet whose payload `write` writes directly behind the header. The result is a buffer of
 * exactly its size that nothing else writes to. `what` names the payload in an error.
 */
export function encodePacket(
  header: Header,
  what: string,
  write: (writer: Writer) => void
): Result.Result<Uint8Array, EncodeError> {
  const writer = new Writer(workbench ?? fresh(), headerBytes)
  workbench = undefined
  write(writer)
  const { bytes, offset, failure, field } = writer
  workbench = bytes.byteLength <= keptBytesMax ? bytes : fresh()
  if (failure !== undefined) return Result.fail(new EncodeError({ what, field, why: failure }))
  const packet = Buffer.allocUnsafe(offset)
  packet.set(bytes.subarray(headerBytes, offset), headerBytes)
  writeHeader(packet, header)
  return Result.succeed(packet)
}

/** A packet around bytes as they are, which must fit into it: a stream's data, or nothing. */
export function encodeRaw(header: Header, payload: Uint8Array): Uint8Array {
  assert(payload.byteLength <= payloadBytesMax, "a payload fits into one packet")
  const packet = Buffer.allocUnsafe(headerBytes + payload.byteLength)
  packet.set(payload, headerBytes)
  writeHeader(packet, header)
  return packet
}

function writeHeader(packet: Buffer, header: Header): void {
  packet.writeUInt32BE(packet.byteLength, 0)
  packet.writeUInt32BE(header.program, 4)
  packet.writeUInt32BE(header.version, 8)
  packet.writeInt32BE(header.procedure, 12)
  packet.writeUInt32BE(header.type, 16)
  packet.writeUInt32BE(header.serial, 20)
  packet.writeUInt32BE(header.status, 24)
}

/** The packet in exactly these bytes, length word included; its payload is a view of them. */
export function decodePacket(bytes: Uint8Array): Packet {
  assert(bytes.byteLength >= headerBytes, "a packet has at least its header")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    program: view.getUint32(4),
    version: view.getUint32(8),
    procedure: view.getInt32(12),
    type: view.getUint32(16),
    serial: view.getUint32(20),
    status: view.getUint32(24),
    payload: bytes.subarray(headerBytes)
  }
}

export interface WithDescriptors {
  /** How many descriptors come behind the packet. */
  readonly count: number
  /** The payload proper. */
  readonly payload: Uint8Array
}

/** The payload of a packet of a type "with descriptors": their count stands before all else. */
export function splitDescriptors(payload: Uint8Array): Result.Result<WithDescriptors, DecodeError> {
  const reader = new Reader(payload)
  const count = reader.count(descriptorsMax, 0)
  const { failure, offset } = reader
  if (failure === undefined) return Result.succeed({ count, payload: payload.subarray(offset) })
  const what = "the count of descriptors"
  return Result.fail(new DecodeError({ what, field: "", offset, why: failure }))
}
