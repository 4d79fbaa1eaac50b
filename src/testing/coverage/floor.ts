/**
 * What a fixed set of runs must reach, as plain data: a pair that was reached once and is reached
 * no more was lost, and a test that no longer tries something looks as green as before. Holds
 * names only; how often is chance.
 */
import { type Counts, type Coverage, pairKinds } from "./coverage.ts"

/** Names by what they are of: `calls`, ..., `domain states`, `domain transitions`. In order. */
export interface Floor {
  readonly [what: string]: readonly string[]
}

/**
 * What fewer occurrences than this have reached hangs by one choice of one run, and the next change
 * to anything would lose it.
 */
export const timesMinDefault = 5

const listsOf = ({ pairs, charts }: Coverage): readonly (readonly [string, Counts])[] => [
  ...pairKinds.map((kind) => [kind, pairs[kind]] as const),
  ...Object.entries(charts).flatMap(
    ([machine, { states, transitions }]) =>
      [
        [`${machine} states`, states],
        [`${machine} transitions`, transitions]
      ] as const
  )
]

const reached = (counts: Counts, timesMin: number): readonly string[] =>
  Object.entries(counts)
    .filter(([, count]) => count >= timesMin)
    .map(([name]) => name)

/** What was reached so often that it may not be lost any more. */
export const floorOf = (coverage: Coverage, timesMin = timesMinDefault): Floor =>
  Object.fromEntries(listsOf(coverage).map(([what, counts]) => [what, reached(counts, timesMin)]))

/** What the floor has and this coverage has not, a sentence each. Nothing may be lost. */
export const missing = (coverage: Coverage, floor: Floor): readonly string[] => {
  const lists = new Map(listsOf(coverage))
  return Object.entries(floor).flatMap(([what, names]) => {
    const counts = lists.get(what) ?? {}
    return names.filter((name) => !((counts[name] ?? 0) > 0)).map((name) => `${what}: ${name}`)
  })
}

const columnsMax = 100

const lineOf = (
  [what, names]: readonly [string, readonly string[]],
  index: number,
  all: unknown[]
) => {
  const comma = index + 1 < all.length ? "," : ""
  const quoted = names.map((name) => JSON.stringify(name))
  const line = `  ${JSON.stringify(what)}: [${quoted.join(", ")}]${comma}`
  if (line.length <= columnsMax) return line
  return `  ${JSON.stringify(what)}: [\n    ${quoted.join(",\n    ")}\n  ]${comma}`
}

/** The file, as the formatter has it: a long list has one name a line. */
export const floorText = (floor: Floor): string =>
  `{\n${Object.entries(floor).map(lineOf).join("\n")}\n}\n`
