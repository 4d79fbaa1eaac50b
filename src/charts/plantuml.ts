/**
 * A chart as PlantUML's state diagram. Arrows stand after all states, where they may lead from any
 * state to any other, but not out of or into a region from outside: such an arrow is drawn at the
 * parallel state, and its text names the state that is meant. History is a state `H` or `H*`: not
 * every version of PlantUML has its own sign.
 *
 * Gotcha: PlantUML reads markup, functions and line breaks in texts; every sign that could begin
 * one is written by its number, which PlantUML shows as the sign.
 */
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { mergeEvents, stateLines, withNote } from "./label.ts"
import { printableWhole, shownName } from "./printable.ts"

const harmless = /[A-Za-z0-9 _.,:()[\]=+'?&|-]/u

const escape = (text: string): string =>
  [...printableWhole(text)]
    .map((sign) => {
      const code = sign.codePointAt(0) ?? 0
      // Above the base plane PlantUML knows no numbers; there are no signs of its language either.
      if (harmless.test(sign) || code > 0xffff) return sign
      return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`
    })
    .join("")

interface Pen {
  readonly name: (id: string) => string
  /** From the root down to each state, by id. */
  readonly paths: ReadonlyMap<string, readonly ChartState[]>
}

function penFor(chart: Chart): Pen {
  const names = new Map(statesWithin(chart.root).map(({ id }, at) => [id, `s${at}`]))
  const paths = new Map<string, readonly ChartState[]>()
  const visit = (state: ChartState, above: readonly ChartState[]): void => {
    paths.set(state.id, [...above, state])
    for (const child of state.states) visit(child, [...above, state])
  }
  visit(chart.root, [])
  return { name: (id) => names.get(id) ?? "s0", paths }
}

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

const titles = { shallow: "H", deep: "H*" } as const

const titleOf = (state: ChartState): string =>
  state.history === undefined ? shownName(state.key) : titles[state.history]

/** Where an arrow is drawn; undefined between regions, where it is told in its state instead. */
interface Ends {
  readonly from: ChartState
  readonly to: ChartState
  readonly note: string
}

/** The state itself, or the parallel state around it that an arrow from outside cannot pass. */
const reachable = (path: readonly ChartState[], shared: number): ChartState | undefined =>
  path.slice(shared).find(({ type }, at, all) => type === "parallel" && at < all.length - 1) ??
  path.at(-1)

function endsOf(pen: Pen, from: string, to: string): Ends | undefined {
  const [source = [], goal = []] = [pen.paths.get(from), pen.paths.get(to)]
  let shared = 0
  while (shared < source.length && source[shared] === goal[shared]) shared += 1
  const isBetween = source[shared - 1]?.type === "parallel"
  const [start, end] = [reachable(source, shared), reachable(goal, shared)]
  if (isBetween || start === undefined || end === undefined) return undefined
  const out = start.id === from ? "" : `from ${from}`
  const into = end.id === to ? "" : `to ${to}`
  return { from: start, to: end, note: `${out} ${into}`.trim() }
}

/** What is told in the state's box: what it does, and transitions that no arrow can show. */
function textsOf(pen: Pen, state: ChartState): readonly string[] {
  const told = state.transitions.flatMap((transition) => {
    const { targets } = transition
    if (targets.length === 0) return [transition]
    return targets
      .filter((target) => endsOf(pen, state.id, target) === undefined)
      .map((target) => withNote(transition, `to ${target}`))
  })
  return [...stateLines(state), ...mergeEvents(told)]
}

function stateText(pen: Pen, state: ChartState, title = titleOf(state)): readonly string[] {
  const name = pen.name(state.id)
  const opening = `state "${escape(title)}" as ${name}`
  const texts = textsOf(pen, state).map((line) => `${name} : ${escape(line)}`)
  const inside = insideOf(pen, state)
  const end = state.type === "final" ? [`${name} --> [*]`] : []
  const box = inside.length === 0 ? [opening] : [`${opening} {`, ...indent(inside), "}"]
  return [...box, ...texts, ...end]
}

function insideOf(pen: Pen, state: ChartState): readonly string[] {
  const states = state.states.map((child) => stateText(pen, child))
  if (state.type === "parallel") {
    return states.flatMap((lines, at) => [...(at > 0 ? ["--"] : []), ...lines])
  }
  const start = state.initial === undefined ? [] : [`[*] --> ${pen.name(state.initial)}`]
  return [...start, ...states.flat()]
}

/** The chart as one diagram. */
export function plantuml(chart: Chart): string {
  const pen = penFor(chart)
  const arrows = statesWithin(chart.root).flatMap((state) =>
    state.transitions.flatMap((transition) =>
      transition.targets.flatMap((target) => {
        const ends = endsOf(pen, state.id, target)
        if (ends === undefined) return []
        const [text = ""] = mergeEvents([withNote(transition, ends.note)])
        const label = state.type === "history" ? "" : ` : ${escape(text)}`
        return [`${pen.name(ends.from.id)} --> ${pen.name(ends.to.id)}${label}`]
      })
    )
  )
  const body = [
    "hide empty description",
    ...stateText(pen, chart.root, shownName(chart.id)),
    ...arrows
  ]
  return `${["@startuml", ...body, "@enduml"].join("\n")}\n`
}
