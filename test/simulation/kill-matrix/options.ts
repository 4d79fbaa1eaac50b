/** What `npm run kill-matrix` is told: its options, read from the words of the command line. */
import { parseArgs } from "node:util"

export interface Options {
  /** Ids of the mutants that are run; the stored results of the others stay. Absent: all. */
  readonly only: readonly string[] | undefined
  /** Of processor time, for the random plans of one mutant. */
  readonly seconds: number
  /** The same for a mutant that a scenario has killed already. */
  readonly secondsAfterKill: number
  readonly jobs: number
  /** Random plans that the engine itself has to pass first. */
  readonly control: number
  readonly shrinkRunsMax: number
  readonly isJson: boolean
  /** Runs nothing: is the page what the stored results say? */
  readonly isCheck: boolean
  readonly isHelp: boolean
}

export const usage = `npm run kill-matrix -- [options]
  --only ID,ID              these mutants; what is known of the others stays
  --seconds N               processor time for the random plans of one mutant (default 300)
  --seconds-after-kill N    the same once a scenario has killed it (default 60)
  --jobs N                  processes beside each other (default 2)
  --control N               random plans that the engine itself has to pass (default 1000)
  --shrink N                runs that making a plan small may take (default 200)
  --json                    the results on standard output
  --check                   runs nothing: is the page what the stored results say?
  --help                    this text`

const count = (text: string, option: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${option} wants a number, not '${text}'`)
  return number
}

/** Throws at words that make no sense; `ids` are the mutants that there are. */
export const readOptions = (words: readonly string[], ids: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: "string" },
      seconds: { type: "string", default: "300" },
      "seconds-after-kill": { type: "string", default: "60" },
      jobs: { type: "string", default: "2" },
      control: { type: "string", default: "1000" },
      shrink: { type: "string", default: "200" },
      json: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  const only = values.only?.split(",").filter((id) => id !== "")
  const unknown = only?.find((id) => !ids.includes(id))
  if (unknown !== undefined) throw new Error(`there is no mutant '${unknown}'`)
  return {
    only,
    seconds: count(values.seconds, "seconds"),
    secondsAfterKill: count(values["seconds-after-kill"], "seconds-after-kill"),
    jobs: Math.max(1, count(values.jobs, "jobs")),
    control: count(values.control, "control"),
    shrinkRunsMax: count(values.shrink, "shrink"),
    isJson: values.json,
    isCheck: values.check,
    isHelp: values.help
  }
}
