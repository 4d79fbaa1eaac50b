/**
 * A hash of what a trace can be followed on: which states a chart has, and which event leads from
 * where to where. Words on arrows and in boxes have no part in it, so that a program and its bundle
 * agree, and so do two versions of which one only says something else. Pure.
 */
import type { AnyStateMachine } from "xstate"
import type { Chart, ChartState } from "./chart.ts"
import { describe } from "./describe.ts"
import { hash } from "./hash.ts"

/** The state as nested lists: order matters, names of members do not. */
const shapeOf = ({ id, type, initial, transitions, states }: ChartState): readonly unknown[] => [
  id,
  type,
  initial ?? "",
  transitions.map(({ event, targets }) => [event, ...targets]),
  states.map(shapeOf)
]

export const fingerprint = ({ id, root }: Chart): string =>
  hash(JSON.stringify([id, shapeOf(root)]))

/** Of each machine, by its id. */
export const fingerprints = (machines: {
  readonly [name: string]: AnyStateMachine
}): { readonly [machine: string]: string } =>
  Object.fromEntries(
    Object.values(machines).map((machine) => [machine.id, fingerprint(describe(machine))])
  )
