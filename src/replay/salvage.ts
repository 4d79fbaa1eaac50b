/**
 * Reads a trace, or inspection events of xstate as one. Of a file that ends in the middle, as one
 * does whose writer was stopped, it reads what is whole: a trace has each entry on a line of its
 * own, and of events each is an object of the list.
 */
import * as Result from "effect/Result"
import type { TraceError } from "../trace/error.ts"
import { readTrace } from "../trace/read.ts"
import { fromStately } from "../trace/stately.ts"
import type { Trace } from "../trace/trace.ts"

export interface Salvaged {
  readonly trace: Trace
  /** What is missing, in a sentence; `undefined` of a whole file. */
  readonly notice: string | undefined
}

const isEvents = (text: string): boolean => text.trimStart().startsWith("[")

/** A list is of events; all else that is wrong with a text is told as of a trace. */
function read(text: string): Result.Result<Trace, TraceError> {
  if (!isEvents(text)) return readTrace(text)
  const parsed = Result.try({ try: (): unknown => JSON.parse(text), catch: String })
  return Result.isSuccess(parsed) && Array.isArray(parsed.success)
    ? fromStately(parsed.success)
    : readTrace(text)
}

/** A trace's text up to its last whole line, ended as the writer ends it. */
const mendedTrace = (text: string): string =>
  `${text.slice(0, Math.max(0, text.lastIndexOf("\n"))).replace(/,\s*$/, "")}\n]}\n`

/** A list up to the last object in it that is whole. */
function mendedEvents(text: string): string {
  let [depth, end, isString] = [0, 0, false]
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]
    if (isString) {
      if (sign === "\\") at += 1
      else if (sign === '"') isString = false
    } else if (sign === '"') isString = true
    else if (sign === "{" || sign === "[") depth += 1
    else if (sign === "}" || sign === "]") {
      depth -= 1
      if (depth === 1) end = at + 1
    }
  }
  return `${text.slice(0, end)}]`
}

/** The whole trace, or the part of it that is there. A half file without entries is an error. */
export function salvage(text: string): Result.Result<Salvaged, TraceError> {
  const whole = read(text)
  if (Result.isSuccess(whole)) return Result.succeed({ trace: whole.success, notice: undefined })
  if (whole.failure.problem !== "half") return Result.fail(whole.failure)
  const part = read(isEvents(text) ? mendedEvents(text) : mendedTrace(text))
  if (Result.isFailure(part) || part.success.entries.length === 0) {
    return Result.fail(whole.failure)
  }
  const { length } = part.success.entries
  const notice = `the file ends at ${whole.failure.place}: its first ${length} entries are whole`
  return Result.succeed({ trace: part.success, notice })
}
