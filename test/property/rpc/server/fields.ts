/**
 * Values of the protocol made hostile: one field at a time of what a call carries, changed to what
 * its layout allows and no client means.
 */
import { present } from "../../../../src/base/assert.ts"
import type { Layout } from "../../../../src/rpc/protocol/layout.ts"
import { layoutNamed } from "../../../../src/rpc/protocol/procedures.ts"

const wide = 65_536
const signed = [0, 1, -1, 2, 0x7fffffff, -0x80000000]
const unsigned = [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff]
const long = 2n ** 63n - 1n

const numbers: { readonly [scalar: string]: readonly unknown[] } = {
  int: signed,
  unsigned,
  hyper: [0n, 1n, -1n, long, -(2n ** 63n)],
  unsignedHyper: [0n, 1n, long, 2n ** 64n - 1n],
  double: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308],
  char: [0, -128],
  unsignedChar: [0, 255],
  short: [0, -32_768],
  unsignedShort: [0, 65_535]
}

const texts = [
  "",
  "/",
  "../../../../etc/passwd",
  "%s%n",
  "\u0001",
  "\uffff",
  "é".repeat(100),
  "x".repeat(wide),
  "<domain/>",
  "<domain type='qemu'><name>x</name></domain>",
  `${"<a>".repeat(5_000)}${"</a>".repeat(5_000)}`,
  "{",
  '{"execute":"quit"}',
  "__proto__",
  "constructor"
]

/** What a field of that layout may hold and hardly ever does. */
const hostile = (layout: Layout, was: unknown): readonly unknown[] => {
  if (typeof layout === "string") return numbers[layout] ?? hostile(named(layout), was)
  switch (layout.kind) {
    case "string":
    case "text":
      return texts
    case "fixedText":
      return ["", "x".repeat(layout.size - 1)]
    case "bytes":
    case "charBytes":
      return [new Uint8Array(0), new Uint8Array(Math.min(layout.max, wide)).fill(255)]
    case "opaque":
      return [new Uint8Array(layout.size), new Uint8Array(layout.size).fill(255)]
    case "array": {
      const [first] = Array.isArray(was) ? was : []
      const most = Math.min(layout.max, 1_000)
      return [[], ...(first === undefined ? [] : [Array(most).fill(first), [first, first]])]
    }
    case "optional":
      return [null]
    case "union":
      return Object.entries(layout.arms).flatMap(([type, arm]) =>
        hostile(arm, undefined).map((value) => ({ type: Number(type), value }))
      )
    case "struct":
      return []
  }
}

const named = (name: string): Layout => present(layoutNamed(name), "a type of the tables")

const inner = (layout: Layout, value: unknown): readonly unknown[] => {
  if (typeof layout === "string") return layout in numbers ? [] : inner(named(layout), value)
  switch (layout.kind) {
    case "struct": {
      const record = value as Readonly<Record<string, unknown>>
      return Object.entries(layout.fields).flatMap(([key, of]) =>
        variants(of, record[key]).map((changed) => ({ ...record, [key]: changed }))
      )
    }
    case "array": {
      const [first, ...rest] = value as readonly unknown[]
      if (first === undefined) return []
      return variants(layout.of, first).map((changed) => [changed, ...rest])
    }
    case "optional":
      return value === null ? [] : variants(layout.of, value)
    case "union": {
      const { type, value: held } = value as { readonly type: number; readonly value: unknown }
      const arm = layout.arms[type]
      return arm === undefined
        ? []
        : variants(arm, held).map((changed) => ({ type, value: changed }))
    }
    default:
      return []
  }
}

/** The value with each of its fields, at any depth, changed in each way, one at a time. */
export const variants = (layout: Layout, value: unknown): readonly unknown[] => [
  ...hostile(layout, value),
  ...inner(layout, value)
]
