/**
 * A program: takes the screenshots of docs/guide/charts.md with Debian's Chromium. To be run by
 * hand when the look of the charts changes: `node test/e2e/charts-pictures.ts`.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, diff, draw, type Marks, svg, type Theme } from "../../src/charts.ts"
import { hitMarks } from "../../src/charts/hits.ts"
import { checkout, olderCheckout, shopping } from "../unit/charts/shop.ts"
import { startBrowser } from "./report/browser.ts"

const folder = join(import.meta.dirname, "../../docs/pictures")
const chart = describe(checkout)

/** Themes side by side; each in a frame of its own, for a drawing's rules are a page's. */
const frames = (texts: readonly string[]) =>
  texts.map((text) => `<img src="data:image/svg+xml;base64,${btoa(unescapeText(text))}">`).join("")

/** `btoa` takes bytes. */
const unescapeText = (text: string) => String.fromCharCode(...new TextEncoder().encode(text))

const drawn = async (of: typeof chart, marks: Marks | undefined, themes: readonly Theme[]) => {
  const picture = await draw(of, marks === undefined ? {} : { marks })
  return frames(themes.map((theme) => svg(picture, theme)))
}

const compared = diff(chart, describe(olderCheckout))
const coverage = await shopping()
const pages = {
  "chart-small": await drawn(chart, undefined, ["light", "dark"]),
  "chart-coverage": await drawn(chart, hitMarks(chart, coverage.hits), ["light"]),
  "chart-diff": await drawn(compared.chart, compared.marks, ["light"])
}

const browser = await startBrowser()
try {
  for (const [name, body] of Object.entries(pages)) {
    const page = await browser.newPage({ deviceScaleFactor: 1.5 })
    await page.setContent(`<div style="display:inline-flex;gap:12px">${body}</div>`)
    const bytes = await page.locator("div").screenshot()
    writeFileSync(join(folder, `${name}.png`), bytes)
  }
} finally {
  await browser.close()
}
