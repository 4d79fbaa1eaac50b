// Writes machines/README.md from the machines; with `--check` it only says whether it is fresh.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { machines } from "../machines/index.ts"
import { machinesPage } from "../src/charts/page.ts"

const file = join(import.meta.dirname, "../machines/README.md")
const page = machinesPage(machines)

if (process.argv.includes("--check")) {
  const isFresh = readFileSync(file, "utf8") === page
  if (!isFresh) console.error("machines/README.md is stale; run: npm run charts")
  process.exit(isFresh ? 0 : 1)
}
writeFileSync(file, page)
