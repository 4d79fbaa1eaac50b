/**
 * Goal: what an agent says is read, however it is cut and whatever noise comes before a delimiter;
 * what a guest sends in its place costs a bounded amount. Method: generated streams.
 */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  type AgentFrame,
  agentLineBytesMax,
  agentReplyOf,
  delimiter,
  emptyAgentFrame,
  feedAgent
} from "../../../src/qmp/agent-frame.ts"
import type { JsonObject } from "../../../src/qmp/json.ts"

const bytesOf = (text: string) => new TextEncoder().encode(text)
const joined = (pieces: readonly Uint8Array[]) => Uint8Array.from(pieces.flatMap((one) => [...one]))

const cutAt = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
  const sorted = at.toSorted((a, b) => a - b)
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end))
}

const readAll = (pieces: readonly Uint8Array[]) => {
  let frame: AgentFrame = emptyAgentFrame
  const objects: JsonObject[] = []
  for (const piece of pieces) {
    const fed = feedAgent(frame, piece)
    frame = fed.frame
    objects.push(...fed.objects)
  }
  return { frame, objects }
}

const reply = fc.record({ return: fc.oneof(fc.integer(), fc.string({ unit: "grapheme" })) })
/** Noise has no newline, so that it stands before the delimiter as one broken line. */
const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x0a))

test("replies come through in order, whatever stands before a delimiter, however cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ noise, reply }), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      (said, cuts) => {
        const stream = joined(
          said.flatMap((one) => [
            one.noise,
            Uint8Array.of(delimiter),
            bytesOf(`${JSON.stringify(one.reply)}\n`)
          ])
        )
        const { objects, frame } = readAll(cutAt(stream, cuts))
        expect(objects).toEqual(said.map((one) => one.reply))
        expect(frame).toEqual(emptyAgentFrame)
      }
    )
  )
})

test("any bytes are read without a failure, and give objects only", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
      const { objects } = readAll(pieces)
      for (const object of objects) {
        expect(Array.isArray(object)).toBe(false)
        agentReplyOf(object)
      }
    })
  )
})

test("a line without an end is dropped at the bound, and the next one is read", () => {
  const piece = new Uint8Array(1024 * 1024).fill(0x20)
  const pieces = Array.from({ length: agentLineBytesMax / piece.length + 2 }, () => piece)
  const flooded = readAll(pieces)
  expect(flooded).toMatchObject({ objects: [], frame: { size: 0, last: undefined } })
  const after = feedAgent(flooded.frame, bytesOf('{"return":1}\n{"return":2}\n'))
  expect(after.objects).toEqual([{ return: 2 }])
})
