/**
 * A chart as Graphviz' dot: boxes are clusters, so `dot -Tsvg` draws nested and parallel states.
 *
 * Gotcha: dot knows no arrows between clusters. They are drawn between nodes inside and cut at the
 * cluster's border by `lhead` and `ltail`, which need `compound=true`; and circles of clusters are
 * ranked by `newrank=true` only.
 */
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { type Arrow, type Drawing, drawingOf } from "./drawing.ts"

/** Quoted, lines ended by `\l`, which sets them flush left. */
const label = (lines: readonly string[]): string => {
  const quoted = lines.map((line) => line.replace(/[\\"]/g, "\\$&").replace(/\s+/g, " "))
  return quoted.length === 1 ? `"${quoted[0]}"` : `"${quoted.map((line) => `${line}\\l`).join("")}"`
}

const quote = (id: string): string => `"${id.replace(/[\\"]/g, "\\$&")}"`

const startOf = (id: string): string => quote(`${id} (start)`)
const anyOf = (id: string): string => quote(`${id} (any)`)
const clusterOf = (id: string): string => quote(`cluster ${id}`)

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

/** A node within the state, at which an arrow to its box can end. */
const anchorOf = (state: ChartState): string => {
  const first = state.states.find(({ id }) => id === state.initial) ?? state.states[0]
  return first === undefined ? quote(state.id) : anchorOf(first)
}

interface Pen {
  readonly drawing: Drawing
  readonly stateOf: (id: string) => ChartState | undefined
}

/** The node for a state in an arrow, and the box at whose border the arrow is cut. */
const endOf = (pen: Pen, id: string, cut: "lhead" | "ltail"): { node: string; cut: string } => {
  const state = pen.stateOf(id)
  if (state === undefined || state.states.length === 0) return { node: quote(id), cut: "" }
  return { node: anchorOf(state), cut: `, ${cut}=${clusterOf(id)}` }
}

const arrowLine = (pen: Pen, { within, from, to, texts }: Arrow): string => {
  const start =
    typeof from === "string" ? endOf(pen, from, "ltail") : { node: anyOf(within), cut: "" }
  const end = endOf(pen, to, "lhead")
  return `${start.node} -> ${end.node} [label=${label(texts)}${start.cut}${end.cut}]`
}

const leaf = (state: ChartState, lines: readonly string[]): string => {
  const shape = state.type === "final" ? ", peripheries=2" : ""
  const key = state.type === "history" ? `${state.key} (history)` : state.key
  return `${quote(state.id)} [label=${label([key, ...lines])}${shape}]`
}

const isAny = ({ from }: Arrow): boolean => typeof from !== "string"

const arrowsIn = (pen: Pen, state: ChartState): readonly Arrow[] =>
  pen.drawing.arrows.filter(({ within }) => within === state.id)

/**
 * The nodes and boxes of a state. Arrows come after all of them: a node joins a box by being named.
 */
function nodesOf(pen: Pen, state: ChartState): readonly string[] {
  const lines = pen.drawing.lines.get(state.id) ?? []
  if (state.states.length === 0) return [leaf(state, lines)]
  const isAnyUsed = arrowsIn(pen, state).some(isAny)
  const inside = [
    `label=${label([state.key, ...lines])}`,
    ...(state.initial === undefined ? [] : [`${startOf(state.id)} [shape=point, width=0.12]`]),
    ...state.states.flatMap((child) => nodesOf(pen, child)),
    ...(isAnyUsed ? [`${anyOf(state.id)} [label="any state", style=dashed]`] : [])
  ]
  return [`subgraph ${clusterOf(state.id)} {`, ...indent(inside), "}"]
}

const edgesOf = (pen: Pen, state: ChartState): readonly string[] => {
  const first = state.initial === undefined ? undefined : endOf(pen, state.initial, "lhead")
  return [
    ...(first === undefined
      ? []
      : [`${startOf(state.id)} -> ${first.node} [label=""${first.cut}]`]),
    ...arrowsIn(pen, state).map((arrow) => arrowLine(pen, arrow))
  ]
}

/** The chart as one digraph. */
export function dot(chart: Chart): string {
  const all = statesWithin(chart.root)
  const states = new Map(all.map((state) => [state.id, state]))
  const pen: Pen = { drawing: drawingOf(chart), stateOf: (id) => states.get(id) }
  const lines = [
    "compound=true",
    "newrank=true",
    'graph [fontname="sans-serif", style=rounded, labeljust=l]',
    'node [fontname="sans-serif", shape=box, style=rounded]',
    'edge [fontname="sans-serif", fontsize=11]',
    ...nodesOf(pen, chart.root),
    ...all.flatMap((state) => edgesOf(pen, state))
  ]
  return `${[`digraph ${quote(chart.id)} {`, ...indent(lines), "}"].join("\n")}\n`
}
