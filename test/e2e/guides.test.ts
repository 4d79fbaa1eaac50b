/**
 * Goal: the programs that the pages show run as they stand, and print what stands below them.
 * Method: each block of TypeScript in a process of its own with real QEMU; the block of text that
 * follows it at once is its output. One that kills itself is run again, as its page says. A block
 * that opens with its file's name lies beside the others of its page; one that imports vitest is
 * run by it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { expect, test } from "vitest"
import { type Ended, guestsIn, program, setStage, type Stage } from "./faces-stage.ts"

const checkout = resolve(import.meta.dirname, "../..")

const pages = [
  "README.md",
  "docs/guide/getting-started.md",
  "docs/guide/running-guests.md",
  "docs/guide/recovery.md",
  "docs/guide/configuration.md",
  "docs/guide/extending.md",
  "docs/guide/testing.md",
  "docs/reference/errors.md",
  "docs/reference/library.md"
]

interface Snippet {
  readonly name: string
  readonly code: string
  /** What the page says that it prints; absent when the page says nothing. */
  readonly out: string | undefined
  /** `pool.ts`: the other programs of the page import it. */
  readonly file: string | undefined
  readonly page: string
}

/** The text of a block may follow its code with one paragraph between the two. */
const block =
  /```ts\n([\s\S]*?)```\n(?:\n(?!```|#)[^\n]+\n(?:[^\n]+\n)*)?(?:\n```text\n([\s\S]*?)```)?/g

const snippetsOf = (page: string): readonly Snippet[] =>
  [...readFileSync(join(checkout, page), "utf8").matchAll(block)].map(
    ([, code = "", out], position) => ({
      name: `${page}, program ${position + 1}`,
      code,
      out,
      file: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1],
      page
    })
  )

/** A folder in the checkout, from where the package is found by its name. */
const withFolder = async (use: (folder: string) => Promise<void>) => {
  mkdirSync(join(checkout, ".cache"), { recursive: true })
  const folder = mkdtempSync(join(checkout, ".cache/page-"))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const vitest = "node_modules/vitest/vitest.mjs"

const run = (stage: Stage, path: string, isTest: boolean): Promise<Ended> => {
  const { directory, root } = stage
  if (!isTest)
    return program(relative(checkout, path), { directory, environment: { TROUPE_ROOT: root } })
      .ended
  const environment = { NODE_OPTIONS: "--conditions=troupe-source" }
  return program(vitest, { directory, environment, after: ["run", "--root", dirname(path)] }).ended
}

/** Writes the program, and what it imports from its page; the program's path. */
const write = (folder: string, { code, page }: Snippet, isTest: boolean): string => {
  const others = snippetsOf(page).flatMap(({ file, code }) =>
    file === undefined ? [] : [{ file, code }]
  )
  const isOther = (file: string) => others.some((other) => other.file === file)
  for (const { file, code } of others) writeFileSync(join(folder, file), code)
  const path = join(folder, isTest ? "program.test.ts" : "program.ts")
  const found = code.replaceAll(/from "\.\/([^"]+)"/g, (from, file: string) =>
    isOther(file) ? from : `from "../../${file}"`
  )
  writeFileSync(path, found)
  return path
}

test.each(pages.flatMap(snippetsOf))("$name runs and says what it says", async (snippet) => {
  await using stage = setStage()
  stage.definition("web")
  await withFolder(async (folder) => {
    const isTest = snippet.code.includes('from "vitest"')
    const path = write(folder, snippet, isTest)
    const first = await run(stage, path, isTest)
    const last = first.signal === "SIGKILL" ? await run(stage, path, isTest) : first
    expect(last).toMatchObject({ code: 0, signal: null, err: "" })
    const out = first === last ? last.out : first.out + last.out
    if (snippet.out !== undefined) expect(out).toBe(snippet.out)
  })
  // README's program leaves its guest running, as it says; the stage ends it.
  expect(guestsIn(stage.directory).length).toBeLessThanOrEqual(1)
})

test("the pages have programs", () => {
  expect(pages.filter((page) => snippetsOf(page).length === 0)).toEqual([])
})
