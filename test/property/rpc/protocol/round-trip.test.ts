/**
 * Goal: whatever a handler or a client may say arrives as it was said.
 * Method: values of every type of the tables, made from its layout, are encoded and decoded. The
 * bytes are also decoded and encoded again: no value has two forms.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import {
  decodeArgs,
  decodeMessage,
  decodeRet,
  decodeValue,
  encodeArgs,
  encodeMessage,
  encodeRet,
  encodeValue
} from "../../../../src/rpc/protocol/codec.ts"
import { headerBytes } from "../../../../src/rpc/protocol/limits.ts"
import { decodePacket } from "../../../../src/rpc/protocol/packet.ts"
import { layoutNames, procedures } from "../../../../src/rpc/protocol/procedures.ts"
import { valueOf } from "./arbitrary.ts"

const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 0, status: 0 }

const encoded = (name: string, value: unknown): Uint8Array =>
  Result.getOrThrow(encodeValue(header, name, value)).subarray(headerBytes)

test("a value of every type of the tables comes back, and has one form", () => {
  for (const name of layoutNames) {
    fc.assert(
      fc.property(valueOf(name), (value) => {
        const bytes = encoded(name, value)
        expect(bytes.byteLength % 4).toBe(0)
        const back = Result.getOrThrow(decodeValue(name, bytes))
        expect(back, name).toEqual(value)
        expect(Buffer.compare(encoded(name, back), bytes), name).toBe(0)
      }),
      { numRuns: 12 }
    )
  }
})

test("calls, answers and messages of every procedure come back, with their headers", () => {
  const one = (type: string | null) => (type === null ? fc.constant(undefined) : valueOf(type))
  for (const procedure of procedures) {
    const { args, ret, message, program, number } = procedure
    fc.assert(
      fc.property(one(args), one(ret), one(message), fc.nat(), (called, answered, told, serial) => {
        const call = decodePacket(Result.getOrThrow(encodeArgs(procedure, serial, called)))
        expect(Result.getOrThrow(decodeArgs(procedure, call.payload))).toEqual(called)
        const reply = decodePacket(Result.getOrThrow(encodeRet(procedure, serial, answered)))
        expect(Result.getOrThrow(decodeRet(procedure, reply.payload))).toEqual(answered)
        const event = decodePacket(Result.getOrThrow(encodeMessage(procedure, told)))
        expect(Result.getOrThrow(decodeMessage(procedure, event.payload))).toEqual(told)
        const of = { program: program.number, version: 1, procedure: number, status: 0 }
        expect(call).toMatchObject({ ...of, type: 0, serial })
        expect(reply).toMatchObject({ ...of, type: 1, serial })
        expect(event).toMatchObject({ ...of, type: 2, serial: 0 })
      }),
      { numRuns: 3 }
    )
  }
})
