/**
 * Goal: the words of the command line are told apart, described and on their page; shells complete
 * them; and to ask a daemon loads neither the engine nor what reads definitions and charts.
 * Method: the tree of commands itself, the page, and the imports of the files.
 */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Completions from "effect/cli/Completions"
import { expect, test } from "vitest"
import { troupe } from "../../../src/cli/command.ts"
import { nameKinds } from "../../../src/cli/completion-kinds.ts"
import { completionScript } from "../../../src/cli/completion.ts"
import { reachable } from "../../tidy/graph.ts"
import { importsOf, sources } from "../../tidy/source.ts"

const tree = Completions.fromCommand(troupe)
const words = tree.subcommands.map(({ name }) => name)

test("no two commands have the same word, and each says what it does", () => {
  expect(new Set(words).size).toBe(words.length)
  expect(tree.subcommands.filter(({ description = "" }) => description === "")).toEqual([])
})

test("every word is on the page of the command line", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/cli.md"), "utf8")
  const named = words.filter((word) => !word.startsWith("__"))
  expect(named.filter((word) => !new RegExp(`\`${word}[\` ]`).test(page))).toEqual([])
})

test.each(["bash", "zsh", "fish"] as const)("%s completes words, and asks for names", (shell) => {
  const script = completionScript(troupe, shell)
  for (const word of ["start", "domstats", "vol-create-as"]) expect(script).toContain(word)
  for (const kind of nameKinds) expect(script).toContain(kind)
  expect(script).toContain("__complete")
  expect(script).not.toContain("'__complete:")
})

/** What is loaded with a file: types are gone by then; what is awaited comes later. */
const loadedWith = new Map(
  sources.map((source) => [
    source.path,
    importsOf(source)
      .filter(
        ({ node }) =>
          node.type !== "ImportExpression" &&
          node["importKind"] !== "type" &&
          node["exportKind"] !== "type"
      )
      .map(({ specifier }) =>
        specifier.startsWith(".") ? join(dirname(source.path), specifier) : specifier
      )
  ])
)

test("to ask a daemon loads no engine, no actor, no chart and no parser of XML", () => {
  // What `main.ts` loads at once, and what the words load when they are called.
  const starts = ["src/main.ts", "src/cli/domains.ts", "src/cli/remote/ask.ts", "src/cli/names.ts"]
  const loaded = [...reachable(loadedWith, starts)]
  expect(loaded).toContain("src/rpc/client/client.ts")
  const heavy = [
    /^(actors|machines)\//,
    /^src\/(engine|kernel|storage|node|qmp)\//,
    /^src\/store\/store/,
    /^(saxes|xstate)$/
  ]
  expect(loaded.filter((path) => heavy.some((pattern) => pattern.test(path)))).toEqual([])
})
