/**
 * Goal: one stops where a state is entered and not in it; times count from where the trace begins;
 * pills and heads of a diagram say what matters, and all of it to who points at them.
 * Method: small traces by hand.
 */
import { expect, test } from "vitest"
import { detailLines, momentLine } from "../../../src/replay/listing.ts"
import { isStop } from "../../../src/replay/player.ts"
import { pillOf, sequenceSvg } from "../../../src/replay/sequence.ts"
import { isEntered, storyOf, wallText } from "../../../src/replay/story.ts"
import type { Trace, TurnEntry } from "../../../src/trace/trace.ts"
import { longTrace } from "../../e2e/report/long.ts"

const base = longTrace(1)
const [first] = base.entries
if (first?.kind !== "turn") throw new Error("a long trace is of turns")

const traceOf = (...turns: readonly Partial<TurnEntry>[]): Trace => ({
  ...base,
  entries: turns.map((part, serial) => ({ ...first, serial, sent: serial, ...part }))
})

test("a state is stopped at where it is entered, not at each turn within it", () => {
  const [off, steady, moving] = ["life.shutoff job.idle", "life.running.steady job.idle"].concat(
    "life.running.moving job.idle"
  )
  const busy = "life.running.steady job.writing"
  const trace = traceOf(
    { from: off ?? "", to: steady ?? "" },
    { from: steady ?? "", to: busy },
    { from: busy, to: steady ?? "" },
    { from: steady ?? "", to: moving ?? "" },
    { from: moving ?? "", to: moving ?? "" }
  )
  const stops = (word: string) =>
    storyOf(trace).moments.flatMap((moment, row) => (isStop(moment, word) ? [row] : []))
  expect(stops("life.running")).toEqual([0])
  expect(stops("running.steady")).toEqual([0])
  expect(stops("MOVING")).toEqual([3])
  expect(stops("job.idle")).toEqual([2])
})

test("names with blanks in them, and other regions than before, are states as well", () => {
  expect(isEntered({ from: "in the hall", to: "on the stairs" }, "the stairs")).toBe(true)
  expect(isEntered({ from: "on the stairs", to: "on the stairs" }, "stairs")).toBe(false)
  expect(isEntered({ from: "not started", to: "lamp.dark power.off" }, "power.off")).toBe(true)
  expect(isEntered({ from: "lamp.dark power.off", to: "power.off" }, "power.off")).toBe(false)
})

test("times count from the first entry of the trace, and the wall clock is told", () => {
  const { header, entries } = traceOf({ atMs: 47_532_823 }, { atMs: 47_532_923.5 })
  const live = { header: { ...header, wallOriginMs: 1_767_225_600_000 }, entries }
  const story = storyOf(live, { window: { from: 1, to: 2 } })
  const [moment] = story.moments
  if (moment === undefined) throw new Error("there is a second entry")
  expect(momentLine(moment, story, 200).text).toContain(" 0.101 s ")
  const wall = "2026-01-01 13:12:12.923 UTC"
  expect(detailLines(moment, story, { columns: 400, max: 4 })[0]?.text).toContain(wall)
  expect(wallText(1_767_225_600_000 + 47_532_923.5)).toBe(wall)
  expect(sequenceSvg(story, { header })).toContain(">0.101 s<")
  const simulation = { seed: 1, plan: null }
  expect(storyOf({ header: { ...live.header, simulation }, entries }).wallMs).toBeUndefined()
})

test("of states that do not fit the inmost stay; who points at them sees all", () => {
  const to = "life.starting.configuring job.idle monitor.live"
  const trace = traceOf({ from: "life.starting.connecting job.idle monitor.none", to })
  const [moment] = storyOf(trace).moments
  if (moment === undefined) throw new Error("there is an entry")
  const { text, whole } = pillOf(moment)
  expect(text).toBe("…configuring …live")
  expect(whole).toBe("life.starting.configuring monitor.live")
  const svg = sequenceSvg(storyOf(trace), { header: trace.header })
  expect(svg).toContain(`<title>${whole}</title><rect class="pill"`)
})

test("a long diagram has its heads at the end too", () => {
  const heads = (length: number) => {
    const trace = traceOf(...Array.from({ length }, () => ({ sender: "driver", actor: "ports" })))
    const svg = sequenceSvg(storyOf(trace), { header: trace.header })
    return svg.match(/>ports<\/text>/g)?.length
  }
  expect(heads(8)).toBe(1)
  expect(heads(40)).toBe(2)
})
