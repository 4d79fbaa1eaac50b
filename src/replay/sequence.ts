/**
 * A story as a sequence diagram in SVG: a lane for each actor, an arrow for each message from when
 * it was sent to when it was served, a dashed one for each reply, the states that came of it, and
 * what overtook what. Stands by itself as the charts do: no script, no font, no link, text only as
 * text. The same trace gives the same bytes.
 */
import { dark, light, type Theme, themes } from "../charts/svg.ts"
import { type Face, printable, widthOf } from "../charts/text.ts"
import { escapeXml as escape } from "../charts/xml.ts"
import type { TraceHeader, TurnEntry } from "../trace/trace.ts"
import {
  changedRegions,
  type Lane,
  type Moment,
  movesText,
  sentenceOf,
  type Story
} from "./story.ts"

/** In px. The report draws with the same. */
export const size = {
  gutter: 132,
  pitch: 168,
  head: 56,
  row: 40,
  pill: 18,
  margin: 16
} as const

const face: Face = { size: 11, isBold: false }

/** The colours of what the charts do not have. */
const own = {
  light: { bad: "#b42318", late: "#b25e09", wash: "#fdecea" },
  dark: { bad: "#ff8a80", late: "#f5b35c", wash: "#3b1f1f" }
}

type Colours = { readonly [name: string]: string }

const variables = (colours: Colours): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--chart-${name}:${colour}`)
    .join(";")

const ownThemes = [
  `.troupe-sequence{${variables(own.light)}}`,
  `@media(prefers-color-scheme:dark){.troupe-sequence{${variables(own.dark)}}}`,
  `.troupe-sequence[data-theme=light],[data-theme=light] .troupe-sequence{${variables(own.light)}}`,
  `.troupe-sequence[data-theme=dark],[data-theme=dark] .troupe-sequence{${variables(own.dark)}}`
]

const rules = [
  '.troupe-sequence{font-family:Inter,"Segoe UI","Helvetica Neue",Arial,sans-serif}',
  `.troupe-sequence text{font-size:${face.size}px;fill:var(--chart-ink);direction:ltr;` +
    "unicode-bidi:isolate}",
  ".troupe-sequence .paper{fill:var(--chart-paper)}",
  ".troupe-sequence .name{font-weight:600;font-size:12px}",
  ".troupe-sequence .faint{fill:var(--chart-faint)}",
  ".troupe-sequence .lane{stroke:var(--chart-edge);stroke-width:1.2}",
  // Wide enough that the letters' outlines close up: whatever passes behind is hidden.
  ".troupe-sequence .said{paint-order:stroke;stroke:var(--chart-paper);stroke-width:7px;" +
    "stroke-linejoin:round}",
  ".troupe-sequence .pill{fill:var(--chart-open);stroke:var(--chart-border)}",
  ".troupe-sequence .dot{fill:var(--chart-border)}",
  ".troupe-sequence .way{fill:none;stroke:var(--chart-arrow);stroke-width:1.4}",
  ".troupe-sequence .tip{fill:var(--chart-arrow)}",
  ".troupe-sequence .reply>.way{stroke:var(--chart-faint);stroke-dasharray:4 3}",
  ".troupe-sequence .reply>.tip{fill:var(--chart-faint)}",
  ".troupe-sequence .overtaken .way{stroke:var(--chart-late);stroke-width:2}",
  ".troupe-sequence .overtaken .tip,.troupe-sequence .overtaken .said{fill:var(--chart-late)}",
  ".troupe-sequence .fault .pill{stroke:var(--chart-late);stroke-width:2}",
  ".troupe-sequence .failed .pill,.troupe-sequence .crashed .pill,.troupe-sequence .refused .pill" +
    "{stroke:var(--chart-bad)}",
  ".troupe-sequence .crashed .said,.troupe-sequence .refused .said{fill:var(--chart-bad)}",
  ".troupe-sequence .violation .band{fill:var(--chart-wash);stroke:var(--chart-bad)}",
  ".troupe-sequence .violation text{fill:var(--chart-bad);font-weight:600}"
]

/** The rules of these drawings, for a page that has its own themes as well. */
export const sequenceRules: string = [...ownThemes, ...rules].join("\n")

const styleOf = (theme: Theme): string => {
  if (theme === "auto")
    return [
      ...themes.map((rule) => rule.replaceAll("troupe-chart", "troupe-sequence")),
      sequenceRules
    ].join("\n")
  const colours: Colours = theme === "light" ? { ...light, ...own.light } : { ...dark, ...own.dark }
  return rules.join("\n").replace(/var\(--chart-(\w+)\)/g, (_, name: string) => colours[name] ?? "")
}

const number = (value: number): string => String(Math.round(value * 10) / 10)

/** Cut in the middle: of uuids the ends tell most. */
export function fitted(text: string, widthMax: number): string {
  const shown = [...printable(text, 400)]
  const isFitting = (kept: readonly string[]) => widthOf(kept.join(""), face) <= widthMax
  if (isFitting(shown)) return shown.join("")
  let kept = Math.min(shown.length, Math.ceil(widthMax / 2))
  for (;;) {
    const head = shown.slice(0, Math.ceil(kept / 2))
    const tail = shown.slice(shown.length - Math.floor(kept / 2))
    const cut = [...head, "…", ...tail]
    if (kept <= 1 || isFitting(cut)) return cut.join("")
    kept--
  }
}

export const laneX = (lane: number): number => size.gutter + size.pitch * (lane + 0.5)

interface Row {
  readonly moment: Moment
  /** Its place among the rows that are drawn. */
  readonly row: number
}

const middle = (row: number): number => size.head + row * size.row + size.row / 2 + 6

interface Written {
  readonly kind: string
  readonly anchor?: "middle" | "end"
}

const text = ({ kind, anchor }: Written, [x, y]: readonly [number, number], content: string) => {
  const anchored = anchor === undefined ? "" : ` text-anchor="${anchor}"`
  const place = `x="${number(x)}" y="${number(y)}"`
  return `<text class="${kind}" ${place}${anchored}>${escape(content)}</text>`
}

/** Kind and the rest of an actor's name, one above the other. */
export const laneTitle = ({ name }: Lane): readonly [string, string] => {
  const at = name.indexOf("/")
  const parts = at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)]
  return [fitted(parts[0] ?? "", size.pitch - 16), fitted(parts[1] ?? "", size.pitch - 10)]
}

const head = (lane: Lane, place: number, top: number): string => {
  const [kind, rest] = laneTitle(lane)
  const x = laneX(place)
  return [
    `<g><title>${escape(printable(lane.name, 500))}</title>`,
    text({ kind: "name", anchor: "middle" }, [x, top + 24], kind),
    rest === "" ? "" : text({ kind: "faint", anchor: "middle" }, [x, top + 40], rest),
    "</g>"
  ].join("")
}

const tip = (x: number, y: number, isRight: boolean): string => {
  const back = x + (isRight ? -7 : 7)
  return (
    `<path class="tip" d="M${number(x)} ${number(y)}L${number(back)} ${number(y - 3.6)}` +
    `L${number(back)} ${number(y + 3.6)}Z"/>`
  )
}

/** Of what an actor owns many of, its own state is but a count: what became of them says more. */
const thingStates = ({ moved }: TurnEntry): string =>
  [...new Set(moved.flatMap(({ from, to }) => (from === to ? [] : [to])))].join(", ")

/** What stands in the lane: the state that came of it, a note's word; empty for a mere dot. */
export function pillText({ entry }: Moment): string {
  switch (entry.kind) {
    case "turn":
      return ["crashed", "restarted", "stopped", "stale", "postponed"].includes(entry.outcome)
        ? entry.outcome
        : thingStates(entry) || changedRegions(entry)
    case "return":
      return entry.name
    case "invoke":
      return `${entry.name}()`
    default:
      return entry.name
  }
}

const pillWidthMax = size.pitch - 12

export interface Pill {
  readonly text: string
  readonly width: number
  /** All of it, where the text is cut; else empty. */
  readonly whole: string
}

/** States without the states around them, the longest first, until they fit: the ends tell most. */
function shortStates(states: string, widthMax: number): string {
  const words = printable(states, 400).split(" ")
  const order = [...words.keys()].toSorted(
    (one, other) => (words[other]?.length ?? 0) - (words[one]?.length ?? 0)
  )
  for (const at of order) {
    if (widthOf(words.join(" "), face) <= widthMax) break
    words[at] = (words[at] ?? "").replace(/^.*\.(?=.)/, "…")
  }
  return fitted(words.join(" "), widthMax)
}

/** The pill of a moment, cut to the width of a lane. */
export function pillOf(moment: Moment): Pill {
  const [all, room] = [pillText(moment), pillWidthMax - 14]
  const shown = moment.entry.kind === "turn" ? shortStates(all, room) : fitted(all, room)
  const moves = moment.entry.kind === "turn" ? movesText(moment.entry) : ""
  const whole = printable(moves === "" ? all : moves, 400)
  const width = shown === "" ? 8 : Math.ceil(widthOf(shown, face)) + 14
  return { text: shown, width, whole: shown === whole ? "" : whole }
}

const pillSvg = (pill: Pill, x: number, y: number): string => {
  if (pill.text === "") return `<circle class="dot" cx="${number(x)}" cy="${number(y)}" r="4"/>`
  const left = number(x - pill.width / 2)
  const top = number(y - size.pill / 2)
  const drawn =
    `<rect class="pill" x="${left}" y="${top}" width="${pill.width}" height="${size.pill}" ` +
    `rx="9"/>${text({ kind: "word", anchor: "middle" }, [x, y + 4], pill.text)}`
  return pill.whole === "" ? drawn : `<g><title>${escape(pill.whole)}</title>${drawn}</g>`
}

interface Drawing {
  readonly rowOf: (at: number) => number
  readonly width: number
  /** When the trace begins. */
  readonly startMs: number
}

/** From where it was sent to where it is served; one that did not wait goes straight across. */
function messageSvg({ moment, row }: Row, half: number, { rowOf }: Drawing): string {
  const { lane, source, since, at } = moment
  const [x, y] = [laneX(lane), middle(row)]
  const start = since >= at ? y : middle(rowOf(since)) - size.row / 2 - 6
  if (source === lane) {
    // A script's word to its own actor, or the actor's to itself: beside the lane.
    const out = x + half + 16
    const top = Math.min(start, y - 12)
    const way = `M${number(x)} ${number(top)}H${number(out)}V${number(y)}H${number(x + half + 1)}`
    return `<path class="way" d="${way}"/>${tip(x + half, y, false)}`
  }
  const isRight = source < lane
  const end = x + (isRight ? -half : half)
  const from = laneX(source)
  // Down only between lanes: in a lane pills would hide it, and beside its end its own name.
  const gap = (isRight ? 1 : -1) * (size.pitch / 2)
  // Several that wait at a time go down beside each other.
  const aside = ((at % 4) - 1.5) * 3
  const [top, foot] = [from + gap + aside, x - gap + aside]
  const down = start === y ? "" : `H${number(top)}L${number(foot)} ${number(y)}`
  const way = `M${number(from)} ${number(start)}${down}H${number(end)}`
  return `<path class="way" d="${way}"/>${tip(end, y, isRight)}`
}

function replySvg(row: Row, half: number, target: number): string {
  const { lane } = row.moment
  if (target === lane) return ""
  const isRight = target > lane
  const y = middle(row.row) + (half > 4 ? 6 : 8)
  const from = laneX(lane) + (isRight ? half : -half)
  const end = laneX(target)
  const way = `M${number(from)} ${number(y)}H${number(end)}`
  return `<g class="reply"><path class="way" d="${way}"/>${tip(end, y, isRight)}</g>`
}

/** A message's type, or what a violation says. */
export function said({ entry, lane }: Moment): string {
  if (entry.kind === "turn") return fitted(entry.message, size.pitch - 20)
  if (lane >= 0) return ""
  const words = entry.text === undefined ? entry.name : `${entry.name}: ${entry.text}`
  return entry.kind === "violation" ? `broken: ${words}` : words
}

/** Beside the lane, on the side that the message comes from. */
const saidSvg = ({ moment, row }: Row): string => {
  const { entry, lane, source } = moment
  if (entry.kind !== "turn") return ""
  // A word to itself comes in on the right, so that it is said on the left.
  const isLeft = source >= 0 && source <= lane
  const y = middle(row) - 13
  const written: Written = isLeft ? { kind: "said", anchor: "end" } : { kind: "said" }
  return text(written, [laneX(lane) + (isLeft ? -8 : 8), y], said(moment))
}

/** Since the trace began. */
export const timeText = (ms: number): string => `${(ms / 1000).toFixed(3)} s`

const gutterSvg = ({ moment, row }: Row, { startMs }: Drawing): string => {
  const y = middle(row) + 4
  const written = { kind: "faint", anchor: "end" } as const
  return (
    text(written, [44, y], `#${moment.at}`) +
    text(written, [size.gutter - 12, y], timeText(moment.entry.atMs - startMs))
  )
}

function violationSvg({ moment, row }: Row, { width }: Drawing): string {
  const y = middle(row) - 12
  const room = width - size.gutter - 2 * size.margin - 12
  const words = fitted(said(moment), room / 1.15)
  return (
    `<rect class="band" x="${size.gutter}" y="${y}" width="${width - size.gutter - size.margin}"` +
    ` height="24" rx="4"/>${text({ kind: "word" }, [size.gutter + 10, y + 16], words)}`
  )
}

const opening = ({ mark, at }: Moment): string =>
  `<g class="moment ${mark ?? ""}" data-step="${at}">`

/** Beneath all pills and words: arrows pass by other moments. */
function waysSvg(row: Row, drawing: Drawing): string {
  const { moment } = row
  const half = pillOf(moment).width / 2
  const ways = [
    moment.source < 0 ? "" : messageSvg(row, half, drawing),
    ...moment.answered.map((target) => replySvg(row, half, target))
  ].join("")
  return moment.lane < 0 || ways === "" ? "" : `${opening(moment)}${ways}</g>`
}

function wordsSvg(row: Row, drawing: Drawing): string {
  const { moment } = row
  const title = `<title>${escape(printable(sentenceOf(moment), 1000))}</title>`
  const start = `${opening(moment)}${title}${gutterSvg(row, drawing)}`
  if (moment.lane < 0) return `${start}${violationSvg(row, drawing)}</g>`
  const pill = pillSvg(pillOf(moment), laneX(moment.lane), middle(row.row))
  // The pill lies over the ground of the words above it.
  return `${start}${saidSvg(row)}${pill}</g>`
}

export interface SequenceOptions {
  readonly theme?: Theme
  /** Of the trace: what stands in the title. */
  readonly header: TraceHeader
}

const notesOf = ({ moments, total, lanesHidden }: Story, { omitted }: TraceHeader) => {
  const [first, last] = [moments[0], moments.at(-1)]
  const isPart = first !== undefined && last !== undefined && last.at - first.at + 1 < total
  return [
    moments.length === 0 ? "nothing happened here" : "",
    isPart ? `#${first.at} to #${last.at} of ${total} entries` : "",
    omitted === 0 ? "" : `${omitted} entries before the first were not kept`,
    lanesHidden === 0 ? "" : `${lanesHidden} quiet lanes are left out`
  ].filter((note) => note !== "")
}

/** Of more rows than a screen shows, the heads of the lanes stand at the end too. */
const headsAgainFrom = 16

/** The diagram as one SVG element. */
export function sequenceSvg(story: Story, { theme = "auto", header }: SequenceOptions): string {
  const { lanes, moments } = story
  const notes = notesOf(story, header)
  const width = Math.max(size.gutter + lanes.length * size.pitch + size.margin, 520)
  const end = size.head + moments.length * size.row + size.margin
  const isLong = moments.length >= headsAgainFrom
  const bottom = end + (isLong ? size.head : 0)
  const height = bottom + notes.length * 18 + (notes.length > 0 ? 8 : 0)
  const places = new Map(moments.map(({ at }, row) => [at, row]))
  const rows = moments.map((moment, row): Row => ({ moment, row }))
  const drawing: Drawing = { rowOf: (at) => places.get(at) ?? 0, width, startMs: story.startMs }
  const title = escape(printable(`Sequence by ${header.createdBy}`, 200))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="troupe-sequence" role="img" ` +
      `aria-label="${title}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${title}</title>`,
    `<style>${styleOf(theme)}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...lanes.map(
      (_, lane) =>
        `<path class="lane" d="M${laneX(lane)} ${size.head - 8}V${end - size.margin / 2}"/>`
    ),
    ...lanes.map((lane, place) => head(lane, place, 0)),
    ...(isLong ? lanes.map((lane, place) => head(lane, place, end - size.margin / 2)) : []),
    ...rows.map((row) => waysSvg(row, drawing)).filter((ways) => ways !== ""),
    ...rows.map((row) => wordsSvg(row, drawing)),
    ...notes.map((note, line) =>
      text({ kind: "faint" }, [size.margin, bottom + 14 + line * 18], note)
    ),
    "</svg>"
  ].join("\n")}\n`
}
