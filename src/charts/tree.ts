/**
 * A chart for a terminal: states as an indented tree in Unicode, each with what it does and its
 * transitions. It fits where the boxes of boxes.ts are wider than a terminal, and needs no layout.
 * Names are text: nothing in them reaches the terminal as a command. Knows no terminal: colours
 * are given.
 */
import type { Chart, ChartState } from "./chart.ts"
import { type Keyed, type Mark, type Marked, type Marks, noMarks, type Text } from "./marks.ts"
import { titleText, transitionTexts } from "./marks.ts"
import { keyed, ownLines } from "./scene.ts"
import { printable, printableWhole, shownName } from "./printable.ts"
import { columnsOf } from "./text.ts"

export interface TreeOptions {
  /** How wide it may be, by default 100; at least 40. */
  readonly columns?: number
  readonly marks?: Marks
  /** Gives a text its colour. By default none has one. */
  readonly paint?: (look: Mark | "name" | "faint", text: string) => string
}

const columnsMin = 40
const columnsUsual = 100

/** As many of the characters as fit. */
function fitting(text: string, columns: number): string {
  let [end, used] = [0, 0]
  for (const character of text) {
    used += columnsOf(character)
    if (used > columns) break
    end += character.length
  }
  return text.slice(0, Math.max(end, 1))
}

/** The text in lines that fit, broken at blanks where there are any. */
function broken(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let rest = text
  while (columnsOf(rest) > columns) {
    const whole = fitting(rest, columns)
    const blank = whole.lastIndexOf(" ")
    const piece = blank > whole.length / 3 ? whole.slice(0, blank) : whole
    lines.push(piece)
    rest = rest.slice(piece.length).trimStart()
  }
  return [...lines, rest]
}

interface Pen {
  readonly columns: number
  readonly marks: Marks
  readonly paint: NonNullable<TreeOptions["paint"]>
}

/** Where a transition leads, seen from its state: a sibling by its key, others by their ids. */
function targetText(state: ChartState, targets: readonly string[]): string {
  const home = state.id.split(".").slice(0, -1).join(".")
  const near = (id: string) => {
    const isSibling = id.split(".").slice(0, -1).join(".") === home
    return shownName(isSibling ? (id.split(".").at(-1) ?? id) : id, 80)
  }
  return targets.map(near).join(" and ")
}

/** Transitions to the same place stand together, in the order of the first of each. */
function ways(state: ChartState, marks: Marks): readonly Text[] {
  const groups = new Map<string, Keyed[]>()
  for (const one of keyed(state)) {
    const name = targetText(state, one.transition.targets)
    groups.set(name, [...(groups.get(name) ?? []), one])
  }
  return [...groups].flatMap(([name, all]) =>
    transitionTexts(all, marks).map(({ text, mark }) => {
      const isBefore = text.startsWith("   was ")
      const shown = printableWhole(text)
      const line = isBefore ? `    ${shown}` : name === "" ? shown : `${shown} → ${name}`
      return mark === undefined ? { text: line } : { text: line, mark }
    })
  )
}

const kinds: { readonly [type in ChartState["type"]]: string } = {
  atomic: "",
  compound: "",
  parallel: "all at once",
  final: "final",
  history: "history"
}

interface Branch {
  /** Drawn before the state's title, and before all that is below it. */
  readonly bars: string
  readonly below: string
  readonly isFirst: boolean
}

function titleOf(pen: Pen, state: ChartState, { bars, isFirst }: Branch): string {
  const marked: Marked | undefined = pen.marks.states.get(state.id)
  const kind = state.history === "deep" ? "deep history" : kinds[state.type]
  const more = kind === "" ? "" : ` (${kind})`
  const spot = isFirst ? "● " : ""
  const beside = columnsOf(`${bars}${spot}${titleText("", marked)} ${more}`)
  const room = Math.max(8, pen.columns - beside)
  const whole = shownName(state.key, 80)
  const key = columnsOf(whole) > room ? `${fitting(whole, room - 1)}…` : whole
  const name = titleText(key, marked)
  const painted = pen.paint(marked?.mark ?? "name", name)
  return `${spot}${painted}${more === "" ? "" : pen.paint("faint", more)}`
}

function textLines(pen: Pen, texts: readonly Text[], bars: string): readonly string[] {
  return texts.flatMap(({ text, mark }) => {
    const room = Math.max(8, pen.columns - columnsOf(bars) - 2)
    return broken(text, room).map((line, at) => {
      const shown = mark === undefined ? line : pen.paint(mark, line)
      return `${pen.paint("faint", bars)}${at === 0 ? "" : "  "}${shown}`
    })
  })
}

/** Deeper states are not set in further: what is left would be too narrow to read. */
const indentMax = 24

function stateLinesOf(pen: Pen, state: ChartState, branch: Branch): string[] {
  const { bars, below } = branch
  const hasStates = state.states.length > 0
  const inner = `${below}${hasStates ? "│ " : "  "}`
  const own: readonly Text[] =
    pen.marks.lines?.get(state.id) ?? ownLines(state).map((text) => ({ text }))
  const shown = own.map(({ text, ...mark }) => ({ text: printableWhole(text), ...mark }))
  const lines = [
    `${pen.paint("faint", bars)}${titleOf(pen, state, branch)}`,
    ...textLines(pen, shown, `${inner}  `),
    ...textLines(pen, ways(state, pen.marks), `${inner}  `)
  ]
  for (const [at, child] of state.states.entries()) {
    const isLast = at === state.states.length - 1
    const isDeep = columnsOf(below) >= Math.min(indentMax, pen.columns / 3)
    const [bar, more] = isLast ? ["└─ ", "   "] : ["├─ ", "│  "]
    const inside = {
      bars: `${below}${bar}`,
      below: isDeep ? below : `${below}${more}`,
      isFirst: child.id === state.initial
    }
    lines.push(...stateLinesOf(pen, child, inside))
  }
  return lines
}

/** The chart as lines of text, ended by a newline. `●` is where a state begins. */
export function tree(chart: Chart, options: TreeOptions = {}): string {
  const pen: Pen = {
    columns: Math.max(columnsMin, options.columns ?? columnsUsual),
    marks: options.marks ?? noMarks,
    paint: options.paint ?? ((_, text) => text)
  }
  const root = { ...chart.root, key: chart.id }
  const lines = stateLinesOf(pen, root, { bars: "", below: "", isFirst: false })
  const legend = pen.marks.legend.flatMap(({ text, mark }) =>
    broken(printable(text), pen.columns).map((line) => pen.paint(mark ?? "faint", line))
  )
  return `${[...lines, ...(legend.length === 0 ? [] : ["", ...legend])].join("\n")}\n`
}
