/**
 * Goal: the programs that the pages show run as they stand, and print what stands below them.
 * Method: each block of TypeScript in a process of its own with real QEMU; the block of text that
 * follows it at once is its output. One that kills itself is run again, as its page says.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
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
  "docs/reference/errors.md",
  "docs/reference/library.md"
]

interface Snippet {
  readonly name: string
  readonly code: string
  /** What the page says that it prints; absent when the page says nothing. */
  readonly out: string | undefined
}

/** The text of a block may follow its code with one paragraph between the two. */
const block =
  /```ts\n([\s\S]*?)```\n(?:\n(?!```|#)[^\n]+\n(?:[^\n]+\n)*)?(?:\n```text\n([\s\S]*?)```)?/g

const snippetsOf = (page: string): readonly Snippet[] =>
  [...readFileSync(join(checkout, page), "utf8").matchAll(block)].map(
    ([, code = "", out], position) => ({ name: `${page}, program ${position + 1}`, code, out })
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

const run = (stage: Stage, path: string): Promise<Ended> =>
  program(relative(checkout, path), {
    directory: stage.directory,
    environment: { TROUPE_ROOT: stage.root }
  }).ended

test.each(pages.flatMap(snippetsOf))("$name runs and says what it says", async (snippet) => {
  await using stage = setStage()
  stage.definition("web")
  await withFolder(async (folder) => {
    const path = join(folder, "program.ts")
    writeFileSync(path, snippet.code.replaceAll('from "./', 'from "../../'))
    const first = await run(stage, path)
    const last = first.signal === "SIGKILL" ? await run(stage, path) : first
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
