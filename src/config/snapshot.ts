/**
 * A configuration as one immutable value: numbered, with the origin of each value. Made whole or
 * not at all: a file in which anything is wrong gives every problem with its line, and no snapshot.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { judge, type Key } from "./key.ts"
import { type KeyName, keys } from "./keys.ts"
import { suggest } from "./suggest.ts"
import { type Entry, formatProblem, type Problem, parseSyntax } from "./syntax.ts"

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

type ValueOf<K extends KeyName> = (typeof keys)[K] extends Key<infer A> ? A : never

/** The value of each key, under its name in camel case: `vnc_listen` is `vncListen`. */
export type ConfigValues = { readonly [K in KeyName as CamelCase<K>]: ValueOf<K> }

/** Where a value comes from. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly path: string; readonly line: number }

export interface ConfigWarning {
  readonly key: string
  readonly line: number
  readonly message: string
}

/** Never changes; a reload makes another one with a higher number. */
export interface ConfigSnapshot {
  readonly number: number
  readonly values: ConfigValues
  /** By the key's name in the file. */
  readonly origins: { readonly [K in KeyName]: Origin }
  readonly warnings: readonly ConfigWarning[]
}

/** The file cannot be taken. Every problem is listed; nothing of the file has an effect. */
export class ConfigError extends Data.TaggedError("ConfigError")<{
  readonly path: string
  readonly problems: readonly Problem[]
}> {
  override get message(): string {
    return this.problems.map((problem) => formatProblem(this.path, problem)).join("\n")
  }
}

export interface LoadOptions {
  /** Higher than that of every snapshot before. */
  readonly number: number
  /** For origins and messages. */
  readonly path: string
}

/** `path:line` or `default`. */
export const formatOrigin = (origin: Origin): string =>
  origin.kind === "file" ? `${origin.path}:${origin.line}` : "default"

/** The configuration without a file. */
export const defaults = (number: number): ConfigSnapshot => assemble(number, new Map(), [])

/** A snapshot from a file's text, or all that is wrong with it. */
export const load = (
  text: string,
  { number, path }: LoadOptions
): Result.Result<ConfigSnapshot, ConfigError> => {
  const lines = text.split(/\r\n|\r|\n/)
  const parsed = parseSyntax(text)
  const problems: Problem[] = [...parsed.problems]
  const warnings: ConfigWarning[] = []
  const taken = new Map<string, Taken>()
  for (const entry of parsed.entries) {
    const verdict = judgeEntry(entry, taken, path)
    if (verdict.problem !== undefined)
      problems.push({ ...verdict.problem, source: lines[verdict.problem.line - 1] ?? "" })
    if (verdict.warning !== undefined)
      warnings.push({ key: entry.key, line: entry.line, message: verdict.warning })
    if (verdict.taken !== undefined) taken.set(entry.key, verdict.taken)
  }
  problems.push(...crossChecks(taken, lines))
  return problems.length === 0
    ? Result.succeed(assemble(number, taken, warnings))
    : Result.fail(new ConfigError({ path, problems: problems.toSorted(byPlace) }))
}

interface Taken {
  readonly value: unknown
  readonly entry: Entry
  readonly origin: Origin
}

interface Judgement {
  readonly problem?: Omit<Problem, "source">
  readonly warning?: string | undefined
  readonly taken?: Taken
}

const isKnown = (key: string): key is KeyName => Object.hasOwn(keys, key)

const judgeEntry = (entry: Entry, taken: ReadonlyMap<string, Taken>, path: string): Judgement => {
  const { key, line } = entry
  if (!isKnown(key)) return judgeUnknown(entry)
  const verdict = judge(keys[key], entry)
  if (verdict.kind === "wrong")
    return { problem: { ...entry.valuePlace, message: verdict.message } }
  const first = taken.get(key)
  // libvirt takes the first of two and says nothing (virConfGetValue).
  if (first !== undefined)
    return { warning: `'${key}' stands on line ${first.entry.line} already; that one counts` }
  const origin: Origin = { kind: "file", path, line }
  return { warning: verdict.warning, taken: { value: verdict.value, entry, origin } }
}

/**
 * One or two letters off a known key is taken for a slip and refused: a misspelt `user` would run
 * QEMU as somebody else. Anything farther off may be a key of a later libvirt, which would be
 * ignored there too, and is only named.
 */
const slipDistanceMax = 2

const judgeUnknown = ({ key, line, column }: Entry): Judgement => {
  const near = suggest(key, Object.keys(keys))
  const message = `'${key}' is not known${near ? `; '${near.word}' is` : ""}`
  return near !== undefined && near.distance <= slipDistanceMax
    ? { problem: { line, column, message } }
    : { warning: message }
}

const ranges: readonly (readonly [KeyName, KeyName])[] = [
  ["remote_display_port_min", "remote_display_port_max"],
  ["remote_websocket_port_min", "remote_websocket_port_max"],
  ["migration_port_min", "migration_port_max"]
]

/** What no row can say alone: a range has its ends in order. */
const crossChecks = (
  taken: ReadonlyMap<string, Taken>,
  lines: readonly string[]
): readonly Problem[] =>
  ranges.flatMap(([least, most]) => {
    const from = taken.get(least)?.value ?? keys[least].default
    const to = taken.get(most)?.value ?? keys[most].default
    const place = (taken.get(most) ?? taken.get(least))?.entry.valuePlace
    if (place === undefined || Number(from) <= Number(to)) return []
    const message = `'${least}' (${String(from)}) is above '${most}' (${String(to)})`
    return [{ ...place, message, source: lines[place.line - 1] ?? "" }]
  })

const byPlace = (a: Problem, b: Problem): number => a.line - b.line || a.column - b.column

const camelCase = (key: string): string =>
  key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const frozen = (value: unknown): unknown =>
  Array.isArray(value) ? Object.freeze([...value]) : value

const assemble = (
  number: number,
  taken: ReadonlyMap<string, Taken>,
  warnings: readonly ConfigWarning[]
): ConfigSnapshot => {
  const rows = Object.entries(keys)
  const values = rows.map(([key, row]) => {
    const value = taken.has(key) ? taken.get(key)?.value : row.default
    return [camelCase(key), frozen(value)] as const
  })
  const origins = rows.map(([key]) => {
    const origin: Origin = taken.get(key)?.origin ?? { kind: "default" }
    return [key, Object.freeze(origin)] as const
  })
  return Object.freeze({
    number,
    // The one place where the table's types are trusted: each row has decoded its own value.
    values: Object.freeze(Object.fromEntries(values)) as ConfigValues,
    origins: Object.freeze(Object.fromEntries(origins)) as ConfigSnapshot["origins"],
    warnings: Object.freeze(warnings.map((warning) => Object.freeze(warning)))
  })
}
