/**
 * Goal: a reader finds the way: every folder and every file says what it is, and no link is dead.
 * Method: pages and first comments are read; links are followed within the checkout.
 */
import { execFileSync } from "node:child_process"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { exceptionsOf } from "./exceptions.ts"
import { anchorsOf, destination, linksOf } from "./pages.ts"
import { exists, files, read, root, sources } from "./source.ts"

const readmeLinesMax = 60

/** The charts of all machines stand in this page; it is generated. */
const generatedPages = ["machines/README.md"]

const folders = [
  ...new Set(
    sources
      .map(({ path }) => dirname(path))
      .filter((folder) => !folder.startsWith("test") && folder !== "src")
  )
]

test("every folder of the product has a README of at most 60 lines", () => {
  const pages = folders.map((folder) => `${folder}/README.md`)
  const missing = pages.filter((page) => !exists(page))
  expect(missing, "say what it is, what not, its files, who may import it").toEqual([])
  const long = pages.filter(
    (page) => !generatedPages.includes(page) && read(page).split("\n").length > readmeLinesMax + 1
  )
  expect(long, "shorten it; the long story belongs to docs/").toEqual([])
})

test("a folder's README names every file in it", () => {
  const silent = folders
    .map((folder) => ({ folder, page: `${folder}/README.md` }))
    .filter(({ page }) => exists(page) && !generatedPages.includes(page))
    .flatMap(({ folder, page }) => {
      const text = read(page)
      return sources
        .map(({ path }) => path)
        .filter((path) => dirname(path) === folder)
        .filter((path) => !text.includes(path.slice(folder.length + 1).replace(/\.ts$/, "")))
    })
  expect(silent, "add it to the README beside it").toEqual([])
})

test("every file opens with a paragraph that says what it is", () => {
  const excused = exceptionsOf("header")
  const silent = sources
    .filter(({ path, text }) => !opensWell(text) && !excused(path, ""))
    .map(({ path }) => path)
  const remedy = "open with one comment: what it is, what it owns, what it never does"
  expect(silent, remedy).toEqual([])
})

/** A comment of one sentence or more, before anything else. */
const opensWell = (text: string): boolean => {
  const comment = /^(?:#!.*\n)?(?:\/\*\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[0] ?? ""
  return comment.length >= 40 && /[.:]/.test(comment)
}

test("tests say their goal and their method", () => {
  const silent = sources
    .filter(({ path }) => path.endsWith(".test.ts"))
    .filter(({ text }) => !/Goal: /.test(text) || !/Method: /.test(text))
    .map(({ path }) => path)
  expect(silent, "open with 'Goal: ...' and 'Method: ...'").toEqual([])
})

test("links in pages lead somewhere", () => {
  const dead = files("**/*.md").flatMap((page) =>
    linksOf(read(page)).flatMap(({ target, line }) => {
      const { file, anchor } = destination(page, target)
      const isThere = exists(file) && (anchor === "" || hasAnchor(file, anchor))
      return isThere ? [] : [`${page}:${line} ${target}`]
    })
  )
  expect(dead, "mend the link, or the heading that it names").toEqual([])
})

const hasAnchor = (file: string, anchor: string): boolean =>
  // Lines of source files are named L12; they move, and are not followed.
  !file.endsWith(".md") || anchorsOf(read(file)).has(anchor)

test("the changelog has a place for what is not released yet", () => {
  expect(exists("CHANGELOG.md"), "write what users notice into CHANGELOG.md").toBe(true)
  expect(read("CHANGELOG.md")).toMatch(/^## Unreleased$/m)
})

test("the licence stands in the checkout", () => {
  expect(exists("LICENSE")).toBe(true)
})

test("npm ci accepts the lockfile", () => {
  // The program says what is missing and how to add it.
  const check = () =>
    execFileSync(process.execPath, [join(root, ".ci/complete-lockfile.mjs"), "--check"], {
      stdio: ["ignore", "ignore", "pipe"]
    })
  expect(check).not.toThrow()
})
