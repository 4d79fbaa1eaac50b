/**
 * The formats in which a statechart can be had, by name. `troupe chart` reads this table.
 */
import type { AnyStateMachine } from "xstate"
import type { Chart } from "./chart.ts"
import { describe } from "./describe.ts"
import { dot } from "./dot.ts"
import { mermaid } from "./mermaid.ts"

/** The chart as data, two blanks an indent; the structure is `Chart` of chart.ts. */
const json = (chart: Chart): string => `${JSON.stringify(chart, null, 2)}\n`

const formats = {
  mermaid: (chart: Chart) => mermaid(chart),
  json,
  dot
} as const

export type ChartFormat = keyof typeof formats

export const chartFormats: readonly string[] = Object.keys(formats)

export const isChartFormat = (word: string): word is ChartFormat => chartFormats.includes(word)

/** The machine's chart as text, ended by a newline. The same machine gives the same text. */
export const chartText = (machine: AnyStateMachine, format: ChartFormat): string =>
  formats[format](describe(machine))
