/**
 * The shortest way to a state: which events lead there from the machine's beginning, by the chart
 * alone. Conditions are not looked at, and regions do not wait for each other, so that a way is
 * what to try, not a promise. Pure.
 */
import type { Chart, ChartState, ChartTransition } from "./chart.ts"
import { transitionText } from "./label.ts"

interface Place {
  readonly state: ChartState
  readonly parent: Place | undefined
}

const placesOf = (state: ChartState, parent?: Place): readonly Place[] => {
  const place = { state, parent }
  return [place, ...state.states.flatMap((child) => placesOf(child, place))]
}

/** What is active when a state is entered: itself, and what it begins with. */
function begun(state: ChartState): readonly ChartState[] {
  if (state.type === "parallel") return [state, ...state.states.flatMap(begun)]
  const first = state.states.find(({ id }) => id === state.initial)
  return first === undefined ? [state] : [state, ...begun(first)]
}

/** What is active beside it when a state is entered from outside: its boxes and their regions. */
function around({ state, parent }: Place): readonly ChartState[] {
  if (parent === undefined) return []
  const others = parent.state.states.filter(({ id }) => id !== state.id)
  const beside = parent.state.type === "parallel" ? others.flatMap(begun) : []
  return [parent.state, ...beside, ...around(parent)]
}

/** The event, with what must hold; what the transition does then is not said. */
export const eventToSend = ({ event, guard }: ChartTransition): string =>
  transitionText({ event, actions: [], ...(guard === undefined ? {} : { guard }) })

/** Gives for a state's id the events that lead to it; undefined where none do. */
export function wayTo(chart: Chart): (id: string) => readonly string[] | undefined {
  const places = new Map(placesOf(chart.root).map((place) => [place.state.id, place]))
  const ways = new Map<string, readonly string[]>()
  /** States whose ways are as long as `length`, and which were not looked from yet. */
  let edge: ChartState[] = []
  let next: ChartState[] = []
  const reach = (states: readonly ChartState[], way: readonly string[], into: ChartState[]) => {
    for (const state of states) {
      if (ways.has(state.id)) continue
      ways.set(state.id, way)
      into.push(state)
    }
  }
  const enter = (id: string, way: readonly string[], into: ChartState[]) => {
    const place = places.get(id)
    if (place !== undefined) reach([...begun(place.state), ...around(place)], way, into)
  }
  reach(begun(chart.root), [], edge)
  while (edge.length > 0) {
    // What follows at once makes no way longer, and is looked from in the same round.
    for (let at = 0; at < edge.length; at += 1) {
      const state = edge[at]
      const way = ways.get(state?.id ?? "") ?? []
      for (const one of state?.transitions ?? []) {
        const isAtOnce = one.event === ""
        const longer = isAtOnce ? way : [...way, eventToSend(one)]
        for (const target of one.targets) enter(target, longer, isAtOnce ? edge : next)
      }
    }
    edge = next
    next = []
  }
  return (id) => ways.get(id)
}
