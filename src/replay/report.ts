/**
 * A trace as one page that plays it: the charts with the present state marked, the sequence
 * diagram, a time line. The page stands by itself. It asks nothing of a network and may not (its
 * policy), and has what the trace says as data: JSON that is never markup and never code.
 */
import * as Effect from "effect/Effect"
import { printable } from "../charts/text.ts"
import { escapeXml as escape } from "../charts/xml.ts"
import type { Trace, TraceHeader } from "../trace/trace.ts"
import { pageData, windowAround } from "./page-data.ts"
import { PageProgram } from "./page-program.ts"
import { PageRows } from "./page-rows.ts"
import { PageStates } from "./page-states.ts"
import { pageStyle } from "./page-style.ts"
import { PageSubjects } from "./page-subjects.ts"
import { Followed, type ReportCharts } from "./report-charts.ts"
import { storyOf, type Window } from "./story.ts"
import { type Concerns, concernsOf } from "./subject.ts"

/** What a page has room for: some two megabytes, and open within a second. */
export const reportRowsMax = 20_000

/** More are no help side by side; the quietest are left out. */
const lanesMax = 120

export interface ReportOptions {
  /** By the machine's id. */
  readonly charts: ReportCharts
  /** By default all, or the last ones up to what was broken. */
  readonly window?: Window
  /** What it is about; by default what its broken rule names. */
  readonly concerns?: Concerns
}

/** In a page `<` could end the data: JSON has another way to write it. */
const jsonText = (data: unknown): string => JSON.stringify(data).replaceAll("<", "\\u003c")

const base64 = (bytes: ArrayBuffer): string =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""))

const hashOf = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    base64
  )

/** The classes' own text: none names anything outside of itself. */
const parts = Object.entries({ Rows: PageRows, States: PageStates, Subjects: PageSubjects })
const program = `new (${String(PageProgram)})(window, {${parts
  .map(([name, part]) => `${name}: ${String(part)}`)
  .join(",\n")}}).open()`

const policyOf = (hash: string): string =>
  `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; ` +
  "base-uri 'none'; form-action 'none'"

const button = (id: string, words: string, title: string): string =>
  `<button type="button" id="${id}" title="${title}">${words}</button>`

const controls = [
  '<label>stop at <input type="search" id="stop" placeholder="what has a mark"',
  ' title="a part of a message, a state or a mark: n, p and play stop there"></label>',
  button("before", "‹ mark", "the mark before (p)"),
  button("next", "mark ›", "the next mark (n)"),
  '<label>about <select id="about"',
  ' title="marks what concerns it: [ and ] go there"></select></label>',
  button("older", "‹ about", "what concerned it before ([)"),
  button("newer", "about ›", "what concerns it next (])"),
  button("first", "first", "the first step (Home)"),
  button("back", "‹ back", "a step back (arrow left)"),
  button("play", "play", "play, or pause (space)"),
  button("on", "on ›", "a step on (arrow right)"),
  button("last", "last", "the last step (End)"),
  button("theme", "theme: auto", "light or dark (t)")
].join("")

const tools = [
  '<div id="tools"><label>chart of <select id="actor"></select></label>',
  '<label><input type="checkbox" id="follow" checked> follow</label>',
  '<label><input type="checkbox" id="whole"> whole chart</label></div>'
].join("")

const figures = ({ machines }: Followed, charts: ReportCharts): string =>
  machines
    .map(
      (id, at) =>
        `<figure data-machine="${at}" aria-label="${escape(printable(id, 200))}" hidden>` +
        `${charts[id]?.svg ?? ""}</figure>`
    )
    .join("\n")

/** Of versions of ours there are numbers; other programs say who they are. */
const programOf = ({ program }: TraceHeader): string =>
  /^\d/.test(program) ? `Troupe ${program}` : program

const chartless =
  "no chart of these actors is known: 'troupe trace report --chart FILE' takes the machines"

const aboutOf = ({ header, entries }: Trace, { from, to }: Window): string =>
  [
    [header.createdBy, programOf(header)].filter((part) => part !== "").join(", "),
    header.simulation?.seed === undefined ? "" : `seed ${header.simulation.seed}`,
    to - from < entries.length
      ? `#${from} to #${to - 1} of ${entries.length} entries`
      : `${entries.length} entries`,
    header.omitted === 0 ? "" : `${header.omitted} before the first were not kept`
  ]
    .filter((part) => part !== "")
    .join(" · ")

export interface Report {
  /** The same trace and charts give the same bytes. */
  readonly page: string
  /** What is to be said of the charts: that they are not those of the trace. */
  readonly notices: readonly string[]
}

/** The page of a trace. */
export const reportPage = Effect.fnUntraced(function* (trace: Trace, options: ReportOptions) {
  const policy = policyOf(yield* hashOf(program))
  const concerns = options.concerns ?? concernsOf(trace)
  const window = options.window ?? windowAround(trace, concerns, reportRowsMax)
  const story = storyOf(trace, { window, lanesMax, order: "busy", concerns })
  const followed = new Followed(story, options.charts, trace.header)
  const data = pageData(story, followed)
  const isBare = followed.machines.length === 0
  const more = [
    isBare ? ` · ${chartless}` : "",
    story.lanesHidden === 0 ? "" : ` · ${story.lanesHidden} quiet lanes left out`,
    story.thingsHidden === 0 ? "" : ` · ${story.thingsHidden} quiet devices left out`
  ].join("")
  const about = printable(aboutOf(trace, window) + more, 400)
  const page = `${[
    '<!doctype html><html lang="en" data-theme="auto"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>Trace: ${escape(about)}</title>`,
    `<style>${pageStyle}</style></head><body>`,
    `<header><h1>Trace</h1><p>${escape(about)}</p><nav>${controls}</nav></header>`,
    `<main><section id="left"${isBare ? " hidden" : ""}>${tools}<p id="notice"></p>`,
    `<div id="charts">${figures(followed, options.charts)}</div>`,
    '<div id="actors"><table id="states"></table></div></section>',
    '<section id="right"><div id="scroller">',
    '<svg id="head" class="troupe-sequence"></svg><svg id="rows" class="troupe-sequence"></svg>',
    "</div></section></main>",
    '<footer><div id="time"><input type="range" id="line" min="0" value="0" aria-label="step">',
    '<svg id="ticks" class="troupe-sequence"></svg></div>',
    '<p id="where" aria-live="polite"></p><dl id="facts"></dl></footer>',
    `<script type="application/json" id="data">${jsonText(data)}</script>`,
    `<script>${program}</script></body></html>`
  ].join("\n")}\n`
  return { page, notices: followed.notices } satisfies Report
})
