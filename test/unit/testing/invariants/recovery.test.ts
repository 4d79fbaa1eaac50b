/**
 * Goal: the laws about disks, recovery, signals, secrets, paths, bounds and replay fail where they
 * are broken. Method: for each, a run made by hand that breaks it, and its neighbour that does not.
 */
import { expect, test } from "vitest"
import type { ApiCall } from "../../../../src/testing/history/api-call.ts"
import {
  difference,
  replaysIdentically
} from "../../../../src/testing/invariants/i39-replay-identity.ts"
import { invariants } from "../../../../src/testing/invariants/index.ts"
import { canary } from "../../../../src/testing/simulation/definition.ts"
import {
  bury,
  checksOf,
  d0,
  d1,
  definitionText,
  domainTurnOf,
  entry,
  failed,
  fileAt,
  giveBirth,
  happening,
  layout,
  off,
  operation,
  record,
  running,
  stopping,
  turnOf,
  unanswered,
  viewOf
} from "./hand-made.ts"

const file = `${layout.definitions}/d0.xml`
const define = (version: number): ApiCall => ({ call: "define", domain: 0, version })

test("I29 sees an acknowledged definition that is not on disk", () => {
  const { opened } = checksOf("I29")
  const found = (title: string | undefined, operations: Parameters<typeof operation>[]) => {
    const made = operations.map((one) => operation(...one))
    const view = viewOf({ operations: made, happenings: [happening("engine-killed")], life: 2 })
    if (title !== undefined) fileAt(view, file, definitionText(d0, "d0", title))
    return opened(view)
  }
  expect(found("v1", [[define(1)]])).toBeUndefined()
  expect(found(undefined, [[define(1)]])).toMatch("is nothing, not v1")
  expect(found("v1", [[define(1)], [define(2)]])).toMatch("is v1, not v2")
  expect(found("v1", [[define(1)], [define(2), unanswered]])).toBeUndefined()
  expect(found("v2", [[define(1)], [define(2), unanswered]])).toBeUndefined()
  expect(found("v3", [[define(1)], [define(2), unanswered]])).toMatch("is v3, not v1 or v2")
  expect(found("v2", [[define(1)], [define(2), { result: failed("StoreError") }]])).toBeUndefined()
  const undefine: ApiCall = { call: "undefine", domain: 0 }
  expect(found("v1", [[define(1)], [undefine]])).toMatch("is v1, not nothing")
})

test("I29 sees a torn definition, one under two names, and a name or a mark that is lost", () => {
  const { rest } = checksOf("I29")
  const defined = viewOf({ operations: [operation(define(1))] })
  fileAt(defined, file, definitionText(d0, "d0", "v1").slice(0, 40))
  expect(rest(defined)).toMatch("no whole definition")
  const twice = viewOf({ operations: [operation(define(1))] })
  fileAt(twice, file, definitionText(d0, "d0", "v1"))
  fileAt(twice, `${layout.definitions}/d1.xml`, definitionText(d0, "d1", "v1"))
  expect(rest(twice)).toMatch("d0.xml and d1.xml")
  const named = (call: ApiCall) => {
    const view = viewOf({ operations: [operation(define(1)), operation(call)] })
    fileAt(view, file, definitionText(d0, "d0", "v1"))
    return view
  }
  expect(rest(named({ call: "rename", domain: 0, to: 1 }))).toMatch("the name of d0")
  const marked = named({ call: "setAutostart", domain: 0, isAutostart: true })
  expect(rest(marked)).toMatch("the autostart of d0")
  marked.host.disk.symlink("../d0.xml", `${layout.autostart}/d0.xml`)
  expect(rest(marked)).toBeUndefined()
})

const start = domainTurnOf({ message: { type: "started" }, after: running("1.1") })

test("I30 sees a guest that nobody took over, and a QEMU that is no guest", () => {
  const { decided, opened, rest } = checksOf("I30")
  decided(start, viewOf())
  const scene = (published: object) => {
    const view = viewOf({ entries: [entry(d0, published)], life: 2 })
    giveBirth(view, [d0, "1.1"])
    return view
  }
  expect(opened(scene(running("1.1")))).toBeUndefined()
  expect(opened(scene(off))).toMatch("the domain is in undefined")
  expect(rest(scene(running("1.2")))).toMatch("nobody's guest")
  decided(domainTurnOf({ before: running("1.1"), after: stopping("1.1") }), viewOf())
  expect(opened(scene(off))).toBeUndefined()
})

test("I31 sees a guest that another engine knows otherwise", () => {
  const { decided, opened } = checksOf("I31")
  decided(start, viewOf())
  const scene = (context: object) => {
    const view = viewOf({ entries: [entry(d0, running("1.1", context))], life: 2 })
    giveBirth(view, [d0, "1.1"])
    return view
  }
  expect(opened(scene({}))).toBeUndefined()
  expect(opened(scene({ id: 2 }))).toMatch("id was '1' and is '2'")
  expect(opened(scene({ autoDestroy: "c" }))).toMatch("autoDestroy was")
})

test("I32 sees a signal to a guest that goes on, and to what is no QEMU", () => {
  const signalled = (published: object, isEngine = false) => {
    const view = viewOf({ entries: [entry(d0, published)] })
    const guest = giveBirth(view, [d0, "1.1"])
    const { all } = view.host.processes
    const target = isEngine ? all.find(({ pid }) => pid === view.life?.process.pid) : guest
    if (target !== undefined) view.host.processes.signal(target, "SIGTERM")
    return checksOf("I32").step(view, "")
  }
  expect(signalled(stopping("1.1"))).toBeUndefined()
  expect(signalled(running("1.2"))).toBeUndefined()
  expect(signalled(running("1.1"))).toMatch("which is running")
  expect(signalled(off, true)).toMatch("/usr/bin/engine")
})

test("I33 sees a torn record that nobody tells of, or that is changed", () => {
  const { opened, rest } = checksOf("I33")
  const path = `${layout.statuses}/1.1.json`
  const silent = viewOf()
  fileAt(silent, path, "{")
  expect(opened(silent)).toMatch("no problem tells of it")
  const told = viewOf({ problems: [{ what: path, why: "not JSON" }] })
  fileAt(told, path, "{")
  expect(opened(told)).toBeUndefined()
  expect(rest(told)).toBeUndefined()
  told.host.disk.unlink(path)
  expect(rest(told)).toMatch("was damaged, and was changed")
})

test("I35 finds a password wherever it should not be", () => {
  const { step, turn, rest, history } = checksOf("I35")
  const words = viewOf()
  giveBirth(words, [d0, "1.1"], [`password=${canary}`])
  expect(step(words, "spawn prlimit")).toMatch("shows the password")
  expect(turn(record({ defect: `it is ${canary}` }), viewOf())).toMatch("shows the password")
  const kept = viewOf()
  fileAt(kept, file, canary)
  expect(rest(kept)).toBeUndefined()
  fileAt(kept, `${layout.logs}/d0.log`, canary)
  expect(rest(kept)).toMatch("d0.log holds")
  const readable = viewOf()
  fileAt(readable, file, canary)
  readable.host.disk.chmod(file, 0o644)
  expect(rest(readable)).toMatch("others may read")
  const answer = operation({ call: "list" }, { result: failed("StoreError", canary) })
  expect(history(viewOf({ operations: [answer] }))).toMatch("the answer to list")
  expect(rest(viewOf({ problems: [{ what: "x", why: canary }] }))).toMatch("the problem 'x'")
})

test("I36 sees a path outside of the root", () => {
  const { step, ended } = checksOf("I36")
  const view = viewOf()
  expect(step(view, `write ${file}`)).toBeUndefined()
  expect(step(view, "read /etc/passwd")).toBeUndefined()
  expect(step(view, "unlink /etc/passwd")).toMatch("'unlink' of /etc/passwd")
  expect(step(view, `mkdir ${layout.run}/../../x`)).toMatch("outside of")
  expect(ended(view)).toBeUndefined()
  fileAt(view, "/etc/stray", "")
  expect(ended(view)).toMatch("/etc/stray was left")
})

test("I37 sees what has piled up", () => {
  const { decided, rest } = checksOf("I37")
  const monitor = (size: number, count: number) => {
    const inFlight = new Map(Array.from({ length: count }, (_, id) => [id, {}]))
    const after = { session: { frame: { size }, inFlight } }
    return decided(turnOf(`monitor/${d0}/1.1`, { after }), viewOf())
  }
  expect(monitor(0, 256)).toBeUndefined()
  expect(monitor(0, 257)).toMatch("257 commands")
  expect(monitor(11 * 1024 * 1024, 0)).toMatch("bytes of a line")
  const closed = Array(1_025).fill("c")
  const connections = turnOf("connections", { after: { callbacks: [], closed } })
  expect(decided(connections, viewOf())).toMatch("1025 closed connections")
  const waiting = domainTurnOf({ after: running("1.1", { waiters: Array(20).fill(1) }) })
  expect(decided(waiting, viewOf())).toMatch("keeps 20 calls waiting")
  const problems = Array(1_001).fill({ what: "x", why: "y" })
  expect(rest(viewOf({ problems }))).toMatch("1001 problems")
})

test("I39 sees where two stories part", () => {
  expect(difference(["a", "b"], ["a", "b"])).toBeUndefined()
  expect(difference(["a", "b"], ["a", "c"])).toMatch("line 1 is 'b', and 'c' again")
  expect(difference(["a"], ["a", "b"])).toMatch("line 1")
  const plan = {
    domains: 1,
    clients: [[{ call: "start", domain: 0 }]],
    faults: [{ seam: "world", nth: 90, fault: "kill" }],
    schedule: { kind: "uniform", seed: 7 }
  } as const
  expect(replaysIdentically(plan)).toBeUndefined()
})

test("each law has a number and a name of its own, and a sentence", () => {
  const ids = invariants.map(({ id }) => id)
  const names = invariants.map(({ name }) => name)
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(names).size).toBe(names.length)
  for (const { statement } of invariants) expect(statement).toMatch(/^[A-Z].*\.$/)
})

test("a process that is dead is nobody's", () => {
  const { rest } = checksOf("I30")
  const view = viewOf({ entries: [entry(d1, off)] })
  bury(view, giveBirth(view, [d1, "1.1"]))
  expect(rest(view)).toBeUndefined()
})
