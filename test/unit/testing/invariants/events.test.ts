/**
 * Goal: the laws about events and monitors fail where they are broken.
 * Method: for each, a run made by hand that breaks it, and its neighbour that does not.
 */
import { expect, test } from "vitest"
import type { EventSeen } from "../../../../src/testing/history/operation.ts"
import {
  chart,
  checksOf,
  d0,
  definitionText,
  domainTurnOf,
  entry,
  fileAt,
  layout,
  off,
  running,
  stopping,
  turnOf,
  viewOf
} from "./hand-made.ts"

const told = (event: string, detail = "booted") =>
  turnOf("event-bus", {
    message: { type: "happened", event: { type: "lifecycle", uuid: d0, event, detail } }
  })

const started = domainTurnOf({ message: { type: "start" } })

test("I18 sees a story that cannot have happened", () => {
  const story = (...events: readonly string[]) => {
    const { decided } = checksOf("I18")
    decided(started, viewOf())
    return events.map((event) => decided(told(event), viewOf())).find((why) => why !== undefined)
  }
  expect(story("started", "suspended", "resumed", "suspended", "stopped")).toBeUndefined()
  expect(story("stopped")).toBeUndefined()
  expect(story("started", "started")).toMatch("was on")
  expect(story("started", "stopped", "stopped")).toMatch("was off")
  expect(story("started", "stopped", "started")).toMatch("nobody began")
  expect(story("started", "suspended", "suspended")).toMatch("twice in a row")
  expect(story("started", "stopped", "resumed")).toMatch("was off")
})

test("I19 sees an event that is told too early", () => {
  const { decided } = checksOf("I19")
  const record = { actions: ["emit"], version: 1 }
  const end = (after: object) => domainTurnOf({ before: stopping("1.1"), after, record })
  const listed = (published: object) => viewOf({ entries: [entry(d0, published)] })
  expect(decided(end(off), listed(off))).toBeUndefined()
  expect(decided(end(off), listed(stopping("1.1")))).toMatch("before it could be read")
  const held = { 5900: `${d0}/1.1` }
  decided(turnOf("ports", { message: { type: "take" }, after: held }), viewOf())
  expect(decided(end(off), listed(off))).toMatch("still holds")
  decided(turnOf("ports", { message: { type: "release" }, before: held, after: {} }), viewOf())
  const gone = chart("gone")
  expect(decided(end(gone), listed(gone))).toMatch("while it was listed")
  expect(decided(end(gone), viewOf())).toBeUndefined()
  const written = domainTurnOf({
    message: { type: "written" },
    before: chart("shutoff", { job: { call: 1, change: { type: "define" } } }),
    after: chart("shutoff", { persistent: { name: "d0" } }),
    record
  })
  const view = viewOf()
  expect(decided(written, view)).toMatch("its file is not there")
  fileAt(view, `${layout.definitions}/d0.xml`, definitionText(d0, "d0", "v1"))
  expect(decided(written, view)).toBeUndefined()
})

const heard = (type: string, detail = "booted"): EventSeen => ({
  at: 1,
  life: 1,
  subscriber: 0,
  uuid: type === "gap" ? undefined : d0,
  type,
  detail,
  epoch: undefined
})

test("I20 sees an event that is lost, exchanged, or never came to the bus", () => {
  const play = (events: readonly EventSeen[], emits = 2) => {
    const { decided, rest } = checksOf("I20")
    const view = viewOf({ events })
    const emit = domainTurnOf({
      before: running("1.1"),
      record: { actions: Array(emits).fill("emit") }
    })
    decided(turnOf("event-bus", { message: { type: "listen" } }), viewOf())
    decided(emit, viewOf())
    decided(told("started"), viewOf())
    return decided(told("stopped"), view) ?? rest(view)
  }
  expect(play([heard("started"), heard("stopped")])).toBeUndefined()
  expect(play([heard("gap", "2")])).toBeUndefined()
  expect(play([heard("started")])).toMatch("nobody has heard of 'stopped'")
  expect(play([heard("stopped"), heard("started")])).toMatch("where 'started' was told")
  expect(play([heard("started"), heard("stopped"), heard("stopped")])).toMatch("'undefined'")
  expect(play([heard("started"), heard("stopped")], 3)).toMatch("told 3 events, and 2 came")
})

const monitor = (phase: string, ids: readonly number[], call = 7) => ({
  session: { phase, frame: { size: 0 }, inFlight: new Map(ids.map((id) => [id, {}])) },
  waiting: new Map(ids.map((id) => [id, { call, command: "cont" }]))
})

const name = `monitor/${d0}/1.1`

test("I21 sees words after the end, commands left open, and a death that is none", () => {
  const { decided } = checksOf("I21")
  const turn = (message: string, states: readonly [object, object], part: object) => {
    const [before, after] = states
    return decided(
      turnOf(name, { message: { type: message }, before, after, record: part }),
      viewOf()
    )
  }
  const [open, over] = [monitor("open", [1]), monitor("ended", [])]
  expect(turn("ended", [open, over], { answers: [7] })).toBeUndefined()
  expect(turn("ended", [open, over], { answers: [] })).toMatch("was not answered")
  expect(turn("ended", [open, monitor("ended", [1])], { answers: [7] })).toMatch("1 commands open")
  expect(turn("bytes", [over, over], { actions: ["emit"] })).toMatch("after its end")
  expect(turn("execute", [over, over], { actions: ["reply"] })).toBeUndefined()
  const ended = (after: object) =>
    decided(
      domainTurnOf({ message: { type: "monitorEnded" }, before: running("1.1"), after }),
      viewOf()
    )
  expect(ended(running("1.1"))).toBeUndefined()
  expect(ended(stopping("1.1"))).toMatch("from running to stopping")
})

test("I22 reads the ids of answers, however their bytes come", () => {
  const { decided } = checksOf("I22")
  const receive = (text: string, before: object, after: object) =>
    decided(
      turnOf(name, {
        message: { type: "bytes", bytes: new TextEncoder().encode(text) },
        before,
        after
      }),
      viewOf()
    )
  const [two, one, none] = [monitor("open", [1, 2]), monitor("open", [2]), monitor("open", [])]
  expect(receive('{"return": {}, "id": 1}\r\n{"ret', two, one)).toBeUndefined()
  expect(receive('urn": {}, "id": 2}\r\n', one, none)).toBeUndefined()
  expect(receive('{"return": {}, "id": 2}\r\n', two, one)).toMatch("has id 1")
  expect(receive('{"return": {}, "id": 9}\r\n', two, two)).toMatch("goes on after an answer to 9")
  expect(receive('{"error": {}}\r\n', two, two)).toMatch("goes on after an answer to undefined")
  expect(receive('{"error": {}}\r\n', two, monitor("ended", []))).toBeUndefined()
  expect(receive('{"event": "STOP"}\r\n', two, one)).toMatch("was not answered")
})
