/**
 * What charts and reports cost on this machine: each machine of ours laid out anew and drawn from
 * the layouts that are kept, and a report of 10,000 records: made, opened in Debian's Chromium, and
 * stepped through, a step a frame. A plain script, run by node, not a timed test: it prints a table
 * and one line of JSON, and its exit code says nothing of goals.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import type { Browser } from "playwright-core"
import { machines } from "../../machines/index.ts"
import { describe } from "../../src/charts/describe.ts"
import { draw } from "../../src/charts/draw.ts"
import { layOut } from "../../src/charts/elk.ts"
import { sceneOf } from "../../src/charts/scene.ts"
import { svg } from "../../src/charts/svg.ts"
import { reportPage } from "../../src/replay/report.ts"
import { startBrowser } from "../e2e/report/browser.ts"
import { longTrace } from "../e2e/report/long.ts"

const records = 10_000
const steps = 600
const opens = 5

interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly goal: number | undefined
}

const figures: Figure[] = []

const figure = (what: string, value: number, [unit, goal]: readonly [string, number?]): void => {
  figures.push({ what, value: Math.round(value * 100) / 100, unit, goal })
}

const timed = async <A>(task: () => Promise<A>): Promise<readonly [A, number]> => {
  const start = performance.now()
  const result = await task()
  return [result, performance.now() - start]
}

const rank = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The first layout pays for loading elkjs: it is told apart. */
const layouts = async (): Promise<void> => {
  const all = Object.values(machines).map((machine) => ({ machine, chart: describe(machine) }))
  const [smallest] = all.toSorted(
    (one, other) => JSON.stringify(one.chart).length - JSON.stringify(other.chart).length
  )
  if (smallest === undefined) return
  const [, loading] = await timed(() => layOut(sceneOf(smallest.chart)))
  figure("elkjs loaded, and the smallest machine", loading, ["ms"])
  const times: number[] = []
  for (const { machine, chart } of all) {
    const [, ms] = await timed(() => layOut(sceneOf(chart)))
    figure(`${machine.id} laid out`, ms, ["ms", 1000])
    times.push(ms)
  }
  figure(
    "all machines laid out",
    times.reduce((sum, ms) => sum + ms, 0),
    ["ms"]
  )
  const drawn: number[] = []
  for (const { chart } of all) {
    const [, ms] = await timed(async () => svg(await draw(chart)))
    drawn.push(ms)
  }
  figure("the slowest machine drawn from its kept layout, first time", Math.max(...drawn), [
    "ms",
    20
  ])
}

const chartsDrawn = async () => {
  const charts = Object.values(machines).map(describe)
  const drawn = await Promise.all(
    charts.map(async (chart) => [chart.id, { svg: svg(await draw(chart)), chart }] as const)
  )
  return Object.fromEntries(drawn)
}

/** From the beginning of the navigation until the first rows are painted. */
const openedIn = async (browser: Browser, url: string): Promise<number> => {
  const page = await browser.newPage({ viewport: { width: 1500, height: 900 } })
  await page.goto(url)
  await page.waitForSelector("#rows [data-row]")
  const ms = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const frame = Reflect.get(globalThis, "requestAnimationFrame") as (task: () => void) => void
        frame(() => resolve(performance.now()))
      })
  )
  await page.close()
  return ms
}

interface Stepped {
  /** Between frames, in ms. */
  readonly frames: readonly number[]
  /** What the page's program and its layout take of a frame, in ms. */
  readonly costs: readonly number[]
}

/** A key each frame; each time the page is made to lay itself out. */
const steppedIn = async (browser: Browser, url: string): Promise<Stepped> => {
  const page = await browser.newPage({ viewport: { width: 1500, height: 900 } })
  await page.goto(url)
  await page.waitForSelector("#rows [data-row]")
  const stepped = await page.evaluate(
    (count) =>
      new Promise<Stepped>((resolve) => {
        interface Window {
          requestAnimationFrame(task: (now: number) => void): void
          KeyboardEvent: new (type: string, options: object) => unknown
          document: { body: { dispatchEvent(event: unknown): void; offsetHeight: number } }
        }
        const view = globalThis as unknown as Window
        const frames: number[] = []
        const costs: number[] = []
        let before = 0
        const step = (now: number) => {
          if (before > 0) frames.push(now - before)
          before = now
          const start = performance.now()
          view.document.body.dispatchEvent(
            new view.KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })
          )
          if (view.document.body.offsetHeight >= 0) costs.push(performance.now() - start)
          if (frames.length < count) view.requestAnimationFrame(step)
          else resolve({ frames, costs })
        }
        view.requestAnimationFrame(step)
      }),
    steps
  )
  await page.close()
  return stepped
}

const reports = async (directory: string): Promise<void> => {
  const file = join(directory, "report.html")
  const trace = longTrace(records)
  const charts = await chartsDrawn()
  const [{ page }, made] = await timed(() => Effect.runPromise(reportPage(trace, { charts })))
  writeFileSync(file, page)
  figure(`a report of ${records} records made`, made, ["ms"])
  figure("its size", statSync(file).size / 1024 / 1024, ["MiB", 2])
  const browser = await startBrowser()
  try {
    const url = pathToFileURL(file).href
    const opened: number[] = []
    for (let nth = 0; nth < opens; nth += 1) opened.push(await openedIn(browser, url))
    figure("opened, until its rows are painted, median", rank(opened, 0.5), ["ms", 1000])
    figure("opened, the slowest", Math.max(...opened), ["ms", 1000])
    const { frames, costs } = await steppedIn(browser, url)
    figure("a frame with a step, median", rank(frames, 0.5), ["ms", 17])
    figure("a frame with a step, 95 of 100", rank(frames, 0.95), ["ms"])
    figure("what a step takes of it, median", rank(costs, 0.5), ["ms", 16.6])
    figure("what a step takes of it, 99 of 100", rank(costs, 0.99), ["ms", 16.6])
  } finally {
    await browser.close()
  }
}

const directory = mkdtempSync(join(tmpdir(), "troupe-bench-report-"))
try {
  await layouts()
  await reports(directory)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
for (const { what, value, unit, goal } of figures) {
  const told = goal === undefined ? "" : `  (at most ${goal}: ${value <= goal ? "met" : "missed"})`
  console.log(`${what.padEnd(60)} ${String(value).padStart(9)} ${unit}${told}`)
}
console.log(JSON.stringify(figures))
