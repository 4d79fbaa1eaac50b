/**
 * Goal: the laws about processes, names, epochs and answers fail where they are broken.
 * Method: for each, a run made by hand that breaks it, and its neighbour that does not.
 */
import { expect, test } from "vitest"
import {
  bury,
  chart,
  checksOf,
  d0,
  d1,
  domainTurnOf,
  giveBirth,
  happening,
  indexOf,
  off,
  operation,
  record,
  running,
  stopping,
  turnOf,
  unanswered,
  viewOf
} from "./hand-made.ts"

test("I01 counts a QEMU until it is dead", () => {
  const { step } = checksOf("I01")
  const view = viewOf()
  const first = giveBirth(view, [d0, "1.1"])
  giveBirth(view, [d1, "1.2"])
  expect(step(view, "spawn prlimit")).toBeUndefined()
  view.host.processes.end(first, { code: 0, signal: undefined })
  const second = giveBirth(view, [d0, "1.3"])
  expect(step(view, "spawn prlimit")).toMatch(`are both of ${d0}`)
  bury(view, second)
  expect(step(view, "spawn prlimit")).toBeUndefined()
})

test("I02 sees a name of two domains, listed, reserved or shown", () => {
  const { decided, history } = checksOf("I02")
  const view = viewOf()
  const list = (index: object) => decided(turnOf("domains", { after: index }), view)
  const good = indexOf([{ uuid: d0, name: "a" }], [{ uuid: d1, name: "b" }])
  expect(list(good)).toBeUndefined()
  const twins = [
    { uuid: d0, name: "a" },
    { uuid: d1, name: "a" }
  ]
  expect(list(indexOf(twins))).toMatch("'a' is listed")
  expect(list(indexOf([{ uuid: d0, name: "a" }], [{ uuid: d1, name: "a" }]))).toMatch("reserved")
  expect(list({ ...good, byName: indexOf(twins).byName })).toBeDefined()
  const row = { uuid: d0, name: "a", state: "off", isPersistent: true, isAutostart: false }
  const listing = (rows: readonly (typeof row)[]) =>
    viewOf({
      operations: [
        operation({ call: "list" }, { result: { kind: "ok", value: { domains: rows } } })
      ]
    })
  expect(history(listing([row]))).toBeUndefined()
  expect(history(listing([row, { ...row, uuid: d1 }]))).toMatch("'a' twice")
})

test("I03 sees a reservation that outlives its call", () => {
  const define = { call: "define", domain: 0, version: 1 } as const
  const after = indexOf([], [{ uuid: d0, name: "d0" }])
  const { decided, rest } = checksOf("I03")
  const during = viewOf({ operations: [operation(define, unanswered)] })
  expect(decided(turnOf("domains", { after }), during)).toBeUndefined()
  const answered = viewOf({ operations: [operation(define)] })
  expect(decided(turnOf("domains", { after }), answered)).toMatch("no call under way")
  expect(rest(answered)).toMatch("still reserved")
  decided(turnOf("domains", { after: indexOf([]) }), answered)
  expect(rest(answered)).toBeUndefined()
})

test("I04 sees a late fact, an epoch used again, and a generation that falls", () => {
  const view = viewOf()
  const start = (epoch: string) =>
    domainTurnOf({ message: { type: "start" }, before: off, after: running(epoch) })
  const fact = (epoch: string) =>
    domainTurnOf({
      message: { type: "exited", epoch },
      before: running("1.1"),
      after: stopping("1.1")
    })
  const { decided } = checksOf("I04")
  expect(decided(start("1.1"), view)).toBeUndefined()
  expect(decided(fact("1.1"), view)).toBeUndefined()
  expect(decided(fact("1.0"), view)).toMatch("'exited' of epoch 1.0")
  expect(decided(start("1.1"), view)).toMatch("epoch 1.1")
  expect(decided(start("1.2"), viewOf({ life: 2 }))).toMatch("generation 1 of engine 2")
  expect(decided(start("2.1"), viewOf({ life: 2 }))).toBeUndefined()
})

test("I05 sees a domain come back from the dead, and one taken off the list alive", () => {
  const { decided, history } = checksOf("I05")
  const remove = turnOf("domains", { message: { type: "remove", uuid: d0 } })
  decided(domainTurnOf({ before: off, after: running("1.1") }), viewOf())
  expect(decided(remove, viewOf())).toMatch("while it was running.steady")
  decided(domainTurnOf({ before: running("1.1"), after: off }), viewOf())
  expect(decided(remove, viewOf())).toBeUndefined()
  const gone = { message: { type: "unregistered" }, before: off, after: chart("gone") }
  decided(domainTurnOf(gone), viewOf())
  const found = operation({ call: "lookup", domain: 0 })
  const made = operation(
    { call: "define", domain: 0, version: 2 },
    { invokedAt: 1, endedAt: found.invokedAt - 1 }
  )
  expect(history(viewOf({ operations: [found] }))).toMatch("was gone before")
  expect(history(viewOf({ operations: [made, found] }))).toBeUndefined()
})

test("I06 sees an answer too many, one of another, and one that never comes", () => {
  const { turn, rest } = checksOf("I06")
  const view = viewOf()
  const ask = (call: number) => record({ actor: "a", call })
  const reply = (actor: string, answers: readonly number[]) => record({ actor, answers })
  expect(turn(ask(1), view)).toBeUndefined()
  expect(turn(ask(2), view)).toBeUndefined()
  expect(turn(reply("b", [1]), view)).toMatch("of a")
  expect(turn(reply("a", [1]), view)).toBeUndefined()
  expect(turn(reply("a", [1]), view)).toMatch("nothing is owed")
  expect(rest(view)).toBeUndefined()
  view.world.nowMs = 100_000
  expect(rest(view)).toMatch("a owes an answer")
  turn(record({ actor: "a", outcome: "stopped" }), view)
  expect(rest(view)).toBeUndefined()
})

test("I07 sees a read of what was overwritten", () => {
  const { history } = checksOf("I07")
  const define = (version: number) => operation({ call: "define", domain: 0, version })
  const read = (version: number) =>
    operation({ call: "xml", domain: 0 }, { result: { kind: "ok", value: { version } } })
  const opened = happening("engine-opened")
  expect(
    history(viewOf({ happenings: [opened], operations: [define(1), define(2), read(2)] }))
  ).toBeUndefined()
  expect(
    history(viewOf({ happenings: [opened], operations: [define(1), define(2), read(1)] }))
  ).toMatch("impossible")
})

test("I08 sees a call served by a closing engine, and one that it left without an answer", () => {
  const { turn, history } = checksOf("I08")
  const driver = (to: string) => turn(record({ actor: "driver", to }), viewOf())
  const call = record({ actor: `domain/${d0}`, procedure: "domainCreate", call: 1 })
  driver("running")
  expect(turn(call, viewOf())).toBeUndefined()
  driver("stopping")
  expect(turn(call, viewOf())).toMatch("while the engine was stopping")
  expect(turn({ ...call, procedure: "driver.close" }, viewOf())).toBeUndefined()
  const open = operation({ call: "start", domain: 0 }, unanswered)
  const closed = { operations: [open], happenings: [happening("engine-closed")] }
  const vanish = { seam: "client", nth: 0, fault: "vanish" } as const
  // At the door when the engine closed, and then let in before it did.
  expect(history(viewOf(closed))).toBeUndefined()
  const enter = record({ actor: "driver", to: "running", message: "enter" })
  turn(enter, { ...viewOf(), tick: open.invokedAt + 1 })
  expect(history(viewOf(closed))).toMatch("had no answer")
  expect(history(viewOf({ ...closed, faults: [vanish] }))).toBeUndefined()
  const killed = { operations: [open], happenings: [happening("engine-killed")] }
  expect(history(viewOf(killed))).toBeUndefined()
})

test("I09 sees a snapshot that changes, falls back, or comes of nothing", () => {
  const { decided } = checksOf("I09")
  const state = (number: number) => ({ context: { snapshot: Object.freeze({ number }) } })
  const turn = (type: string, before: object, after: object) =>
    decided(turnOf("config", { message: { type }, before, after }), viewOf())
  expect(turn("loaded", state(1), state(2))).toBeUndefined()
  expect(turn("loaded", state(2), state(1))).toMatch("replaced 2")
  expect(turn("loadFailed", state(1), state(2))).toMatch("'loadFailed' replaced")
  expect(turn("loaded", state(1), { context: { snapshot: { number: 2 } } })).toMatch("be changed")
})
