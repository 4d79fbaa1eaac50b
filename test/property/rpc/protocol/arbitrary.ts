/**
 * Generators for the protocol: a value of any layout of the tables, and a stream cut anywhere.
 */
import * as fc from "fast-check"
import { present, unreachable } from "../../../../src/base/assert.ts"
import type { Composite, Layout } from "../../../../src/rpc/protocol/layout.ts"
import { layoutNamed } from "../../../../src/rpc/protocol/procedures.ts"

/** More elements show nothing more, and cost time. */
const elementsMax = 3

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  int: fc.integer(),
  unsigned: fc.nat({ max: 0xffffffff }),
  hyper: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  unsignedHyper: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  double: fc.double(),
  char: fc.integer({ min: -128, max: 127 }),
  unsignedChar: fc.nat({ max: 255 }),
  short: fc.integer({ min: -32_768, max: 32_767 }),
  unsignedShort: fc.nat({ max: 65_535 })
}

const fits = (text: string, max: number): boolean => Buffer.byteLength(text) <= max

/** Text without a NUL: short and long, within ASCII and beyond it. */
const text = (max: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
      { weight: 2, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 60 }) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
      { weight: 1, arbitrary: fc.nat({ max: 40_000 }).map((length) => "é".repeat(length)) }
    )
    .map((made) => made.replaceAll("\0", ""))
    .filter((made) => fits(made, max))

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

const known = new Map<string, fc.Arbitrary<unknown>>()

/** Values of a layout, or of the type of that name. */
export function valueOf(layout: Layout): fc.Arbitrary<unknown> {
  if (typeof layout !== "string") return compositeOf(layout)
  const made =
    scalars[layout] ?? known.get(layout) ?? valueOf(present(layoutNamed(layout), "a type"))
  known.set(layout, made)
  return made
}

function compositeOf(layout: Composite): fc.Arbitrary<unknown> {
  switch (layout.kind) {
    case "string":
      return text(layout.max)
    case "text":
      return text(layout.max - 1)
    case "fixedText":
      return text(layout.size - 1)
    case "bytes":
    case "charBytes":
      return bytes(0, Math.min(layout.max, 100))
    case "opaque":
      return bytes(layout.size, layout.size)
    case "array":
      return fc.array(valueOf(layout.of), { maxLength: Math.min(layout.max, elementsMax) })
    case "optional":
      return fc.option(valueOf(layout.of), { nil: null })
    case "struct":
      return fc.record(
        Object.fromEntries(Object.entries(layout.fields).map(([key, of]) => [key, valueOf(of)])),
        { noNullPrototype: true }
      )
    case "union":
      return fc.oneof(
        ...Object.entries(layout.arms).map(([type, of]) =>
          fc.record(
            { type: fc.constant(Number(type)), value: valueOf(of) },
            { noNullPrototype: true }
          )
        )
      )
    default:
      return unreachable(layout)
  }
}

/** The bytes as chunks, none of them empty, cut at any places. */
export const chunksOf = (whole: Uint8Array): fc.Arbitrary<readonly Uint8Array[]> =>
  fc.uniqueArray(fc.nat({ max: whole.byteLength }), { maxLength: 30 }).map((cuts) => {
    const places = [0, ...cuts.toSorted((left, right) => left - right), whole.byteLength]
    return places
      .map((from, index) => whole.subarray(from, places[index + 1] ?? whole.byteLength))
      .filter((chunk) => chunk.byteLength > 0)
  })
