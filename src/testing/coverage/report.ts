/**
 * Coverage for a reader: first what was never reached, then how much was. Of pairs nobody knows how
 * many there could be; of calls and faults those never seen together are told.
 */
import { type ChartCounts, type Counts, type Coverage, pairKinds, pairOf } from "./coverage.ts"

/** Names told of each list; the rest is a number. */
const namesMax = 40

const never = (counts: Counts): readonly string[] =>
  Object.entries(counts)
    .filter(([, count]) => count === 0)
    .map(([name]) => name)

const list = (title: string, names: readonly string[]): readonly string[] => {
  if (names.length === 0) return []
  const more = names.length - namesMax
  const rest = more > 0 ? [`  and ${more} more`] : []
  return [`${title}:`, ...names.slice(0, namesMax).map((name) => `  ${name}`), ...rest]
}

const share = (counts: Counts): string => {
  const all = Object.keys(counts).length
  return `${all - never(counts).length} of ${all}`
}

/** Both halves were met, and never each other. */
const neverTogether = (counts: Counts): readonly string[] => {
  const halves = Object.keys(counts).map((name) => name.split(" @ "))
  const unique = (index: number) => [...new Set(halves.map((half) => half[index] ?? ""))].sort()
  const places = unique(1)
  return unique(0).flatMap((what) =>
    places.map((where) => pairOf(what, where)).filter((pair) => !Object.hasOwn(counts, pair))
  )
}

const chartLine = ([machine, { states, transitions }]: readonly [string, ChartCounts]): string =>
  `chart ${machine}: ${share(states)} states, ${share(transitions)} transitions`

export const coverageText = ({ pairs, charts }: Coverage): string => {
  const table = Object.entries(charts)
  const unreached = table.flatMap(([machine, { states, transitions }]) => [
    ...list(`states of ${machine} never reached`, never(states)),
    ...list(`transitions of ${machine} never taken`, never(transitions))
  ])
  const apart = [
    ...list("calls never made in a state that others were made in", neverTogether(pairs.calls)),
    ...list("faults that never struck at a stage where others did", neverTogether(pairs.faults))
  ]
  const reached = [
    ...table.map(chartLine),
    ...pairKinds.map((kind) => `${kind}: ${Object.keys(pairs[kind]).length} pairs`)
  ]
  return `${[...unreached, ...apart, ...reached].join("\n")}\n`
}
