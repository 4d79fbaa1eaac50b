/**
 * Goal: what a definition says survives being written and read, whatever it says.
 * Method: arbitrary models through `formatDomain` and `parseDomain`; arbitrary strangers put
 * anywhere into an arbitrary definition; every definition of the shared corpus, where it is there.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import type { Domain } from "../../../src/model/domain.ts"
import type { KeptElement } from "../../../src/model/kept.ts"
import { formatDomain, type Parsed, parseDomain } from "../../../src/xml/domain.ts"
import { type Element, parseElement } from "../../../src/xml/element.ts"
import { keepElement } from "../../../src/xml/kept.ts"
import { writeElement } from "../../../src/xml/write.ts"
import { domain } from "./arbitrary-domain.ts"

const read = (text: string): Parsed => Result.getOrThrow(parseDomain(text, { kind: "active" }))
const write = (value: Domain) => formatDomain(value, { kind: "active" })

test("reads what it wrote, to the last field", () => {
  fc.assert(
    fc.property(domain, (value) => {
      expect(read(write(value)).domain).toStrictEqual(value)
    }),
    { numRuns: 300 }
  )
})

test("writes the same text for what it read, as a definition and of a running guest", () => {
  fc.assert(
    fc.property(domain, fc.constantFrom("active" as const, "inactive" as const), (value, kind) => {
      const first = formatDomain(value, { kind })
      const parsed = Result.getOrThrow(parseDomain(first, { kind }))
      expect(formatDomain(parsed.domain, { kind })).toBe(first)
    }),
    { numRuns: 200 }
  )
})

/** Every element of a tree with the path of its names and places. */
function places(
  element: KeptElement,
  path: readonly number[] = []
): readonly (readonly number[])[] {
  const below = element.children.flatMap((child, index) =>
    typeof child === "string" ? [] : places(child, [...path, index])
  )
  return [path, ...below]
}

function edit(
  element: KeptElement,
  path: readonly number[],
  change: (found: KeptElement) => KeptElement
): KeptElement {
  const [first, ...rest] = path
  if (first === undefined) return change(element)
  const children = element.children.map((child, index) =>
    index === first && typeof child !== "string" ? edit(child, rest, change) : child
  )
  return { ...element, children }
}

const stranger = { name: "zz", attributes: [{ name: "yy", value: "1" }], children: [] }

test("keeps a stranger wherever it stands, and says where", () => {
  fc.assert(
    fc.property(domain, fc.nat(), fc.boolean(), (value, choice, isElement) => {
      const tree = keepElement(Result.getOrThrow(parseElement(write(value))))
      const all = places(tree)
      const path = all[choice % all.length] ?? []
      const text = writeElement(
        edit(tree, path, (found) =>
          isElement
            ? { ...found, children: [...found.children, stranger] }
            : { ...found, attributes: [...found.attributes, { name: "zz", value: "1" }] }
        )
      )
      const { domain: parsed, reports } = read(text)
      const written = write(parsed)
      expect(count(written)).toBe(1)
      expect(write(read(written).domain)).toBe(written)
      for (const { line, column } of reports) {
        expect(text.split("\n")[line - 1]?.[column - 1]).toMatch(/[<\p{L}]/u)
      }
    }),
    { numRuns: 300 }
  )
})

const count = (text: string): number => text.split(/<zz | zz='/).length - 1

test("places every element and attribute where it stands, whatever the line ends", () => {
  const space = fc.constantFrom(" ", "\n", "\r\n", "\t", "\n\n ")
  const attribute = fc.tuple(space, fc.constantFrom("", " ", "\r\n"), fc.constantFrom("'", '"'))
  fc.assert(
    fc.property(fc.array(fc.tuple(space, attribute), { maxLength: 40 }), (pieces) => {
      const inner = pieces.map(([before, [gap, around, quote]], index) => {
        const value = `${quote}a&lt;${index}${quote}`
        return `${before}<e${index}${gap}a${index}${around}=${around}${value}${before}/>`
      })
      const text = `<r>${inner.join("")}</r>`
      const root = Result.getOrThrow(parseElement(text))
      const offset = (at: { readonly line: number; readonly column: number }) =>
        text
          .split("\n")
          .slice(0, at.line - 1)
          .join("\n").length +
        (at.line > 1 ? 1 : 0) +
        at.column -
        1
      for (const child of root.children) {
        if (typeof child === "string") continue
        expect(text.slice(offset(child))).toMatch(new RegExp(`^<${child.name}\\s`))
        const [first] = (child as Element).attributes
        expect(first && text.slice(offset(first), offset(first) + first.name.length)).toBe(
          first?.name
        )
      }
    })
  )
})
