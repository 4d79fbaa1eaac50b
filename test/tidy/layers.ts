/**
 * Who may import whom: the table of the house style, as data and one function that reads it.
 * Arrows only point down; the table has no "unless".
 */
import { dirname, join } from "node:path"

/** What one folder may import besides itself. */
export interface Layer {
  readonly folder: string
  readonly folders: readonly string[]
  readonly packages: readonly string[]
}

/** One row of the table: a folder, then the folders and packages it may import, space-separated. */
const layer = (folder: string, folders: string, packages: string): Layer => ({
  folder,
  folders: folders.split(" ").filter((word) => word !== ""),
  packages: packages.split(" ").filter((word) => word !== "")
})

const underTesting =
  "src/base src/kernel src/model src/config machines src/xml src/qmp src/host src/qemu src/store " +
  "src/storage actors src/engine src/trace src/charts src/rpc src/console"

const underCli =
  "src/base src/kernel src/model src/config src/xml src/qemu src/host src/rpc src/trace " +
  "src/charts src/replay src/testing"

export const layers: readonly Layer[] = [
  layer("src/base", "", "effect nanoid"),
  layer("src/kernel", "src/base", "effect xstate"),
  layer("src/model", "src/base", "effect"),
  layer("src/config", "src/base", "effect"),
  layer("machines", "src/base src/model", "xstate"),
  layer("src/xml", "src/base src/model", "effect saxes libxml2-wasm"),
  layer("src/qmp", "src/base", "effect"),
  layer("src/host", "src/base src/model", "effect koffi"),
  layer("src/qemu", "src/base src/model src/config src/qmp src/host", "effect"),
  layer("src/store", "src/base src/model src/config src/xml src/host", "effect"),
  layer("src/storage", "src/base src/model src/config src/xml src/host src/qemu", "effect"),
  layer("src/node", "src/base src/model src/config src/xml src/host src/qemu", "effect"),
  layer(
    "actors",
    "src/base src/kernel src/model src/config machines src/qmp src/host src/node src/qemu " +
      "src/store src/storage",
    "effect"
  ),
  layer("src/trace", "src/base src/kernel", "effect"),
  layer(
    "src/engine",
    "src/base src/kernel src/model src/config machines src/xml src/qmp src/host src/node " +
      "src/qemu src/store src/storage src/trace actors",
    "effect"
  ),
  layer("src/promise", "src/base src/kernel src/model src/xml src/engine actors", "effect"),
  layer("src/charts", "src/base machines src/kernel src/trace", "xstate elkjs @resvg/resvg-js"),
  layer("src/replay", "src/base src/trace src/charts", "effect"),
  layer(
    "src/rpc",
    "src/base src/kernel src/model src/config src/xml src/qmp src/qemu src/host src/node " +
      "src/store src/storage src/engine actors",
    "effect"
  ),
  layer("src/console", "src/base src/kernel src/model machines actors src/charts", "effect"),
  layer("src/testing", underTesting, "effect xstate fast-check"),
  layer("src/fleet", "src/base src/kernel src/model actors", "effect"),
  layer("src/cli", underCli, "effect")
]

/** The files directly in `src` put the parts together: they alone may import anything. */
export const isComposing = (path: string): boolean => /^src\/[^/]+\.ts$/.test(path)

export const isLive = (path: string): boolean => path.endsWith(".live.ts")

export const isTest = (path: string): boolean => path.startsWith("test/")

export const layerOf = (path: string): Layer | undefined =>
  layers.find(({ folder }) => path.startsWith(`${folder}/`))

/** The file that a relative specifier in `path` names; undefined for packages. */
export const resolved = (path: string, specifier: string): string | undefined =>
  specifier.startsWith(".") ? join(dirname(path), specifier) : undefined

/** `effect` of `effect/Effect`, `@scope/name` of `@scope/name/x`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

/** Why this import breaks the table, with the remedy; undefined when it does not. */
export function objection(path: string, specifier: string): string | undefined {
  if (isTest(path)) return undefined
  const target = resolved(path, specifier)
  if (target === undefined) return packageObjection(path, specifier)
  if (isTest(target)) return "nothing imports test: move what is shared to where it belongs"
  if (isLive(target) && !isComposing(path) && !isLive(path)) {
    return "live files are imported by the composing files only: depend on the service instead"
  }
  if (isComposing(path)) return undefined
  const own = layerOf(path)
  if (own === undefined) return `its folder has no row in test/tidy/layers.ts: add one`
  const other = layerOf(target)
  if (other === own || (other !== undefined && own.folders.includes(other.folder))) return undefined
  return (
    `${own.folder} may not import ${other?.folder ?? target}: ` +
    "declare the service that it needs, and let a composing file provide it"
  )
}

function packageObjection(path: string, specifier: string): string | undefined {
  const isFree = isComposing(path) || isLive(path)
  if (specifier.startsWith("node:")) {
    return isFree ? undefined : "node:* stands in *.live.ts and composing files: use a service"
  }
  if (specifier === "effect") return "the barrel costs 0.3 s at start: import effect/Module"
  const name = packageOf(specifier)
  if (isComposing(path) || layerOf(path)?.packages.includes(name) === true) return undefined
  return `${layerOf(path)?.folder ?? path} may not import the package ${name}`
}
