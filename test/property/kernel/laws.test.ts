/**
 * Goal: the kernel's promises hold whatever the program and whatever the order of deliveries.
 * Method: random programs over toy actors that watch their own laws, in a simulated world whose
 * order is a list of choices; what is wrong shrinks to a short program and a short list.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { Overdue } from "../../../src/kernel/error.ts"
import { choiceList, programOf, runProgram } from "./program.ts"

test("every ask is answered once, and at rest nothing is owed", () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(programOf(), choiceList, (program, choices) => {
      const { problems, results, asked } = runProgram(program, choices)
      for (const end of [...results.map((result) => result.end), ...asked])
        met.set(end, (met.get(end) ?? 0) + 1)
      expect(problems).toEqual([])
      expect(results.length).toBe(program.ops.length)
    }),
    { numRuns: 4000 }
  )
  // The programs are not trivial: each kind of end was met.
  for (const end of ["ok", "interrupted", "RequestDenied", "JobKilled", "AskCycle"])
    expect(met.get(end) ?? 0, end).toBeGreaterThan(10)
})

test("no ask hangs until its deadline when every job ends by itself", () => {
  fc.assert(
    fc.property(programOf(), choiceList, (program, choices) => {
      const { results, asked, records } = runProgram(program, choices)
      expect([...results.map((result) => result.end), ...asked]).not.toContain("Overdue")
      // Jobs of a few ms each: only a circle that nobody saw lasts for 30 s.
      expect(records.at(-1)?.atMs ?? 0).toBeLessThan(5_000)
      expect(records.filter((record) => record.outcome === "crashed")).toEqual([])
    }),
    { numRuns: 4000 }
  )
})

test("asks that only go upward are never refused as a circle", () => {
  fc.assert(
    fc.property(programOf({ isAcyclic: true }), choiceList, (program, choices) => {
      const { results, asked, problems } = runProgram(program, choices)
      expect(problems).toEqual([])
      const ends = [...results.map((result) => result.end), ...asked]
      expect(ends.filter((end) => end === "AskCycle" || end === "Overdue")).toEqual([])
    }),
    { numRuns: 1500 }
  )
})

test("a defect ends one actor: its calls are answered, it comes back, the others do not notice", () => {
  let crashes = 0
  const requests = ["work", "work", "read", "join", "kill", "boom"] as const
  fc.assert(
    fc.property(programOf({ requests, mayDie: true }), choiceList, (program, choices) => {
      const { problems, records, results } = runProgram(program, choices)
      expect(problems).toEqual([])
      expect(results.length).toBe(program.ops.length)
      for (const { op, end, error } of results) {
        if (op.request === "boom")
          expect(["ActorCrashed", "ActorStopped", "interrupted"]).toContain(end)
        expect(error).not.toBeInstanceOf(Overdue)
      }
      crashes += records.filter((record) => record.outcome === "crashed").length
    }),
    { numRuns: 2000 }
  )
  expect(crashes).toBeGreaterThan(100)
})

test("one list of choices replays one run, to the letter", () => {
  fc.assert(
    fc.property(programOf({ mayDie: true }), choiceList, (program, choices) => {
      const [first, again] = [runProgram(program, choices), runProgram(program, choices)]
      expect(again.world.trace).toEqual(first.world.trace)
      expect(again.records).toEqual(first.records)
      expect(again.results.map(({ end }) => end)).toEqual(first.results.map(({ end }) => end))
    }),
    { numRuns: 200 }
  )
})
