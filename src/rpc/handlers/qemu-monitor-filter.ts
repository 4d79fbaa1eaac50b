/**
 * Which of QEMU's events a client means: one name, or a pattern. A pattern is a client's program
 * that the daemon runs for every event, so that only those are taken whose cost is bounded by the
 * length of a name: repetitions of single characters, few of them, and no group that is repeated.
 */
import * as Result from "effect/Result"

/** VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX and _NOCASE. */
export const filterFlags = { regex: 1, nocase: 2 } as const

export type IsMeant = (event: string) => boolean

const lengthMax = 256

/** With these, a name of 40 characters costs a hundred thousand steps at the most. */
const repetitionsMax = 3
/** Choices within groups: each may double the ways to try. */
const choicesMax = 4

/** One item of a pattern: a class, an escaped character, an anchor or any other but the special. */
const item = String.raw`(?:\[\^?\]?[^\]\\]*\]|\\[^\p{L}\p{N}]|[^\\[\]*+?{}()|])`
const tokens = new RegExp(String.raw`(${item})([*+?]?)|([()|])(?![*+?{])`, "uy")

/** What is wrong with it, if anything. */
const objection = (pattern: string): string | undefined => {
  if (pattern.length > lengthMax) return `it is longer than ${lengthMax} characters`
  let repetitions = 0
  let choices = 0
  let depth = 0
  tokens.lastIndex = 0
  while (tokens.lastIndex < pattern.length) {
    const at = tokens.lastIndex
    const found = tokens.exec(pattern)
    if (found === null) return `what stands at ${at} is not taken here`
    const [, , repetition = "", other] = found
    if (repetition !== "") repetitions += 1
    if (other === "(") depth += 1
    if (other === ")") depth -= 1
    if (other === "|" && depth > 0) choices += 1
  }
  if (repetitions > repetitionsMax) return `it has more than ${repetitionsMax} repetitions`
  return choices > choicesMax ? `it has more than ${choicesMax} choices in groups` : undefined
}

const compiled = (pattern: string, isCaseless: boolean): Result.Result<IsMeant, string> => {
  const why = objection(pattern)
  if (why !== undefined) return Result.fail(why)
  try {
    const expression = new RegExp(pattern, isCaseless ? "i" : "")
    return Result.succeed((event) => expression.test(event))
  } catch {
    return Result.fail("it is not a regular expression")
  }
}

/** The failure says why the pattern is refused. */
export const eventFilter = (
  event: string | null,
  flags: number
): Result.Result<IsMeant, string> => {
  if (event === null) return Result.succeed(() => true)
  const isCaseless = (flags & filterFlags.nocase) !== 0
  if ((flags & filterFlags.regex) !== 0) return compiled(event, isCaseless)
  if (!isCaseless) return Result.succeed((name) => name === event)
  const wanted = event.toLowerCase()
  return Result.succeed((name) => name.toLowerCase() === wanted)
}
