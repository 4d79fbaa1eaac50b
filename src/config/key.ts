/**
 * What a row of the table of keys is: a type with its default, and what Troupe does with the key. A
 * key is enforced, or refused (an error unless its value asks for what happens anyway), or inert
 * (taken, with a warning). Nothing is ignored in silence.
 */
import type { Entry, Value } from "./syntax.ts"

export type Treatment =
  | { readonly kind: "enforced"; readonly because: string }
  | { readonly kind: "refused"; readonly because: string }
  | { readonly kind: "inert"; readonly because: string }

/**
 * A type of values: how it is called, and how it is read. A string as result says what is wrong.
 */
interface Type<A> {
  readonly type: string
  readonly decode: (value: Value) => { readonly ok: A } | { readonly wrong: string }
}

export interface Key<A> extends Type<A> {
  readonly default: A
  readonly treatment: Treatment
  /** For a refused key: the values that ask for what happens anyway. The default is one of them. */
  readonly accepted: readonly A[]
}

export type AnyKey = Key<boolean> | Key<number> | Key<string> | Key<readonly string[]> | Key<Limit>
export type Limit = number | "unlimited"

export const enforced = (because: string): Treatment => ({ kind: "enforced", because })
export const refused = (because: string): Treatment => ({ kind: "refused", because })
export const inert = (because: string): Treatment => ({ kind: "inert", because })

const key =
  <A>(type: Type<A>) =>
  (fallback: A, treatment: Treatment, accepted: readonly A[] = [fallback]): Key<A> => ({
    ...type,
    default: fallback,
    treatment,
    accepted
  })

const article = (value: Value): string => {
  if (typeof value === "string") return "a string"
  return typeof value === "bigint" ? "a number" : "a list"
}

/** libvirt reads booleans from the numbers 0 and 1 only (virConfGetValueBool). */
export const flag = key<boolean>({
  type: "0 or 1",
  decode: (value) =>
    value === 0n || value === 1n ? { ok: value === 1n } : { wrong: "0 or 1 is expected" }
})

export const text = key<string>({
  type: "string",
  decode: (value) =>
    typeof value === "string"
      ? { ok: value }
      : { wrong: `a string is expected, not ${article(value)}` }
})

export const oneOf = (...words: readonly string[]) =>
  key<string>({
    type: words.map((word) => `"${word}"`).join(", "),
    decode: (value) =>
      typeof value === "string" && words.includes(value)
        ? { ok: value }
        : { wrong: `one of ${words.map((word) => `"${word}"`).join(", ")} is expected` }
  })

/** A whole number from `least` to `most`. */
export const whole = (least: number, most: number) =>
  key<number>({
    type: `number from ${least} to ${most}`,
    decode: (value) =>
      typeof value === "bigint" && value >= BigInt(least) && value <= BigInt(most)
        ? { ok: Number(value) }
        : { wrong: `a whole number from ${least} to ${most} is expected` }
  })

export const limit = key<Limit>({
  type: '"unlimited" or bytes',
  decode: (value) => {
    if (value === "unlimited") return { ok: "unlimited" }
    return typeof value === "bigint" && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? { ok: Number(value) }
      : { wrong: '"unlimited" or a number of bytes is expected' }
  }
})

const decodeList = (
  value: Value
): { readonly ok: readonly string[] } | { readonly wrong: string } => {
  const items = typeof value === "object" ? value : [value]
  const words = items.filter((item) => typeof item === "string")
  return words.length === items.length ? { ok: words } : { wrong: "a list of strings is expected" }
}

export const list = key<readonly string[]>({
  type: "list of strings",
  decode: (value) =>
    typeof value === "object"
      ? decodeList(value)
      : { wrong: `a list is expected, not ${article(value)}` }
})

/** A list of some of these words. */
export const listOf = (...words: readonly string[]) => {
  const type = `list of ${words.map((word) => `"${word}"`).join(", ")}`
  return key<readonly string[]>({
    type,
    decode: (value) => {
      const decoded = decodeList(value)
      if ("wrong" in decoded || typeof value !== "object") return { wrong: `a ${type} is expected` }
      const odd = decoded.ok.find((word) => !words.includes(word))
      return odd === undefined ? decoded : { wrong: `there is no "${odd}": a ${type} is expected` }
    }
  })
}

/** Where libvirt takes one string for a list of one (virConfGetValueStringList, compatString). */
export const listOrText = key<readonly string[]>({
  type: "string or list of strings",
  decode: decodeList
})

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

export type Verdict =
  | { readonly kind: "taken"; readonly value: unknown; readonly warning: string | undefined }
  | { readonly kind: "wrong"; readonly message: string }

/** What an entry of the file means under a row of the table. */
export const judge = (row: AnyKey, entry: Entry): Verdict => {
  const decoded = row.decode(entry.value)
  if ("wrong" in decoded) return { kind: "wrong", message: `'${entry.key}': ${decoded.wrong}` }
  const value: unknown = decoded.ok
  const { kind, because } = row.treatment
  const isAsBefore = row.accepted.some((accepted) => same(accepted, value))
  if (kind === "refused" && !isAsBefore)
    return { kind: "wrong", message: `'${entry.key}' cannot be set to this: ${because}` }
  const isIdle = kind === "inert" && !isAsBefore
  const warning = isIdle ? `'${entry.key}' has no effect: ${because}` : undefined
  return { kind: "taken", value, warning }
}
