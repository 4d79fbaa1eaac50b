// Writes machines/README.md, docs/reference/machines.md, the layouts of the machines' pictures and
// the pictures of the documentation, from the machines; with `--check` it only says whether they
// are fresh.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "../src/charts/describe.ts"
import { areLayoutsFresh, layoutsFile } from "../src/charts/layouts-file.ts"
import { draw } from "../src/charts/draw.ts"
import { machinesPage, machinesReference, regionsOf } from "../src/charts/page.ts"
import { svg } from "../src/charts/svg.ts"
import { machines } from "../machines/index.ts"

const at = (path) => join(import.meta.dirname, "..", path)
const layouts = at("src/charts/layouts.ts")
/** What a machine is for stands at the top of its file, which the registry imports. */
const purposeOf = (name) => {
  const registry = readFileSync(at("machines/index.ts"), "utf8")
  const constant = new RegExp(`\\b${name}: (\\w+)`).exec(registry)?.[1]
  const path = new RegExp(`{ ${constant} } from "\\./(.+)"`).exec(registry)?.[1]
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(at(`machines/${path}`), "utf8"))?.[1]
  if (comment === undefined) throw new Error(`machines/${path} does not say what it is for`)
  const lines = comment.split("\n").map((line) => line.replace(/^ \*? ?/, "").trim())
  return lines.join("\n").trim()
}

/** Each machine's picture, and one of each region of those that are too large for a page. */
const pictures = Object.entries(machines).flatMap(([name, machine]) => {
  const chart = describe(machine)
  return [[name, chart], ...regionsOf(name, chart).map((region) => [region.picture, region.chart])]
})

const texts = async () => [
  ["machines/README.md", machinesPage(machines)],
  ["docs/reference/machines.md", machinesReference(machines, purposeOf)],
  ...(await Promise.all(
    pictures.map(async ([name, chart]) => [
      `docs/pictures/${name}.svg`,
      `${svg(await draw(chart))}\n`
    ])
  ))
]

if (process.argv.includes("--check")) {
  const isStale = ([path, text]) => !existsSync(at(path)) || readFileSync(at(path), "utf8") !== text
  const stale = (await texts()).filter(isStale).map(([path]) => path)
  if (!areLayoutsFresh(machines)) stale.push("src/charts/layouts.ts")
  if (stale.length > 0) console.error(`stale: ${stale.join(", ")}; run: npm run charts`)
  process.exit(stale.length === 0 ? 0 : 1)
}
if (!areLayoutsFresh(machines)) writeFileSync(layouts, await layoutsFile(machines))
for (const [path, text] of await texts()) writeFileSync(at(path), text)
