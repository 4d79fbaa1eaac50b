/**
 * What runs have reached, as plain data: how often each pair of things met, and each state and
 * transition of each chart. Pure: coverages are merged, compared with a floor, and read.
 */

/** How often, by name; names in order. */
export interface Counts {
  readonly [name: string]: number
}

/**
 * - calls: a client's call, and the state of what it was about when it was admitted.
 * - deliveries: a message and what became of it, and the state of the actor; region by region.
 * - faults: a fault that came to pass, and the stage at which it struck.
 * - pending: a message that was handled, and one that waited in the same actor meanwhile.
 */
export const pairKinds = ["calls", "deliveries", "faults", "pending"] as const

export type PairKind = (typeof pairKinds)[number]

/** Of one chart. What was never reached stands there too, with 0. */
export interface ChartCounts {
  readonly states: Counts
  readonly transitions: Counts
}

export interface Coverage {
  readonly version: 1
  readonly pairs: { readonly [kind in PairKind]: Counts }
  /** By the machine's id. */
  readonly charts: { readonly [machine: string]: ChartCounts }
}

/** Between the two halves of a pair. */
export const pairOf = (what: string, where: string): string => `${what} @ ${where}`

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0

/** The same names give the same object to the byte, in whatever order they came. */
export const countsOf = (entries: Iterable<readonly [string, number]>): Counts =>
  Object.fromEntries([...entries].sort(byName))

const add = (one: Counts, other: Counts): Counts => {
  const sum = new Map(Object.entries(one))
  for (const [name, count] of Object.entries(other)) sum.set(name, (sum.get(name) ?? 0) + count)
  return countsOf(sum)
}

const noCounts: ChartCounts = { states: {}, transitions: {} }

const addCharts = (one: Coverage["charts"], other: Coverage["charts"]): Coverage["charts"] =>
  Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])].sort().map((machine) => {
      const [a, b] = [one[machine] ?? noCounts, other[machine] ?? noCounts]
      return [
        machine,
        { states: add(a.states, b.states), transitions: add(a.transitions, b.transitions) }
      ]
    })
  )

export const noCoverage: Coverage = {
  version: 1,
  pairs: { calls: {}, deliveries: {}, faults: {}, pending: {} },
  charts: {}
}

/** What one or the other has reached. */
export const mergeCoverage = (one: Coverage, other: Coverage): Coverage => ({
  version: 1,
  pairs: {
    calls: add(one.pairs.calls, other.pairs.calls),
    deliveries: add(one.pairs.deliveries, other.pairs.deliveries),
    faults: add(one.pairs.faults, other.pairs.faults),
    pending: add(one.pairs.pending, other.pairs.pending)
  },
  charts: addCharts(one.charts, other.charts)
})
