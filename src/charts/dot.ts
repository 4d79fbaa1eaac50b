/**
 * A chart as Graphviz' dot: boxes are clusters, so `dot -Tsvg` draws nested and parallel states.
 *
 * Gotcha: dot knows no arrows between clusters. They are drawn between nodes inside and cut at the
 * cluster's border by `lhead` and `ltail`, which need `compound=true`; and circles of clusters are
 * ranked by `newrank=true` only.
 */
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { type Arrow, type Drawing, drawingOf } from "./drawing.ts"
import { isPlain, plainIds } from "./plain-ids.ts"
import { printableWhole, shownName } from "./printable.ts"

/** Quoted, lines ended by `\l`, which sets them flush left. */
const label = (lines: readonly string[]): string => {
  const quoted = lines.map((line) => printableWhole(line).replace(/[\\"]/g, "\\$&"))
  return quoted.length === 1 ? `"${quoted[0]}"` : `"${quoted.map((line) => `${line}\\l`).join("")}"`
}

const quote = (id: string): string => `"${id.replace(/[\\"]/g, "\\$&")}"`

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

interface Pen {
  readonly drawing: Drawing
  readonly stateOf: (id: string) => ChartState | undefined
  /** What a state is called in the file. */
  readonly name: (id: string) => string
}

const nodeOf = (pen: Pen, id: string): string => quote(pen.name(id))
const startOf = (pen: Pen, id: string): string => quote(`${pen.name(id)} (start)`)
const anyOf = (pen: Pen, id: string): string => quote(`${pen.name(id)} (any)`)
const clusterOf = (pen: Pen, id: string): string => quote(`cluster ${pen.name(id)}`)

/** A node within the state, at which an arrow to its box can end. */
const anchorOf = (pen: Pen, state: ChartState): string => {
  const first = state.states.find(({ id }) => id === state.initial) ?? state.states[0]
  return first === undefined ? nodeOf(pen, state.id) : anchorOf(pen, first)
}

/** The node for a state in an arrow, and the box at whose border the arrow is cut. */
const endOf = (pen: Pen, id: string, cut: "lhead" | "ltail"): { node: string; cut: string } => {
  const state = pen.stateOf(id)
  if (state === undefined || state.states.length === 0) return { node: nodeOf(pen, id), cut: "" }
  return { node: anchorOf(pen, state), cut: `, ${cut}=${clusterOf(pen, id)}` }
}

const arrowLine = (pen: Pen, { within, from, to, texts }: Arrow): string => {
  const start =
    typeof from === "string" ? endOf(pen, from, "ltail") : { node: anyOf(pen, within), cut: "" }
  const end = endOf(pen, to, "lhead")
  return `${start.node} -> ${end.node} [label=${label(texts)}${start.cut}${end.cut}]`
}

const leaf = (pen: Pen, state: ChartState, lines: readonly string[]): string => {
  const shape = state.type === "final" ? ", peripheries=2" : ""
  const name = shownName(state.key)
  const key = state.type === "history" ? `${name} (history)` : name
  return `${nodeOf(pen, state.id)} [label=${label([key, ...lines])}${shape}]`
}

const isAny = ({ from }: Arrow): boolean => typeof from !== "string"

const arrowsIn = (pen: Pen, state: ChartState): readonly Arrow[] =>
  pen.drawing.arrows.filter(({ within }) => within === state.id)

/**
 * The nodes and boxes of a state. Arrows come after all of them: a node joins a box by being named.
 */
function nodesOf(pen: Pen, state: ChartState): readonly string[] {
  const lines = pen.drawing.lines.get(state.id) ?? []
  if (state.states.length === 0) return [leaf(pen, state, lines)]
  const isAnyUsed = arrowsIn(pen, state).some(isAny)
  const inside = [
    `label=${label([shownName(state.key), ...lines])}`,
    ...(state.initial === undefined ? [] : [`${startOf(pen, state.id)} [shape=point, width=0.12]`]),
    ...state.states.flatMap((child) => nodesOf(pen, child)),
    ...(isAnyUsed ? [`${anyOf(pen, state.id)} [label="any state", style=dashed]`] : [])
  ]
  return [`subgraph ${clusterOf(pen, state.id)} {`, ...indent(inside), "}"]
}

const edgesOf = (pen: Pen, state: ChartState): readonly string[] => {
  const first = state.initial === undefined ? undefined : endOf(pen, state.initial, "lhead")
  return [
    ...(first === undefined
      ? []
      : [`${startOf(pen, state.id)} -> ${first.node} [label=""${first.cut}]`]),
    ...arrowsIn(pen, state).map((arrow) => arrowLine(pen, arrow))
  ]
}

/** The chart as one digraph. */
export function dot(chart: Chart): string {
  const all = statesWithin(chart.root)
  const states = new Map(all.map((state) => [state.id, state]))
  const name = plainIds(chart)
  const pen: Pen = { drawing: drawingOf(chart), stateOf: (id) => states.get(id), name }
  const lines = [
    "compound=true",
    "newrank=true",
    'graph [fontname="sans-serif", style=rounded, labeljust=l]',
    'node [fontname="sans-serif", shape=box, style=rounded]',
    'edge [fontname="sans-serif", fontsize=11]',
    ...nodesOf(pen, chart.root),
    ...all.flatMap((state) => edgesOf(pen, state))
  ]
  const id = isPlain(chart.id) ? chart.id : "chart"
  return `${[`digraph ${quote(id)} {`, ...indent(lines), "}"].join("\n")}\n`
}
