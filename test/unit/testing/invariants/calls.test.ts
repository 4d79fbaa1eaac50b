/**
 * Goal: the laws about waiting, turns, jobs, ends and states fail where they are broken.
 * Method: for each, a run made by hand that breaks it, and its neighbour that does not.
 */
import { expect, test } from "vitest"
import * as errors from "../../../../src/errors.ts"
import { boundMs } from "../../../../src/testing/invariants/i10-bounded-reply.ts"
import { errorNames } from "../../../../src/testing/invariants/typed-errors.ts"
import {
  bury,
  chart,
  checksOf,
  d0,
  d1,
  domainTurnOf,
  entry,
  failed,
  giveBirth,
  off,
  operation,
  record,
  running,
  stopping,
  turnOf,
  viewOf
} from "./hand-made.ts"

const slow = { seam: "file", nth: 0, fault: "slow" } as const

test("I10 sees an answer past its bound, unless time is no measure", () => {
  const { history } = checksOf("I10")
  const took = (endedAtMs: number) => [operation({ call: "undefine", domain: 0 }, { endedAtMs })]
  const late = boundMs.undefine + 1_000
  expect(history(viewOf({ operations: took(boundMs.undefine) }))).toBeUndefined()
  expect(history(viewOf({ operations: took(late) }))).toMatch(`took ${late} ms`)
  expect(history(viewOf({ operations: took(late), faults: [slow] }))).toBeUndefined()
  expect(history(viewOf({ operations: took(late), plan: { mayTimePass: true } }))).toBeUndefined()
})

test("I11 sees a read that waited", () => {
  const { history, turn } = checksOf("I11")
  const took = (endedAtMs: number) =>
    viewOf({ operations: [operation({ call: "info", domain: 0 }, { endedAtMs })] })
  expect(history(took(0))).toBeUndefined()
  expect(history(took(5_000))).toMatch("took 5000 ms to read")
  turn(record({ actor: "driver", to: "restarting" }), viewOf())
  expect(history(took(5_000))).toBeUndefined()
})

test("I12 sees actors that wait for each other, and a call refused for it", () => {
  const { turn, history } = checksOf("I12")
  const ask = (sender: string, actor: string, call: number) =>
    turn(record({ sender, script: "work", actor, call }), viewOf())
  expect(ask("a", "b", 1)).toBeUndefined()
  expect(ask("b", "c", 2)).toBeUndefined()
  turn(record({ actor: "c", answers: [2] }), viewOf())
  expect(ask("c", "a", 3)).toBeUndefined()
  expect(ask("b", "c", 4)).toMatch("closes a circle")
  const refused = operation({ call: "list" }, { result: failed("AskCycle") })
  expect(history(viewOf({ operations: [refused] }))).toMatch("waited in a circle")
})

test("I13 sees a state that was changed between two turns", () => {
  const { decided, turn } = checksOf("I13")
  const step = (before: object, after: object, version: number) =>
    decided(turnOf("a", { before, after, record: { version } }), viewOf())
  const [one, two, three, four] = [{}, {}, {}, {}]
  expect(step(one, two, 1)).toBeUndefined()
  expect(step(two, three, 2)).toBeUndefined()
  expect(step(one, four, 3)).toMatch("was changed between two turns")
  turn(record({ actor: "a", outcome: "restarted" }), viewOf())
  expect(step(one, four, 3)).toBeUndefined()
  // Another actor, of the same name.
  expect(step({}, {}, 1)).toBeUndefined()
  expect(decided(turnOf("a", { before: four, record: { serial: 0 } }), viewOf())).toMatch("inside")
})

test("I14 sees a job without a call, and one that is left at rest", () => {
  const { decided, rest } = checksOf("I14")
  const see = (after: object) => decided(domainTurnOf({ before: off, after }), viewOf())
  const job = { call: 1, change: { type: "undefine" } }
  expect(see(chart("shutoff", { job }, { job: "writing" }))).toBeUndefined()
  expect(see(chart("shutoff", {}, { job: "writing" }))).toMatch("job is writing")
  expect(see(chart("shutoff", { job }))).toMatch("job is idle")
  expect(see(chart("shutoff", { signal: { call: 2 } }))).toMatch("power is idle")
  expect(see(chart("shutoff", { destroyers: [3] }))).toMatch("1 destroys open")
  expect(see(chart({ running: "steady" }, { starter: { call: 4 } }))).toMatch("start of call 4")
  const at = (published: object) => viewOf({ entries: [entry(d0, published)] })
  expect(rest(at(off))).toBeUndefined()
  expect(rest(at(chart({ starting: "preparing" })))).toMatch("still starting")
  expect(rest(at(chart("shutoff", { job }, { job: "writing" })))).toMatch("its job is writing")
  decided(turnOf("start-lane", { record: { to: "1 start, 0 wait" } }), viewOf())
  expect(rest(viewOf())).toMatch("in the lane")
  decided(turnOf("start-lane", { record: { to: "0 start, 0 wait" } }), viewOf())
  decided(turnOf("driver", { after: { context: { leases: { 1: {} } } } }), viewOf())
  expect(rest(viewOf())).toMatch("1 calls hold a lease")
})

test("I15 sees a destroy that is refused, held back, or kept waiting", () => {
  const { decided, history } = checksOf("I15")
  const destroy = (outcome: "refused" | "postponed", before: object, epoch?: string) =>
    decided(
      domainTurnOf({ message: { type: "destroy", epoch }, before, record: { outcome } }),
      viewOf()
    )
  expect(destroy("refused", off)).toBeUndefined()
  expect(destroy("refused", running("1.2"), "1.1")).toBeUndefined()
  expect(destroy("refused", running("1.2"))).toMatch("refused a destroy while it was running")
  expect(destroy("postponed", running("1.2"))).toMatch("held a destroy back")
  const call = { call: "destroy", domain: 0 } as const
  const ended = (part: object) => viewOf({ operations: [operation(call, part)] })
  expect(history(ended({ endedAtMs: 900 }))).toBeUndefined()
  expect(history(ended({ endedAtMs: 1_500 }))).toMatch("took 1500 ms")
  expect(history(ended({ result: failed("MailboxFull") }))).toMatch("with MailboxFull")
  expect(history(ended({ result: failed("StillDying") }))).toBeUndefined()
})

test("I16 sees an end, a release and a removal before the death", () => {
  const { decided, step } = checksOf("I16")
  const view = viewOf()
  const process = giveBirth(view, [d0, "1.1"])
  const end = domainTurnOf({ before: stopping("1.1"), after: off })
  const release = turnOf("pci-pool", {
    message: { type: "release", token: `${d0}/1.1` },
    before: { dev: { token: `${d0}/1.1` } },
    after: {}
  })
  const unlink = "unlink /var/lib/troupe/run/status/1.1.json"
  expect(decided(end, view)).toMatch("whose process lives")
  expect(decided(release, view)).toMatch("which lives")
  expect(step(view, unlink)).toMatch("was removed while process")
  bury(view, process)
  expect(decided(end, view)).toBeUndefined()
  expect(decided(release, view)).toBeUndefined()
  expect(step(view, unlink)).toBeUndefined()
})

test("I17 sees a way that no domain goes, and a start of one that is active", () => {
  const { decided } = checksOf("I17")
  const move = (type: string, [before, after]: readonly object[], ...actions: string[]) =>
    decided(domainTurnOf({ message: { type }, before, after, record: { actions } }), viewOf())
  const starting = chart({ starting: "preparing" }, { epoch: "1.1" })
  expect(move("start", [off, starting], "launch", "deadline")).toBeUndefined()
  expect(move("start", [off, starting])).toMatch("launched 0 times")
  expect(move("started", [starting, running("1.1")], "launch")).toMatch("launched 1 times")
  expect(move("start", [running("1.1"), running("1.1")], "launch")).toMatch("in epoch 1.1")
  expect(move("monitorEnded", [running("1.1"), stopping("1.1")])).toMatch("by 'monitorEnded'")
  expect(move("released", [stopping("1.1"), running("1.1")])).toMatch("from stopping to running")
  expect(move("destroy", [running("1.1"), stopping("1.1")])).toBeUndefined()
})

test("an error that is none of the list, or says nothing, is seen", () => {
  const { history } = checksOf("E01")
  const told = (result: ReturnType<typeof failed>) =>
    history(viewOf({ operations: [operation({ call: "start", domain: 1 }, { result })] }))
  expect(told(failed("StartFailed"))).toBeUndefined()
  expect(told(failed("Defect"))).toMatch("failed with Defect")
  expect(told(failed("Interrupted"))).toMatch("failed with Interrupted")
  expect(told(failed("StoreError", " "))).toMatch("no word")
})

test("the list of errors is that of the library", () => {
  expect([...errorNames].toSorted()).toEqual(Object.keys(errors).toSorted())
})

test("a crash is seen", () => {
  const { turn } = checksOf("E02")
  expect(turn(record(), viewOf())).toBeUndefined()
  const crash = record({ actor: d1, outcome: "crashed", defect: "an assertion failed" })
  expect(turn(crash, viewOf())).toMatch("an assertion failed")
})
