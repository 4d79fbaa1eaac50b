/** The page of the kill matrix, from what is stored of its last run. Pure. */
import { mutants } from "../mutants/index.ts"
import type { Mutant } from "../mutants/mutant.ts"
import { classOf, reasons, zoo } from "../mutants/zoo.ts"
import { isKilled, type Kill, killOf, type Matrix, type MutantResult } from "./result.ts"

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

const seconds = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0))

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]]
  return (low + high) / 2
}

const shrunk = ({ shrunk: { calls, faults, choices } }: Kill): string =>
  `${calls} calls, ${faults} faults, ${choices} choices`

const lawOf = (result: MutantResult | undefined): string => {
  if (result === undefined) return "not run"
  const kill = killOf(result)
  if (kill !== undefined) return kill.law
  return result.died === undefined ? "**not killed**" : `its process: ${result.died}`
}

const rowOf = (mutant: Mutant, result: MutantResult | undefined): readonly string[] => {
  const chance = result?.byChance
  const kill = result && killOf(result)
  return [
    mutant.id,
    mutant.zoo.join(" "),
    mutant.title,
    lawOf(result),
    result?.byScenario?.scenario ?? "",
    chance === undefined ? "" : String(chance.runs),
    kill === undefined ? "" : seconds(kill.seconds),
    kill === undefined ? "" : shrunk(kill)
  ]
}

const heads = [
  "mutant",
  "zoo",
  "what is wrong with it",
  "law",
  "scenario",
  "plans",
  "seconds",
  "smallest plan"
]

const classTables = (results: ReadonlyMap<string, MutantResult>): string => {
  const parts = [
    ...zoo.map(({ id, name }) => ({ title: `${id} ${name}`, of: id })),
    { title: "Laws and faults that no record stands for", of: undefined }
  ]
  return parts
    .map(({ title, of }) => {
      const mine = mutants.filter(({ zoo: [first] }) => (first && classOf(first)?.id) === of)
      if (mine.length === 0) return ""
      const rows = mine.map((mutant) => rowOf(mutant, results.get(mutant.id)))
      return `### ${title}\n\n${table(heads, rows)}\n\n`
    })
    .join("")
}

const gapsOf = (results: ReadonlyMap<string, MutantResult>): string => {
  const gaps = mutants.filter(({ id }) => {
    const result = results.get(id)
    return result === undefined || !isKilled(result)
  })
  if (gaps.length === 0) return "None: every mutant is killed.\n"
  const rows = gaps.map(({ id, zoo: ids, title, shows, expects }) => [
    id,
    ids.join(" "),
    title,
    shows,
    expects.join(" "),
    String(results.get(id)?.runs ?? 0)
  ])
  const names = ["mutant", "zoo", "what is wrong with it", "what would show it", "by", "plans run"]
  return `${table(names, rows)}\n`
}

const without = (): string => {
  const rows = zoo.flatMap(({ records }) =>
    records.flatMap(({ id, system, what, without: reason }) =>
      reason === undefined ? [] : [[id, system, what, reasons[reason]]]
    )
  )
  return `${table(["record", "system", "what happened", "why there is no mutant of it"], rows)}\n`
}

const summary = (matrix: Matrix, results: ReadonlyMap<string, MutantResult>): string => {
  const all = [...results.values()]
  const byChance = all.flatMap(({ byChance: kill }) => kill ?? [])
  const slowest = byChance.toSorted((a, b) => b.seconds - a.seconds)[0]
  const slowestId = all.find((result) => result.byChance === slowest)?.id
  const records = new Set(mutants.flatMap(({ zoo: ids }) => ids))
  const total = zoo.reduce((sum, { records: { length } }) => sum + length, 0)
  const { control } = matrix
  const rows = [
    ["mutants", String(mutants.length)],
    ["killed", `${all.filter(isKilled).length} of ${mutants.length}`],
    ["of them by random plans", String(byChance.length)],
    ["records of the zoo that have a mutant", `${records.size} of ${total}`],
    ["seconds until a random plan kills, median", seconds(median(byChance.map((k) => k.seconds)))],
    ["random plans until one kills, median", String(median(byChance.map(({ runs }) => runs)))],
    [
      "slowest",
      slowest === undefined
        ? ""
        : `${slowestId}: ${seconds(slowest.seconds)} s, ${slowest.runs} plans`
    ],
    [
      "the engine without a mutant",
      `${control.runs} random plans and the scenarios that kill; ` +
        `${control.broken.length + control.brokenScenarios.length} of them broke a law`
    ]
  ]
  return `${table(["", ""], rows)}\n`
}

/** The whole page. */
export const pageOf = (matrix: Matrix): string => {
  const known = new Set(mutants.map(({ id }) => id))
  const results = new Map(
    matrix.results.filter(({ id }) => known.has(id)).map((result) => [result.id, result])
  )
  return `# Kill matrix

Generated by \`npm run kill-matrix\`; do not edit.

Each mutant is this engine with one guard taken away, so that a bug which libvirt or one of its
peers really had is back in its natural form. A mutant is killed when a run of the simulated world
breaks a law under it. What is run knows nothing of mutants: the scenarios (test/simulation/shapes,
and plans that once found something), then random plans from seed 1 on, as any other run of the
simulation. A mutant that is not killed is a gap in the tests.

Times are processor time of one core. "Plans" is how many random plans it took, the last one
included; a mutant that no random plan has killed has the figures of the scenario that did. The
smallest plan is what shrinking leaves; choices are those of the schedule that are not the first in
the line.

## Summary

${summary(matrix, results)}
## Mutants

${classTables(results)}## Gaps

${gapsOf(results)}
## Records without a mutant

${without()}`
}
