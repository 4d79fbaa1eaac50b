/**
 * Which states are meant by names that a person types: an id, or the last words of one where only
 * one ends so. Pure.
 */
import { type Chart, statesWithin } from "./chart.ts"
import { type Marks, noMarks } from "./marks.ts"

/** The id, or all that could be meant: none, or several. */
export function stateNamed(chart: Chart, name: string): string | readonly string[] {
  const ids = statesWithin(chart.root).map(({ id }) => id)
  if (ids.includes(name)) return name
  const ending = ids.filter((id) => id.endsWith(`.${name}`))
  return ending.length === 1 ? (ending[0] ?? []) : ending
}

/** Before the name of a state that is meant, where a terminal or its reader has no colours. */
export const activeSign = "»"

/** The states as marks, for a drawing that has no layout to keep. */
export const focusMarks = (states: readonly string[]): Marks => ({
  ...noMarks,
  states: new Map(states.map((id) => [id, { mark: "active" as const, sign: activeSign }]))
})
