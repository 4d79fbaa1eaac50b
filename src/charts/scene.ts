/**
 * What stands in a picture of a chart and how large it is, before anything has a place: boxes
 * within boxes, arrows between them, their texts in lines. Pure: the same chart gives the same
 * scene, and a layout is made for a scene and nothing else.
 */
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { stateLines } from "./label.ts"
import {
  commonMark,
  type Keyed,
  type Mark,
  type Marks,
  noMarks,
  type Text,
  titleText,
  transitionKey,
  transitionTexts
} from "./marks.ts"
import { printable, printableWhole, shownName } from "./printable.ts"
import { type Line, lineFace, titleFace, widthOf, widthOfLines, wrap } from "./text.ts"

/** One of a state's transitions, by its place among them. */
export interface Taken {
  readonly state: string
  readonly at: number
}

export interface SceneBox {
  /** The state's id; of a start's dot, that of its state and ` (start)`. */
  readonly id: string
  readonly type: ChartState["type"] | "start"
  readonly isRegion: boolean
  readonly title: readonly Line[]
  readonly lines: readonly Line[]
  /** What the texts need, in px; of a box with others in it, its head alone. */
  readonly width: number
  readonly height: number
  /** How many states are in it that are not drawn; 0 for a box that shows all that it has. */
  readonly hidden: number
  /** All that is to be said where the lines have not all of it. */
  readonly whole?: readonly string[]
  readonly mark?: Mark
  readonly boxes: readonly SceneBox[]
}

export interface SceneArrow {
  readonly from: string
  readonly to: string
  readonly lines: readonly Line[]
  /** Of the label; 0 where there is none. */
  readonly width: number
  readonly height: number
  /** The transitions that go this way; none for the arrow of a start's dot. */
  readonly taken: readonly Taken[]
  /** As of a box. */
  readonly whole?: readonly string[]
  readonly mark?: Mark
}

export interface Scene {
  readonly id: string
  readonly root: SceneBox
  readonly arrows: readonly SceneArrow[]
  /** Sentences for the reader: what is not drawn. */
  readonly notes: readonly string[]
  /** What the marks mean, if there are any. */
  readonly legend?: readonly Text[]
}

export const titleHeight = 17
export const lineHeight = 14
const titleWidthMax = 190
const lineWidthMax = 250
const labelWidthMax = 230
const titleLengthMax = 80

/** Events of one text beyond this many characters are counted; the whole is in the SVG's titles. */
const eventsLengthMax = 240

/** Transitions beyond this many lines are counted too. */
const textsMax = 30
const dotSize = 10
const historySize = 26

/** An arrow's head is 7 px wide: nearer ones at a border could not be told apart. */
const arrowGap = 10

/** What is kept free around a box's texts and a label's, in px. */
export const boxMargin = { x: 12, y: 7 } as const
export const labelMargin = { x: 6, y: 3 } as const

/** States beyond this many are not drawn: boxes are closed until few enough are left. */
export const statesMax = 150

/** Boxes within boxes as the layout sees them, parents first. */
export const boxesWithin = (box: SceneBox): readonly SceneBox[] => [
  box,
  ...box.boxes.flatMap(boxesWithin)
]

const broken = (texts: readonly Text[], widthMax: number): readonly Line[] =>
  texts.flatMap(({ text, mark }) => {
    const lines = wrap(printableWhole(text), lineFace, widthMax)
    return mark === undefined ? lines : lines.map((line) => ({ ...line, mark }))
  })

/** The smallest of the outermost boxes that still has as many as must go, else the largest. */
function nextToClose(open: readonly ChartState[], excess: number): ChartState | undefined {
  const sized = open
    .map((state) => ({ state, size: statesWithin(state).length - 1 }))
    .sort((one, other) => one.size - other.size)
  return (sized.find(({ size }) => size >= excess) ?? sized.at(-1))?.state
}

/** The boxes to close so that at most `max` states are drawn. The root stays open. */
function closedOf(root: ChartState, max: number): ReadonlySet<string> {
  const closed = new Set<string>()
  const shown = (state: ChartState): readonly ChartState[] =>
    closed.has(state.id) ? [state] : [state, ...state.states.flatMap(shown)]
  for (;;) {
    const drawn = shown(root)
    const open = drawn.filter(
      ({ id, states }) => id !== root.id && states.length > 0 && !closed.has(id)
    )
    const next = nextToClose(open, drawn.length - max)
    if (drawn.length <= max || next === undefined) return closed
    closed.add(next.id)
  }
}

interface Maker {
  readonly closed: ReadonlySet<string>
  /** The box in which a state is drawn: its own, or the closed one around it. */
  readonly shownAs: ReadonlyMap<string, string>
  readonly marks: Marks
  /** How many arrows begin or end at each box. */
  readonly ends: ReadonlyMap<string, number>
}

const dotOf = (state: ChartState): SceneBox => ({
  id: `${state.id} (start)`,
  type: "start",
  isRegion: false,
  title: [],
  lines: [],
  width: dotSize,
  height: dotSize,
  hidden: 0,
  boxes: []
})

const metaLines = ({ meta }: ChartState): readonly string[] => {
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) return []
  return Object.entries(meta).flatMap(([key, value]) =>
    typeof value === "object" ? [] : [`${printable(key)}: ${printable(String(value))}`]
  )
}

/** What stands in a state's box of itself: what it does, and what it bears. */
export const ownLines = (state: ChartState): readonly string[] => [
  ...stateLines(state),
  ...metaLines(state)
]

interface Words {
  readonly texts: readonly Text[]
  readonly whole?: readonly string[]
}

/** The transitions in words, as many as have room, and all of them where that is not all. */
function wordsOf(transitions: readonly Keyed[], marks: Marks): Words {
  const all = transitionTexts(transitions, marks)
  const short = transitionTexts(transitions, marks, eventsLengthMax)
  const rest = short.length - textsMax
  const texts = rest > 1 ? [...short.slice(0, textsMax), { text: `and ${rest} more` }] : short
  const isWhole =
    texts.length === all.length && texts.every(({ text }, at) => text === all[at]?.text)
  return { texts, ...(isWhole ? {} : { whole: all.map(({ text }) => text) }) }
}

/** Transitions that lead nowhere are lines in the state's box. */
function textsOf(state: ChartState, marks: Marks): Words {
  const own = marks.lines?.get(state.id) ?? ownLines(state).map((text) => ({ text }))
  const nowhere = keyed(state).filter(({ transition }) => transition.targets.length === 0)
  const { texts, ...whole } = wordsOf(nowhere, marks)
  return { texts: [...own, ...texts], ...whole }
}

/** A state's transitions with their names. */
export const keyed = (state: ChartState): readonly Keyed[] =>
  state.transitions.map((transition, at) => ({ key: transitionKey(state.id, at), transition }))

const headHeight = (title: readonly Line[], lines: readonly Line[]): number =>
  title.length * titleHeight + lines.length * lineHeight + 2 * boxMargin.y

function boxOf(maker: Maker, state: ChartState, isRegion: boolean): SceneBox {
  const isClosed = maker.closed.has(state.id)
  const hidden = isClosed ? statesWithin(state).length - 1 : 0
  const note = hidden === 0 ? [] : [{ text: `${hidden} states inside, not drawn` }]
  const marked = maker.marks.states.get(state.id)
  const name = titleText(shownName(state.key, titleLengthMax), marked)
  const title = wrap(name, titleFace, titleWidthMax)
  const { texts, ...whole } = textsOf(state, maker.marks)
  const lines = broken([...texts, ...note], lineWidthMax)
  const text = Math.max(widthOfLines(title, titleFace), widthOfLines(lines, lineFace))
  // All of them may come to lie on one side.
  const ends = state.states.length === 0 || isClosed ? (maker.ends.get(state.id) ?? 0) : 0
  const isHistory = state.type === "history"
  const shown = isClosed ? [] : state.states
  const dot = shown.some(({ id }) => id === state.initial) ? [dotOf(state)] : []
  return {
    id: state.id,
    type: state.type,
    isRegion,
    title: isHistory ? [{ text: state.history === "deep" ? "H*" : "H", isMore: false }] : title,
    lines: isHistory ? [] : lines,
    width: isHistory
      ? historySize
      : Math.ceil(Math.max(text + 2 * boxMargin.x, 48, (ends + 1) * arrowGap)),
    height: isHistory ? historySize : headHeight(title, lines),
    hidden,
    ...(isHistory ? {} : whole),
    ...(marked === undefined ? {} : { mark: marked.mark }),
    boxes: [...dot, ...shown.map((child) => boxOf(maker, child, state.type === "parallel"))]
  }
}

interface Way {
  readonly from: string
  readonly to: string
  readonly transitions: Keyed[]
  readonly taken: Taken[]
}

/** Transitions between the same two boxes are one arrow. Ways within a closed box are not drawn. */
function waysOf(
  { closed, shownAs }: Pick<Maker, "closed" | "shownAs">,
  states: readonly ChartState[]
): readonly Way[] {
  const ways = new Map<string, Way>()
  for (const state of states) {
    const from = shownAs.get(state.id) ?? state.id
    for (const [at, one] of keyed(state).entries()) {
      for (const target of one.transition.targets) {
        const to = shownAs.get(target) ?? target
        if (from === to && closed.has(from)) continue
        const key = JSON.stringify([from, to])
        const way = ways.get(key) ?? { from, to, transitions: [], taken: [] }
        way.transitions.push(one)
        way.taken.push({ state: state.id, at })
        ways.set(key, way)
      }
    }
  }
  return [...ways.values()]
}

/** Arrows from a state to itself lie at its side, where there is room. */
function endsOf(ways: readonly Way[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>()
  for (const { from, to } of ways)
    if (from !== to) for (const id of [from, to]) ends.set(id, (ends.get(id) ?? 0) + 1)
  return ends
}

function arrowOf(way: Way, isBare: boolean, marks: Marks): SceneArrow {
  const { from, to, transitions, taken } = way
  const { texts, ...whole } = wordsOf(transitions, marks)
  const lines = isBare ? [] : broken(texts, labelWidthMax)
  const keys = transitions.map(({ key }) => key)
  const mark = commonMark(keys, marks)
  const isEmpty = lines.length === 0
  return {
    from,
    to,
    lines,
    width: isEmpty ? 0 : Math.ceil(widthOfLines(lines, lineFace) + 2 * labelMargin.x),
    height: isEmpty ? 0 : lines.length * lineHeight + 2 * labelMargin.y,
    taken,
    ...(isBare ? {} : whole),
    ...(mark === undefined ? {} : { mark })
  }
}

const startArrow = (state: ChartState, initial: string): SceneArrow => ({
  from: `${state.id} (start)`,
  to: initial,
  lines: [],
  width: 0,
  height: 0,
  taken: []
})

/** What is to be drawn of the chart; of one with more than `max` states, some boxes closed. */
export function sceneOf(chart: Chart, max = statesMax, marks: Marks = noMarks): Scene {
  const { root } = chart
  const states = statesWithin(root)
  const closed = closedOf(root, max)
  const shownAs = new Map<string, string>()
  const show = (state: ChartState, box: string | undefined): void => {
    shownAs.set(state.id, box ?? state.id)
    const inside = box ?? (closed.has(state.id) ? state.id : undefined)
    for (const child of state.states) show(child, inside)
  }
  show(root, undefined)
  const ways = waysOf({ closed, shownAs }, states)
  const maker: Maker = { closed, shownAs, marks, ends: endsOf(ways) }
  const histories = new Set(states.filter(({ type }) => type === "history").map(({ id }) => id))
  const starts = states.flatMap((state) =>
    state.initial === undefined || closed.has(state.id) || shownAs.get(state.id) !== state.id
      ? []
      : [startArrow(state, state.initial)]
  )
  const notes =
    closed.size === 0
      ? []
      : [`Closed for want of room: ${[...closed].map((id) => printable(id, 60)).join(", ")}.`]
  return {
    id: chart.id,
    root: boxOf(maker, { ...root, key: chart.id }, false),
    arrows: [...starts, ...ways.map((way) => arrowOf(way, histories.has(way.from), marks))],
    notes: notes.map((note) => printable(note)),
    ...(marks.legend.length === 0 ? {} : { legend: marks.legend })
  }
}

/** The width of a note's text, in px. */
export const noteWidth = (note: string): number => widthOf(note, lineFace)
