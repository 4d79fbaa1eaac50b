/**
 * Ids for formats whose programs refuse what a name may have: a state's own where it is short and
 * all of it can be seen, else its number. Each one once, the same each time. Pure.
 */
import { type Chart, statesWithin } from "./chart.ts"
import { printable } from "./printable.ts"

/** Graphviz refuses ids of some thousand characters, and nobody reads such a one. */
const idLengthMax = 80

/** Whether it can stand in a file for people as it is. */
export const isPlain = (id: string): boolean =>
  id.length <= idLengthMax && id !== "" && printable(id) === id

/** Gives for a state's id the one that is written. */
export function plainIds(chart: Chart): (id: string) => string {
  const ids = statesWithin(chart.root).map(({ id }) => id)
  const taken = new Set(ids.filter(isPlain))
  const names = new Map<string, string>()
  for (const [at, id] of ids.entries()) {
    let name = isPlain(id) ? id : `state ${at}`
    while (name !== id && taken.has(name)) name += "_"
    taken.add(name)
    names.set(id, name)
  }
  return (id) => names.get(id) ?? id
}
