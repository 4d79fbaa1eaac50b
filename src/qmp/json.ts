/**
 * JSON as QMP has it: integers of 64 bits are kept (as bigint where a number would round), and what
 * a peer sends can neither exhaust the stack nor reach a prototype. Text to value and back, only.
 */
import * as Result from "effect/Result"

export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }

export type JsonObject = { readonly [name: string]: Json }

/** QEMU's own parser refuses deeper texts (`MAX_NESTING`, json-parser.c). */
export const jsonDepthMax = 1024

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The value of a text, or why it has none. */
export const parseJson = (text: string): Result.Result<Json, string> => {
  if (isTooDeep(text)) return Result.fail(`nested deeper than ${jsonDepthMax}`)
  return Result.try({
    // A reviver costs five times the parsing, so it is used where a number may have been rounded.
    try: (): Json => (mayRound.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)),
    catch: () => "not JSON"
  })
}

/** Sixteen digits in a row: below that every integer is exact. */
const mayRound = /\d{16}/

/** A reviver; its third argument holds the number's source text, which the type does not tell. */
const exactly = (_name: string, value: unknown, ...rest: readonly unknown[]): unknown => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value
  const [context] = rest
  const source =
    typeof context === "object" && context !== null && "source" in context ? context.source : ""
  return typeof source === "string" && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Counts nesting outside strings, in texts that are long enough to be too deep. */
const isTooDeep = (text: string): boolean => {
  if (text.length <= jsonDepthMax) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === backslash) at++
      else if (code === quote) isInString = false
    } else if (code === quote) isInString = true
    else if (code === openBracket || code === openBrace) {
      if (++depth > jsonDepthMax) return true
    } else if (code === closeBracket || code === closeBrace) depth--
  }
  return false
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d
]

/**
 * The text of a value, or why it has none: QEMU answers a lone surrogate with a parse error that
 * carries no id, and JSON has no infinity.
 */
export const formatJson = (value: Json): Result.Result<string, string> =>
  Result.try({
    try: () => format(value, 0),
    catch: (cause) => (cause instanceof Unwritable ? cause.message : String(cause))
  })

/** Leaves the recursion; never seen outside `formatJson`. */
class Unwritable extends Error {}

const format = (value: Json, depth: number): string => {
  if (depth > jsonDepthMax) throw new Unwritable(`nested deeper than ${jsonDepthMax}`)
  if (value === null || typeof value === "boolean") return String(value)
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "string") return formatText(value)
  if (typeof value === "number") return formatNumber(value)
  if (Array.isArray(value)) return `[${value.map((one) => format(one, depth + 1)).join(",")}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${formatText(name)}:${format(member, depth + 1)}`)
  return `{${members.join(",")}}`
}

const formatText = (text: string): string => {
  if (!text.isWellFormed()) throw new Unwritable("a text holds half a surrogate pair")
  return JSON.stringify(text)
}

const formatNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw new Unwritable("a number is not finite")
  return JSON.stringify(value)
}
