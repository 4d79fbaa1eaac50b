/** `troupe config show`: every key with its value, and where the value comes from. */
import * as Effect from "effect/Effect"
import { configBytesMax } from "../base/limits.ts"
import { keys } from "../config/keys.ts"
import { type ConfigSnapshot, defaults, formatOrigin, load } from "../config/snapshot.ts"
import { Files } from "../host/files.ts"
import { readInput } from "./input.ts"
import { type Format, printData, printTable } from "./output.ts"
import { Home } from "./home.ts"
import { Screen } from "./screen.ts"

export interface ConfigShowOptions {
  readonly file: string | undefined
  readonly root: string | undefined
  readonly withOrigin: boolean
  /** Also the keys that are at their defaults. */
  readonly isAll: boolean
  readonly format: Format
}

/** The file that an engine on this root would read; the defaults where there is none. */
const snapshotOf = Effect.fnUntraced(function* ({ file, root }: ConfigShowOptions) {
  const { defaultRoot } = yield* Home
  const path = file ?? `${root ?? defaultRoot}/etc/qemu.conf`
  const isThere = yield* Effect.match((yield* Files).stat(path), {
    onSuccess: () => true,
    onFailure: () => false
  })
  if (file === undefined && !isThere) return { path, snapshot: defaults(1) }
  const bytes = yield* readInput(path, configBytesMax)
  const text = new TextDecoder().decode(bytes)
  return { path, snapshot: yield* Effect.fromResult(load(text, { number: 1, path })) }
})

interface ShownKey {
  readonly key: string
  readonly value: unknown
  readonly origin: string
  readonly treatment: "enforced" | "refused" | "inert"
}

const rowsOf = ({ values, origins }: ConfigSnapshot, isAll: boolean): readonly ShownKey[] => {
  const found = Object.values(values)
  return Object.entries(keys)
    .map(([key, { treatment }], at): ShownKey & { readonly isSet: boolean } => {
      const origin = origins[key as keyof typeof origins]
      return {
        key,
        // Both are made from one table, row by row.
        value: found[at],
        origin: formatOrigin(origin),
        treatment: treatment.kind,
        isSet: origin.kind === "file"
      }
    })
    .filter(({ isSet }) => isAll || isSet)
    .map(({ isSet: _, ...row }) => row)
}

export const configShow = Effect.fnUntraced(function* (options: ConfigShowOptions) {
  const screen = yield* Screen
  const { snapshot, path } = yield* snapshotOf(options)
  const { withOrigin, isAll, format } = options
  for (const { line, message } of snapshot.warnings)
    yield* screen.warn(`${path}:${line}: ${screen.paintWarning("warn", "warning")}: ${message}\n`)
  const rows = rowsOf(snapshot, isAll)
  if (format !== "table") {
    const data = rows.map(({ key, value, origin, treatment }) =>
      withOrigin ? { key, value, origin, treatment } : { key, value }
    )
    return yield* printData(format, data)
  }
  if (rows.length === 0) return yield* screen.write("every key has its default; --all shows them\n")
  yield* printTable(
    withOrigin ? ["KEY", "VALUE", "TREATMENT", "ORIGIN"] : ["KEY", "VALUE"],
    rows.map(({ key, value, origin, treatment }) => [
      { text: key },
      { text: JSON.stringify(value) },
      ...(withOrigin ? [{ text: treatment }, { text: origin }] : [])
    ])
  )
})
