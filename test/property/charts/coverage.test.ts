/**
 * Goal: coverage counts what xstate does: every entry of a state, every transition, no other.
 * Method: random nested and parallel machines with history, and transitions that reenter or follow
 * at once; actions in the machine count, and the counts are compared.
 */
import fc from "fast-check"
import { createActor, createMachine } from "xstate"
import { expect, test } from "vitest"
import { coverageOf } from "../../../src/charts/coverage.ts"
import { statesWithin } from "../../../src/charts/chart.ts"
import { describe } from "../../../src/charts/describe.ts"

interface Plan {
  readonly kind: "atomic" | "compound" | "parallel" | "history"
  readonly isDeep: boolean
  readonly children: readonly Plan[]
  readonly arrows: readonly Arrow[]
}

interface Arrow {
  readonly event: string
  readonly targets: readonly number[]
  readonly reenter: boolean
}

const events = ["A", "B", "C"]

const arrow: fc.Arbitrary<Arrow> = fc.record({
  event: fc.constantFrom("", ...events),
  targets: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.nat()) },
    { weight: 1, arbitrary: fc.constant([]) }
  ),
  reenter: fc.boolean()
})

const common = { isDeep: fc.boolean(), arrows: fc.array(arrow, { maxLength: 3 }) }

const plan: fc.Arbitrary<Plan> = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      ...common,
      kind: fc.constantFrom("atomic" as const, "atomic" as const, "history" as const),
      children: fc.constant([])
    }),
    fc.record({
      ...common,
      kind: fc.constantFrom("compound" as const, "parallel" as const),
      children: fc.array(tie("plan"), { minLength: 1, maxLength: 3 })
    })
  )
})).plan

interface Counts {
  readonly entered: Map<string, number>
  readonly taken: Map<string, number>
  /** How many transitions may still follow at once. */
  budget: number
}

const add = (counts: Map<string, number>, key: string) =>
  void counts.set(key, (counts.get(key) ?? 0) + 1)

const idsOf = (one: Plan, id: string): readonly string[] => [
  id,
  ...one.children.flatMap((child, at) => idsOf(child, `${id}.s${at}`))
]

function configOf(one: Plan, id: string, made: { all: readonly string[]; counts: Counts }): object {
  const { all, counts } = made
  if (one.kind === "history") return { type: "history", history: one.isDeep ? "deep" : "shallow" }
  const transitions = one.arrows.map(({ event, targets, reenter }, at) => ({
    event,
    to: {
      target: targets.map((target) => `#${all[target % all.length]}`),
      reenter,
      guard: () => event !== "" || counts.budget-- > 0,
      actions: { type: "count", params: { key: `${id} ${at}` } }
    }
  }))
  const on = Map.groupBy(transitions, ({ event }) => event)
  const toOf = (event: string) => (on.get(event) ?? []).map(({ to }) => to)
  const children = one.children.map(
    (child, at) => [`s${at}`, configOf(child, `${id}.s${at}`, made)] as const
  )
  return {
    id,
    entry: () => add(counts.entered, id),
    on: Object.fromEntries(events.map((event) => [event, toOf(event)])),
    always: toOf(""),
    ...(one.kind === "parallel" ? { type: "parallel" } : {}),
    ...(one.kind === "compound" ? { initial: "s0" } : {}),
    ...(one.kind === "atomic" ? {} : { states: Object.fromEntries(children) })
  }
}

/** History neither begins a box nor stands alone in one, and is no machine. */
const isSound = ({ children }: Plan): boolean =>
  children[0]?.kind !== "history" && children.every(isSound)

test("every entry and every transition is counted, and nothing else", () => {
  const run = fc.record({
    plan: plan.filter((one) => one.kind !== "history" && isSound(one)),
    sent: fc.array(fc.constantFrom(...events), { maxLength: 12 })
  })
  let steps = 0
  fc.assert(
    fc.property(run, ({ plan: one, sent }) => {
      const counts: Counts = { entered: new Map(), taken: new Map(), budget: 12 }
      const machine = createMachine(configOf(one, "m", { all: idsOf(one, "m"), counts }), {
        actions: {
          count: (_: unknown, { key }: { key: string }) => add(counts.taken, key)
        } as never
      })
      const coverage = coverageOf(machine)
      const actor = createActor(machine, { inspect: coverage.inspect }).start()
      for (const type of sent) actor.send({ type })
      const { states, transitions } = coverage.hits
      const seen = new Map([...states].map(([id, count]) => [id === "m" ? id : `m.${id}`, count]))
      expect(new Map([...seen].toSorted())).toEqual(new Map([...counts.entered].toSorted()))
      const keys = new Map(
        statesWithin(describe(machine).root).flatMap(({ id, transitions: all }) =>
          all.map(({ actions }, at) => [`${id}#${at}`, JSON.stringify(actions[0]?.params)])
        )
      )
      const told = new Map([...transitions].map(([key, count]) => [keys.get(key), count]))
      const done = [...counts.taken].map(
        ([key, count]) => [JSON.stringify({ key }), count] as const
      )
      expect(new Map([...told].toSorted())).toEqual(new Map(done.toSorted()))
      steps += transitions.size
    }),
    { numRuns: 1000 }
  )
  expect(steps).toBeGreaterThan(300)
})
