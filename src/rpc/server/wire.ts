/** What a session says, as packets: answers, refusals, events, pings and pieces of streams. */
import type * as Result from "effect/Result"
import {
  decodeValue,
  encodeMessage,
  encodeRet,
  encodeValue,
  headerOf as header
} from "../protocol/codec.ts"
import type { EncodeError } from "../protocol/error.ts"
import { encodeError, type WireError } from "../protocol/error-payload.ts"
import {
  encodeRaw,
  type Header,
  type Packet,
  packetStatus,
  packetType
} from "../protocol/packet.ts"
import { type Procedure, procedure, procedureNamed, programs } from "../protocol/procedures.ts"
import type { virNetStreamHole } from "../protocol/types.ts"

const nothing = new Uint8Array(0)
const { number: keepalive, version: keepaliveVersion } = programs.keepalive

const sign = (name: "PING" | "PONG"): Uint8Array =>
  encodeRaw(
    header(procedure("keepalive", name), {
      type: packetType.message,
      serial: 0,
      status: packetStatus.ok
    }),
    nothing
  )

export const ping: Uint8Array = sign("PING")
export const pong: Uint8Array = sign("PONG")

const pingNumber = procedure("keepalive", "PING").number

export const isKeepalive = ({ program, version, type }: Packet): boolean =>
  program === keepalive && version === keepaliveVersion && type === packetType.message

export const isPing = (packet: Packet): boolean => packet.procedure === pingNumber

/** The call that an answer is for, as its packet named it: also of a program that is not ours. */
export type CallHeader = Pick<Header, "program" | "version" | "procedure" | "serial">

export const callHeader = (called: Procedure, serial: number): CallHeader => ({
  program: called.program.number,
  version: called.program.version,
  procedure: called.number,
  serial
})

export const reply = (
  called: Procedure,
  serial: number,
  value: unknown
): Result.Result<Uint8Array, EncodeError> => encodeRet(called, serial, value)

export const refusal = (
  { program, version, procedure: number, serial }: CallHeader,
  error: WireError
): Uint8Array =>
  encodeError({ program, version, procedure: number, type: packetType.reply, serial }, error)

/** Its name and what it carries were checked against each other where it was made. */
export const event = (
  program: "remote" | "qemu" | "troupe",
  name: string,
  message: unknown
): Result.Result<Uint8Array, EncodeError> | undefined => {
  const sent = procedureNamed(program, name)
  return sent === undefined ? undefined : encodeMessage(sent, message)
}

const streamHeader = (call: CallHeader, status: number): Header => ({
  ...call,
  type: packetType.stream,
  status
})

/** Data of a stream; none at all says that no more follows. */
export const data = (call: CallHeader, bytes: Uint8Array): Uint8Array =>
  encodeRaw(streamHeader(call, packetStatus.continue), bytes)

/** Answers the client's finish, and its giving up. */
export const confirmation = (call: CallHeader): Uint8Array =>
  encodeRaw(streamHeader(call, packetStatus.ok), nothing)

export const streamError = (call: CallHeader, error: WireError): Uint8Array =>
  encodeError({ ...call, type: packetType.stream }, error)

const holeType = "virNetStreamHole"

export const hole = (call: CallHeader, length: bigint): Result.Result<Uint8Array, EncodeError> => {
  const value: virNetStreamHole = { length, flags: 0 }
  const head = { ...call, type: packetType.streamHole, status: packetStatus.continue }
  return encodeValue(head, holeType, value)
}

/** The length of a hole that the client has sent; `undefined` if that is no hole. */
export const holeIn = (payload: Uint8Array): bigint | undefined => {
  const decoded = decodeValue(holeType, payload)
  if (decoded._tag === "Failure") return undefined
  const { length } = decoded.success as virNetStreamHole
  return length < 0n ? undefined : length
}
