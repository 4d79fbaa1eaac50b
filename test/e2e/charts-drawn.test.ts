/**
 * Goal: what is exported is read and drawn by the programs that it is for, and pictures look in a
 * browser as the layout meant them: in both themes, with real fonts, asking nothing of a network.
 * Method: Mermaid, and Debian's Chromium, with all our machines and twenty as people write them.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import fc from "fast-check"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createMachine } from "xstate"
import { machines } from "../../machines/index.ts"
import { type Chart, statesWithin } from "../../src/charts/chart.ts"
import { describe } from "../../src/charts/describe.ts"
import { diff } from "../../src/charts/diff.ts"
import { draw } from "../../src/charts/draw.ts"
import { hitMarks } from "../../src/charts/hits.ts"
import type { Marks } from "../../src/charts/marks.ts"
import { mermaid } from "../../src/charts/mermaid.ts"
import { highlighted } from "../../src/charts/picture.ts"
import { svg } from "../../src/charts/svg.ts"
import { mermaidSequence } from "../../src/trace/mermaid.ts"
import { trace as anyTrace } from "../property/trace/arbitrary.ts"
import { fixtures } from "../unit/charts/fixtures.ts"
import { checkout, olderCheckout, shopping } from "../unit/charts/shop.ts"
import { look, startBrowser } from "./report/browser.ts"
import { hostileTrace, longTrace } from "./report/long.ts"

const all = Object.entries({ ...machines, ...fixtures, checkout })
const directory = mkdtempSync(join(tmpdir(), "troupe-charts-"))
const bundle = join(
  createRequire(import.meta.url).resolve("mermaid/package.json"),
  "../dist/mermaid.min.js"
)

let browser: Browser
let mermaidPage: Page

beforeAll(async () => {
  browser = await startBrowser()
  mermaidPage = await browser.newPage()
  await mermaidPage.setContent("<body></body>")
  await mermaidPage.addScriptTag({ path: bundle })
}, 60_000)

afterAll(async () => {
  await browser.close()
  rmSync(directory, { recursive: true, force: true })
})

interface MermaidDrawing {
  readonly diagramType: string
  /** Elements that a text must not become. */
  readonly scripts: number
  readonly words: string
}

/** What Mermaid takes the text for, and the words of its drawing; rejects with what it dislikes. */
const drawnByMermaid = (text: string): Promise<MermaidDrawing> =>
  mermaidPage.evaluate(`(async (text) => {
    mermaid.initialize({ startOnLoad: false })
    const { diagramType } = await mermaid.parse(text)
    const { svg } = await mermaid.render("drawing", text)
    const page = new DOMParser().parseFromString(svg, "text/html")
    const scripts = page.querySelectorAll("script, img, iframe, [onload], [onerror]").length
    return { diagramType, scripts, words: page.body.textContent }
  })(${JSON.stringify(text)})`)

/** The parts of a chart that pages show: a parallel chart's regions, else the whole. */
const parts = (chart: Chart): readonly string[] =>
  chart.root.type === "parallel"
    ? [mermaid(chart), ...chart.root.states.map(({ id }) => mermaid(chart, id))]
    : [mermaid(chart)]

const plain = (text: string) => text.replace(/[^A-Za-z0-9]/g, "")

test.each(all)(
  "Mermaid draws the chart of %s with all its states",
  async (_, machine) => {
    const chart = describe(machine)
    for (const text of parts(chart)) {
      const { diagramType, words } = await drawnByMermaid(text)
      expect(diagramType).toMatch(/^stateDiagram/)
      if (text !== mermaid(chart)) continue
      for (const { key, type } of statesWithin(chart.root).slice(1))
        if (type !== "history") expect(plain(words)).toContain(plain(key))
    }
  },
  60_000
)

test("Mermaid draws a chart whose names are empty, long or no text, as text", async () => {
  const names = ["", "  ", "\u001b[31mred", "nul\u0000", "\u202egnp", "x".repeat(10_000), "<img>"]
  const states = Object.fromEntries(
    names.map((name, at) => [
      name,
      { id: `t${at}`, tags: [name], on: { [name || "GO"]: `#t${(at + 1) % names.length}` } }
    ])
  )
  const machine = createMachine({ id: "\u001b", initial: names[2] ?? "", states })
  const { diagramType, scripts, words } = await drawnByMermaid(mermaid(describe(machine)))
  expect({ diagramType, scripts }).toEqual({ diagramType: "stateDiagram", scripts: 0 })
  expect(words).toContain("(empty)")
})

test("Mermaid draws sequences of turns, long and hostile ones, as text", async () => {
  await expect(drawnByMermaid("sequenceDiagram\n  a->>")).rejects.toThrow()
  const random = fc
    .sample(anyTrace, { numRuns: 20, seed: 5 })
    .filter((one) => one.entries.length > 0)
  for (const trace of [longTrace(400), hostileTrace(), ...random]) {
    const { diagramType, scripts } = await drawnByMermaid(mermaidSequence(trace))
    expect({ diagramType, scripts }).toEqual({ diagramType: "sequence", scripts: 0 })
  }
}, 60_000)

interface Looks {
  readonly paper: string
  readonly ink: string
  /** Texts that are wider than what they stand in, or outside of the drawing. */
  readonly spilled: readonly string[]
  readonly texts: number
}

/** The colours as they came out, and texts that do not fit where they were put. */
const looksOf = (page: Page): Promise<Looks> =>
  page.evaluate(`(() => {
    const drawing = document.documentElement
    const colour = (selector) => getComputedStyle(drawing.querySelector(selector)).fill
    const whole = drawing.getBoundingClientRect()
    const texts = [...drawing.querySelectorAll("text")]
    const spilled = texts.filter((text) => {
      const own = text.getBoundingClientRect()
      const frame = text.parentElement.querySelector(":scope > rect:not(.swatch), :scope > circle")
      const around = (frame ?? drawing).getBoundingClientRect()
      const fits = own.left >= around.left - 1 && own.right <= around.right + 1
      return !fits || own.bottom > around.bottom + 2
    })
    return {
      paper: colour(".paper"),
      ink: colour("text.title"),
      spilled: spilled.map((text) => text.textContent),
      texts: texts.length
    }
  })()`)

/** The colours of lines, by the mark of what they belong to. */
const strokesOf = (page: Page): Promise<{ readonly [mark: string]: string }> =>
  page.evaluate(`Object.fromEntries([...document.querySelectorAll(".box, .way")].map((element) => {
    const mark = [...element.parentElement.classList].find((name) => name.startsWith("mark-"))
    return [mark ?? "none", getComputedStyle(element).stroke]
  }))`)

const themes = ["light", "dark"] as const
type Theme = (typeof themes)[number]

interface View {
  readonly theme: Theme
  readonly looks: Looks
  readonly strokes: { readonly [mark: string]: string }
}

/** The drawing as a page of its own, in each theme; it may not complain. */
async function views(name: string, text: string): Promise<readonly View[]> {
  const file = join(directory, `${name}.svg`)
  writeFileSync(file, text)
  const { page, complaints } = await look(browser, pathToFileURL(file).href)
  const found: View[] = []
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme })
    found.push({ theme, looks: await looksOf(page), strokes: await strokesOf(page) })
  }
  await page.close()
  expect(complaints).toEqual([])
  return found
}

const colours = {
  light: { paper: "rgb(255, 255, 255)", ink: "rgb(31, 41, 55)" },
  dark: { paper: "rgb(18, 22, 29)", ink: "rgb(230, 234, 240)" }
}

test.each(all)(
  "the picture of %s is right in both themes",
  async (name, machine) => {
    for (const { theme, looks } of await views(name, svg(await draw(describe(machine))))) {
      expect(looks).toMatchObject({ ...colours[theme], spilled: [] })
      expect(looks.texts).toBeGreaterThan(0)
    }
  },
  60_000
)

const marked = async (chart: Chart, marks: Marks) => svg(await draw(chart, { marks }))

test("marks have colours of their own, in both themes, and their texts fit", async () => {
  const chart = describe(checkout)
  const coverage = await shopping()
  const compared = diff(chart, describe(olderCheckout))
  const kinds = {
    coverage: ["mark-hit", "mark-never"],
    diff: ["mark-added", "mark-changed", "mark-removed"],
    highlight: ["mark-active"]
  }
  const texts = {
    coverage: await marked(chart, hitMarks(chart, coverage.hits)),
    diff: await marked(compared.chart, compared.marks),
    highlight: svg(highlighted(await draw(chart), new Set(["payment.paying"])))
  }
  for (const name of ["coverage", "diff", "highlight"] as const)
    for (const { looks, strokes } of await views(name, texts[name])) {
      expect(looks.spilled).toEqual([])
      const { none, ...byMark } = strokes
      expect(Object.keys(byMark).toSorted()).toEqual(kinds[name])
      expect(new Set([none, ...Object.values(byMark)]).size).toBe(kinds[name].length + 1)
    }
}, 60_000)
