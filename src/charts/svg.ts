/**
 * A picture as SVG that stands by itself: no script, no font, no link; light or dark as the reader
 * has it. Colours are CSS variables (`--chart-ink` and so on), so that a page can give its own;
 * states bear `data-state`, arrows `data-taken`, so that it can mark them. The same picture gives
 * the same bytes.
 */
import type { Mark } from "./marks.ts"
import type { Picture, PictureArrow, PictureBox, Point, Rectangle } from "./picture.ts"
import { noteHeight, margin, swatchWidth } from "./picture.ts"
import { lineHeight, titleHeight } from "./scene.ts"
import { printable, printableWhole } from "./printable.ts"
import { type Face, type Line, lineFace, moreIndent, titleFace } from "./text.ts"
import { escapeXml as escape } from "./xml.ts"

const number = (value: number): string => String(Math.round(value * 10) / 10)

export const light = {
  paper: "#ffffff",
  ink: "#1f2937",
  faint: "#5b6675",
  box: "#ffffff",
  open: "#f4f7fb",
  deep: "#e9eff7",
  border: "#64748b",
  region: "#3b6fd4",
  arrow: "#2f7d4f",
  label: "#ffffff",
  edge: "#d5dce6",
  mark: "#dbe8ff",
  good: "#1a7f37",
  bad: "#c2303b",
  warn: "#b35900"
}

export const dark: typeof light = {
  paper: "#12161d",
  ink: "#e6eaf0",
  faint: "#a3adbb",
  box: "#1c222c",
  open: "#171c25",
  deep: "#1f2733",
  border: "#7d8a9c",
  region: "#6f9bf0",
  arrow: "#5fbf86",
  label: "#1a202a",
  edge: "#38424f",
  mark: "#23406f",
  good: "#56d364",
  bad: "#ff7b72",
  warn: "#f0a04b"
}

const variables = (colours: typeof light): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--chart-${name}:${colour}`)
    .join(";")

/** `auto` is the reader's. The others hold everywhere, and need no CSS variables. */
export type Theme = "auto" | "light" | "dark"

const font = 'font-family:Inter,"Segoe UI","Helvetica Neue",Arial,sans-serif'

/** `data-theme` on the drawing, or on what it stands in, is stronger than the reader's setting. */
export const themes: readonly string[] = [
  `.troupe-chart{${variables(light)}}`,
  `@media(prefers-color-scheme:dark){.troupe-chart{${variables(dark)}}}`,
  `.troupe-chart[data-theme=light],[data-theme=light] .troupe-chart{${variables(light)}}`,
  `.troupe-chart[data-theme=dark],[data-theme=dark] .troupe-chart{${variables(dark)}}`
]

const rules = [
  `.troupe-chart{${font}}`,
  ".troupe-chart text{fill:var(--chart-ink);direction:ltr;unicode-bidi:isolate}",
  `.troupe-chart .title{font-size:${titleFace.size}px;font-weight:600}`,
  `.troupe-chart .line{font-size:${lineFace.size}px;fill:var(--chart-faint)}`,
  `.troupe-chart .word{font-size:${lineFace.size}px}`,
  ".troupe-chart .paper{fill:var(--chart-paper)}",
  ".troupe-chart .state>.box{fill:var(--chart-box);stroke:var(--chart-border);stroke-width:1.3}",
  ".troupe-chart .open>.box{fill:var(--chart-open)}",
  ".troupe-chart .deep>.box{fill:var(--chart-deep)}",
  ".troupe-chart .region>.box{stroke:var(--chart-region);stroke-dasharray:5 3}",
  ".troupe-chart .active>.box{fill:var(--chart-mark);stroke:var(--chart-region);stroke-width:2.5}",
  ".troupe-chart .dot{fill:var(--chart-ink)}",
  ".troupe-chart .arrow>.way{fill:none;stroke:var(--chart-arrow);stroke-width:1.4}",
  ".troupe-chart .arrow>.tip{fill:var(--chart-arrow)}",
  ".troupe-chart .start>.way{stroke:var(--chart-ink)}",
  ".troupe-chart .start>.tip{fill:var(--chart-ink)}",
  ".troupe-chart .arrow>.label{fill:var(--chart-label);stroke:var(--chart-edge)}"
]

type Marking = "none" | "pointed" | "compared"

/** The colour of each mark, and whether its lines are broken. */
const looks: { readonly [mark in Mark]: readonly [string, string] } = {
  active: ["region", ""],
  hit: ["good", ""],
  never: ["warn", ";stroke-dasharray:6 3"],
  added: ["good", ""],
  removed: ["bad", ";stroke-dasharray:6 3"],
  changed: ["warn", ""]
}

/** Only in pictures that have marks. */
const markRules = Object.entries(looks).flatMap(([mark, [colour, dashes]]) => [
  `.troupe-chart .mark-${mark}>.box{stroke:var(--chart-${colour});stroke-width:2.2${dashes}}`,
  `.troupe-chart .mark-${mark}>.way{stroke:var(--chart-${colour});stroke-width:1.8${dashes}}`,
  `.troupe-chart .mark-${mark}>.tip{fill:var(--chart-${colour})}`,
  `.troupe-chart text.mark-${mark}{fill:var(--chart-${colour})}`,
  `.troupe-chart .swatch.mark-${mark}{stroke:var(--chart-${colour})${dashes}}`
])

const commonMarkRules = [
  ".troupe-chart .mark-active>.box{fill:var(--chart-mark);stroke-width:2.5}",
  ".troupe-chart .swatch{fill:none;stroke-width:2.2}"
]

/** Where colours compare, what is not compared has none. */
const quiet = [
  ".troupe-chart .arrow>.way{fill:none;stroke:var(--chart-faint);stroke-width:1.2}",
  ".troupe-chart .arrow>.tip{fill:var(--chart-faint)}"
]

const rulesOf = (marking: Marking): readonly string[] => {
  if (marking === "none") return rules
  return [...rules, ...(marking === "compared" ? quiet : []), ...markRules, ...commonMarkRules]
}

const styleOf = (theme: Theme, marking: Marking): string =>
  theme === "auto"
    ? [...themes, ...rulesOf(marking)].join("\n")
    : fixed(theme === "light" ? light : dark, marking)

/** The rules with the colours themselves: programs that draw SVG often know no variables. */
function fixed(colours: typeof light, marking: Marking): string {
  const byName: { readonly [name: string]: string } = colours
  return rulesOf(marking)
    .join("\n")
    .replace(/var\(--chart-(\w+)\)/g, (_, name: string) => byName[name] ?? "")
}

/** Where letters stand in a line of this height: on its lower third. */
const baseline = (height: number, face: Face): number => height / 2 + face.size * 0.36

interface Ink {
  readonly lines: readonly Line[]
  readonly kind: "title" | "line" | "word"
  readonly height: number
  readonly face: Face
}

const markClass = (mark: Mark | undefined): string => (mark === undefined ? "" : ` mark-${mark}`)

function textLines({ lines, kind, height, face }: Ink, x: number, y: number): readonly string[] {
  return lines.map(({ text, isMore, mark }, at) => {
    const left = number(x + (isMore && kind !== "title" ? moreIndent : 0))
    const base = number(y + at * height + baseline(height, face))
    return `<text class="${kind}${markClass(mark)}" x="${left}" y="${base}">${escape(text)}</text>`
  })
}

const title = (lines: readonly Line[]): Ink => ({
  lines,
  kind: "title",
  height: titleHeight,
  face: titleFace
})

const words = (lines: readonly Line[], kind: "line" | "word"): Ink => ({
  lines,
  kind,
  height: lineHeight,
  face: lineFace
})

const centred = (line: Line, x: number, y: number): string =>
  `<text class="title" x="${number(x)}" y="${number(y + baseline(titleHeight, titleFace))}" ` +
  `text-anchor="middle">${escape(line.text)}</text>`

const frame = ({ x, y, width, height }: Rectangle, kind: string, radius: number): string =>
  `<rect class="${kind}" x="${number(x)}" y="${number(y)}" width="${number(width)}" ` +
  `height="${number(height)}" rx="${radius}"/>`

const grown = ({ x, y, width, height }: Rectangle, by: number): Rectangle => ({
  x: x - by,
  y: y - by,
  width: width + 2 * by,
  height: height + 2 * by
})

const circle = (box: PictureBox, kind: string): string =>
  `<circle class="${kind}" cx="${number(box.x + box.width / 2)}" ` +
  `cy="${number(box.y + box.height / 2)}" r="${number(box.width / 2)}"/>`

/** Shapes of a box that are its own kind's: a dot, a letter in a circle, a doubled border. */
function shapesOf(box: PictureBox): readonly string[] {
  if (box.type === "start") return [circle(box, "dot")]
  if (box.type === "history") return [circle(box, "box")]
  const outer = frame(box, "box", 7)
  return box.type === "final" ? [outer, frame(grown(box, -3), "box", 5)] : [outer]
}

const kindsOf = (box: PictureBox): string =>
  [
    "state",
    box.isOpen ? "open" : "",
    box.isOpen && box.depth % 2 === 0 && box.depth > 0 ? "deep" : "",
    box.isRegion ? "region" : ""
  ]
    .filter((kind) => kind !== "")
    .join(" ")

function boxText(box: PictureBox): readonly string[] {
  const { text, lines } = box
  const below = text.y + box.title.length * titleHeight
  if (!box.isOpen) {
    const middle = box.x + box.width / 2
    const top = box.type === "history" ? box.y + (box.height - titleHeight) / 2 : text.y
    return [
      ...box.title.map((line, at) => centred(line, middle, top + at * titleHeight)),
      ...textLines(words(lines, "line"), text.x, below)
    ]
  }
  return [
    ...textLines(title(box.title), text.x, text.y),
    ...textLines(words(lines, "line"), text.x, below)
  ]
}

/** A name as a title and an attribute have it: longer than what is drawn, and bounded too. */
const named = (id: string): string => escape(printable(id, 500))

/** What a reader is told who rests on it: all that the lines have no room for. */
const wholeText = ({ whole = [] }: { readonly whole?: readonly string[] }): string =>
  escape(whole.map((text) => `${printableWhole(text)}\n`).join(""))

const boxSvg = (box: PictureBox): string =>
  box.type === "start"
    ? `<g>${circle(box, "dot")}</g>`
    : [
        `<g class="${kindsOf(box)}${markClass(box.mark)}" data-state="${named(box.id)}">`,
        `<title>${[named(box.id), wholeText(box).trimEnd()].join("\n").trimEnd()}</title>`,
        ...shapesOf(box),
        ...boxText(box),
        "</g>"
      ].join("")

const cornerRadius = 6

const towards = (from: Point, to: Point, distance: number): Point => {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const share = length === 0 ? 0 : Math.min(1, distance / length)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

const pair = ({ x, y }: Point): string => `${number(x)} ${number(y)}`

/** A line through the points, its corners rounded. */
function wayOf(points: readonly Point[]): string {
  const [first = { x: 0, y: 0 }, ...others] = points
  const parts = others.map((point, at) => {
    const [before = first, after] = [points[at], points[at + 2]]
    if (after === undefined) return `L${pair(point)}`
    const room = (other: Point) => Math.hypot(other.x - point.x, other.y - point.y) / 2
    const radius = Math.min(cornerRadius, room(before), room(after))
    const [start, end] = [towards(point, before, radius), towards(point, after, radius)]
    return `L${pair(start)}Q${pair(point)} ${pair(end)}`
  })
  return `M${pair(first)}${parts.join("")}`
}

const tipLength = 7
const tipHalf = 3.6

/** The head of the arrow: a triangle whose point touches the box. */
function tipOf(points: readonly Point[]): string {
  const [end, before] = [points.at(-1), points.at(-2)]
  if (end === undefined || before === undefined) return ""
  const base = towards(end, before, tipLength)
  const length = Math.hypot(end.x - base.x, end.y - base.y) || 1
  const side = {
    x: ((end.y - base.y) / length) * tipHalf,
    y: ((base.x - end.x) / length) * tipHalf
  }
  const [left, right] = [
    { x: base.x + side.x, y: base.y + side.y },
    { x: base.x - side.x, y: base.y - side.y }
  ]
  return `<path class="tip" d="M${pair(end)}L${pair(left)}L${pair(right)}Z"/>`
}

const takenOf = ({ taken }: PictureArrow): string =>
  taken.map(({ state, at }) => `${named(state)}#${at}`).join(" ")

const told = (arrow: PictureArrow): string =>
  arrow.whole === undefined ? "" : `<title>${wholeText(arrow).trimEnd()}</title>`

const arrowSvg = (arrow: PictureArrow): string => {
  const kind = arrow.taken.length === 0 ? "arrow start" : `arrow${markClass(arrow.mark)}`
  const way = `<path class="way" d="${wayOf(arrow.points)}"/>`
  const inside = `${told(arrow)}${way}${tipOf(arrow.points)}`
  return `<g class="${kind}" data-taken="${takenOf(arrow)}">${inside}</g>`
}

const labelSvg = (arrow: PictureArrow): string => {
  const { label, lines } = arrow
  if (label === undefined) return ""
  const text = textLines(words(lines, "word"), label.x + 6, label.y + 3)
  const attributes = `class="arrow" data-taken="${takenOf(arrow)}"`
  return [`<g ${attributes}>`, told(arrow), frame(label, "label", 4), ...text, "</g>"].join("")
}

/** One line of the legend: a spot of the mark's colour, and what it means. */
function legendSvg(picture: Picture, top: number): readonly string[] {
  return (picture.legend ?? []).map(({ text, mark }, at) => {
    const y = top + at * noteHeight
    const spot = `<rect class="swatch${markClass(mark)}" x="${margin}" y="${number(y + 4)}" `
    const base = number(y + baseline(noteHeight, lineFace))
    const words = escape(printable(text))
    return (
      `<g>${spot}width="13" height="10" rx="3"/>` +
      `<text class="line" x="${margin + swatchWidth}" y="${base}">${words}</text></g>`
    )
  })
}

/** Which rules it needs: a legend says that its marks compare. */
function markingOf({ boxes, legend = [] }: Picture): Marking {
  if (legend.length > 0) return "compared"
  return boxes.some(({ mark }) => mark !== undefined) ? "pointed" : "none"
}

/** The picture as one SVG element. */
export function svg(picture: Picture, theme: Theme = "auto"): string {
  const { width, height, boxes, arrows, notes, legend = [] } = picture
  const legendTop = height - legend.length * noteHeight - margin / 2
  const noteTop = legendTop - notes.length * noteHeight
  const noted = notes.map((text) => ({ text, isMore: false }))
  const name = escape(printable(picture.id, 200))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="troupe-chart" role="img" ` +
      `aria-label="Statechart ${name}" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}">`,
    `<title>${name}</title>`,
    `<style>${styleOf(theme, markingOf(picture))}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...boxes.map(boxSvg),
    ...arrows.map(arrowSvg),
    ...arrows.map(labelSvg).filter((text) => text !== ""),
    ...textLines({ ...words(noted, "line"), height: noteHeight }, margin, noteTop),
    ...legendSvg(picture, legendTop),
    "</svg>"
  ].join("\n")}\n`
}
