/**
 * Goal: a report plays on the machines of any program of xstate: those that the events hold, or
 * that the user names; with none it has no empty half. It lights the arrows that a turn took, says
 * where a chart is not the trace's, fits a whole chart, stops where a state is entered, and counts
 * its times from the beginning.
 * Method: what `createInspector` told of a small machine, and a start in the simulated world, as
 * reports in Debian's Chromium.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { tracePlan } from "../../../src/testing/simulation/trace-plan.ts"
import type { Trace } from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { look, startBrowser } from "./browser.ts"
import { attacks } from "./long.ts"

const directory = mkdtempSync(join(tmpdir(), "troupe-foreign-"))
const root = join(import.meta.dirname, "../../..")
const run = promisify(execFile)
const at = (name: string) => join(directory, name)

const troupe = (...words: readonly string[]) =>
  run(join(root, "troupe"), words, { cwd: directory, maxBuffer: 64 * 1024 * 1024 })

const events = readFileSync(join(import.meta.dirname, "kettle.events.json"), "utf8")
const kettle = `${join(import.meta.dirname, "kettle.ts")}#kettle`

/** A start, two changes of the running guest, and its end. */
const { trace: ours } = tracePlan(
  {
    domains: 1,
    faults: [],
    schedule: { kind: "fifo", seed: 0 },
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "setTitle", domain: 0, version: 1 },
        { call: "suspend", domain: 0 },
        { call: "destroy", domain: 0 }
      ]
    ]
  },
  { program: "0.0.7" }
)

/** As a living engine's: the host has been up for half a day. */
const live: Trace = {
  header: { ...ours.header, simulation: undefined },
  entries: ours.entries.map((entry) => ({ ...entry, atMs: entry.atMs + 47_532_823.342 }))
}

let browser: Browser
let warnings = ""

beforeAll(async () => {
  browser = await startBrowser()
  writeFileSync(at("events.json"), events)
  const bare = JSON.parse(events).map((event: object) => ({ ...event, definition: undefined }))
  const named = bare.map((event: { readonly type: string; readonly name?: string }) =>
    event.type === "@xstate.actor" ? { ...event, name: event.name ?? "door" } : event
  )
  writeFileSync(at("bare.json"), JSON.stringify(named))
  writeFileSync(at("live.json"), writeTrace(live))
  const renamed = writeTrace(live).replace('"life.paused.steady ', '"life.halted.steady ')
  writeFileSync(at("old.json"), renamed.replace(/"domain":"\w{20,}"/, '"domain":"another"'))
  await troupe("trace", "report", "events.json", "-o", "events.html")
  await troupe("trace", "report", "bare.json", "-o", "bare.html")
  await troupe("trace", "report", "bare.json", "--chart", kettle, "-o", "named.html")
  await troupe("trace", "report", "live.json", "-o", "live.html")
  warnings = (await troupe("trace", "report", "old.json", "-o", "old.html")).stderr
}, 120_000)

afterAll(async () => {
  await browser.close()
  rmSync(directory, { recursive: true, force: true })
})

const open = (name: string, options: Parameters<typeof look>[2] = {}) =>
  look(browser, pathToFileURL(at(name)).href, options)

const stepOf = async (page: Page): Promise<number> =>
  Number(/^#(\d+) /.exec((await page.textContent("#where")) ?? "")?.[1])

const marked = (page: Page): Promise<readonly string[]> =>
  page.$$eval("figure:not([hidden]) .active", (spots) =>
    spots.map((spot) => spot.getAttribute("data-state") ?? "").toSorted()
  )

const taken = (page: Page): Promise<readonly string[]> =>
  page.$$eval("figure:not([hidden]) .taken .label, figure:not([hidden]) .taken .word", (spots) =>
    spots.map((spot) => spot.textContent ?? "").filter((text) => text !== "")
  )

/** The colour of a taken arrow and of one that was not. */
const colours = (page: Page) =>
  page.evaluate(() => {
    const style = Reflect.get(globalThis, "getComputedStyle") as (one: unknown) => {
      readonly stroke: string
    }
    const { document } = globalThis as unknown as {
      readonly document: { querySelector(selector: string): unknown }
    }
    const of = (kind: string) =>
      style(document.querySelector(`figure:not([hidden]) .arrow${kind}>.way`)).stroke
    return [of(".taken"), of(":not(.taken):not(.start)")]
  })

test.each(["light", "dark"] as const)(
  "events of another program play on its machines, in %s",
  async (theme) => {
    const { page, complaints } = await open("events.html", { theme })
    expect(await page.textContent("header p")).toBe("inspection events, xstate · 8 entries")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    expect(await marked(page)).toEqual(["lamp.lit", "power.on.heating up"])
    expect(await taken(page)).toEqual(["press", "press [guarded] / click"])
    const [lit, unlit] = await colours(page)
    expect(lit).toBe(theme === "light" ? "rgb(59, 111, 212)" : "rgb(111, 155, 240)")
    expect(unlit).not.toBe(lit)
    await page.keyboard.press("ArrowRight")
    expect(await marked(page)).toEqual(["ajar"])
    await page.keyboard.press("End")
    expect(await marked(page)).toEqual(["lamp.dark", "power.off"])
    expect((await taken(page)).toSorted()).toEqual(["after 20 ms", "at once", "press, done"])
    expect(complaints).toEqual([])
    await page.close()
  }
)

test("a machine is named by its file; what has no chart at all has no empty half", async () => {
  const bare = await open("bare.html")
  expect(await bare.page.isVisible("#left")).toBe(false)
  expect(await bare.page.textContent("header p")).toContain("no chart of these actors is known")
  await bare.page.keyboard.press("End")
  expect(await stepOf(bare.page)).toBe(7)
  expect(bare.complaints).toEqual([])
  await bare.page.close()
  const { page, complaints } = await open("named.html")
  await page.keyboard.press("End")
  expect(await marked(page)).toEqual(["lamp.dark", "power.off"])
  expect(complaints).toEqual([])
  await page.close()
  const wrong = (...words: readonly string[]) =>
    troupe("trace", "report", ...words).then(String, String)
  expect(await wrong("live.json", "--chart", kettle)).toContain(
    "the trace has no machine 'kettle': it has 'config', 'domain', 'driver'"
  )
  expect(await wrong("events.json", "--chart", "gone.ts")).toContain("there is no file")
})

test("a machine in the events whose every word is hostile is drawn as text", async () => {
  const [id = "", first = ""] = attacks
  const state = (name: string) => ({
    on: { [name]: { actions: name, guard: name } },
    description: name,
    tags: [name],
    meta: { [name]: name },
    invoke: { id: name, src: name }
  })
  // A target is a name with dots and signs of its own: of these there are none.
  const states = Object.fromEntries(attacks.map((name) => [name, state(name)]))
  const base = { sessionId: "x:0", createdAt: "1795444825012", _version: "0.7.2" }
  const snapshot = { status: "active", value: first }
  const hostile = [
    {
      ...base,
      type: "@xstate.actor",
      name: id,
      snapshot,
      definition: JSON.stringify({ id, initial: first, states, on: { [id]: { actions: id } } })
    },
    ...attacks.map((type) => ({ ...base, type: "@xstate.snapshot", snapshot, event: { type } }))
  ]
  writeFileSync(at("hostile.json"), JSON.stringify(hostile))
  const { stderr } = await troupe("trace", "report", "hostile.json", "-o", "hostile.html")
  expect(stderr).toBe("")
  const { page, complaints } = await open("hostile.html")
  for (const _ of attacks) await page.keyboard.press("ArrowRight")
  expect((await marked(page)).length).toBeGreaterThan(0)
  expect(await page.evaluate(() => Reflect.get(globalThis, "hacked"))).toBeUndefined()
  expect(await page.$$eval("img, a, iframe", (spots) => spots.length)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test("a trace of another version says what the charts of this one have not", async () => {
  const other = "the chart of 'domain' is not the one that the trace was made with"
  const state = "the chart has no state 'life.halted.steady'"
  expect(warnings).toContain(`${other} (trace of 0.0.7)`)
  expect(warnings).toContain(`${state} (trace of 0.0.7)`)
  const { page, complaints } = await open("old.html")
  await page.fill("#stop", "life.halted")
  await page.click("#next")
  expect(await page.textContent("#notice")).toContain(`${state} (trace of 0.0.7)`)
  await page.fill("#stop", "life.stopping")
  await page.click("#next")
  expect(await page.textContent("#notice")).not.toContain("life.halted")
  expect(complaints).toEqual([])
  await page.close()
})

test("one stops where a state is entered; times are since the beginning", async () => {
  const { page, complaints } = await open("live.html")
  expect(await page.textContent("#where")).toContain("at 0.000000 s")
  expect(await page.textContent("#facts")).toMatch(/wall clock2026-01-01 13:12:1\d\.\d{3} UTC/)
  const entered = live.entries.flatMap((entry, place) =>
    entry.kind === "turn" && entry.to.includes("life.running") && !entry.from.includes("life.runn")
      ? [place]
      : []
  )
  expect(entered.length).toBeGreaterThan(0)
  await page.fill("#stop", "life.running")
  for (const place of entered) {
    await page.click("#next")
    expect(await stepOf(page)).toBe(place)
  }
  await page.click("#next")
  expect(await stepOf(page)).toBe(entered.at(-1))
  expect(await page.$eval("#actor", (list) => list.scrollWidth <= list.clientWidth)).toBe(true)
  expect(await page.$$eval("#actor option", (all) => all.map((one) => one.textContent))).toContain(
    "domain/0000000…-000000000000"
  )
  expect(await page.textContent("#rows .moment[data-row] title")).toContain("message: ")
  expect(complaints).toEqual([])
  await page.close()
})

test("a whole chart is all of it, however flat the window is", async () => {
  for (const size of [
    { width: 1500, height: 900 },
    { width: 1900, height: 500 }
  ]) {
    const { page } = await open("live.html", { size })
    await page.check("#whole")
    const boxOf = (selector: string) => page.$eval(selector, (one) => one.getBoundingClientRect())
    const room = await boxOf("#charts")
    const chart = await boxOf("figure:not([hidden]) svg")
    expect(chart.bottom).toBeLessThanOrEqual(room.bottom + 1)
    expect(chart.right).toBeLessThanOrEqual(room.right + 1)
    expect(chart.height).toBeGreaterThan(100)
    await page.close()
  }
})
