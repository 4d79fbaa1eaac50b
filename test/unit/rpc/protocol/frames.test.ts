/**
 * Goal: what libvirt's own clients and daemon said is read, and would be said again byte for byte.
 * Method: every recorded packet's payload is decoded by the layout that its procedure, type and
 * status name, and encoded again. Without the recordings the tests are skipped, which says so.
 */
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import { present } from "../../../../src/base/assert.ts"
import { decodeValue, encodeValue } from "../../../../src/rpc/protocol/codec.ts"
import { headerBytes } from "../../../../src/rpc/protocol/limits.ts"
import { splitDescriptors } from "../../../../src/rpc/protocol/packet.ts"
import { type Procedure, procedureOf, programs } from "../../../../src/rpc/protocol/procedures.ts"
import { type Frame, frames, whyAbsent } from "./corpus.ts"

const numbers: Readonly<Record<string, number>> = {
  R: programs.remote.number,
  Q: programs.qemu.number,
  KA: programs.keepalive.number
}

const header = { program: 0, version: 1, procedure: 0, type: 0, serial: 0, status: 0 }

const procedureIn = (frame: Frame): Procedure =>
  present(procedureOf(numbers[frame.program] ?? 0, frame.procedure), `${frame.name} is in a table`)

/** The name of the type in the payload; a stream's data has none. */
function typeIn(frame: Frame): string | null | "raw" {
  const { args, ret, message } = procedureIn(frame)
  if (frame.status === "ERROR") return frame.payload === "" ? null : "virNetMessageError"
  switch (frame.type) {
    case "CALL":
      return args
    case "REPLY":
    case "REPLY_FDS":
      return ret
    case "MESSAGE":
      return message
    case "HOLE":
      return "virNetStreamHole"
    case "STREAM":
      return "raw"
  }
}

const payloadIn = (frame: Frame): Uint8Array => {
  const bytes = Buffer.from(frame.payload, "hex")
  return frame.type === "REPLY_FDS" ? Result.getOrThrow(splitDescriptors(bytes)).payload : bytes
}

const again = (type: string | null, bytes: Uint8Array): Uint8Array => {
  const value = Result.getOrThrow(decodeValue(type, bytes))
  return Result.getOrThrow(encodeValue(header, type, value)).subarray(headerBytes)
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

describe.skipIf(whyAbsent !== undefined)(
  `recorded packets${whyAbsent ? ` (${whyAbsent})` : ""}`,
  () => {
    test("are there in the number that was recorded", () => {
      expect(frames.length).toBeGreaterThanOrEqual(1097)
    })

    test("name procedures by the tables' names and numbers", () => {
      expect(frames.map((frame) => procedureIn(frame).name)).toEqual(frames.map(({ name }) => name))
    })

    test("decode, and encode again to the same bytes", () => {
      const typed = frames.filter((frame) => typeIn(frame) !== "raw")
      const different = typed.filter((frame) => {
        const bytes = payloadIn(frame)
        return hex(again(typeIn(frame), bytes)) !== hex(bytes)
      })
      expect(different).toEqual([])
      expect(typed.length).toBeGreaterThanOrEqual(1080)
    })

    test("cut short or made longer by a word, they are refused", () => {
      const typed = frames.filter(
        (frame) => typeIn(frame) !== "raw" && payloadIn(frame).byteLength > 0
      )
      const taken = typed.filter((frame) => {
        const bytes = payloadIn(frame)
        const shorter = bytes.subarray(0, bytes.byteLength - 4)
        const longer = Buffer.concat([bytes, Buffer.alloc(4)])
        return [shorter, longer].some((wrong) =>
          Result.isSuccess(decodeValue(typeIn(frame), wrong))
        )
      })
      expect(taken).toEqual([])
    })
  }
)
