/**
 * Goal: the tidy tests can fail: each rule finds what it is for, and leaves its neighbours alone.
 * Method: small texts and graphs made for one rule each; cycles as a property over random graphs.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cycles, reachable } from "./graph.ts"
import { objection } from "./layers.ts"
import { anchorsOf, destination, linksOf } from "./pages.ts"
import { measure } from "./sizes.ts"
import { importsOf, sourceOf } from "./source.ts"
import { textRules, wordRules } from "./words.ts"

describe("imports", () => {
  test.each([
    ["machines/life.ts", "effect/Effect"],
    ["machines/life.ts", "../src/kernel/actor.ts"],
    ["src/base/units.ts", "../model/domain.ts"],
    ["src/qmp/client.ts", "node:net"],
    ["src/qmp/client.ts", "./socket.live.ts"],
    ["src/xml/domain.ts", "effect"],
    ["src/store/store.ts", "../../test/e2e/debian.ts"],
    ["src/nowhere/x.ts", "../base/assert.ts"]
  ])("%s may not import %s", (path, specifier) => {
    expect(objection(path, specifier)).toBeDefined()
  })

  test.each([
    ["machines/life.ts", "xstate"],
    ["machines/domain/life.ts", "../words.ts"],
    ["src/main.ts", "./qmp/socket.live.ts"],
    ["src/host/files.live.ts", "node:fs"],
    ["actors/domain/start.ts", "../../src/qemu/launcher.ts"],
    ["test/unit/x.test.ts", "node:fs"]
  ])("%s may import %s", (path, specifier) => {
    expect(objection(path, specifier)).toBeUndefined()
  })

  test("are found in every form, types included", () => {
    const text = [
      'import { a } from "one"',
      'import type { B } from "two"',
      'export { c } from "three"',
      'export * from "four"',
      'type D = import("five").D',
      'const e = import("six")'
    ].join("\n")
    const found = importsOf(sourceOf("x.ts", text)).map(({ specifier }) => specifier)
    expect(found).toEqual(["one", "two", "three", "four", "five", "six"])
  })
})

describe("graphs", () => {
  const node = fc.constantFrom("a", "b", "c", "d", "e", "f")
  const edges = fc.array(fc.tuple(node, node), { maxLength: 12 })
  const graphOf = (pairs: readonly (readonly [string, string])[]) =>
    new Map(
      ["a", "b", "c", "d", "e", "f"].map((from) => [
        from,
        pairs.filter(([start]) => start === from).map(([, end]) => end)
      ])
    )

  test("a cycle is told exactly when a node reaches itself, and each edge of it exists", () => {
    fc.assert(
      fc.property(edges, (pairs) => {
        const graph = graphOf(pairs)
        const found = cycles(graph)
        const isCyclic = [...graph].some(([at, next]) => reachable(graph, next).has(at))
        expect(found.length > 0).toBe(isCyclic)
        for (const cycle of found) {
          expect(cycle.at(0)).toBe(cycle.at(-1))
          cycle.slice(1).forEach((to, at) => expect(graph.get(cycle[at] ?? "")).toContain(to))
        }
      })
    )
  })
})

describe("sizes", () => {
  const over = (path: string, text: string) =>
    measure(sourceOf(path, text)).filter(({ size, limit }) => size > limit)

  test("a function of 70 lines is fine, one of 71 is not, and it is named", () => {
    const ofLines = (lines: number) => `const f = () => {${"\n".repeat(lines - 1)}}`
    expect(over("src/a.ts", ofLines(70))).toEqual([])
    expect(over("src/a.ts", ofLines(71))).toMatchObject([{ kind: "function", name: "f", size: 71 }])
  })

  test("a test's body and a machine may have 120 lines", () => {
    expect(over("test/a.test.ts", `test("x", () => {${"\n".repeat(119)}})`)).toEqual([])
    const machine = `const m = setup({}).createMachine({${"\n".repeat(120)}})`
    expect(over("machines/a.ts", machine)).toMatchObject([{ name: "createMachine", size: 121 }])
  })

  test("a fourth parameter and a line 401 are too many", () => {
    expect(over("src/a.ts", "function f(a: A, b: B, c: C, d: D) {}")).toHaveLength(1)
    expect(over("src/a.ts", "\n".repeat(401))).toMatchObject([{ kind: "file", size: 401 }])
  })
})

describe("words", () => {
  const hits = (text: string) => {
    const source = sourceOf("src/a.ts", text)
    const found = wordRules.filter((rule) =>
      source.nodes.some(({ node }) => rule.matches(node, source))
    )
    return found.map(({ word }) => word)
  }

  test.each([
    ["const a = Date.now()", "Date"],
    ["const a = new Date()", "Date"],
    ["const a = Math.random()", "Math.random"],
    ["setTimeout(f, 1)", "setTimeout"],
    ["const a = process.pid", "process"],
    ["console.log(1)", "console"],
    ["const a = createActor(m)", "createActor"],
    ["const a = b as any", "any"],
    ["const a = b!", "!"],
    ["export default 1", "export default"],
    ["enum A { B }", "enum"],
    ["const a = async () => { await b }", "await"],
    ["Effect.runSync(a)", "runSync"]
  ])("%s is found", (text, word) => {
    expect(hits(text)).toEqual([word])
  })

  test.each([
    "const f = (process: P) => process.pid",
    "const a = { Date: 1 }",
    "// Date.now() and process.pid in a comment",
    'const a = "setTimeout(x)"',
    "const a = b !== c"
  ])("%s is left alone", (text) => {
    expect(hits(text)).toEqual([])
  })

  test("texts with a promise or with one machine's path are found", () => {
    const bad = ["// TO" + "DO: later", "// @ts-" + "ignore", 'read("/wo' + 'rk/x")']
    for (const text of bad) {
      expect(textRules.filter(({ pattern }) => pattern.test(text))).toHaveLength(1)
    }
  })
})

describe("pages", () => {
  test("links are found outside of code, web addresses left out", () => {
    const text = "[a](b.md#c) `[x](y)` [w](https://w)\n```\n[z](z)\n```\n![i](i.svg)"
    expect(linksOf(text).map(({ target }) => target)).toEqual(["b.md#c", "i.svg"])
  })

  test("anchors are GitHub's, doubles numbered", () => {
    const text = "# One Two\n## It's `code`: 3\n# One two"
    expect([...anchorsOf(text)]).toEqual(["one-two", "its-code-3", "one-two-1"])
  })

  test("a target is relative to its page", () => {
    expect(destination("docs/a.md", "../src/b.ts")).toEqual({ file: "src/b.ts", anchor: "" })
    expect(destination("docs/a.md", "#x")).toEqual({ file: "docs/a.md", anchor: "x" })
  })
})
