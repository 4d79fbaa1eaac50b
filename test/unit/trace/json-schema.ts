/**
 * As much of JSON Schema 2020-12 as our schemas use. A keyword that is not known here fails, so
 * that no schema says something which nobody looks at.
 */
export type Schema = boolean | { readonly [keyword: string]: unknown }

const typeOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value

const isOfType = (value: unknown, type: unknown): boolean =>
  type === "integer" ? Number.isInteger(value) : typeOf(value) === type

const annotations = ["$schema", "$defs", "title", "description"]

type Check = (value: unknown, wanted: unknown, at: Place) => readonly string[]

interface Part {
  readonly schema: unknown
  readonly value: unknown
}

interface Place {
  readonly path: string
  readonly schema: { readonly [keyword: string]: unknown }
  readonly root: Schema
}

const wrongWhen = (isWrong: boolean, { path }: Place, why: string) =>
  isWrong ? [`${path}: ${why}`] : []

const within = ({ root, path }: Place, key: string | number, part: Part) =>
  problemsAt(part.schema as Schema, part.value, { root, path: `${path}[${key}]` })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeOf(value) === "object"

const checks: { readonly [keyword: string]: Check } = {
  $ref: (value, wanted, at) => {
    const name = String(wanted).replace("#/$defs/", "")
    const schema = (at.root as { readonly $defs: { readonly [name: string]: Schema } }).$defs[name]
    if (schema === undefined) throw new Error(`no such definition: ${String(wanted)}`)
    return problemsAt(schema, value, at)
  },
  const: (value, wanted, at) => wrongWhen(value !== wanted, at, `is not ${String(wanted)}`),
  type: (value, wanted, at) =>
    wrongWhen(![wanted].flat().some((type) => isOfType(value, type)), at, `no ${String(wanted)}`),
  required: (value, wanted, at) =>
    isObject(value)
      ? (wanted as string[]).flatMap((key) =>
          wrongWhen(!Object.hasOwn(value, key), at, `no ${key}`)
        )
      : [],
  properties: (value, wanted, at) =>
    isObject(value)
      ? Object.entries(wanted as object).flatMap(([key, schema]) =>
          Object.hasOwn(value, key) ? within(at, key, { schema, value: value[key] }) : []
        )
      : [],
  additionalProperties: (value, wanted, at) =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, part]) =>
          Object.hasOwn((at.schema["properties"] ?? {}) as object, key)
            ? []
            : within(at, key, { schema: wanted, value: part })
        )
      : [],
  prefixItems: (value, wanted, at) =>
    Array.isArray(value)
      ? (wanted as Schema[]).flatMap((schema, index) =>
          index < value.length ? within(at, index, { schema, value: value[index] }) : []
        )
      : [],
  items: (value, wanted, at) => {
    const from = ((at.schema["prefixItems"] ?? []) as readonly unknown[]).length
    return Array.isArray(value)
      ? value
          .slice(from)
          .flatMap((part, index) => within(at, from + index, { schema: wanted, value: part }))
      : []
  },
  anyOf: (value, wanted, at) => {
    const all = (wanted as Schema[]).map((schema) => problemsAt(schema, value, at))
    return all.some((found) => found.length === 0) ? [] : (all[0] ?? [])
  },
  minimum: (value, wanted, at) =>
    wrongWhen(typeof value === "number" && value < Number(wanted), at, `below ${String(wanted)}`),
  minItems: (value, wanted, at) =>
    wrongWhen(Array.isArray(value) && value.length < Number(wanted), at, "too few items"),
  maxItems: (value, wanted, at) =>
    wrongWhen(Array.isArray(value) && value.length > Number(wanted), at, "too many items"),
  maxLength: (value, wanted, at) =>
    wrongWhen(typeof value === "string" && [...value].length > Number(wanted), at, "too long")
}

const problemsAt = (
  schema: Schema,
  value: unknown,
  { root, path }: Pick<Place, "root" | "path">
): readonly string[] => {
  if (schema === true) return []
  if (schema === false) return [`${path}: nothing may stand here`]
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (annotations.includes(keyword)) return []
    const check = checks[keyword]
    if (check === undefined) throw new Error(`this keyword is not known here: ${keyword}`)
    return check(value, wanted, { path, schema, root })
  })
}

/** What in `value` the schema does not allow, each with its place. */
export const problems = (schema: Schema, value: unknown): readonly string[] =>
  problemsAt(schema, value, { root: schema, path: "$" })
