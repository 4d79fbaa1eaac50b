/**
 * Goal: arrows only point down, and only the edges touch the outside.
 * Method: every import of every file, types included, is held against the table in `layers.ts`;
 * cycles and unreachable files are found in the graph of the same imports.
 */
import { expect, test } from "vitest"
import { exceptionsOf } from "./exceptions.ts"
import { cycles, reachable } from "./graph.ts"
import { isComposing, isLive, isTest, layerOf, objection, packageOf, resolved } from "./layers.ts"
import { exists, files, importsOf, placeOf, read, sources } from "./source.ts"

const product = sources.filter(({ path }) => !isTest(path))

const imports = sources.flatMap((source) =>
  importsOf(source).map(({ specifier, node }) => ({
    from: source.path,
    specifier,
    place: placeOf(source, node),
    to: resolved(source.path, specifier)
  }))
)

const graph: ReadonlyMap<string, readonly string[]> = new Map(
  product.map(({ path }) => [
    path,
    imports.flatMap(({ from, to }) => (from === path && to !== undefined ? [to] : []))
  ])
)

test("every import is allowed by the table of layers", () => {
  const excused = exceptionsOf("import")
  const broken = imports
    .map((one) => ({ ...one, why: objection(one.from, one.specifier) }))
    .filter(({ why, from, specifier }) => why !== undefined && !excused(from, specifier))
  expect(broken.map(({ place, specifier, why }) => `${place} '${specifier}': ${why}`)).toEqual([])
})

test("every relative import names a file, with its extension", () => {
  const broken = imports.filter(({ to }) => to !== undefined && !exists(to))
  expect(broken.map(({ place, specifier }) => `${place} '${specifier}'`)).toEqual([])
})

test("no file imports itself through others, types included", () => {
  const found = cycles(graph).map((cycle) => cycle.join(" -> "))
  expect(found, "move what both need below both").toEqual([])
})

test("every file is reached from the composing files", () => {
  // `src/testing` is a face of its own, for the tests of whoever builds on it.
  const isFace = (path: string) => isComposing(path) || path === "src/testing/index.ts"
  const starts = product.map(({ path }) => path).filter(isFace)
  const scripts = [".ci/charts.mjs"].flatMap((path) => (exists(path) ? programImports(path) : []))
  const excused = exceptionsOf("orphan")
  const reached = reachable(graph, [...starts, ...scripts])
  const orphans = product.map(({ path }) => path).filter((path) => !reached.has(path))
  const found = orphans.filter((path) => !excused(path, ""))
  expect(found, "use it or delete it: code that only tests reach is not the product").toEqual([])
})

const programImports = (path: string): readonly string[] =>
  [...read(path).matchAll(/from "(\.[^"]+)"/g)].flatMap(
    ([, specifier = ""]) => resolved(path, specifier) ?? []
  )

const unstableAllowed = ["src/cli", "src/console", "src/fleet"]

const isUnstable = (specifier: string): boolean => {
  const file = `node_modules/effect/src/${specifier.replace(/^effect\//, "")}.ts`
  // The module's own tag stands in its first comment; single functions have tags of their own.
  return exists(file) && read(file).split("*/")[0]?.includes("@stability unstable") === true
}

test("unstable modules of effect stay in live and composing files, cli, console and fleet", () => {
  const broken = imports.filter(
    ({ from, specifier }) =>
      packageOf(specifier) === "effect" &&
      !isTest(from) &&
      !isLive(from) &&
      !isComposing(from) &&
      !unstableAllowed.includes(layerOf(from)?.folder ?? "") &&
      isUnstable(specifier)
  )
  const remedy = "declare a service in a stable module and implement it in a live file"
  expect(
    broken.map(({ place, specifier }) => `${place} '${specifier}'`),
    remedy
  ).toEqual([])
})

test("no actor imports the driver, its supervisor", () => {
  const broken = imports.filter(
    ({ from, to }) =>
      to?.startsWith("actors/driver/") === true &&
      from.startsWith("actors/") &&
      !from.startsWith("actors/driver/")
  )
  expect(exists("actors/driver/driver.ts"), "the driver is where this test looks").toBe(true)
  const remedy = "a child never imports its parent: let the parent pass in what the child needs"
  expect(
    broken.map(({ place }) => place),
    remedy
  ).toEqual([])
})

test("packages come from package.json", () => {
  const manifest: unknown = JSON.parse(read("package.json"))
  const known = ["dependencies", "devDependencies", "optionalDependencies", "name"].flatMap(
    (section) => {
      const value = (manifest as Record<string, unknown>)[section]
      return typeof value === "object" && value !== null ? Object.keys(value) : [String(value)]
    }
  )
  const broken = imports.filter(
    ({ specifier, to }) =>
      to === undefined &&
      !specifier.startsWith("node:") &&
      !specifier.startsWith("#") &&
      !known.includes(packageOf(specifier))
  )
  expect(broken.map(({ place, specifier }) => `${place} '${specifier}'`)).toEqual([])
})

test("the table names only folders that the layout knows", () => {
  expect(files("src/*/").filter((folder) => layerOf(`${folder}/x.ts`) === undefined)).toEqual([])
})
