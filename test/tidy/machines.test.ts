/**
 * Goal: what a chart names is there, and what it asks has a name: xstate takes a misspelt `stateIn`
 * for false, without a word, and of a guard without a name a drawing can only show the source.
 * Method: all guards of all machines, named and inline, are searched for `stateIn`; each of its
 * values is held against the machine's tree of states.
 */
import { type AnyStateMachine, type AnyStateNode, and, createMachine, not, stateIn } from "xstate"
import { describe, expect, test } from "vitest"
import { machines } from "../../machines/index.ts"
import { type ChartState, statesWithin } from "../../src/charts/chart.ts"
import { describe as chartOf } from "../../src/charts/describe.ts"

const field = (value: unknown, name: string): unknown =>
  (typeof value === "object" || typeof value === "function") && value !== null
    ? (value as { readonly [key: string]: unknown })[name]
    : undefined

/** The state values that a guard asks for, in whatever `not`, `and` and `or` it is wrapped. */
const askedBy = (guard: unknown): readonly unknown[] => {
  const own = field(guard, "stateValue")
  const parts = field(guard, "guards")
  return [
    ...(own === undefined ? [] : [own]),
    ...(Array.isArray(parts) ? parts : []).flatMap(askedBy)
  ]
}

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(nodesOf)
]

const guardsOfTransitions = (machine: AnyStateMachine): readonly unknown[] => {
  const transitions = nodesOf(machine.root).flatMap((node) => [
    ...[...node.transitions.values()].flat(),
    ...(node.always ?? [])
  ])
  return transitions.map((one: { guard?: unknown }) => one.guard)
}

const guardsOf = (machine: AnyStateMachine): readonly unknown[] => [
  ...Object.values(machine.implementations.guards),
  ...guardsOfTransitions(machine)
]

/** A name, or what `not`, `and` and `or` make of names. */
const isNamed = (guard: unknown): boolean => {
  const parts = field(guard, "guards")
  if (Array.isArray(parts)) return parts.every(isNamed)
  return typeof guard === "string" || typeof field(guard, "type") === "string"
}

/** The guards that drawings can only show by their source. */
const nameless = (machine: AnyStateMachine): readonly string[] =>
  guardsOfTransitions(machine)
    .filter((guard) => guard !== undefined && !isNamed(guard))
    .map(String)

const exists = (state: ChartState, value: unknown): boolean => {
  if (typeof value === "string") return state.states.some(({ key }) => key === value)
  return Object.entries(value ?? {}).every(([key, inner]) => {
    const child = state.states.find((one) => one.key === key)
    return child !== undefined && (isEmpty(inner) || exists(child, inner))
  })
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && Object.keys(value ?? {}).length === 0)

/** The values of `stateIn` that no state of the machine answers to. */
const misspelt = (machine: AnyStateMachine): readonly unknown[] => {
  const { root } = chartOf(machine)
  return guardsOf(machine)
    .flatMap(askedBy)
    .filter((value) =>
      typeof value === "string" && value.startsWith("#")
        ? !nodesOf(machine.root).some(({ id }) => id === value.slice(1))
        : !exists(root, value)
    )
}

describe.each(Object.entries(machines))("the machine %s", (_, machine) => {
  test("asks only for states that it has", () => {
    expect(misspelt(machine), "correct the name in stateIn").toEqual([])
  })

  test("has a name for each of its guards", () => {
    expect(nameless(machine), "give it a name in `guards`: drawings show names").toEqual([])
  })

  test("has no state that nothing leads to", () => {
    const { root } = chartOf(machine)
    const states = statesWithin(root)
    const entered = new Set(
      states.flatMap((state) => [
        ...state.transitions.flatMap(({ targets }) => targets),
        ...(state.initial === undefined ? [] : [state.initial]),
        ...(state.type === "parallel" ? state.states.map(({ id }) => id) : [])
      ])
    )
    const isEntered = ({ id }: ChartState) =>
      id === root.id || [...entered].some((one) => one === id || one.startsWith(`${id}.`))
    const alone = states.filter((state) => !isEntered(state)).map(({ id }) => id)
    expect(alone, "draw how it is reached, or remove it").toEqual([])
  })
})

test("a misspelt state is found, wherever it stands", () => {
  const machine = createMachine({
    id: "m",
    initial: "a",
    states: {
      a: {
        id: "first",
        on: {
          x: { guard: not(stateIn({ b: "d" })), actions: "f" },
          y: { guard: stateIn("#fisrt"), actions: "f" },
          z: { guard: stateIn({ b: "c" }), actions: "f" },
          u: { guard: stateIn("a"), actions: "f" }
        }
      },
      b: { initial: "c", states: { c: {} } }
    }
  })
  expect(misspelt(machine)).toEqual([{ b: "d" }, "#fisrt"])
})

test("a guard without a name is found, also within others", () => {
  const isOdd = () => true
  const machine = createMachine({
    id: "m",
    initial: "a",
    states: {
      a: {
        on: {
          x: { guard: isOdd, actions: "f" },
          y: { guard: and(["isEven", not(isOdd)]), actions: "f" },
          z: { guard: and(["isEven", not("isLate")]), actions: "f" },
          u: { guard: { type: "isEven", params: {} }, actions: "f" },
          v: { actions: "f" }
        }
      }
    }
  })
  expect(nameless(machine)).toHaveLength(2)
})
