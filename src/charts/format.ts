/**
 * The formats in which a statechart can be had, by name. `troupe chart` reads this table.
 */
import type { AnyStateMachine } from "xstate"
import { boxes } from "./boxes.ts"
import type { Chart } from "./chart.ts"
import { describe } from "./describe.ts"
import { dot } from "./dot.ts"
import { draw } from "./draw.ts"
import { mermaid } from "./mermaid.ts"
import { plantuml } from "./plantuml.ts"
import { png } from "./png.ts"
import { scxml } from "./scxml.ts"
import { svg, type Theme } from "./svg.ts"
import { harmlessJson } from "./printable.ts"
import { tree } from "./tree.ts"
import { xstateJson } from "./xstate-json.ts"

export interface FormatOptions {
  /** Of an SVG: one theme, or by default the reader's. */
  readonly theme?: Theme
}

type Write = (
  chart: Chart,
  machine: AnyStateMachine,
  options: FormatOptions
) => string | Promise<string>

/** Data as JSON, two blanks an indent. */
const json = (data: unknown): string => `${harmlessJson(JSON.stringify(data, null, 2))}\n`

/** How wide a chart in letters may be where nobody says. */
const columnsUsual = 120

/** Boxes of letters; undefined where they are too wide, or no layout can be had. */
const boxesIn = (chart: Chart, columns: number): Promise<string | undefined> =>
  draw(chart).then(
    (picture) => boxes(picture, { columns }),
    () => undefined
  )

const formats = {
  mermaid: (chart) => mermaid(chart),
  svg: async (chart, _, { theme }) => svg(await draw(chart), theme),
  plantuml: (chart) => plantuml(chart),
  dot: (chart) => dot(chart),
  scxml: (chart) => scxml(chart),
  xstate: (_, machine) => harmlessJson(xstateJson(machine)),
  json: (chart) => json(chart),
  layout: async (chart) => json(await draw(chart)),
  text: async (chart) => (await boxesIn(chart, columnsUsual)) ?? tree(chart),
  boxes: async (chart) => boxes(await draw(chart)) ?? tree(chart),
  tree: (chart) => tree(chart)
} as const satisfies { readonly [name: string]: Write }

export type ChartFormat = keyof typeof formats

export const chartFormats: readonly string[] = Object.keys(formats)

export const isChartFormat = (word: string): word is ChartFormat => chartFormats.includes(word)

/**
 * The machine's chart as text, ended by a newline. The same machine gives the same text. Pictures
 * of machines that are not ours need elkjs: rejects with `ElkMissing`, `LayoutFailed`.
 */
export async function chartText(
  machine: AnyStateMachine,
  format: ChartFormat,
  options: FormatOptions = {}
): Promise<string> {
  const write: Write = formats[format]
  return write(describe(machine), machine, options)
}

/** The machine's picture as the bytes of a PNG. Rejects also with `ResvgMissing`. */
export const chartPng = async (
  machine: AnyStateMachine,
  options: FormatOptions = {}
): Promise<Uint8Array> => png(await draw(describe(machine)), options)
