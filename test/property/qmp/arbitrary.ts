/** Generators that the QMP properties share: JSON values, and a stream cut anywhere. */
import * as fc from "fast-check"
import type { Json } from "../../../src/qmp/json.ts"

const name = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "toString", "id", "error", "return", "event", "QMP")
)

const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  // Integers that a number rounds come back as bigints, which is the point.
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (value === 0 || Number.isInteger(value) ? 0 : value)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
  fc.string({ unit: "grapheme" })
)

/** Own members only, as a parser makes them: assignment would reach the prototype. */
const objectOf = (members: readonly (readonly [string, Json])[]): Json => {
  const made: { [name: string]: Json } = {}
  for (const [key, value] of members) {
    Object.defineProperty(made, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true
    })
  }
  return made
}

export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(name, tie("value")), { selector: ([key]) => key, maxLength: 5 })
      .map(objectOf)
  )
})).value

export const jsonObject = fc
  .uniqueArray(fc.tuple(name, json), { selector: ([key]) => key, maxLength: 5 })
  .map((members) => objectOf(members) as { readonly [name: string]: Json })

/** The bytes in pieces, cut at any places. */
export const cut = (bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] => {
  const ends = places.map((place) => place % (bytes.byteLength + 1)).toSorted((a, b) => a - b)
  const starts = [0, ...ends]
  return starts.map((start, index) => bytes.subarray(start, ends[index] ?? bytes.byteLength))
}

export const places = fc.array(fc.nat(), { maxLength: 12 })
