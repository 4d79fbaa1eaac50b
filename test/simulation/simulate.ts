/**
 * `npm run simulate`: random plans from seed after seed, for as long as one likes; or one plan from
 * a file again. Says how it goes, and at a broken law makes the plan small and leaves it, its story
 * and the command that replays it. Exit code 1 when a law was broken, 2 for wrong arguments.
 */
import { fork } from "node:child_process"
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { Plan } from "../../src/testing/simulation/plan.ts"
import { randomPlan } from "../../src/testing/simulation/random-plan.ts"
import { keepFailure } from "./failure.ts"
import { type Progress, Survey } from "./survey.ts"
import { check } from "./run.ts"

const usage = `npm run simulate -- [options]
  --minutes N      for how long (default 1)
  --seed S         the first seed (default: from the time)
  --seeds A-B      these seeds, however long it takes
  --jobs N         processes beside each other (default 1)
  --failures N     go on until so many laws were broken (default 1)
  --shrink N       runs that making a plan small may take (default 800)
  --replay FILE    one plan again; a kept plan of test/simulation/seeds too
  --json           one object a line instead of sentences`

/** What was typed makes no sense. */
class BadWords extends Error {}

const isUnknownOption = (error: unknown): boolean =>
  String((error as { readonly code?: unknown }).code).startsWith("ERR_PARSE_ARGS")

interface Options {
  readonly untilMs: number
  readonly first: number
  /** The last seed; there may be none. */
  readonly last: number
  /** From one seed to the next: other processes take those between. */
  readonly stride: number
  readonly failuresMax: number
  readonly shrinkMax: number
  readonly isJson: boolean
}

/** What a process tells: to the terminal, or to the process that started it. */
interface Told {
  readonly progress?: Progress
  readonly failure?: { readonly seed: number; readonly text: string; readonly plan: string }
}

const say = (isJson: boolean, told: Told): void => {
  if (isJson) return console.log(JSON.stringify(told))
  if (told.failure !== undefined) console.log(told.failure.text)
  if (told.progress !== undefined) console.log(Survey.sentence(told.progress))
}

const progressEveryMs = 5000

/** Runs its seeds to the end of its time; how many laws were broken. */
const hunt = (options: Options, tell: (told: Told) => void): number => {
  const { untilMs, first, last, stride, failuresMax, shrinkMax: runsMax } = options
  const survey = new Survey()
  let toldAtMs = Date.now()
  let failures = 0
  for (let seed = first; seed <= last && Date.now() < untilMs; seed += stride) {
    const plan = randomPlan(seed)
    const violation = survey.run(plan).violations[0]
    if (violation !== undefined) {
      failures++
      const found = { name: `seed-${seed}`, plan, violation, seed, runsMax }
      const { text, planPath } = keepFailure(found)
      tell({ failure: { seed, text, plan: planPath } })
      if (failures >= failuresMax) break
    }
    if (Date.now() - toldAtMs < progressEveryMs) continue
    toldAtMs = Date.now()
    tell({ progress: survey.progress(seed) })
  }
  tell({ progress: survey.progress(undefined) })
  return failures
}

/** The same in several processes, each with its share of the seeds. */
const huntBeside = async (jobs: number, options: Options): Promise<number> => {
  const codes = Array.from({ length: jobs }, async (_, job) => {
    const words = [JSON.stringify({ ...options, first: options.first + job, stride: jobs })]
    const child = fork(import.meta.filename, ["--worker", ...words])
    child.on("message", (told: Told) => say(options.isJson, told))
    const { promise, resolve } = Promise.withResolvers<number>()
    child.on("exit", (code) => resolve(code ?? 1))
    return promise
  })
  return (await Promise.all(codes)).reduce((sum, code) => sum + code, 0)
}

/** A plan, or a file that has one beside the law that it broke. */
const planIn = (path: string): Plan => {
  let read: unknown
  try {
    read = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    throw new BadWords(`cannot read a plan from '${path}': ${(error as Error).message}`)
  }
  const { plan = read } = (read ?? {}) as { readonly plan?: unknown }
  const { clients, faults, schedule, domains } = (plan ?? {}) as Partial<Plan>
  const isPlan = Array.isArray(clients) && Array.isArray(faults) && schedule?.kind !== undefined
  if (!isPlan || typeof domains !== "number")
    throw new BadWords(`'${path}' is no plan: it lacks clients, faults, schedule or domains`)
  return plan as Plan
}

const replay = (path: string, isJson: boolean): number => {
  const plan = planIn(path)
  const { violations, steps, durationMs, met, lives } = check(plan)
  if (isJson) console.log(JSON.stringify({ violations, steps, durationMs, met, lives }))
  else {
    console.log(`${steps} deliveries, ${durationMs / 1000} virtual s, ${lives} lives`)
    for (const { seam, fault, nth, what } of met) console.log(`${seam} ${nth}: ${fault} at ${what}`)
    for (const { invariant, message } of violations) console.log(`${invariant}: ${message}`)
    if (violations.length === 0) console.log("no law is broken")
  }
  return violations.length
}

const numberOf = (word: string): number => {
  const number = Number(word)
  if (!Number.isSafeInteger(number) || number < 0) throw new BadWords(`'${word}' is no number`)
  return number
}

const seedsOf = (values: { readonly seed?: string; readonly seeds?: string }) => {
  const [first = "", last = first] = values.seeds?.split("-") ?? []
  if (values.seeds !== undefined) {
    const range = { first: numberOf(first), last: numberOf(last) }
    if (range.first > range.last) throw new BadWords(`'${values.seeds}' has no seed in it`)
    return range
  }
  const seed = values.seed === undefined ? Math.floor(Date.now() / 1000) : numberOf(values.seed)
  return { first: seed, last: Number.MAX_SAFE_INTEGER }
}

const main = async (words: readonly string[]): Promise<number> => {
  if (words[0] === "--worker") {
    const options = JSON.parse(words[1] ?? "{}") as Options
    return hunt(options, (told) => process.send?.(told))
  }
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string" },
      seeds: { type: "string" },
      jobs: { type: "string", default: "1" },
      failures: { type: "string", default: "1" },
      shrink: { type: "string", default: "800" },
      replay: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (values.replay !== undefined) return replay(values.replay, values.json)
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new BadWords(`'${values.minutes}' is no time`)
  const options = {
    untilMs: values.seeds === undefined ? Date.now() + minutes * 60_000 : Number.MAX_SAFE_INTEGER,
    ...seedsOf(values),
    stride: 1,
    failuresMax: numberOf(values.failures),
    shrinkMax: numberOf(values.shrink),
    isJson: values.json
  }
  const jobs = numberOf(values.jobs)
  return jobs > 1 ? huntBeside(jobs, options) : hunt(options, (told) => say(options.isJson, told))
}

try {
  process.exitCode = (await main(process.argv.slice(2))) === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof BadWords) && !isUnknownOption(error)) throw error
  console.error(`${(error as Error).message}\n${usage}`)
  process.exitCode = 2
}
