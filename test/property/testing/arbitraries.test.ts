/**
 * Goal: arbitraries give what a simulation can run and nothing else, and shrink to what is simple.
 * Method: each is drawn from, and what it gives is held against the rules of its kind; then a
 * property that always fails shows what it shrinks to.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { validateDomain } from "../../../src/model/validate.ts"
import { arbitraries } from "../../../src/testing/arbitraries/arbitraries.ts"
import { faultMenu } from "../../../src/testing/simulation/random-fault.ts"
import { parseDomain } from "../../../src/xml/domain.ts"

const { apiCall, clients, domainXml, faults, plan, schedule } = arbitraries(fc)

/** What a property that always fails shrinks to. */
const simplest = <A>(arbitrary: fc.Arbitrary<A>, isFailing: (value: A) => boolean): A => {
  const { counterexample } = fc.check(
    fc.property(arbitrary, (value) => !isFailing(value)),
    { numRuns: 1000 }
  )
  if (counterexample === null) throw new Error("the property was meant to fail")
  return counterexample[0]
}

const anything = () => true

test("definitions are read without a report, and pass validation", () => {
  fc.assert(
    fc.property(domainXml({ pciDevices: ["0000:03:00.0", "0000:04:00.1"] }), (text) => {
      const { domain, reports } = Result.getOrThrow(parseDomain(text, { kind: "inactive" }))
      expect(reports).toEqual([])
      expect(Result.isSuccess(validateDomain(domain))).toBe(true)
    }),
    { numRuns: 300 }
  )
})

test("a definition that need not be anything is a small guest without a device", () => {
  const text = simplest(domainXml(), anything)
  expect(text).toContain("<memory unit='MiB'>16</memory><vcpu>1</vcpu>")
  expect(text).toContain("<devices></devices>")
})

test("calls are about the domains there are, and name at most one more", () => {
  fc.assert(
    fc.property(apiCall({ domains: 3 }), (call) => {
      if ("domain" in call) expect(call.domain).toBeLessThan(3)
      if ("to" in call) expect(call.to).toBeLessThanOrEqual(3)
    })
  )
})

test("only the calls that are asked for are made, and each of them is", () => {
  const asked = ["start", "destroy", "rename"] as const
  const given = fc.sample(apiCall({ calls: asked }), 200).map(({ call }) => call)
  expect(new Set(given)).toEqual(new Set(asked))
})

test("no two writes of a plan have one version", () => {
  fc.assert(
    fc.property(clients({ clientsMax: 4, callsMax: 20 }), (all) => {
      const versions = all.flat().flatMap((call) => ("version" in call ? [call.version] : []))
      expect(new Set(versions).size).toBe(versions.length)
    })
  )
})

test("clients shrink to one that makes one call; what need not be there becomes `list`", () => {
  expect(simplest(clients(), anything)).toEqual([[{ call: "list" }]])
  const isStarting = (all: readonly (readonly { readonly call: string }[])[]) =>
    all.some((steps) => steps.some(({ call }) => call === "start"))
  const left = simplest(clients(), isStarting).flat()
  // What stands after the call that matters stays: so fast-check shrinks arrays.
  expect(left.filter(({ call }) => call !== "list")).toEqual([{ call: "start", domain: 0 }])
})

test("a fault is one of its seam, and no occurrence has two", () => {
  fc.assert(
    fc.property(faults({ faultsMax: 20 }), (lines) => {
      for (const { seam, fault } of lines)
        expect(faultMenu[seam].map(([name]) => name)).toContain(fault)
      expect(new Set(lines.map(({ seam, nth }) => `${seam} ${nth}`)).size).toBe(lines.length)
    })
  )
})

test("faults shrink to none, and one to the first occurrence", () => {
  expect(simplest(faults(), anything)).toEqual([])
  expect(simplest(faults({ seams: ["spawn"] }), (lines) => lines.length > 0)).toEqual([
    { seam: "spawn", nth: 0, fault: "EAGAIN" }
  ])
})

test("a schedule shrinks to the choices that matter", () => {
  expect(simplest(schedule(), anything)).toEqual({ kind: "listed", choices: [] })
  const isLate = (value: { readonly kind: string; readonly choices?: readonly number[] }) =>
    (value.choices ?? []).some((choice, at) => at >= 3 && choice > 1)
  expect(simplest(schedule(), isLate)).toEqual({ kind: "listed", choices: [0, 0, 0, 2] })
})

test("a plan is plain JSON, and shrinks to one call that is served in order", () => {
  fc.assert(
    fc.property(plan(), (given) => {
      expect(JSON.parse(JSON.stringify(given))).toEqual(given)
    })
  )
  expect(simplest(plan({ domains: 2 }), anything)).toEqual({
    domains: 2,
    clients: [[{ call: "list" }]],
    faults: [],
    schedule: { kind: "listed", choices: [] }
  })
})
