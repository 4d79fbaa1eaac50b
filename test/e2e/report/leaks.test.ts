/**
 * Goal: what is only found broken at rest is shown where it was broken: the report and the player
 * begin there, lead from each step that concerns the thing to the next, and play the chart of each
 * host device.
 * Method: two mutants that leak, a run directory and a device, in the simulated world, each in a
 * process of its own; `troupe trace report` and `play` as somebody uses them, in Debian's Chromium.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import * as Result from "effect/Result"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { beginning, frame, pressed } from "../../../src/replay/player.ts"
import { storyOf } from "../../../src/replay/story.ts"
import { readTrace } from "../../../src/trace/read.ts"
import type { Trace } from "../../../src/trace/trace.ts"
import { look, startBrowser } from "./browser.ts"

const directory = mkdtempSync(join(tmpdir(), "troupe-leaks-"))
const root = join(import.meta.dirname, "../../..")
const run = promisify(execFile)
const options = { maxBuffer: 64 * 1024 * 1024 }

/** A run directory that stays: a destroy comes while the guest that powered off is given back. */
const ofDirectory = "M-I26"
/** A device that is everybody's: who takes a detached one is not noted. */
const ofDevice = "M-Z085b"
/** Devices on their way to guests and back, of three kinds of functions and a stick. */
const ofDevices = "M-I24"
let traces: { readonly [mutant: string]: Trace } = {}
let browser: Browser

const counterexample = async (mutant: string): Promise<Trace> => {
  const program = join(import.meta.dirname, "counterexample.ts")
  const { stdout } = await run(process.execPath, [program, mutant], options)
  const file = join(directory, mutant)
  writeFileSync(`${file}.json`, stdout)
  await run(
    join(root, "troupe"),
    ["trace", "report", `${file}.json`, "-o", `${file}.html`],
    options
  )
  return Result.getOrThrow(readTrace(stdout))
}

const traceOf = (mutant: string): Trace => {
  const trace = traces[mutant]
  if (trace === undefined) throw new Error(`there is a trace of ${mutant}`)
  return trace
}

beforeAll(async () => {
  browser = await startBrowser()
  traces = {
    [ofDirectory]: await counterexample(ofDirectory),
    [ofDevice]: await counterexample(ofDevice),
    [ofDevices]: await counterexample(ofDevices)
  }
}, 120_000)

afterAll(async () => {
  await browser.close()
  rmSync(directory, { recursive: true, force: true })
})

const open = (mutant: string, hash = "") =>
  look(browser, `${pathToFileURL(join(directory, `${mutant}.html`)).href}${hash}`)

const stepOf = async (page: Page): Promise<number> =>
  Number(/^#(\d+) /.exec((await page.textContent("#where")) ?? "")?.[1])

/** What is said of each step, when one key is pressed so often. */
const told = async (page: Page, key: string, times: number): Promise<readonly string[]> => {
  const facts: string[] = []
  for (let step = 0; step < times; step++) {
    await page.keyboard.press(key)
    facts.push((await page.textContent("#facts")) ?? "")
  }
  return facts
}

const saying = (facts: readonly string[], ...words: readonly string[]) =>
  facts.filter((one) => words.every((word) => one.includes(word)))

/** The option that is chosen in a list of the page. */
const chosenIn = (page: Page, list: string): Promise<string> =>
  page.$eval(
    list,
    (spot) =>
      (spot as unknown as { selectedOptions: { textContent: string }[] }).selectedOptions[0]
        ?.textContent ?? ""
  )

/** How many steps before the end the rule's breaking was told: far from where the page begins. */
const gapOf = ({ entries }: Trace, start: number): number =>
  entries.findIndex(({ kind }) => kind === "violation") - start

test("a directory that was left: the destroy that comes too early is in nine steps", async () => {
  const { page, complaints } = await open(ofDirectory)
  expect(await chosenIn(page, "#about")).toBe("start 1.1")
  const facts = await told(page, "ArrowRight", 9)
  expect(saying(facts, "messagedestroy", "life.stopping")).toHaveLength(1)
  expect(saying(facts, "messagereleased", "life.stopping", "→ life.shutoff")).toHaveLength(1)
  expect(facts.findIndex((one) => one.includes("messagedestroy"))).toBeLessThan(
    facts.findIndex((one) => one.includes("messagereleased"))
  )
  await page.keyboard.press("End")
  expect(await page.textContent("#facts")).toContain("run/1.1 was left")
  expect(complaints).toEqual([])
  await page.close()
})

test("a device that is nobody's: the reservation without a holder is in nine steps", async () => {
  const { page, complaints } = await open(ofDevice)
  const device = "0000:04:00.0"
  expect(gapOf(traceOf(ofDevice), await stepOf(page))).toBeGreaterThan(40)
  expect(await chosenIn(page, "#about")).toBe(device)
  const facts = await told(page, "ArrowRight", 9)
  expect(saying(facts, "messagedetach", `${device} -> detaching`)).toHaveLength(1)
  expect(saying(facts, "messagereserve", `${device} -> reserved`)).toHaveLength(1)
  expect(complaints).toEqual([])
  await page.close()
})

test("from each step that concerns the device to the next: two guests reserve it", async () => {
  const { page, complaints } = await open(ofDevice)
  const start = await stepOf(page)
  const facts = await told(page, "]", 10)
  const reserving = saying(facts, "messagereserve", "0000:04:00.0 -> reserved")
  expect(reserving.length).toBeGreaterThan(1)
  const last = await stepOf(page)
  await page.keyboard.press("[")
  expect(await stepOf(page)).toBeLessThan(last)
  expect(await page.$$eval(".gutter .about", (spots) => spots.length)).toBeGreaterThan(0)
  const domain = '#about option[title="00000000-0000-4000-8000-000000000004"]'
  await page.selectOption("#about", await page.getAttribute(domain, "value"))
  await page.keyboard.press("Home")
  await page.click("#newer")
  await page.click("#newer")
  expect(await page.textContent("#facts")).toContain("00000000-0000-4000-8000-000000000004")
  await page.selectOption("#about", { label: "-" })
  const before = await stepOf(page)
  await page.click("#newer")
  expect(await stepOf(page)).toBe(before)
  expect(await page.$$eval(".gutter .about", (spots) => spots.length)).toBe(0)
  expect(start).toBeLessThan(last)
  expect(complaints).toEqual([])
  await page.close()
})

test("the player in the terminal begins there too, and goes on by the same keys", () => {
  const story = storyOf(traceOf(ofDevice))
  const begun = beginning(story)
  let player = begun
  const said: string[] = []
  for (let step = 0; step < 10; step++) {
    player = pressed(player, story, "]")
    const lines = frame(player, story, { columns: 160, rows: 40 }).map(({ text }) => text)
    said.push(lines.join("\n"))
  }
  expect(gapOf(traceOf(ofDevice), begun.row)).toBeGreaterThan(40)
  expect(said.filter((one) => /^pci-pool: reserve, taken/m.test(one)).length).toBeGreaterThan(1)
  expect(said.some((one) => /^pci-pool\/0000:04:00.0 +reserved/m.test(one))).toBe(true)
})

test("somebody asks for a device by name, and is told where there is none", async () => {
  const file = join(directory, `${ofDevices}.json`)
  const troupe = (...words: readonly string[]) => run(join(root, "troupe"), words, options)
  const device = "0000:05:00.1"
  const { stdout } = await troupe("trace", "play", "--plain", "--about", device, file)
  const [, ...lines] = stdout.trimEnd().split("\n")
  const { entries } = traceOf(ofDevices)
  const changed = entries.filter(
    (entry) => entry.kind === "turn" && entry.moved.some(({ thing }) => thing === device)
  )
  expect(lines.filter((line) => line.includes("pci-pool:"))).toHaveLength(changed.length)
  expect(lines.length).toBeLessThan(entries.length / 4)
  const page = join(directory, "about.html")
  await troupe("trace", "report", "--about", device, file, "-o", page)
  const seen = await look(browser, pathToFileURL(page).href)
  expect(await chosenIn(seen.page, "#about")).toBe(device)
  const facts = await told(seen.page, "ArrowRight", 9)
  // It begins nine steps before what happened to the device last.
  const last = stateAt(traceOf(ofDevices), device, entries.length)
  expect(facts.at(-1)).toContain(`${device} -> ${last}`)
  expect(seen.complaints).toEqual([])
  await seen.page.close()
  const refused = await troupe("trace", "report", "--about", "9:9", file).then(String, String)
  expect(refused).toContain("no device, domain or start in the trace has '9:9' in its name")
})

/** By the trace alone: where the device is after the last word about it up to a step. */
const stateAt = ({ entries }: Trace, device: string, step: number): string => {
  const words = entries.flatMap((entry, place) =>
    entry.kind === "turn"
      ? entry.moved.flatMap((move) => (move.thing === device ? [{ ...move, place }] : []))
      : []
  )
  return words.findLast(({ place }) => place <= step)?.to ?? words[0]?.from ?? ""
}

/** Where something happens to it, and beside. */
const stepsOf = ({ entries }: Trace, device: string): readonly number[] =>
  entries.flatMap((entry, place) =>
    entry.kind === "turn" && entry.moved.some(({ thing }) => thing === device)
      ? [place - 1, place]
      : []
  )

test("the chart of a host device is played, one for each device, on the right states", async () => {
  const trace = traceOf(ofDevices)
  const { page, complaints } = await open(ofDevices, "#step=1")
  await page.uncheck("#follow")
  const names = await page.$$eval("#actor option", (spots) =>
    spots.map(({ textContent }) => textContent ?? "")
  )
  const devices = names.filter((name) => /^(?:pci|usb)-pool\//.test(name))
  expect(devices.length).toBeGreaterThan(3)
  const seen = new Set<string>()
  for (const name of devices) {
    await page.selectOption("#actor", { label: name })
    const shown = await page.$$eval("figure:not([hidden])", (figures) =>
      figures.map((figure) => figure.getAttribute("aria-label"))
    )
    expect(shown).toEqual(["hostdev"])
    const device = name.slice("pci-pool/".length)
    for (const step of stepsOf(trace, device)) {
      await page.evaluate(
        (hash) => void Reflect.set(Reflect.get(globalThis, "location"), "hash", hash),
        `#step=${step}`
      )
      await expect.poll(() => stepOf(page)).toBe(step)
      const marked = await page.$$eval("figure:not([hidden]) .active", (spots) =>
        spots.map((spot) => spot.getAttribute("data-state") ?? "")
      )
      const state = stateAt(trace, device, step)
      expect({ name, step, marked }).toEqual({ name, step, marked: [state] })
      seen.add(state)
    }
  }
  for (const state of ["host", "reserved", "detaching", "assigned", "reattaching"])
    expect(seen).toContain(state)
  expect(complaints).toEqual([])
  await page.close()
})

test("who follows the turns sees the chart of the device that one changes", async () => {
  const device = "0000:04:00.0"
  const step = traceOf(ofDevice).entries.findIndex(
    (entry) =>
      entry.kind === "turn" &&
      entry.moved.some(({ thing, to }) => thing === device && to === "detaching")
  )
  expect(step).toBeGreaterThan(1)
  const { page, complaints } = await open(ofDevice, `#step=${step - 1}`)
  await page.keyboard.press("ArrowRight")
  expect(await chosenIn(page, "#actor")).toBe(`pci-pool/${device}`)
  expect(await page.$eval("figure:not([hidden])", (one) => one.getAttribute("aria-label"))).toBe(
    "hostdev"
  )
  const table = await page.textContent("#states")
  expect(table).toContain(`pci-pool/${device}detaching`)
  expect(complaints).toEqual([])
  await page.close()
})
