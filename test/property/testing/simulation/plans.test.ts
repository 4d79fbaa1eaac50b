/**
 * Goal: a seed is a plan, and a plan that breaks a law becomes a small one that breaks it still.
 * Method: plans of many seeds are held against what a plan may be; shrinking is tried on laws that
 * are plain functions of the plan, so that the smallest one is known, and on one real run.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { CallName } from "../../../../src/testing/history/api-call.ts"
import type { Plan } from "../../../../src/testing/simulation/plan.ts"
import { randomPlan } from "../../../../src/testing/simulation/random-plan.ts"
import { shrinkPlan } from "../../../../src/testing/simulation/shrink-plan.ts"
import { runPlan } from "../../../../src/testing/simulation/simulation.ts"

const seed = fc.nat({ max: 2 ** 40 })

const callsOf = ({ clients }: Plan): readonly CallName[] => clients.flat().map(({ call }) => call)

test("a seed is one plan, of plain JSON", () => {
  fc.assert(
    fc.property(seed, (value) => {
      const plan = randomPlan(value)
      expect(randomPlan(value)).toEqual(plan)
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    })
  )
})

test("calls are about the plan's domains, and every write has its own version", () => {
  fc.assert(
    fc.property(seed, (value) => {
      const { domains, clients } = randomPlan(value)
      const steps = clients.flat()
      for (const step of steps) if ("domain" in step) expect(step.domain).toBeLessThan(domains)
      const versions = steps.flatMap((step) => ("version" in step ? [step.version] : []))
      expect(new Set(versions).size).toBe(versions.length)
    })
  )
})

test("limits are kept: of domains, clients, calls, faults, and which of them", () => {
  const options = {
    domainsMax: 2,
    clientsMax: 2,
    callsMin: 4,
    callsMax: 6,
    faultsMax: 1,
    calls: ["start", "destroy"],
    seams: ["qmp"]
  } as const
  fc.assert(
    fc.property(seed, (value) => {
      const plan = randomPlan(value, options)
      expect(plan.domains).toBeLessThanOrEqual(2)
      expect(plan.clients.length).toBeLessThanOrEqual(2)
      expect(callsOf(plan).length).toBeLessThanOrEqual(6)
      for (const call of callsOf(plan)) expect(["start", "destroy"]).toContain(call)
      for (const { seam } of plan.faults) expect(seam).toBe("qmp")
    })
  )
})

test("every call and every seam is met within a hundred seeds", () => {
  const plans = Array.from({ length: 100 }, (_, at) => randomPlan(at))
  expect(new Set(plans.flatMap(callsOf)).size).toBe(24)
  expect(new Set(plans.flatMap(({ faults }) => faults.map((line) => line.seam))).size).toBe(11)
})

/** Shrinks without running anything. */
const shrunk = (plan: Plan, violates: (plan: Plan) => boolean): Plan =>
  shrinkPlan(plan, violates, { choicesOf: () => [3, 0, 7, 2] })

test("a law that needs one call of one client leaves one call, and nothing else", () => {
  const needsRename = (plan: Plan) => callsOf(plan).includes("rename")
  fc.assert(
    fc.property(seed, (value) => {
      const plan = randomPlan(value)
      fc.pre(needsRename(plan))
      const { clients, faults, schedule, domains } = shrunk(plan, needsRename)
      expect(clients.flat().length).toBe(1)
      expect(faults).toEqual([])
      expect(schedule).toEqual({ kind: "fifo", seed: 0 })
      expect(domains).toBe(1)
    }),
    { numRuns: 30 }
  )
})

test("a fault that is needed stays, and the order of delivery becomes a list of choices", () => {
  const plan: Plan = {
    domains: 3,
    clients: [[{ call: "list" }, { call: "start", domain: 2 }], [{ call: "list", afterMs: 300 }]],
    faults: [
      { seam: "qmp", nth: 2, fault: "hang" },
      { seam: "file", nth: 9, fault: "EIO" }
    ],
    schedule: { kind: "uniform", seed: 5 },
    mayTimePass: true
  }
  const violates = ({ schedule, faults, clients }: Plan) =>
    faults.some(({ seam }) => seam === "file") &&
    clients.flat().some(({ call }) => call === "start") &&
    (schedule.kind === "uniform" || (schedule.kind === "listed" && (schedule.choices[2] ?? 0) > 1))
  expect(shrunk(plan, violates)).toEqual({
    domains: 1,
    clients: [[{ call: "start", domain: 0 }]],
    faults: [{ seam: "file", nth: expect.any(Number), fault: "EIO" }],
    schedule: { kind: "listed", choices: [0, 0, 3] }
  })
})

test("no more runs are made than are allowed, and the plan that is left breaks the law", () => {
  fc.assert(
    fc.property(seed, fc.nat({ max: 60 }), (value, runsMax) => {
      const plan = randomPlan(value)
      let runs = 0
      const violates = (tried: Plan) => {
        runs++
        return callsOf(tried).length > 3
      }
      const small = shrinkPlan(plan, violates, { runsMax, choicesOf: () => [] })
      expect(runs).toBeLessThanOrEqual(runsMax)
      expect(callsOf(small).length).toBeGreaterThan(3)
    })
  )
})

test("what a run did shrinks to the call and the fault that did it", () => {
  const plan = randomPlan(3, { seams: ["client"], faultsMax: 0, callsMax: 12 })
  const start = { call: "start", domain: 0 } as const
  const crowded: Plan = {
    ...plan,
    clients: [[start, ...(plan.clients[0] ?? [])], ...plan.clients.slice(1)],
    faults: [
      { seam: "client", nth: 5, fault: "vanish" },
      { seam: "qmp", nth: 0, fault: "die-before" }
    ]
  }
  const dies = (tried: Plan) => runPlan(tried).met.some(({ fault }) => fault === "die-before")
  expect(dies(crowded)).toBe(true)
  const small = shrinkPlan(crowded, dies, { runsMax: 300 })
  expect(small.faults).toEqual([{ seam: "qmp", nth: 0, fault: "die-before" }])
  expect(small.clients.flat().length).toBe(1)
})
