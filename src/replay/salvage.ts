/**
 * Reads a trace, and of one that ends in the middle, as a file does whose writer was stopped, the
 * entries that are whole: the writer puts each on a line of its own.
 */
import * as Result from "effect/Result"
import type { TraceError } from "../trace/error.ts"
import { readTrace } from "../trace/read.ts"
import type { Trace } from "../trace/trace.ts"

export interface Salvaged {
  readonly trace: Trace
  /** What is missing, in a sentence; `undefined` of a whole file. */
  readonly notice: string | undefined
}

/** The text up to its last whole line, ended as the writer ends it. */
const mended = (text: string): string =>
  `${text.slice(0, Math.max(0, text.lastIndexOf("\n"))).replace(/,\s*$/, "")}\n]}\n`

/** The whole trace, or the part of it that is there. A half file without entries is an error. */
export function salvage(text: string): Result.Result<Salvaged, TraceError> {
  const whole = readTrace(text)
  if (Result.isSuccess(whole)) return Result.succeed({ trace: whole.success, notice: undefined })
  if (whole.failure.problem !== "half") return Result.fail(whole.failure)
  const part = readTrace(mended(text))
  if (Result.isFailure(part) || part.success.entries.length === 0) {
    return Result.fail(whole.failure)
  }
  const { length } = part.success.entries
  const notice = `the file ends at ${whole.failure.place}: its first ${length} entries are shown`
  return Result.succeed({ trace: part.success, notice })
}
