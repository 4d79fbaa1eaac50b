/**
 * A chart as Mermaid's stateDiagram-v2, as GitHub and most Markdown viewers draw it.
 *
 * Gotchas: labels may not hold `:`, `;`, `#` or quotes, and entities for them are not decoded on
 * arrows (Mermaid 11), so look-alikes are written; an id may not be one of Mermaid's words, so each
 * begins with the machine's name.
 */
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { type Drawing, drawingOf } from "./drawing.ts"
import { isPlain, plainIds } from "./plain-ids.ts"
import { printableWhole, shownName } from "./printable.ts"

/** Signs with a meaning in labels, and what stands for them. Only the reader sees these texts. */
const substitutes: { readonly [sign: string]: string } = {
  "&&": "and",
  "||": "or",
  "&": "+",
  "<": "‹",
  ">": "›",
  ":": "∶",
  ";": ",",
  "#": "♯",
  "{": "(",
  "}": ")",
  '"': "'",
  "`": "'",
  "\\": "/"
}

/** A sign's number as `printable` writes it has signs of Mermaid's. */
const escape = (text: string): string =>
  printableWhole(text)
    .replace(/\\u\{([0-9a-f]+)\}/g, (_, code: string) => `(U+${code.toUpperCase()})`)
    .replace(/&&|\|\||[&<>:;#{}"`\\]/g, (sign) => substitutes[sign] ?? "")

const named = (name: string): string => escape(shownName(name))

const lineBreak = "<br/>"

const join = (texts: readonly string[]): string => texts.map(escape).join(lineBreak)

interface Pen {
  readonly chart: Chart
  readonly drawing: Drawing
  /** Mermaid's id for a state's id, and for `any` in a box. */
  readonly name: (id: string) => string
}

/** Ids of letters, digits and `_`, each one once. */
function namer(chart: Chart): (id: string) => string {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const idOf = plainIds(chart)
  const machine = isPlain(chart.id) ? chart.id : "chart"
  for (const { id } of statesWithin(chart.root)) {
    const plain = id === chart.root.id ? machine : `${machine}_${idOf(id)}`
    let name = plain.replace(/[^A-Za-z0-9]/g, "_")
    while (taken.has(name)) name += "_"
    taken.add(name)
    names.set(id, name)
  }
  return (id) => names.get(id) ?? id
}

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

const leaf = (pen: Pen, state: ChartState): readonly string[] => {
  const name = pen.name(state.id)
  if (state.type === "history") return [`state "${named(state.key)} (history)" as ${name}`]
  const lines = pen.drawing.lines.get(state.id) ?? []
  return [
    `state "${named(state.key)}" as ${name}`,
    ...lines.map((line) => `${name} : ${escape(line)}`),
    ...(state.type === "final" ? [`${name} --> [*]`] : [])
  ]
}

/**
 * What the box itself does stands in the box `any state`, where the start's dot does not cover it.
 */
const titleOf = (pen: Pen, state: ChartState): string => {
  const lines = state.type === "parallel" ? (pen.drawing.lines.get(state.id) ?? []) : []
  return join([shownName(state.key), ...lines])
}

const boxOf = (pen: Pen, state: ChartState): readonly string[] => [
  `state "${titleOf(pen, state)}" as ${pen.name(state.id)} {`,
  ...indent(insideOf(pen, state)),
  "}"
]

const drawn = (pen: Pen, state: ChartState): readonly string[] =>
  state.states.length === 0 ? leaf(pen, state) : boxOf(pen, state)

/** What stands in the box of a state: its children, and the arrows between them. */
function insideOf(pen: Pen, state: ChartState): readonly string[] {
  if (state.type === "parallel") {
    return state.states.flatMap((child, at) => [...(at > 0 ? ["--"] : []), ...drawn(pen, child)])
  }
  const any = `${pen.name(state.id)}__any`
  const lines = pen.drawing.lines.get(state.id) ?? []
  const arrows = pen.drawing.arrows.filter(({ within }) => within === state.id)
  const isAnyUsed = lines.length > 0 || arrows.some(({ from }) => typeof from !== "string")
  return [
    ...(state.initial === undefined ? [] : [`[*] --> ${pen.name(state.initial)}`]),
    ...state.states.flatMap((child) => drawn(pen, child)),
    ...(isAnyUsed ? [`state "any state" as ${any}`] : []),
    ...lines.map((line) => `${any} : ${escape(line)}`),
    ...arrows.map(({ from, to, texts }) => {
      const start = typeof from === "string" ? pen.name(from) : any
      return `${start} --> ${pen.name(to)} : ${join(texts)}`
    })
  ]
}

/** The whole chart, or only the region or state with this id and what it holds. */
export function mermaid(chart: Chart, only?: string): string {
  const pen: Pen = { chart, drawing: drawingOf(chart), name: namer(chart) }
  const state = statesWithin(chart.root).find(({ id }) => id === (only ?? chart.root.id))
  if (state === undefined) return "stateDiagram-v2\n"
  const body = state.type === "compound" ? insideOf(pen, state) : drawn(pen, state)
  return `${["stateDiagram-v2", ...indent(body)].join("\n")}\n`
}
