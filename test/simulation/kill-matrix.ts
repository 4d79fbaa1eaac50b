/**
 * Runs the simulated world against each mutant of the engine, and the engine itself first; writes
 * docs/reference/kill-matrix.md and the results behind it. Exits with 1 when the engine itself
 * breaks a law, or when a mutant is not killed.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { type Ended, inParallel, runChild } from "./kill-matrix/children.ts"
import { type Options, readOptions, usage } from "./kill-matrix/options.ts"
import { pageOf } from "./kill-matrix/page.ts"
import { isKilled, killOf, type Matrix, type MutantResult } from "./kill-matrix/result.ts"
import type { Controlled } from "./kill-matrix/run-mutant.ts"
import { mutants } from "./mutants/index.ts"
import type { Mutant } from "./mutants/mutant.ts"
import { shapes } from "./shapes/index.ts"

const root = resolve(import.meta.dirname, "../..")
const pageFile = join(root, "docs/reference/kill-matrix.md")
const resultsFile = join(import.meta.dirname, "kill-matrix/results.json")

/** Seeds that one process of the control runs. */
const controlBatch = 50

/** Two cores are shared: a process may take this many times its processor time. */
const patience = 4

const say = (line: string) => process.stderr.write(`${line}\n`)

const stored = (): Matrix =>
  existsSync(resultsFile)
    ? (JSON.parse(readFileSync(resultsFile, "utf8")) as Matrix)
    : { control: { runs: 0, broken: [], brokenScenarios: [] }, results: [] }

const taskOf = ({ seconds, secondsAfterKill, shrinkRunsMax }: Options) => ({
  seconds,
  secondsAfterKill,
  shrinkRunsMax,
  runsMax: Number.MAX_SAFE_INTEGER,
  skipped: [] as readonly number[],
  skippedScenarios: [] as readonly string[]
})

interface Checked {
  readonly seeds?: readonly number[]
  readonly shapes?: readonly string[]
  readonly scenarios?: readonly string[]
}

/** Seeds and scenarios that break a law without any mutant. */
const control = async (
  options: Options,
  { seeds = [], shapes: names = [], scenarios = [] }: Checked
): Promise<Controlled> => {
  const batches = Array.from({ length: Math.ceil(seeds.length / controlBatch) }, (_, at) => ({
    seeds: seeds.slice(at * controlBatch, (at + 1) * controlBatch)
  }))
  const single = scenarios.length === 0 ? [] : [{ scenarios }]
  const parts = [...batches, ...names.map((shape) => ({ shapes: [shape] })), ...single]
  const told = await inParallel(parts, options.jobs, async (part) => {
    const { line, died, lastWords } = await runChild({ ...taskOf(options), ...part }, 1200)
    if (line === undefined) throw new Error(`the control: ${died}: ${lastWords}`)
    return JSON.parse(line) as Controlled
  })
  return {
    broken: told.flatMap(({ broken }) => broken),
    brokenScenarios: told.flatMap(({ brokenScenarios }) => brokenScenarios)
  }
}

const resultOf = ({ id }: Mutant, { line, died, lastWords }: Ended): MutantResult => {
  if (line !== undefined) return JSON.parse(line) as MutantResult
  const why = `${died}, at ${lastWords.split("\n").at(-1) ?? ""}`
  return { id, byScenario: undefined, byChance: undefined, runs: 0, seconds: 0, died: why }
}

const tellOf = (result: MutantResult): string => {
  const kill = killOf(result)
  if (kill === undefined)
    return `${result.id} ${result.died ?? `not killed by ${result.runs} plans`}`
  const by = result.byChance === undefined ? result.byScenario?.scenario : result.byChance.seed
  return `${result.id} killed by ${kill.law} (${by}; ${kill.seconds.toFixed(1)} s)`
}

interface Known {
  readonly runs: number
  readonly broken: number[]
  readonly brokenScenarios: string[]
}

/** One mutant; what breaks a law without it as well is left out, and it is run again. */
const runMutant = async (mutant: Mutant, options: Options, known: Known): Promise<MutantResult> => {
  for (;;) {
    const { broken: skipped, brokenScenarios: skippedScenarios } = known
    const task = { ...taskOf(options), id: mutant.id, skipped, skippedScenarios }
    const wallSeconds = patience * (options.seconds + options.shrinkRunsMax / 2) + 120
    const result = resultOf(mutant, await runChild(task, wallSeconds))
    const seeds = [result.byChance?.seed ?? 0].filter((seed) => seed > known.runs)
    const scenarios = result.byScenario === undefined ? [] : [result.byScenario.scenario]
    const { broken, brokenScenarios } = await control(options, { seeds, scenarios })
    if (broken.length + brokenScenarios.length === 0) return result
    say(`without any mutant a law is broken by ${[...broken, ...brokenScenarios].join(", ")}`)
    known.broken.push(...broken)
    known.brokenScenarios.push(...brokenScenarios)
  }
}

const write = (matrix: Matrix) => {
  writeFileSync(resultsFile, `${JSON.stringify(matrix)}\n`)
  writeFileSync(pageFile, pageOf(matrix))
}

const inOrder = (results: readonly MutantResult[]): readonly MutantResult[] =>
  mutants.flatMap(({ id }) => results.findLast((result) => result.id === id) ?? [])

const run = async (options: Options): Promise<number> => {
  const { only } = options
  const chosen = mutants.filter(({ id }) => only?.includes(id) ?? true)
  const seeds = Array.from({ length: options.control }, (_, at) => at + 1)
  const names = shapes.map(({ name }) => name)
  const { broken, brokenScenarios } = await control(options, { seeds, shapes: names })
  say(`control: ${broken.length} of ${seeds.length} seeds break a law: ${broken.join(" ")}`)
  if (brokenScenarios.length > 0) say(`and scenarios: ${brokenScenarios.join(", ")}`)
  const known: Known = {
    runs: options.control,
    broken: [...broken],
    brokenScenarios: [...brokenScenarios]
  }
  let results = stored().results
  // A run of a few says nothing new of the engine without any.
  const before = stored().control
  const isPartial = only !== undefined && known.runs < before.runs
  const written = (): Matrix => ({
    control: isPartial ? before : known,
    results: inOrder(results)
  })
  await inParallel(chosen, options.jobs, async (mutant) => {
    const result = await runMutant(mutant, options, known)
    results = [...results, result]
    say(tellOf(result))
    write(written())
  })
  const matrix = written()
  write(matrix)
  if (options.isJson) process.stdout.write(`${JSON.stringify(matrix)}\n`)
  const ids = new Set(chosen.map(({ id }) => id))
  const gaps = matrix.results.filter((result) => ids.has(result.id) && !isKilled(result))
  say(`${chosen.length - gaps.length} of ${chosen.length} killed`)
  const isClean = known.broken.length + known.brokenScenarios.length === 0
  return gaps.length === 0 && isClean ? 0 : 1
}

const checkPage = (): number => {
  const isRight = existsSync(pageFile) && readFileSync(pageFile, "utf8") === pageOf(stored())
  if (!isRight) say("docs/reference/kill-matrix.md is not what the results say")
  return isRight ? 0 : 1
}

const main = async (options: Options): Promise<number> => {
  if (options.isHelp) process.stdout.write(`${usage}\n`)
  else return options.isCheck ? checkPage() : await run(options)
  return 0
}

const optionsOf = (words: readonly string[]): Options | undefined => {
  try {
    const ids = mutants.map(({ id }) => id)
    return readOptions(words, ids)
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return undefined
  }
}

const options = optionsOf(process.argv.slice(2))
process.exitCode = options === undefined ? 2 : await main(options)
