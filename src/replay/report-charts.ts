/**
 * The charts of a report, under its trace: what each state's name in the trace means on the chart,
 * which arrows each turn took, and what the chart does not have, for the trace may be of another
 * version. As data for the page, and as sentences.
 */
import type { Chart } from "../charts/chart.ts"
import { fingerprint } from "../charts/fingerprint.ts"
import { printable } from "../charts/text.ts"
import { unborn } from "../trace/stately.ts"
import type { TraceHeader } from "../trace/trace.ts"
import { ChartIndex, type Step } from "./arrows.ts"
import type { Story } from "./story.ts"

export interface ReportChart {
  /** The picture. Trusted: it stands in the page as it is. */
  readonly svg: string
  readonly chart: Chart
}

export interface ReportCharts {
  readonly [machine: string]: ReportChart
}

/** A chart as the page has it. */
export interface PageChart {
  /** What there is to say of the whole chart; empty for nothing. */
  readonly note: string
  /** Of each state's name, a place in `words`: ids on the chart, and what is to say of it. */
  readonly states: readonly (readonly [word: number, ids: readonly string[], note: string])[]
  /** Names of transitions; rows have their places. */
  readonly transitions: readonly string[]
}

/** As pictures write names of states. */
const drawnName = (id: string): string => printable(id, 500)

/** Of which version the trace is, where that is told as one. */
const ofVersion = ({ program }: TraceHeader): string =>
  /^\d/.test(program) ? ` (trace of ${printable(program, 40)})` : ""

/** The charts by their places: hostile ids are no names of anything in a page. */
export class Followed {
  readonly machines: readonly string[]
  private readonly parts: readonly Part[]

  constructor(story: Story, charts: ReportCharts, header: TraceHeader) {
    const used = new Set([...story.lanes, ...story.things].map(({ machine }) => machine))
    this.machines = Object.keys(charts).filter((machine) => used.has(machine))
    this.parts = this.machines.flatMap((machine) => {
      const chart = charts[machine]?.chart
      return chart === undefined ? [] : [new Part(machine, chart, header)]
    })
  }

  /** The chart's place as a name; empty for a machine without one. */
  nameOf(machine: string | undefined): string {
    const place = machine === undefined ? -1 : this.machines.indexOf(machine)
    return place < 0 ? "" : String(place)
  }

  /** Places of the transitions that were taken. */
  taken(machine: string | undefined, step: Step): readonly number[] {
    return this.partOf(machine)?.taken(step) ?? []
  }

  /** A state's name that the page will ask for, at its place among the words. */
  state(machine: string | undefined, name: string, word: number): void {
    this.partOf(machine)?.state(name, word)
  }

  get pageCharts(): readonly PageChart[] {
    return this.parts.map((part) => part.page)
  }

  /** What somebody who makes the page should know, a sentence each. */
  get notices(): readonly string[] {
    const told = this.parts.flatMap(({ page }) => [
      page.note,
      ...page.states.map(([, , note]) => note)
    ])
    const all = [...new Set(told)].filter((note) => note !== "")
    const more = all.length - noticesMax
    return [
      ...all.slice(0, noticesMax),
      ...(more > 0 ? [`${more} more states are not on their charts`] : [])
    ]
  }

  private partOf(machine: string | undefined): Part | undefined {
    return this.parts[Number(this.nameOf(machine) || -1)]
  }
}

const noticesMax = 5

const otherChart = (name: string): string =>
  `the chart of '${name}' is not the one that the trace was made with`

class Part {
  private readonly index: ChartIndex
  private readonly note: string
  private readonly version: string
  private readonly states = new Map<number, readonly [number, readonly string[], string]>()
  private readonly places = new Map<string, number>()

  constructor(machine: string, chart: Chart, header: TraceHeader) {
    const then = Object.hasOwn(header.charts, machine) ? header.charts[machine] : undefined
    const isSame = then === undefined || then === fingerprint(chart)
    const name = printable(machine, 60)
    this.index = new ChartIndex(chart)
    this.version = ofVersion(header)
    this.note = isSame ? "" : `${otherChart(name)}${this.version}`
  }

  taken(step: Step): readonly number[] {
    return this.index.taken(step).map((key) => {
      const known = this.places.get(key) ?? this.places.size
      this.places.set(key, known)
      return known
    })
  }

  state(name: string, word: number): void {
    if (name === unborn || this.states.has(word)) return
    const { ids, missing } = this.index.named(name)
    const names = missing.map((one) => `'${printable(one, 120)}'`).join(", ")
    const note = missing.length === 0 ? "" : `the chart has no state ${names}${this.version}`
    this.states.set(word, [word, ids.map(drawnName), note])
  }

  get page(): PageChart {
    return {
      note: this.note,
      states: [...this.states.values()],
      transitions: [...this.places.keys()].map((key) => {
        const end = key.lastIndexOf("#")
        return `${drawnName(key.slice(0, end))}${key.slice(end)}`
      })
    }
  }
}
