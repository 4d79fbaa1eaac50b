/**
 * Goal: the report of a counterexample plays it: forward, back, by links, in both themes; the
 * states that it marks are those of the trace; it asks nothing of a network; a long trace
 * is small and costs no more a step; and what a hostile trace says is text.
 * Method: mutants of the engine in the simulated world, each in a process of its own, give real
 * counterexamples; `troupe trace report` makes the page, and Debian's Chromium opens it.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import * as Result from "effect/Result"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { readTrace } from "../../../src/trace/read.ts"
import type { Trace } from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { look, startBrowser } from "./browser.ts"
import { hostileTrace, longTrace } from "./long.ts"

const directory = mkdtempSync(join(tmpdir(), "troupe-report-"))
const root = join(import.meta.dirname, "../../..")
const run = promisify(execFile)
const at = (name: string) => join(directory, name)

/** Of a page, at a step when one is named. */
const urlOf = (name: string, hash = "") => `${pathToFileURL(at(name)).href}${hash}`

let browser: Browser

const troupe = (...words: readonly string[]) =>
  run(join(root, "troupe"), words, { cwd: directory, maxBuffer: 64 * 1024 * 1024 })

/** The trace of a mutant's counterexample, and the page made of it. */
const counterexample = async (mutant: string): Promise<Trace> => {
  const program = join(import.meta.dirname, "counterexample.ts")
  const { stdout } = await run(process.execPath, [program, mutant], { maxBuffer: 64 * 1024 * 1024 })
  writeFileSync(at(`${mutant}.json`), stdout)
  await troupe("trace", "report", `${mutant}.json`, "-o", `${mutant}.html`)
  return Result.getOrThrow(readTrace(stdout))
}

/** A race on a name, and a race on a record. */
const onName = "M-Z001"
const onRecord = "M-Z041"
let traces: { readonly [mutant: string]: Trace } = {}

beforeAll(async () => {
  browser = await startBrowser()
  traces = {
    [onName]: await counterexample(onName),
    [onRecord]: await counterexample(onRecord)
  }
}, 120_000)

afterAll(async () => {
  await browser.close()
  rmSync(directory, { recursive: true, force: true })
})

const stepOf = async (page: Page): Promise<number> =>
  Number(/^#(\d+) /.exec((await page.textContent("#where")) ?? "")?.[1])

/** What the charts mark, whoever is chosen. */
const markedIn = (page: Page): Promise<readonly string[]> =>
  page.$$eval("figure:not([hidden]) .active", (spots) =>
    spots.map((spot) => spot.getAttribute("data-state") ?? "")
  )

const chosenIn = (page: Page): Promise<string> =>
  page.$eval(
    "#actor",
    (spot) =>
      (spot as unknown as { selectedOptions: { title: string }[] }).selectedOptions[0]?.title ?? ""
  )

/** By the trace alone: the last state of the actor up to a step, else the one that it begins in. */
const stateAt = ({ entries }: Trace, actor: string, step: number): string => {
  const turns = entries.flatMap((entry, place) =>
    entry.kind === "turn" && entry.actor === actor ? [{ ...entry, place }] : []
  )
  return turns.findLast(({ place }) => place <= step)?.to ?? turns[0]?.from ?? ""
}

const expectRight = async (page: Page, trace: Trace) => {
  const [step, actor] = [await stepOf(page), await chosenIn(page)]
  const state = stateAt(trace, actor, step)
  expect({ step, actor, marked: (await markedIn(page)).toSorted() }).toEqual({
    step,
    actor,
    marked: state.split(" ").toSorted()
  })
}

test.each(["light", "dark"] as const)(
  "steps on and back in %s, on the right states",
  async (theme) => {
    const trace = traces[onRecord]
    if (trace === undefined) throw new Error("no trace")
    const { page, complaints } = await look(browser, urlOf(`${onRecord}.html`, "#step=40"), {
      theme
    })
    expect(await stepOf(page)).toBe(40)
    const colour = await page.$eval(
      "body",
      (spot) =>
        (
          globalThis as unknown as { getComputedStyle(one: unknown): { backgroundColor: string } }
        ).getComputedStyle(spot).backgroundColor
    )
    expect(colour).toBe(theme === "light" ? "rgb(255, 255, 255)" : "rgb(18, 22, 29)")
    for (const key of [
      ...Array<string>(25).fill("ArrowRight"),
      ...Array<string>(12).fill("ArrowLeft")
    ]) {
      await page.keyboard.press(key)
      await expectRight(page, trace)
    }
    expect(await stepOf(page)).toBe(53)
    await page.keyboard.press("End")
    expect(await stepOf(page)).toBe(trace.entries.length - 1)
    await page.keyboard.press("Home")
    expect(await stepOf(page)).toBe(0)
    await expectRight(page, trace)
    expect(complaints).toEqual([])
    await page.close()
  }
)

test("begins just before what was broken: the race shows in under ten steps", async () => {
  const { page, complaints } = await look(browser, urlOf(`${onName}.html`))
  const said: string[] = []
  for (let steps = 0; steps < 9; steps++) {
    await page.keyboard.press("ArrowRight")
    said.push((await page.textContent("#facts")) ?? "")
  }
  const reserving = said.filter((facts) => facts.includes("domains") && facts.includes("reserve"))
  expect(reserving).toHaveLength(2)
  expect(said.at(-1)).toContain("'d0' is reserved twice")
  expect(await page.textContent(".violation .word")).toContain("'d0' is reserved twice")
  expect(complaints).toEqual([])
  await page.close()
})

test("marks, words and links lead to moments; space plays up to the next", async () => {
  const trace = traces[onRecord]
  const { page, complaints } = await look(browser, urlOf(`${onRecord}.html`))
  const fault = trace?.entries.findIndex(({ kind }) => kind === "fault")
  await page.keyboard.press("p")
  expect(await stepOf(page)).toBe(fault)
  await page.waitForURL(new RegExp(`#step=${fault}$`))
  await page.fill("#stop", "life.paused")
  await page.click("#next")
  expect(await page.textContent("#facts")).toContain("life.paused.steady")
  const paused = await stepOf(page)
  await page.fill("#stop", "happened")
  await page.click("#play")
  await expect.poll(() => page.textContent("#play")).toBe("play")
  expect(await stepOf(page)).toBeGreaterThan(paused)
  expect(await page.textContent("#facts")).toContain("happened")
  await page.evaluate(
    () => void Reflect.set(Reflect.get(globalThis, "location"), "hash", "#step=7")
  )
  await expect.poll(() => stepOf(page)).toBe(7)
  expect(complaints).toEqual([])
  await page.close()
})

test("10,000 records are at most 2 MB, and only the rows that are seen are drawn", async () => {
  writeFileSync(at("long.json"), writeTrace(longTrace(10_000)))
  await troupe("trace", "report", "long.json", "-o", "long.html")
  expect(statSync(at("long.html")).size).toBeLessThanOrEqual(2 * 1024 * 1024)
  const { page, complaints } = await look(browser, urlOf("long.html"))
  const drawn = () => page.$$eval("#rows [data-row]", (spots) => spots.length)
  for (const key of ["PageDown", "ArrowRight", "ArrowRight", "End", "ArrowLeft"]) {
    await page.keyboard.press(key)
    // Only what is seen is there: the page is as quick at the end as at the beginning.
    expect(await drawn()).toBeLessThan(200)
  }
  expect(await stepOf(page)).toBe(9_998)
  expect(complaints).toEqual([])
  await page.close()
})

test("what a hostile trace says is text, on the page and in the diagram", async () => {
  writeFileSync(at("hostile.json"), writeTrace(hostileTrace()))
  await troupe("trace", "report", "hostile.json", "-o", "hostile.html")
  await troupe("trace", "sequence", "hostile.json", "-o", "hostile.svg")
  const { page, complaints } = await look(browser, urlOf("hostile.html", "#step=0"))
  for (let step = 0; step < 20; step++) await page.keyboard.press("ArrowRight")
  expect(await stepOf(page)).toBe(19)
  expect(await page.evaluate(() => Reflect.get(globalThis, "hacked"))).toBeUndefined()
  expect(await page.$$eval("img, a, iframe", (spots) => spots.length)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
  const picture = await look(browser, urlOf("hostile.svg"))
  expect(await picture.page.evaluate(() => Reflect.get(globalThis, "hacked"))).toBeUndefined()
  expect(picture.complaints).toEqual([])
  await picture.page.close()
})

test("the page's policy allows nothing but its own script", () => {
  const text = readFileSync(at(`${onName}.html`), "utf8")
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1] ?? ""
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/=]+';/)
  expect(policy).not.toMatch(/script-src[^;]*unsafe/)
  expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
})

test("what is no trace is told with its place; of half a file the rest is shown", async () => {
  const { stdout: list } = await troupe("trace", "play", "--plain", `${onName}.json`)
  expect(list).toMatch(/^#0 to #\d+ of \d+ entries\n {4}#0 /)
  expect(list).toContain("outside > domains: reserve")
  const text = readFileSync(at(`${onName}.json`), "utf8")
  writeFileSync(at("half.json"), text.slice(0, text.lastIndexOf("[")))
  writeFileSync(at("newer.json"), text.replace('"version":1', '"version":2'))
  writeFileSync(at("broken.json"), text.replace('"columns"', "columns"))
  const half = await troupe("trace", "sequence", "half.json")
  expect(half.stdout).toContain("</svg>")
  expect(half.stderr).toMatch(
    /the file ends at line \d+, column \d+: its first \d+ entries are whole/
  )
  const refused = (name: string) => troupe("trace", "report", name).then(String, String)
  expect(await refused("newer.json")).toContain("the file is of version 2")
  expect(await refused("broken.json")).toMatch(/at line 3, column 1: this is not JSON/)
  expect(await refused("gone.json")).toContain("there is no file 'gone.json'")
})
