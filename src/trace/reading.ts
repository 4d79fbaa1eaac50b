/**
 * Looks at parsed JSON piece by piece, and keeps the first thing that is wrong with its place. A
 * getter gives a harmless value where something is wrong, so that the code that reads stays a
 * straight line; whoever reads asks for the `error` before using what it has.
 */
import { TraceError, type TraceProblem } from "./error.ts"
import { planDepthMax } from "./limits.ts"
import type { Json } from "./trace.ts"

export type Fields = { readonly [key: string]: unknown }

const kindOfJson = (value: unknown): string =>
  value === undefined
    ? "nothing"
    : value === null
      ? "null"
      : Array.isArray(value)
        ? "an array"
        : typeof value === "object"
          ? "an object"
          : `a ${typeof value}`

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

export class Reading {
  error: TraceError | undefined

  fail(place: string, reason: string, problem: TraceProblem = "invalid"): void {
    this.error ??= new TraceError({ problem, place, reason })
  }

  fields(value: unknown, place: string): Fields {
    if (isFields(value)) return value
    this.unlike("an object", value, place)
    return {}
  }

  list(value: unknown, place: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    this.unlike("an array", value, place)
    return []
  }

  text(value: unknown, place: string): string {
    if (typeof value === "string") return value
    this.unlike("a string", value, place)
    return ""
  }

  count(value: unknown, place: string): number {
    if (isCount(value)) return value
    this.fail(place, `${this.shown(value)} is no whole number from 0`)
    return 0
  }

  number(value: unknown, place: string): number {
    if (typeof value === "number") return value
    this.unlike("a number", value, place)
    return 0
  }

  /** JSON that is kept as it is. Bounded in depth, for whoever walks it may recur. */
  json(value: unknown, place: string, depth = 0): Json {
    if (depth > planDepthMax) this.fail(place, `nested deeper than ${planDepthMax}`)
    if (this.error !== undefined || typeof value !== "object" || value === null)
      return (value ?? null) as Json
    for (const [key, part] of Object.entries(value)) this.json(part, `${place}.${key}`, depth + 1)
    return value as Json
  }

  private unlike(wanted: string, value: unknown, place: string): void {
    this.fail(place, `${wanted} stands there, not ${kindOfJson(value)}`)
  }

  shown(value: unknown): string {
    // Only what is flat is quoted: a hostile file may be nested deeper than any stack.
    if (typeof value === "object" || value === undefined) return kindOfJson(value)
    const text = JSON.stringify(value)
    return text.length > 40 ? `${text.slice(0, 39)}…` : text
  }
}
