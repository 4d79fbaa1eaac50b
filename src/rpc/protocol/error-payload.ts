/**
 * How an error travels: the payload of replies and stream packets with the status "error". Holds
 * the numbers of libvirt that the protocol itself needs; which error a failure is, is decided
 * elsewhere.
 */
import * as Result from "effect/Result"
import { decodeValue, encodeValue } from "./codec.ts"
import type { DecodeError } from "./error.ts"
import { type Header, packetStatus } from "./packet.ts"
import type { virNetMessageError } from "./types.ts"

const type = "virNetMessageError"

/** libvirt's error, without the fields that it does not use any more. */
export interface WireError {
  /** `virErrorNumber`: what went wrong. */
  readonly code: number
  /** `virErrorDomain`: which part of libvirt says so. */
  readonly domain: number
  /** The whole text for people; null if there is none. */
  readonly message: string | null
  /** `virErrorLevel`: 1 for a warning, 2 for an error. */
  readonly level: number
  readonly str1: string | null
  readonly str2: string | null
  readonly str3: string | null
  /** Of a system error, its `errno`; -1 where neither means anything. */
  readonly int1: number
  readonly int2: number
}

/** Texts in an error are cut to this many characters, so that every error can be told. */
export const errorTextLengthMax = 65_536

/** Without what a C string or UTF-8 cannot hold, and not too long. */
const told = (text: string | null): string | null =>
  text === null ? null : text.slice(0, errorTextLengthMax).replaceAll("\0", "").toWellFormed()

const wire = (error: WireError): virNetMessageError => ({
  code: error.code,
  domain: error.domain,
  message: told(error.message),
  level: error.level,
  dom: null,
  str1: told(error.str1),
  str2: told(error.str2),
  str3: told(error.str3),
  int1: error.int1,
  int2: error.int2,
  net: null
})

/**
 * A whole packet that tells an error; `header` gives type, serial and the rest. Texts are made fit
 * to be sent, so that to tell of a failure does not fail.
 */
export const encodeError = (header: Omit<Header, "status">, error: WireError): Uint8Array =>
  Result.getOrThrow(encodeValue({ ...header, status: packetStatus.error }, type, wire(error)))

/** The error in a payload. The objects that very old peers add are dropped. */
export const decodeError = (payload: Uint8Array): Result.Result<WireError, DecodeError> =>
  Result.map(
    decodeValue(type, payload) as Result.Result<virNetMessageError, DecodeError>,
    ({ dom: _dom, net: _net, ...error }) => error
  )
