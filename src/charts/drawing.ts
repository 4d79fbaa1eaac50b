/**
 * What is drawn of a chart, common to the drawn formats: which transitions are arrows between which
 * boxes, and which are lines of text in a box. Pure; knows no syntax.
 *
 * The formats cannot draw an arrow into, out of, or onto the very box that it starts in, nor
 * between the insides of two boxes. Such an arrow is drawn between the outermost boxes that differ,
 * and its text names the state that is meant.
 */
import { type Chart, type ChartState, type ChartTransition, statesWithin } from "./chart.ts"
import { mergeEvents, stateLines, withNote } from "./label.ts"

/** An arrow. `from` may be `any`: whichever state in `within` is active. */
export interface Arrow {
  /** The id of the state whose box holds both ends. */
  readonly within: string
  readonly from: string | { readonly any: string }
  readonly to: string
  /** One text for each transition that goes this way. */
  readonly texts: readonly string[]
}

export interface Drawing {
  readonly arrows: readonly Arrow[]
  /** The lines of text in each state's box, by id. */
  readonly lines: ReadonlyMap<string, readonly string[]>
}

const hasChildren = (state: ChartState): boolean => state.states.length > 0

/** From the root to the state with this id, ends included. */
function pathTo(root: ChartState, id: string): readonly ChartState[] {
  if (root.id === id) return [root]
  for (const child of root.states) {
    const path = pathTo(child, id)
    if (path.length > 0) return [root, ...path]
  }
  return []
}

const keyPath = (path: readonly ChartState[]): string => path.map(({ key }) => key).join(".")

/** Whether entering the first of the path ends up in its last by initial states alone. */
const isEnteredFirst = (path: readonly ChartState[]): boolean =>
  path.slice(1).every((state, at) => path[at]?.initial === state.id)

interface Placed {
  readonly within: string
  readonly from: Arrow["from"]
  readonly to: string
  /** Names the state that is meant where the box is not it. */
  readonly note: string
}

/** Where the arrow is drawn; undefined when it is told as text instead. */
function place(root: ChartState, from: ChartState, target: string): Placed | undefined {
  const [source, goal] = [pathTo(root, from.id), pathTo(root, target)]
  let shared = 0
  while (shared < source.length && source[shared] === goal[shared]) shared += 1
  const box = source[shared - 1]
  const ends = { from: source.slice(shared), to: goal.slice(shared) }
  const [start] = ends.from
  const [end] = ends.to
  if (box === undefined) return undefined
  if (end === undefined) {
    // Onto itself: only a box without insides can bear such an arrow.
    const isSelf = start === undefined && !hasChildren(box)
    const holder = source[shared - 2]
    if (!isSelf || holder?.type !== "compound") return undefined
    return { within: holder.id, from: box.id, to: box.id, note: "" }
  }
  if (box.type === "parallel") return undefined
  const into = isEnteredFirst(ends.to) ? "" : ` to ${keyPath(ends.to)}`
  if (start === undefined) {
    return { within: box.id, from: { any: box.id }, to: end.id, note: into }
  }
  const out = ends.from.length > 1 ? ` from ${keyPath(ends.from)}` : ""
  return { within: box.id, from: start.id, to: end.id, note: `${out}${into}` }
}

/** What is drawn as arrows and as lines. */
export function drawingOf(chart: Chart): Drawing {
  const arrows = new Map<string, Placed & { readonly transitions: ChartTransition[] }>()
  const lines = new Map<string, readonly string[]>()
  for (const state of statesWithin(chart.root)) {
    const told: ChartTransition[] = []
    for (const transition of state.transitions) {
      const [target, ...more] = transition.targets
      const isOne = target !== undefined && more.length === 0
      const placed = isOne ? place(chart.root, state, target) : undefined
      if (target === undefined) told.push(transition)
      else if (placed === undefined) {
        told.push(withNote(transition, `to ${transition.targets.join(" and ")}`))
      } else {
        const key = JSON.stringify([placed.within, placed.from, placed.to])
        const arrow = arrows.get(key) ?? { ...placed, transitions: [] }
        arrow.transitions.push(withNote(transition, placed.note.trim()))
        arrows.set(key, arrow)
      }
    }
    lines.set(state.id, [...stateLines(state), ...mergeEvents(told)])
  }
  return {
    arrows: [...arrows.values()].map(({ within, from, to, transitions }) => ({
      within,
      from,
      to,
      texts: mergeEvents(transitions)
    })),
    lines
  }
}
