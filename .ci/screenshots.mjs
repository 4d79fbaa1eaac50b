// Takes the pictures of docs/guide/traces.md: a report of a mutant's counterexample in Chromium. By
// hand, when the look of reports changes: bytes of a PNG differ from font to font.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startBrowser } from "../test/e2e/report/browser.ts"

const root = join(import.meta.dirname, "..")
const directory = mkdtempSync(join(tmpdir(), "troupe-pictures-"))
const at = (name) => join(directory, name)
const picture = (name) => join(root, "docs/pictures", name)
const troupe = (...words) => execFileSync(join(root, "troupe"), words)

const program = join(root, "test/e2e/report/counterexample.ts")
writeFileSync(at("race.json"), execFileSync(process.execPath, [program, "M-Z041"]))
troupe("trace", "report", at("race.json"), "-o", at("race.html"))
troupe(
  "trace",
  "sequence",
  at("race.json"),
  "--from",
  "48",
  "--theme",
  "light",
  "-o",
  at("race.svg")
)

const browser = await startBrowser()
try {
  for (const colorScheme of ["light", "dark"]) {
    const viewport = { width: 1600, height: 900 }
    const page = await browser.newPage({ colorScheme, viewport })
    await page.goto(`file://${at("race.html")}#step=57`)
    await page.keyboard.press("ArrowRight")
    await page.waitForTimeout(400)
    await page.screenshot({ path: picture(`report-${colorScheme}.png`) })
    await page.close()
  }
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
  await page.setContent(`<body style="margin:0">${readFileSync(at("race.svg"), "utf8")}</body>`)
  await page.locator("svg").screenshot({ path: picture("sequence.png") })
} finally {
  await browser.close()
  rmSync(directory, { recursive: true, force: true })
}
