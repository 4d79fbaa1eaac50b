/**
 * Goal: the acceptor takes what a real QEMU said to the engine, and nothing that QEMU would not
 * say.
 * Method: recorded conversations; each is taken as it is, and refused at the right place when a
 * line of QEMU's is left out, told twice, exchanged with its neighbour or altered.
 */
import { describe, expect, test } from "vitest"
import { accept, type TraceEntry } from "../../../../src/testing/qemu/accept.ts"
import { keptTraces } from "../../../contract/qemu/traces.ts"

const traces = keptTraces()

test("there are recordings", () => {
  expect(traces.length).toBeGreaterThanOrEqual(10)
})

type Heard = TraceEntry & { readonly at: "heard" }

/** `RESET`, `reply`, `greeting`. */
const kindOf = (entry: TraceEntry | undefined): string => {
  if (entry?.at !== "heard") return entry?.at ?? ""
  const { event, QMP } = JSON.parse(entry.line)
  return event ?? (QMP === undefined ? "reply" : "greeting")
}

const heardIn = (trace: readonly TraceEntry[]): readonly number[] =>
  trace.flatMap(({ at }, index) => (at === "heard" ? [index] : []))

/** Its place is free: a reset may be told at any time and any number of times while it runs. */
const isFree = (entry: TraceEntry | undefined): boolean =>
  entry?.at === "heard" && entry.line.includes("guest-reset")

describe.each(traces)("$name", ({ trace }) => {
  test("is accepted", () => {
    expect(accept(trace)).toMatchObject({ isAccepted: true })
  })

  test("is refused when a line of QEMU's is told twice", () => {
    for (const index of heardIn(trace)) {
      if (isFree(trace[index])) continue
      const twice = trace.toSpliced(index, 0, trace[index] as Heard)
      expect(accept(twice), `${index} ${kindOf(trace[index])}`).toMatchObject({ isAccepted: false })
    }
  })

  test("is refused when a reply or the greeting is left out, and more was said", () => {
    for (const index of heardIn(trace)) {
      const next = trace.slice(index + 1).find(({ at }) => at !== "sent")
      if (!["reply", "greeting"].includes(kindOf(trace[index])) || next?.at !== "heard") continue
      // What QEMU says unasked may come before a reply.
      if (kindOf(next) !== "reply" && kindOf(trace[index]) === "reply") continue
      const without = trace.toSpliced(index, 1)
      expect(accept(without), `${index}`).toMatchObject({ isAccepted: false })
    }
  })

  test("is refused when the event of a command comes after its reply", () => {
    for (const index of heardIn(trace)) {
      const [one, other] = [trace[index], trace[index + 1]]
      if (!["RESUME", "STOP", "RESET", "POWERDOWN", "WAKEUP"].includes(kindOf(one))) continue
      if (one === undefined || other?.at !== "heard" || kindOf(other) !== "reply") continue
      const exchanged = trace.toSpliced(index, 2, other, one)
      expect(accept(exchanged), `${index} ${kindOf(one)}`).toMatchObject({ isAccepted: false })
    }
  })

  test("is refused when a reply is not to what was asked", () => {
    for (const index of heardIn(trace)) {
      if (kindOf(trace[index]) !== "reply") continue
      const line = JSON.stringify({ ...JSON.parse((trace[index] as Heard).line), id: 4711 })
      const altered = trace.toSpliced(index, 1, { at: "heard", line })
      expect(accept(altered)).toMatchObject({ isAccepted: false, index })
    }
  })

  test("is refused when a taken command is an error", () => {
    for (const index of heardIn(trace)) {
      if (kindOf(trace[index]) !== "reply") continue
      const { id } = JSON.parse((trace[index] as Heard).line)
      const line = JSON.stringify({ id, error: { class: "GenericError", desc: "No" } })
      const altered = trace.toSpliced(index, 1, { at: "heard", line })
      expect(accept(altered)).toMatchObject({ isAccepted: false, index })
    }
  })
})

const start: TraceEntry = {
  at: "start",
  argv: ["/usr/bin/qemu-system-x86_64", "-S", "-no-shutdown", "-machine", "pc"]
}
const sent = (execute: string, id: number): TraceEntry => ({
  at: "sent",
  text: JSON.stringify({ execute, id })
})
const says = (words: object): TraceEntry => ({ at: "heard", line: JSON.stringify(words) })
const greeted = [
  start,
  { at: "connected" } as const,
  says({ QMP: {} }),
  sent("qmp_capabilities", 1),
  says({ return: {}, id: 1 })
]
const running = [
  ...greeted,
  sent("cont", 2),
  says({ event: "RESUME" }),
  says({ return: {}, id: 2 })
]

test("what QEMU never says is refused where it stands", () => {
  const status = (name: string) => [
    sent("query-status", 9),
    says({ return: { status: name, running: name === "running", singlestep: false }, id: 9 })
  ]
  const refused: readonly (readonly TraceEntry[])[] = [
    [...greeted, ...status("running")],
    [...running, ...status("paused")],
    [...running, says({ event: "RESUME" })],
    [...greeted, says({ event: "STOP" })],
    [...greeted, says({ event: "SHUTDOWN", data: { guest: true, reason: "guest-shutdown" } })],
    [...running, says({ event: "SHUTDOWN", data: { guest: true, reason: "host-signal" } })],
    [...running, says({ event: "WAKEUP" })],
    [...running, says({ event: "NOPE" })],
    [
      ...running,
      says({ event: "SHUTDOWN", data: { guest: false, reason: "host-signal" } }),
      says({ event: "STOP" })
    ],
    [start, says({ event: "STOP" })],
    [start, { at: "connected" }, says({ event: "STOP" })]
  ]
  for (const trace of refused)
    expect(accept(trace), JSON.stringify(trace.at(-1))).toMatchObject({ isAccepted: false })
  expect(accept([...running, ...status("running")])).toMatchObject({ isAccepted: true })
})

test("an end is told from a death", () => {
  const signalled = says({ event: "SHUTDOWN", data: { guest: false, reason: "host-signal" } })
  expect(accept([...running, signalled, { at: "ended" }])).toMatchObject({ ends: ["explained"] })
  expect(accept([...running, { at: "ended" }])).toMatchObject({ ends: ["unexplained"] })
})

test("what was asked and not answered may have been done, or not", () => {
  const again: readonly TraceEntry[] = [
    { at: "closed" },
    { at: "connected" },
    says({ QMP: {} }),
    sent("qmp_capabilities", 1),
    says({ return: {}, id: 1 }),
    sent("query-status", 2)
  ]
  for (const status of ["running", "paused"]) {
    const answer = { status, running: status === "running", singlestep: false }
    const trace = [...running, sent("stop", 3), ...again, says({ return: answer, id: 2 })]
    expect(accept(trace)).toMatchObject({ isAccepted: true })
  }
  const prelaunch = says({
    return: { status: "prelaunch", running: false, singlestep: false },
    id: 2
  })
  expect(accept([...running, sent("stop", 3), ...again, prelaunch])).toMatchObject({
    isAccepted: false
  })
})
