// Writes machines/README.md, the layouts of the machines' pictures and the pictures of the
// documentation, from the machines; with `--check` it only says whether they are fresh.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "../src/charts/describe.ts"
import { areLayoutsFresh, layoutsFile } from "../src/charts/layouts-file.ts"
import { draw } from "../src/charts/draw.ts"
import { machinesPage } from "../src/charts/page.ts"
import { svg } from "../src/charts/svg.ts"
import { machines } from "../machines/index.ts"

const at = (path) => join(import.meta.dirname, "..", path)
const layouts = at("src/charts/layouts.ts")
const texts = async () => [
  ["machines/README.md", machinesPage(machines)],
  ...(await Promise.all(
    Object.entries(machines).map(async ([name, machine]) => [
      `docs/pictures/${name}.svg`,
      `${svg(await draw(describe(machine)))}\n`
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
