/**
 * The kernel's laws as properties, each by its name, so that one file asserts them and another one
 * asserts that each of them can fail.
 */
import fc from "fast-check"
import { expect } from "vitest"
import { Overdue } from "../../../src/kernel/error.ts"
import type { InspectionRecord } from "../../../src/kernel/inspection.ts"
import { laneWeight, timerStepMs } from "../../../src/kernel/limits.ts"
import { type Lane, Mailbox } from "../../../src/kernel/mailbox.ts"
import { choiceList, programOf, type Report, runProgram } from "./program.ts"

/** A property, and what its runs met, to show that they were not trivial. */
export interface Law {
  readonly property: fc.IProperty<unknown>
  readonly met: ReadonlyMap<string, number>
}

const law = (
  options: Parameters<typeof programOf>[0],
  check: (report: Report, meet: (what: string) => void, opCount: number) => void
): Law => {
  const met = new Map<string, number>()
  const meet = (what: string) => void met.set(what, (met.get(what) ?? 0) + 1)
  const property = fc.property(programOf(options), choiceList, (program, choices) =>
    check(runProgram(program, choices), meet, program.ops.length)
  )
  return { property: property as unknown as fc.IProperty<unknown>, met }
}

const endsOf = ({ results, asked }: Report) => [...results.map((result) => result.end), ...asked]

/** Every ask ends, epochs and runs are fenced, releases awaited, and at rest nothing is owed. */
export const nothingOwed = () =>
  law({}, (report, meet, opCount) => {
    for (const end of endsOf(report)) meet(end)
    expect(report.problems).toEqual([])
    expect(report.results.length).toBe(opCount)
  })

/** Jobs of a few ms each: only a circle that nobody saw lasts until a deadline. */
export const noHang = () =>
  law({}, (report, meet) => {
    for (const end of endsOf(report)) meet(end)
    expect(endsOf(report)).not.toContain("Overdue")
    expect(report.records.at(-1)?.atMs ?? 0).toBeLessThan(5_000)
    expect(report.records.filter((record) => record.outcome === "crashed")).toEqual([])
  })

/** Asks that only go upward cannot close a circle. */
export const noFalseCircle = () =>
  law({ isAcyclic: true }, (report, meet) => {
    for (const end of endsOf(report)) meet(end)
    expect(report.problems).toEqual([])
    expect(endsOf(report)).not.toContain("AskCycle")
    expect(endsOf(report)).not.toContain("Overdue")
  })

/** An ask is refused as a circle only if all asks of its path were pending at one instant. */
export const trueCircles = () =>
  law({}, ({ troupe: { circles, pending } }, meet) => {
    for (const { path } of circles) {
      meet(`circle of ${path.length / 2}`)
      let common = [{ since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }]
      for (let index = 0; index < path.length; index += 2) {
        const [from, to] = path.slice(index, index + 2)
        const edges = pending.filter((each) => each.from === from && each.to === to)
        common = common.flatMap(({ since, until }) =>
          edges.map((edge) => ({
            since: Math.max(since, edge.sinceInstant),
            until: Math.min(until, edge.untilInstant)
          }))
        )
      }
      expect(
        common.some(({ since, until }) => since < until),
        path.join(" -> ")
      ).toBe(true)
    }
  })

/** A request whose asker is gone before it was taken is never taken. */
export const goneIsGone = () =>
  law({}, ({ results, records }, meet) => {
    for (const { end, procedure, recordCount } of results) {
      if (end !== "interrupted") continue
      const before = records.slice(0, recordCount).filter((each) => each.procedure === procedure)
      const wasTaken = before.some((each) => each.outcome === "taken")
      meet(wasTaken ? "taken before" : "never taken")
      const after = records.slice(recordCount).filter((each) => each.procedure === procedure)
      if (!wasTaken) expect(after).toEqual([])
    }
  })

const dangerous = {
  requests: ["work", "work", "read", "join", "redo", "kill", "boom"] as const,
  mayDie: true
}

/** A defect ends one actor; its calls are told so, it comes back or is given up. */
export const oneCrash = () =>
  law(dangerous, ({ problems, results, records }, meet, opCount) => {
    for (const record of records) meet(record.outcome)
    expect(problems).toEqual([])
    expect(results.length).toBe(opCount)
    for (const { op, end, error } of results) {
      if (op.request === "boom")
        expect(["ActorCrashed", "ActorStopped", "interrupted"]).toContain(end)
      expect(error).not.toBeInstanceOf(Overdue)
    }
  })

/** A call ends by its deadline, in steps of the timers, and is not called overdue before it. */
export const deadlinesKept = () =>
  law({ mayExpire: true }, ({ results, problems }, meet) => {
    expect(problems).toEqual([])
    for (const { op, end, askedAtMs, endedAtMs } of results) {
      meet(end)
      const tookMs = endedAtMs - askedAtMs
      if (end === "Overdue") expect(tookMs).toBeGreaterThanOrEqual(op.deadlineMs ?? 1e6)
      if (op.deadlineMs !== undefined)
        expect(tookMs).toBeLessThanOrEqual(op.deadlineMs + timerStepMs)
    }
  })

/** On a loaded host deadlines and deliveries race; nothing is owed at rest all the same. */
export const racesWithTime = (): Law => {
  const met = new Map<string, number>()
  const programs = programOf({ ...dangerous, mayExpire: true })
  const property = fc.property(programs, choiceList, (program, choices) => {
    const { problems, results } = runProgram(program, choices, { mayTimePass: true })
    for (const { end } of results) met.set(end, (met.get(end) ?? 0) + 1)
    expect(problems).toEqual([])
    expect(results.length).toBe(program.ops.length)
  })
  return { property: property as unknown as fc.IProperty<unknown>, met }
}

/** A replay of the records gives the states, versions and lives that were. */
export const truthfulRecords = () =>
  law(dangerous, ({ records }, meet) => {
    for (const record of records) meet(record.outcome)
    expect(records.map((record) => record.serial)).toEqual(records.map((_, index) => index))
    for (const actor of new Set(records.map((record) => record.actor)))
      replay(records.filter((record) => record.actor === actor))
  })

const replay = (records: readonly InspectionRecord[]): void => {
  let state: string | undefined
  let version = 0
  let isUp = true
  for (const record of records) {
    const { outcome } = record
    const hasMoved = record.from !== record.to
    // Only a restart comes from elsewhere: its durable state.
    if (state !== undefined && outcome !== "restarted") expect(record.from).toBe(state)
    if (["refused", "stale", "postponed", "stopped"].includes(outcome)) {
      expect(hasMoved).toBe(false)
      expect(record.version).toBe(version)
    }
    if (["taken", "refused", "stale", "postponed"].includes(outcome)) expect(isUp).toBe(true)
    if (hasMoved) expect(record.version).toBeGreaterThan(version)
    if (outcome === "postponed") expect(record.call).toBeDefined()
    expect(record.defect === undefined).toBe(outcome !== "crashed")
    if (outcome === "crashed" || outcome === "stopped") isUp = false
    if (outcome === "restarted") isUp = true
    state = record.to
    version = record.version
  }
}

/** A request may wait several times; whatever else befalls it befalls it once. */
export const oneFate = () =>
  law({}, ({ records }, meet) => {
    const fates = new Map<number, readonly InspectionRecord[]>()
    for (const record of records)
      if (record.call !== undefined)
        fates.set(record.call, [...(fates.get(record.call) ?? []), record])
    for (const fate of fates.values()) {
      for (const { outcome } of fate) meet(outcome)
      const earlier = fate.slice(0, -1).map((record) => record.outcome)
      expect(earlier.filter((outcome) => outcome !== "postponed")).toEqual([])
      expect(fate.at(-1)?.outcome).not.toBe("stale")
    }
  })

/** Requests of one actor that were held back are taken in the order in which they came. */
export const orderKept = () =>
  law({ requests: ["work"] }, ({ records }, meet) => {
    const actors = new Set(records.map((record) => record.actor))
    for (const actor of actors) {
      const works = records.filter((each) => each.actor === actor && each.message === "work")
      const taken = works.filter((each) => each.outcome === "taken").map((each) => each.call ?? 0)
      for (const { outcome } of works) meet(outcome)
      // All asks are on the user lane, and numbered when they are put there.
      expect(taken).toEqual(taken.toSorted((a, b) => a - b))
    }
  })

const lanes = ["control", "events", "user"] as const

/** How many of other lanes were served in a row while this one had something. */
const longestWaits = (arrivals: readonly (readonly Lane[])[]): { [L in Lane]: number } => {
  const mailbox = new Mailbox<Lane>()
  const waited = { control: 0, events: 0, user: 0 }
  const longest = { ...waited }
  for (const arriving of arrivals) {
    for (const name of arriving) mailbox.push(name, name)
    const served = mailbox.take()
    for (const name of lanes) {
      waited[name] = name === served || mailbox.length(name) === 0 ? 0 : waited[name] + 1
      longest[name] = Math.max(longest[name], waited[name])
    }
  }
  return longest
}

/**
 * No flood of one lane starves another. A lane's turns may be the first of one round and the last
 * of the next.
 */
export const noStarvation = (): Law => {
  const arrivals = fc.array(fc.array(fc.constantFrom(...lanes), { maxLength: 4 }), {
    maxLength: 300,
    size: "max"
  })
  const round = laneWeight.control + laneWeight.events + laneWeight.user
  const property = fc.property(arrivals, (each) => {
    const longest = longestWaits(each)
    for (const name of lanes)
      expect(longest[name], name).toBeLessThanOrEqual(2 * (round - laneWeight[name]))
  })
  return { property: property as unknown as fc.IProperty<unknown>, met: new Map() }
}
