/**
 * Goal: the sequential model allows what the engine promises, and no more. Method: short histories
 * told by hand, a line for each tick.
 */
import { expect, test } from "vitest"
import { type ApiCall, slotUuid } from "../../../../src/testing/history/api-call.ts"
import { checkHistory, type CheckOptions } from "../../../../src/testing/history/check-history.ts"
import type {
  Happening,
  History,
  Operation,
  OperationResult,
  OperationValue
} from "../../../../src/testing/history/operation.ts"

const ok = (value?: OperationValue): OperationResult => ({ kind: "ok", value })
const error = (tag: string, message = tag): OperationResult => ({ kind: "error", tag, message })

type Line =
  /** A call that begins and ends before anything else. */
  | readonly [ApiCall, OperationResult]
  /** One that begins here, and goes by this name. */
  | readonly [string, ApiCall]
  /** And ends here. */
  | readonly [string, OperationResult]
  /** To the engine, or to the guest of slot 0. */
  | readonly [Happening["kind"]]

/** Reads the lines, a tick or two for each. */
const told = (...lines: readonly Line[]): History => {
  const operations: Operation[] = []
  const happenings: Happening[] = []
  const open = new Map<string, number>()
  let life = 1
  let at = 0
  const begin = (call: ApiCall) => {
    const id = operations.length
    const times = { invokedAt: ++at, endedAt: undefined, invokedAtMs: at, endedAtMs: undefined }
    operations.push({ id, client: id, life, call, ...times, result: undefined })
    return id
  }
  const end = (id: number | undefined, result: OperationResult) => {
    const begun = operations[id ?? -1]
    if (begun === undefined) throw new Error("what ends has begun")
    operations[begun.id] = { ...begun, endedAt: ++at, endedAtMs: at, result }
  }
  for (const [first, second] of lines) {
    if (typeof first === "object") end(begin(first), second as OperationResult)
    else if (second === undefined) {
      const kind = first as Happening["kind"]
      const uuid = kind.startsWith("qemu") ? slotUuid(0) : undefined
      happenings.push({ at: ++at, atMs: at, kind, uuid, epoch: "1.1", pid: 9, life })
      if (kind === "engine-killed" || kind === "power-cut") life++
    } else if ("call" in second) open.set(first, begin(second))
    else end(open.get(first), second)
  }
  return { operations, happenings, events: [] }
}

const judge = (lines: readonly Line[], options?: CheckOptions) =>
  checkHistory(told(...lines), options).map(({ subject, why }) => `${subject} ${why}`)

const d0 = { domain: 0 } as const
const define: Line = [{ call: "define", ...d0, version: 1 }, ok()]
const start: ApiCall = { call: "start", ...d0 }
const destroy: ApiCall = { call: "destroy", ...d0 }
const xml: ApiCall = { call: "xml", ...d0 }
const info: ApiCall = { call: "info", ...d0 }
const seen = (state: string, isPersistent = true): OperationResult =>
  ok({ state, name: "d0", isPersistent, isAutostart: false })
const started: readonly Line[] = [
  ["s", start],
  ["qemu-started"],
  ["qemu-running"],
  ["s", ok({ id: 1 })]
]

test("a start shows as shut off until it runs, and then runs", () => {
  const beside = (...reads: readonly Line[]): readonly Line[] => [
    define,
    ["s", start],
    ["qemu-started"],
    ...reads,
    ["s", ok({ id: 1 })]
  ]
  expect(judge(beside([info, seen("shutoff")], [info, seen("running")]))).toEqual([])
  expect(judge(beside([info, seen("running")], [info, seen("shutoff")]))).toEqual(["d0 impossible"])
})

test("a start that succeeds without a QEMU is a lie", () => {
  expect(judge([define, [start, ok({ id: 1 })]])).toEqual(["d0 impossible"])
})

test("of two starts one is refused; two that succeed need an end between them", () => {
  const twice = (second: OperationResult): readonly Line[] => [
    define,
    ["a", start],
    ["b", start],
    ["qemu-started"],
    ["a", ok({ id: 1 })],
    ["b", second]
  ]
  expect(judge(twice(error("RequestDenied")))).toEqual([])
  expect(judge(twice(ok({ id: 2 })))).toEqual(["d0 impossible"])
})

test("a start that fails leaves nothing, and may show that it is being undone", () => {
  const failing: readonly Line[] = [define, ["s", start], [info, seen("shutdown")]]
  const failed: Line = ["s", error("StartFailed")]
  expect(judge([...failing, failed, [info, seen("shutoff")]])).toEqual([])
  expect(judge([...failing, failed, [info, seen("shutdown")]])).toEqual(["d0 impossible"])
})

test("a destroy is answered when the process has exited, to all who joined it", () => {
  const ending = (...rest: readonly Line[]) =>
    judge([define, ...started, ["a", destroy], ["b", destroy], ...rest])
  expect(ending(["qemu-exited"], ["a", ok()], ["b", ok()])).toEqual([])
  expect(ending(["a", ok()], ["qemu-exited"], ["b", ok()])).toEqual(["d0 impossible"])
  expect(ending(["qemu-exited"], ["a", ok()], ["b", error("RequestDenied")])).toEqual([])
})

test("a guest that powers off by itself is seen to stop once it has, and not before", () => {
  const off = (...rest: readonly Line[]) => judge([define, ...started, ...rest])
  expect(off(["qemu-shutdown"], [info, seen("shutdown")], ["qemu-exited"])).toEqual([])
  expect(off([info, seen("shutdown")], ["qemu-shutdown"])).toEqual(["d0 impossible"])
  expect(off(["qemu-exited"], [info, seen("running")], [info, seen("shutoff")])).toEqual([])
})

test("a pause is what QEMU did, heard in its order", () => {
  const suspend: ApiCall = { call: "suspend", ...d0 }
  const resume: ApiCall = { call: "resume", ...d0 }
  const paused: readonly Line[] = [
    define,
    ...started,
    ["p", suspend],
    ["qemu-stopped"],
    ["p", ok()]
  ]
  expect(judge([...paused, [info, seen("paused")]])).toEqual([])
  expect(judge([...paused, [info, seen("running")]])).toEqual(["d0 impossible"])
  expect(judge([define, ...started, [suspend, ok()]])).toEqual(["d0 impossible"])
  const resumed: readonly Line[] = [...paused, ["r", resume], ["qemu-running"], ["r", ok()]]
  expect(judge([...resumed, [info, seen("running")]])).toEqual([])
  expect(judge([...resumed, [info, seen("paused")]])).toEqual(["d0 impossible"])
})

test("a title is the running guest's, or else the definition's", () => {
  const title = (version: number): ApiCall => ({ call: "setTitle", ...d0, version })
  const running: readonly Line[] = [define, ...started, [title(2), ok()], [xml, ok({ version: 2 })]]
  const over: readonly Line[] = [...running, ["d", destroy], ["qemu-exited"], ["d", ok()]]
  expect(judge([...over, [xml, ok({ version: 1 })]])).toEqual([])
  expect(judge([...over, [xml, ok({ version: 2 })]])).toEqual(["d0 impossible"])
  expect(judge([define, [title(2), error("RequestDenied")]])).toEqual(["d0 impossible"])
})

test("a transient domain ends with its guest, and one that was undefined becomes one", () => {
  const create: ApiCall = { call: "create", ...d0, version: 1 }
  const undefine: Line = [{ call: "undefine", ...d0 }, ok()]
  const gone: readonly Line[] = [
    ["d", destroy],
    ["qemu-exited"],
    ["d", ok()],
    [info, error("DomainNotFound")]
  ]
  const made: readonly Line[] = [["c", create], ["qemu-started"], ["c", ok()]]
  expect(judge([...made, [info, seen("running", false)], ...gone])).toEqual([])
  expect(judge([define, ...started, undefine, ...gone])).toEqual([])
  expect(judge([define, ...started, ...gone])).toEqual(["d0 impossible"])
})

test("what was acknowledged outlives a kill; what was not is there or not, for good", () => {
  const twice: ApiCall = { call: "define", ...d0, version: 2 }
  const killed: readonly Line[] = [define, ["x", twice], ["engine-killed"], ["engine-opened"]]
  const read = (version: number): Line => [xml, ok({ version })]
  expect(judge([...killed, read(1), read(1)])).toEqual([])
  expect(judge([...killed, read(2), read(2)])).toEqual([])
  expect(judge([...killed, read(1), read(2)])).toEqual(["d0 impossible"])
  expect(
    judge([define, ["engine-killed"], ["engine-opened"], [xml, error("DomainNotFound")]])
  ).toEqual(["d0 impossible"])
})

test("a guest outlives its engine, and not its host", () => {
  const again = (how: Happening["kind"], ...reads: readonly Line[]) =>
    judge([define, ...started, [how], ["engine-opened"], ...reads])
  expect(again("engine-killed", [info, seen("running")])).toEqual([])
  expect(again("engine-killed", [info, seen("shutoff")])).toEqual(["d0 impossible"])
  expect(again("power-cut", [info, seen("shutoff")])).toEqual([])
  expect(again("power-cut", [info, seen("running")])).toEqual(["d0 impossible"])
})

test("a write that failed and may have happened shows in the next life, if at all", () => {
  const half = error("StoreError", "cannot write (it may have taken effect all the same)")
  const write: Line = [{ call: "define", ...d0, version: 2 }, half]
  const next: readonly Line[] = [["engine-killed"], ["engine-opened"]]
  const read: Line = [xml, ok({ version: 2 })]
  expect(judge([define, write, ...next, read])).toEqual([])
  expect(judge([define, write, read])).toEqual(["d0 impossible"])
})

test("an engine that opens starts what is marked for it", () => {
  const auto: Line = [{ call: "setAutostart", ...d0, isAutostart: true }, ok()]
  const runs = ok({ state: "running", name: "d0", isPersistent: true, isAutostart: true })
  const opened = (...lines: readonly Line[]) =>
    judge([...lines, ["engine-killed"], ["qemu-started"], ["engine-opened"], [info, runs]])
  expect(opened(define, auto)).toEqual([])
  expect(opened(define)).toEqual(["d0 impossible"])
})

test("a name that is refused is somebody's, or somebody is taking it", () => {
  const other: ApiCall = { call: "define", domain: 1, version: 2, as: 0 }
  const exists = error("DomainExists")
  expect(judge([define, [other, exists]])).toEqual([])
  expect(judge([[other, exists]])).toEqual(["registry impossible"])
  const first: ApiCall = { call: "define", ...d0, version: 1 }
  expect(
    judge([
      ["f", first],
      [other, exists],
      ["f", error("StoreError")]
    ])
  ).toEqual([])
  expect(judge([define, [other, ok()]])).toEqual(["registry impossible"])
  const rename: Line = [{ call: "rename", ...d0, to: 5 }, ok()]
  expect(judge([define, rename, [other, ok()]])).toEqual([])
})

test("without a fault an error of the disk or of QEMU has no cause", () => {
  const failing: readonly Line[] = [
    define,
    [{ call: "define", ...d0, version: 2 }, error("StoreError")]
  ]
  expect(judge(failing)).toEqual([])
  expect(judge(failing, { isCalm: true })).toEqual(["d0 unexplained"])
})

test("what concerns a definition that could not be read is not judged", () => {
  const lost: readonly Line[] = [define, [info, error("DomainNotFound")]]
  expect(judge(lost)).toEqual(["d0 impossible"])
  expect(judge(lost, { unreadable: [0] })).toEqual([])
})

test("a violation names the call, and draws what overlaps without the reads beside it", () => {
  const [violation] = checkHistory(
    told(
      define,
      [info, seen("shutoff")],
      ["w", { call: "define", ...d0, version: 2 }],
      [xml, ok({ version: 3 })]
    )
  )
  expect(violation?.message).toBe(
    [
      "d0: no order of these explains 'xml d0 -> version 3'",
      "  client 0: define d0 (version 1) -> ok         ||",
      "  client 2: define d0 (version 2) -> no answer    |->",
      "  client 3: xml d0 -> version 3                    ||  <== impossible",
      "  the best that was found ends with: 'd0' is off, defined as v2"
    ].join("\n")
  )
})
