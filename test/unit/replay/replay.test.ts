/**
 * Goal: a story says of a trace who sent what since when, who was answered and what overtook what;
 * the diagram has the same bytes each time and only signs in it; the player goes where it is told;
 * of a half file the part that is there is shown.
 * Method: small traces by hand, a long one and a hostile one made by a program.
 */
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { keysOf } from "../../../src/cli/trace-play.ts"
import { listing, statesAt } from "../../../src/replay/listing.ts"
import { windowOf } from "../../../src/replay/page-data.ts"
import { beginning, frame, type Player, pressed } from "../../../src/replay/player.ts"
import { reportPage } from "../../../src/replay/report.ts"
import { salvage } from "../../../src/replay/salvage.ts"
import { fitted, sequenceSvg } from "../../../src/replay/sequence.ts"
import { changedRegions, storyOf } from "../../../src/replay/story.ts"
import type { Trace, TurnEntry } from "../../../src/trace/trace.ts"
import { writeTrace } from "../../../src/trace/write.ts"
import { hostileTrace, longTrace } from "../../e2e/report/long.ts"

const base = longTrace(1)
const [first] = base.entries
if (first?.kind !== "turn") throw new Error("a long trace is of turns")

const traceOf = (...turns: readonly Partial<TurnEntry>[]): Trace => ({
  ...base,
  entries: turns.map((part, serial) => ({
    ...first,
    serial,
    sent: serial,
    call: undefined,
    answers: [],
    ...part
  }))
})

const pageOf = async (trace: Trace) =>
  (await Effect.runPromise(reportPage(trace, { charts: {} }))).page

const driver = { actor: "driver", sender: undefined }

test("what was sent later and served before has overtaken", () => {
  const early = { ...driver, sent: 0 }
  const trace = traceOf(early, { ...driver, sent: 1 }, early)
  const { moments } = storyOf(trace)
  expect(moments.map(({ overtakenBy }) => overtakenBy)).toEqual([undefined, undefined, 1])
  expect(moments.map(({ since }) => since)).toEqual([0, 1, 0])
  expect(moments[2]?.mark).toBe("overtaken")
})

test("messages to others, and of another life, overtake nothing", () => {
  const trace = traceOf(
    { ...driver, sent: 0, life: 1 },
    { actor: "ports", sender: "driver", sent: 1 },
    { ...driver, sent: 0, life: 2 },
    { ...driver, sent: 0, life: 1 }
  )
  expect(storyOf(trace).moments.flatMap(({ overtakenBy }) => overtakenBy ?? [])).toEqual([])
})

test("an answer goes to whoever asked, also much later; a refusal is one at once", () => {
  const trace = traceOf(
    { actor: "ports", sender: "driver", call: 5 },
    { actor: "domains", sender: "driver", call: 6, outcome: "refused" },
    { actor: "ports", sender: undefined, answers: [5] }
  )
  const { lanes, moments } = storyOf(trace)
  const answered = moments.map((moment) => moment.answered.map((lane) => lanes[lane]?.name))
  expect(answered).toEqual([[], ["driver"], ["driver"]])
})

test("a window tells of the whole trace what concerns it", () => {
  const between = { ...driver, sent: 1 }
  const trace = traceOf({ ...driver, call: 3 }, between, { ...driver, answers: [3] })
  const { moments, lanes } = storyOf(trace, { window: { from: 2, to: 3 } })
  expect(moments).toMatchObject([
    { at: 2, answered: [lanes.findIndex((l) => l.name === "outside")] }
  ])
})

test("only the regions that changed are told, and counts are no regions", () => {
  const from = "life.running job.idle"
  expect(changedRegions({ from, to: "life.paused job.idle" })).toBe("life.paused")
  expect(changedRegions({ from: "0 held", to: "1 held" })).toBe("1 held")
  expect(changedRegions({ from, to: from })).toBe("")
})

test("of too many lanes the quietest go, and it is told", () => {
  const story = storyOf(longTrace(240), { lanesMax: 5 })
  expect(story.lanes).toHaveLength(5)
  expect(story.lanesHidden).toBe(9)
  const svg = sequenceSvg(story, { header: base.header })
  expect(svg).toContain("9 quiet lanes are left out")
})

test("the same trace gives the same bytes, in every theme", async () => {
  const trace = longTrace(60)
  for (const theme of ["auto", "light", "dark"] as const) {
    const draw = () => sequenceSvg(storyOf(trace), { theme, header: trace.header })
    expect(draw()).toBe(draw())
    expect(draw().includes("var(")).toBe(theme === "auto")
  }
  expect(await pageOf(trace)).toBe(await pageOf(trace))
})

test("whatever a trace says, the diagram and the list have signs only", () => {
  const trace = hostileTrace()
  const svg = sequenceSvg(storyOf(trace), { header: trace.header })
  const plain = listing(storyOf(trace)).join("")
  for (const text of [svg.replaceAll("\n", ""), plain]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  const names = new Set([...svg.matchAll(/<([a-z]+)/g)].map(([, name]) => name))
  expect([...names].toSorted()).toEqual(["g", "path", "rect", "style", "svg", "text", "title"])
})

test("in a page the data cannot end before they end", async () => {
  const page = await pageOf(hostileTrace())
  expect(page.match(/<\/script>/g)).toHaveLength(2)
  const data = /id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ""
  expect(data).not.toContain("<")
  expect(JSON.stringify(JSON.parse(data))).toContain("</script>")
})

test("a page that has no room for all has what was broken", () => {
  const trace = longTrace(100)
  expect(windowOf(trace, -1, 200)).toEqual({ from: 0, to: 100 })
  expect(windowOf(trace, -1, 20)).toEqual({ from: 80, to: 100 })
  expect(windowOf(trace, 50, 20)).toEqual({ from: 32, to: 52 })
  expect(windowOf(trace, 3, 20)).toEqual({ from: 0, to: 20 })
})

test("texts are cut in the middle to what fits", () => {
  expect(fitted("short", 100)).toBe("short")
  const cut = fitted("domain-0123456789-0123456789-0123456789-end", 120)
  expect(cut).toMatch(/^dom.*….*end$/)
})

const keys = ["right", "left", "home", "end", "pagedown", "pageup", "n", "p", "g", "/", "enter"]

test("whatever is pressed, the player stays on the story and on the screen", () => {
  const story = storyOf(longTrace(50))
  const press = fc.oneof(fc.constantFrom(...keys), fc.string({ minLength: 1, maxLength: 1 }))
  fc.assert(
    fc.property(fc.array(press, { maxLength: 40 }), fc.nat(60), (pressing, rows) => {
      let player: Player = beginning(story)
      for (const key of pressing) player = pressed(player, story, key)
      expect(player.row).toBeGreaterThanOrEqual(0)
      expect(player.row).toBeLessThan(50)
      const room = { columns: 70, rows: rows + 14 }
      const lines = frame(player, story, room)
      expect(lines.length).toBeLessThanOrEqual(room.rows)
      for (const { text } of lines) {
        expect([...text].length).toBeLessThanOrEqual(room.columns)
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      }
    })
  )
})

test("the player steps, jumps, finds, and says what it does not find", () => {
  const story = storyOf(longTrace(50))
  const after = (...names: readonly string[]) =>
    names.reduce((player, key) => pressed(player, story, key), beginning(story))
  expect(after("right", "right", "left").row).toBe(1)
  expect(after("end").row).toBe(49)
  expect(after("g", "3", "1", "enter").row).toBe(31)
  expect(after("g", "9", "9", "enter")).toMatchObject({ row: 0, notice: "there is no #99" })
  const found = after("/", ..."suspend", "enter")
  expect(story.moments[found.row]?.entry).toMatchObject({ message: "suspend" })
  expect(pressed(pressed(found, story, "n"), story, "p").row).toBe(found.row)
  expect(after("/", "\u202e", "enter").notice).toBe("no '\\u{202e}' from here on")
  expect(after("q").isOver).toBe(true)
})

test("bytes of a terminal are keys, one by one", () => {
  expect(keysOf("\u001b[C\u001b[5~q\u001b")).toEqual(["right", "pageup", "q", "escape"])
  expect(keysOf("g12\r")).toEqual(["g", "1", "2", "enter"])
})

test("states are those of the same life of the engine", () => {
  const story = storyOf(
    traceOf({ ...driver, to: "running" }, { actor: "ports", to: "1 taken", life: 2 })
  )
  expect([...statesAt(story, 1)]).toEqual([["ports", "1 taken"]])
})

test("of a half file the whole entries are shown; what is broken is told with its place", () => {
  const text = writeTrace(longTrace(30))
  const whole = Result.getOrThrow(salvage(text))
  expect(whole.notice).toBeUndefined()
  fc.assert(
    fc.property(fc.integer({ min: text.indexOf('"entries"'), max: text.length - 4 }), (at) => {
      const part = salvage(text.slice(0, at))
      if (Result.isFailure(part)) {
        expect(part.failure.problem).toBe("half")
        return
      }
      const { trace, notice } = part.success
      expect(trace.entries).toEqual(whole.trace.entries.slice(0, trace.entries.length))
      expect(notice).toContain(`its first ${trace.entries.length} entries are whole`)
    })
  )
  const wrong = salvage(text.replace('"lane"', '"line"'))
  expect(Result.isFailure(wrong) && wrong.failure.message).toContain("columns.turn[6]")
})
