/**
 * What a procedure takes, answers and tells, to bytes and back. Bytes that are not exactly one
 * value are a `DecodeError`; a value that does not fit its type is an `EncodeError`. Nothing here
 * throws for what a peer has sent.
 */
import * as Result from "effect/Result"
import { type Coding, codingOf } from "./compile.ts"
import { DecodeError, type EncodeError } from "./error.ts"
import { payloadOf, rememberPayload } from "./kept.ts"
import { headerBytes } from "./limits.ts"
import { encodePacket, encodeRaw, type Header, packetStatus, packetType } from "./packet.ts"
import type { ArgsOf, MessageOf, Procedure, ProgramName, RetOf } from "./procedures.ts"
import { Reader } from "./reader.ts"
import type { virNetStreamHole } from "./types.ts"

type Decoded<A> = Result.Result<A, DecodeError>
type Encoded = Result.Result<Uint8Array, EncodeError>

const nothing: Coding = { read: () => undefined, write: () => undefined, leastBytes: 0 }

/** The value of a named type that fills `bytes`; of no type, no bytes are `undefined`. */
export function decodeValue(type: string | null, bytes: Uint8Array): Decoded<unknown> {
  const { read } = type === null ? nothing : codingOf(type)
  const reader = new Reader(bytes)
  const value = read(reader)
  const { remaining } = reader
  if (reader.failure === undefined && remaining === 0) return Result.succeed(value)
  const what = type ?? "an empty payload"
  const { field, offset, failure } = reader
  const why = failure ?? `${remaining} bytes are left over`
  return Result.fail(new DecodeError({ what, field, offset, why }))
}

/** A packet with a value of a named type as its payload. */
export function encodeValue(header: Header, type: string | null, value: unknown): Encoded {
  if (type === null) return Result.succeed(encodeRaw(header, new Uint8Array(0)))
  const { write } = codingOf(type)
  return encodePacket(header, type, (writer) => write(writer, value))
}

/** The header of a packet of this procedure. */
export const headerOf = (
  procedure: Procedure,
  { type, serial, status }: Pick<Header, "type" | "serial" | "status">
): Header => ({
  program: procedure.program.number,
  version: procedure.program.version,
  procedure: procedure.number,
  type,
  serial,
  status
})

// The types were generated with the layouts: what a layout reads is of the type that is claimed.

/** What a call carries; with `undefined` for a procedure that takes nothing. */
export const decodeArgs = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  payload: Uint8Array
): Decoded<ArgsOf<P, N>> => decodeValue(procedure.args, payload) as Decoded<ArgsOf<P, N>>

/** What a successful reply carries. */
export const decodeRet = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  payload: Uint8Array
): Decoded<RetOf<P, N>> => decodeValue(procedure.ret, payload) as Decoded<RetOf<P, N>>

/** What a message carries. */
export const decodeMessage = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  payload: Uint8Array
): Decoded<MessageOf<P, N>> => decodeValue(procedure.message, payload) as Decoded<MessageOf<P, N>>

/** A whole packet: a call. The serial is the caller's choice. */
export const encodeArgs = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  serial: number,
  args: ArgsOf<P, N>
): Encoded => {
  const header = headerOf(procedure, { type: packetType.call, serial, status: packetStatus.ok })
  return encodeValue(header, procedure.args, args)
}

/** A whole packet: the answer to the call of that serial. */
export const encodeRet = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  serial: number,
  ret: RetOf<P, N>
): Encoded => {
  const header = headerOf(procedure, { type: packetType.reply, serial, status: packetStatus.ok })
  const kept = payloadOf(ret)
  if (kept !== undefined) return Result.succeed(encodeRaw(header, kept))
  const packet = encodeValue(header, procedure.ret, ret)
  if (Result.isSuccess(packet))
    rememberPayload(ret, () => new Uint8Array(packet.success.subarray(headerBytes)))
  return packet
}

/** A whole packet: an event, or a sign of life. */
export const encodeMessage = <P extends ProgramName, N extends string>(
  procedure: Procedure<P, N>,
  message: MessageOf<P, N>
): Encoded => {
  const header = headerOf(procedure, {
    type: packetType.message,
    serial: 0,
    status: packetStatus.ok
  })
  return encodeValue(header, procedure.message, message)
}

/** What a packet of the type `streamHole` carries: how many zeros stand in the stream. */
export const decodeHole = (payload: Uint8Array): Decoded<virNetStreamHole> =>
  decodeValue("virNetStreamHole", payload) as Decoded<virNetStreamHole>

/** A whole packet: a hole in the stream that `header` names. */
export const encodeHole = (header: Header, hole: virNetStreamHole): Encoded =>
  encodeValue(header, "virNetStreamHole", hole)
