// Writes machines/README.md and the layouts of the machines' pictures, from the machines; with
// `--check` it only says whether they are fresh.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { machines } from "../machines/index.ts"
import { areLayoutsFresh, layoutsFile } from "../src/charts/layouts-file.ts"
import { machinesPage } from "../src/charts/page.ts"

const file = join(import.meta.dirname, "../machines/README.md")
const layouts = join(import.meta.dirname, "../src/charts/layouts.ts")
const page = machinesPage(machines)

if (process.argv.includes("--check")) {
  const isFresh = readFileSync(file, "utf8") === page
  const areFresh = areLayoutsFresh(machines)
  if (!isFresh) console.error("machines/README.md is stale; run: npm run charts")
  if (!areFresh) console.error("src/charts/layouts.ts is stale; run: npm run charts")
  process.exit(isFresh && areFresh ? 0 : 1)
}
writeFileSync(file, page)
if (!areLayoutsFresh(machines)) writeFileSync(layouts, await layoutsFile(machines))
