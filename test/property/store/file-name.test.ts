// Goal: every name has a safe file name of bounded length, and no two names share one.
// Method: random names of all scripts, controls, surrogates and lengths; the hash against Node's
// own.
import { createHash } from "node:crypto"
import fc from "fast-check"
import { expect, test } from "vitest"
import { fileStem, nameOfStem, stemBytesMax } from "../../../src/store/file-name.ts"
import { sha256 } from "../../../src/store/sha256.ts"

const awkward = fc.constantFrom(
  "",
  ".",
  "..",
  "/",
  "%",
  "%25",
  "%2F",
  "%~",
  "%uD800",
  "\ud800",
  "\0",
  "\n",
  "a/../b",
  ".hidden",
  "x.xml",
  "ünï",
  "虚拟机",
  "👩‍🚀",
  "\u2028"
)
const unit = fc.oneof(
  awkward,
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
)
const name = fc.oneof(
  fc.array(unit, { maxLength: 6 }).map((parts) => parts.join("")),
  fc.tuple(fc.nat(400), unit).map(([count, tail]) => "x".repeat(count) + tail),
  fc.tuple(unit, fc.nat(200), unit).map(([head, count, tail]) => head + "ü/".repeat(count) + tail)
)

test("a stem is a safe directory entry with room for a suffix", () => {
  fc.assert(
    fc.property(name, (one) => {
      const stem = fileStem(one)
      expect(Buffer.byteLength(stem)).toBeLessThanOrEqual(stemBytesMax)
      expect(Buffer.from(stem).toString()).toBe(stem)
      expect(stem).not.toMatch(/[/\p{Cc}]/u)
      expect(stem.startsWith(".")).toBe(false)
      expect(stem).not.toBe("")
    }),
    { numRuns: 2000 }
  )
})

test("two names never share a stem, also when they are too long or look like stems", () => {
  const close = fc.oneof(
    fc.tuple(name, name),
    name.map((one) => [one, fileStem(one)] as const),
    fc.tuple(name, name).map(([a, b]) => ["p".repeat(300) + a, "p".repeat(300) + b] as const)
  )
  fc.assert(
    fc.property(close, ([a, b]) => {
      expect(fileStem(a) === fileStem(b)).toBe(a === b)
    }),
    { numRuns: 3000 }
  )
})

test("a stem gives its name back unless the name was too long", () => {
  fc.assert(
    fc.property(name, (one) => {
      const stem = fileStem(one)
      expect(nameOfStem(stem)).toBe(stem.includes("%~") ? undefined : one)
    }),
    { numRuns: 2000 }
  )
})

test("ordinary names of any script are kept as they are", () => {
  for (const one of ["web", "虚拟机 1", "Ünï-cödé", "a,b=c", "two words", "x.y"])
    expect(fileStem(one)).toBe(one)
})

test("the hash is SHA-256", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"))
    })
  )
})
