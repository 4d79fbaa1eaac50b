/**
 * Goal: whatever the peer sends and whenever a caller gives up, each command is told its own
 * outcome exactly once or never (given up), and a peer that breaks the protocol ends the session.
 * Method: a model peer that answers in any order, late, or with events between, its stream cut
 * anywhere; then peers that break each rule; then any bytes at all.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { formatJson, type Json } from "../../../src/qmp/json.ts"
import {
  abandon,
  end,
  inFlightMax,
  make,
  type Output,
  receive,
  type Sent,
  send,
  type Session
} from "../../../src/qmp/session.ts"
import { cut, json, jsonObject, places } from "./arbitrary.ts"

const version = { qemu: { micro: 22, minor: 2, major: 7 }, package: "D" }
const greetingLine = JSON.stringify({ QMP: { version, capabilities: ["oob"] } })

const encode = (text: string) => new TextEncoder().encode(text)
const write = (value: Json) => Result.getOrThrow(formatJson(value))

const mustSend = (session: Session, execute = "query-status"): Sent =>
  Result.getOrThrow(send(session, { execute }))

const open = (): Session => {
  const { session, outputs, fault } = receive(make(), encode(`${greetingLine}\r\n`))
  expect(outputs).toMatchObject([{ _tag: "Greeting", version: "7.2.22", package: "D" }])
  expect(fault).toBeUndefined()
  return session
}

const feedLines = (session: Session, lines: readonly string[], at: readonly number[] = []) => {
  const outputs: Output[] = []
  let now = session
  for (const piece of cut(encode(lines.map((line) => `${line}\n`).join("")), at)) {
    const received = receive(now, piece)
    outputs.push(...received.outputs)
    now = received.session
    if (received.fault !== undefined) return { session: now, outputs, fault: received.fault }
  }
  return { session: now, outputs, fault: undefined }
}

const timestamp = { seconds: 1, microseconds: 2 }

/** What the peer does with each command: answers well, refuses, or never answers. */
const plan = fc.array(
  fc.record({
    reply: fc.oneof(
      fc.record({ kind: fc.constant("return" as const), value: json }),
      fc.record({ kind: fc.constant("error" as const), desc: fc.string() }),
      fc.record({ kind: fc.constant("silence" as const) })
    ),
    isAbandoned: fc.boolean(),
    eventAfter: fc.option(jsonObject, { nil: undefined }),
    rank: fc.nat()
  }),
  { maxLength: 20 }
)

test("each command is told its own outcome once, in any order, with events, cut anywhere", () => {
  fc.assert(
    fc.property(plan, places, (steps, at) => {
      let session = open()
      const ids: number[] = []
      for (const step of steps) {
        const sent = mustSend(session)
        ids.push(sent.id)
        session = step.isAbandoned ? abandon(sent.session, sent.id) : sent.session
      }
      const order = steps.map((step, index) => ({ ...step, id: ids[index] ?? 0 }))
      const told = order.toSorted((a, b) => a.rank - b.rank)
      const lines = told.flatMap(({ reply, id, eventAfter }) => {
        const event = eventAfter && write({ event: "X", data: eventAfter, timestamp })
        const answer =
          reply.kind === "return"
            ? write({ return: reply.value, id })
            : reply.kind === "error"
              ? write({ id, error: { class: "GenericError", desc: reply.desc } })
              : undefined
        return [answer, event].filter((line) => line !== undefined)
      })
      const { outputs, fault, session: after } = feedLines(session, lines, at)
      expect(fault).toBeUndefined()
      const expected = told
        .filter(({ reply, isAbandoned }) => reply.kind !== "silence" && !isAbandoned)
        .map(({ id, reply }) => ({
          id,
          outcome: reply.kind === "return" ? reply.value : reply.kind === "error" && reply.desc
        }))
      const replies = outputs.flatMap((output) =>
        output._tag === "Reply"
          ? [
              {
                id: output.id,
                outcome: Result.isSuccess(output.result)
                  ? output.result.success
                  : output.result.failure.desc
              }
            ]
          : []
      )
      expect(replies).toEqual(expected)
      const events = outputs.flatMap((one) =>
        one._tag === "Event" && one.event._tag === "Other" ? [one.event.data] : []
      )
      expect(events).toEqual(told.flatMap(({ eventAfter }) => eventAfter ?? []))
      const silent = order.filter(
        ({ reply, isAbandoned }) => reply.kind === "silence" && !isAbandoned
      )
      const over = end(after)
      expect(over.unanswered.map(({ id }) => id)).toEqual(silent.map(({ id }) => id))
      expect(end(over.session).unanswered).toEqual([])
      expect(send(over.session, { execute: "stop" })).toEqual(Result.fail("ended"))
    })
  )
})

test("ids are never used again, over any history", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (answered) => {
      let session = open()
      const ids = answered.map((isAnswered) => {
        const sent = mustSend(session)
        session = isAnswered
          ? feedLines(sent.session, [write({ return: {}, id: sent.id })]).session
          : sent.session
        return sent.id
      })
      expect(new Set(ids).size).toBe(ids.length)
    })
  )
})

const faults: { readonly [why: string]: readonly string[] } = {
  "an id that was never issued": ['{"return": {}, "id": 99}'],
  "an id of another type": ['{"return": {}, "id": "1"}'],
  "a second answer to one command": ['{"return": {}, "id": 1}', '{"return": {}, "id": 1}'],
  "an answer without an id": ['{"return": {}}'],
  "an error without an id": ['{"error": {"class": "GenericError", "desc": "JSON parse error"}}'],
  "a second greeting": [greetingLine],
  "no JSON": ["hello"],
  "two objects in a line": ['{"return": {}, "id": 1}{"return": {}, "id": 1}'],
  "half an object": ['{"return": {}'],
  "another object": ['{"hello": 1}'],
  "an event without a timestamp": ['{"event": "STOP"}'],
  "an error without words": ['{"error": {"class": "GenericError"}, "id": 1}']
}

test.each(Object.entries(faults))("%s is a fault, told once", (_, lines) => {
  const sent = mustSend(open())
  const { session, fault } = feedLines(sent.session, lines)
  expect(fault?._tag).toBe("QmpFault")
  expect(session.phase).toBe("ended")
  const later = receive(session, encode('{"return": {}, "id": 1}\n'))
  expect(later).toMatchObject({ outputs: [], fault: undefined })
})

test("before the greeting nothing else is taken", () => {
  for (const line of ['{"return": {}, "id": 1}', write({ event: "STOP", timestamp })]) {
    const sent = mustSend(make())
    expect(feedLines(sent.session, [line]).fault?.message).toContain("before the greeting")
  }
})

test("a command may be sent before the greeting, and is answered after it", () => {
  const sent = mustSend(make(), "qmp_capabilities")
  const { outputs, fault } = feedLines(sent.session, [greetingLine, '{"return": {}, "id": 1}'])
  expect(fault).toBeUndefined()
  expect(outputs.map((output) => output._tag)).toEqual(["Greeting", "Reply"])
})

test("what came whole before a fault is still told", () => {
  const sent = mustSend(open())
  const { outputs, fault } = feedLines(sent.session, ['{"return": 5, "id": 1}', "garbage"])
  expect(outputs).toMatchObject([{ _tag: "Reply", id: 1 }])
  expect(fault).toBeDefined()
})

test("commands that QEMU owes an answer are bounded, abandoned ones counted", () => {
  let session = open()
  for (let count = 0; count < inFlightMax; count++) {
    const sent = mustSend(session)
    session = abandon(sent.session, sent.id)
  }
  expect(send(session, { execute: "stop" })).toEqual(Result.fail("too many commands in flight"))
  const { session: freed } = feedLines(session, ['{"return": {}, "id": 7}'])
  expect(Result.isSuccess(send(freed, { execute: "stop" }))).toBe(true)
})

test("a command that cannot be written is refused and changes nothing", () => {
  const session = open()
  const refused = send(session, { execute: "x", arguments: { name: "\ud800" } })
  expect(Result.isFailure(refused) && typeof refused.failure).toBe("object")
  expect(mustSend(session).id).toBe(1)
})

test("a value with quotes, newlines and braces stays a value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const sent = Result.getOrThrow(send(open(), { execute: "x", arguments: { name } }))
      const text = new TextDecoder().decode(sent.bytes)
      expect(text.indexOf("\n")).toBe(text.length - 1)
      expect(JSON.parse(text)).toEqual({ execute: "x", arguments: { name }, id: 1 })
    })
  )
})

test("no bytes at all make it throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (pieces) => {
      let session = mustSend(open()).session
      for (const piece of pieces) session = receive(session, piece).session
      expect(end(session).unanswered.length).toBeLessThanOrEqual(1)
    })
  )
})

test("an older session is not changed by what comes after", () => {
  const before = mustSend(open()).session
  const copy = structuredClone({ ...before, inFlight: [...before.inFlight] })
  feedLines(before, ['{"return": {}, "id": 1}', write({ event: "STOP", timestamp })], [3, 17])
  abandon(before, 1)
  expect({ ...before, inFlight: [...before.inFlight] }).toEqual(copy)
})
