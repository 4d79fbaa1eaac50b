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
}

const usage =
  "kill-matrix [--only ID,ID] [--seconds N] [--jobs N] [--control N] [--shrink N] [--json] " +
  "[--check]"

const count = (text: string, option: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${option} wants a number, not '${text}'; usage: ${usage}`)
  return number
}

export const readOptions = (words: readonly string[]): Options => {
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
      check: { type: "boolean", default: false }
    }
  })
  return {
    only: values.only?.split(",").filter((id) => id !== ""),
    seconds: count(values.seconds, "seconds"),
    secondsAfterKill: count(values["seconds-after-kill"], "seconds-after-kill"),
    jobs: Math.max(1, count(values.jobs, "jobs")),
    control: count(values.control, "control"),
    shrinkRunsMax: count(values.shrink, "shrink"),
    isJson: values.json,
    isCheck: values.check
  }
}
