/**
 * Machines for the chart tests: one by hand that has a bit of everything, and random nested ones.
 */
import fc from "fast-check"
import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  not,
  raise,
  setup,
  stateIn
} from "xstate"

/** A lamp with a region that counts: nested, parallel, final, guarded, timed. */
export const lamp: AnyStateMachine = setup({
  guards: { isDark: () => true, isWhole: () => true },
  actions: {
    glow: () => {},
    deadline: (_, _params: { ms: number }) => {},
    stop: (_, _params: { script: string }) => {},
    tell: () => {}
  }
}).createMachine({
  id: "lamp",
  type: "parallel",
  states: {
    light: {
      initial: "off",
      on: { smash: "#broken" },
      states: {
        off: {
          on: {
            press: [
              { guard: and([not("isDark"), stateIn({ watch: "idle" })]), actions: "tell" },
              { guard: "isWhole", target: "on" }
            ],
            dim: { actions: "tell" }
          }
        },
        on: {
          entry: ["glow", { type: "deadline", params: { ms: 90_000 } }, assign({})],
          exit: [{ type: "stop", params: { script: "glow" } }, raise({ type: "cooled" })],
          meta: { watts: 5 },
          initial: "low",
          on: { press: "off", overdue: "off" },
          states: { low: { on: { more: "high" } }, high: { on: { reset: "#lamp.light.on" } } }
        },
        broken: { id: "broken", type: "final" }
      }
    },
    watch: { initial: "idle", states: { idle: {} } }
  }
})

interface Plan {
  readonly kind: "atomic" | "compound" | "parallel"
  readonly children: readonly Plan[]
  readonly arrows: readonly { readonly event: string; readonly target: number | null }[]
}

const arrow = fc.record({
  event: fc.constantFrom("go", "stop", "*", "a.b", 'say "x"; #1'),
  target: fc.option(fc.nat())
})

const plan: fc.Arbitrary<Plan> = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      kind: fc.constant("atomic" as const),
      children: fc.constant([]),
      arrows: fc.array(arrow, { maxLength: 3 })
    }),
    fc.record({
      kind: fc.constantFrom("compound" as const, "parallel" as const),
      children: fc.array(tie("plan"), { minLength: 1, maxLength: 4 }),
      arrows: fc.array(arrow, { maxLength: 3 })
    })
  )
})).plan

/** Every state's xstate id in a plan, the root's first. */
const idsOf = (one: Plan, id: string): readonly string[] => [
  id,
  ...one.children.flatMap((child, at) => idsOf(child, `${id}.s${at}`))
]

const configOf = (one: Plan, all: readonly string[]): object => ({
  ...(one.kind === "atomic" ? {} : { states: statesOf(one, all) }),
  ...(one.kind === "parallel" ? { type: "parallel" } : {}),
  ...(one.kind === "compound" ? { initial: "s0" } : {}),
  on: Object.fromEntries(
    one.arrows.map(({ event, target }) => [
      event,
      target === null ? { actions: "act" } : `#${all[target % all.length]}`
    ])
  )
})

const statesOf = (one: Plan, all: readonly string[]): object =>
  Object.fromEntries(one.children.map((child, at) => [`s${at}`, configOf(child, all)]))

/** Random machines: nested and parallel states, arrows from any state to any other. */
export const anyMachine: fc.Arbitrary<AnyStateMachine> = plan.map((one) =>
  createMachine({ id: "m", ...configOf(one, idsOf(one, "m")) })
)
