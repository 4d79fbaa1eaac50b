/**
 * A chart under a trace: which of its states a state's name means, and which of its arrows a turn
 * took. A trace names no transitions: they are found by the event, by where the turn began and by
 * where it ended. Pure.
 */
import { type Chart, type ChartState, type ChartTransition, statesWithin } from "../charts/chart.ts"
import { transitionKey } from "../charts/marks.ts"

/** What is known of a turn, or of a thing's change in one. */
export interface Step {
  readonly message: string
  readonly from: string
  readonly to: string
  readonly actions: readonly string[]
}

interface Candidate {
  readonly state: ChartState
  readonly at: number
  readonly transition: ChartTransition
}

export interface Named {
  /** Ids of states, as far as the chart has them. */
  readonly ids: readonly string[]
  /** What the chart does not have. */
  readonly missing: readonly string[]
}

/** Events that xstate raises itself, as a chart and as a message has them. */
const actorEvents = [
  ["done ", "xstate.done.actor."],
  ["error ", "xstate.error.actor."],
  ["snapshot ", "xstate.snapshot."]
] as const

/** Transient states that a turn may pass. */
const hopsMax = 8

const isWithin = (id: string, other: string): boolean => id === other || id.startsWith(`${other}.`)

/** How well a chart's event fits: the lower the better; undefined when it does not. */
function fit(event: string, message: string, state: ChartState): number | undefined {
  if (event === message) return 0
  if (event === "done") return message.startsWith("xstate.done.state.") ? 0 : undefined
  if (event.startsWith("after "))
    return message.startsWith(`xstate.after.${event.slice(6)}.`) ? 0 : undefined
  for (const [word, prefix] of actorEvents) {
    if (!event.startsWith(word) || !message.startsWith(prefix)) continue
    const [id, invokes] = [message.slice(prefix.length), state.invokes ?? []]
    const isOf = (name: string, at: number) =>
      id === name || (id.startsWith(`${at}.`) && id.endsWith(`.${state.id}`))
    return invokes.some((one, at) => event === `${word}${one.id}` && isOf(one.id, at))
      ? 0
      : undefined
  }
  if (event === "*") return message === "" ? undefined : 1e6
  const isPart = event.endsWith(".*") && `${message}.`.startsWith(event.slice(0, -1))
  return isPart ? 1e5 - event.length : undefined
}

export class ChartIndex {
  private readonly states = new Map<string, ChartState>()
  private readonly parents = new Map<string, ChartState>()
  private readonly names = new Map<string, Named>()
  private readonly root: string

  constructor(chart: Chart) {
    this.root = chart.root.id
    for (const state of statesWithin(chart.root)) {
      this.states.set(state.id, state)
      for (const child of state.states) this.parents.set(child.id, state)
    }
  }

  /** Names of states may have blanks in them: the longest that there is, is meant. */
  named(text: string): Named {
    const known = this.names.get(text)
    if (known !== undefined) return known
    const words = text.split(" ")
    const [ids, missing]: [string[], string[]] = [[], []]
    for (let at = 0; at < words.length; ) {
      let end = words.length
      while (end > at && !this.states.has(words.slice(at, end).join(" "))) end -= 1
      if (end > at) ids.push(words.slice(at, end).join(" "))
      else missing.push(words[at] ?? "")
      at = Math.max(end, at + 1)
    }
    const found = { ids, missing: missing.length === 0 ? [] : [missing.join(" ")] }
    this.names.set(text, found)
    return found
  }

  /** The names of the transitions that the turn took, as a picture has them. */
  taken({ message, from, to, actions }: Step): readonly string[] {
    const after = this.named(to).ids
    const done = new Set(actions)
    const keys = this.named(from).ids.flatMap((leaf) => {
      const isChanged = !after.includes(leaf)
      const all = this.above(leaf).flatMap((state) => this.answering(state, message))
      const lead = (one: Candidate) => this.way(one, { after, done, isStrict: true })
      const found = first(all, lead) ?? (isChanged ? this.only(leaf, all, after) : undefined)
      return found ?? []
    })
    return [...new Set(keys)]
  }

  private above(id: string): readonly ChartState[] {
    const states: ChartState[] = []
    for (let at = this.states.get(id); at !== undefined; at = this.parents.get(at.id))
      states.push(at)
    return states
  }

  private answering(state: ChartState, message: string): readonly Candidate[] {
    return state.transitions
      .flatMap((transition, at) => {
        const place = fit(transition.event, message, state)
        return place === undefined ? [] : [{ place, one: { state, at, transition } }]
      })
      .toSorted((one, other) => one.place - other.place)
      .map(({ one }) => one)
  }

  /** The transition and what follows of itself, when that leads to where the turn ended. */
  private way(one: Candidate, end: End): readonly string[] | undefined {
    const { transition, state, at } = one
    const isDone = transition.actions.every(({ type }) => end.done.has(type) || type === "raise")
    if (end.isStrict && !isDone && end.done.size > 0) return undefined
    const key = transitionKey(state.id, at)
    const [target] = transition.targets
    if (target === undefined) return [key]
    const rest = this.rest(target, end.after, hopsMax)
    return rest === undefined ? undefined : [key, ...rest]
  }

  /** From a state that was entered on to where the turn ended, by what needs no event. */
  private rest(
    target: string,
    after: readonly string[],
    hops: number
  ): readonly string[] | undefined {
    const state = this.states.get(target)
    const place = state?.type === "history" ? (this.parents.get(target)?.id ?? this.root) : target
    if (place === this.root || after.some((id) => isWithin(id, place))) return []
    if (hops === 0) return undefined
    const entered = this.above(this.leafOf(place))
    const next = entered.flatMap((one, at) => [
      ...this.answering(one, ""),
      ...(entered[at - 1]?.type === "final" ? this.answering(one, "xstate.done.state.") : [])
    ])
    return first(next, ({ state: from, at, transition: { targets } }) => {
      const rest = targets[0] === undefined ? undefined : this.rest(targets[0], after, hops - 1)
      return rest === undefined ? undefined : [transitionKey(from.id, at), ...rest]
    })
  }

  private leafOf(id: string): string {
    const state = this.states.get(id)
    return state?.initial === undefined ? id : this.leafOf(state.initial)
  }

  /** Of a message that the chart does not name: the one way that leads there. */
  private only(
    leaf: string,
    named: readonly Candidate[],
    after: readonly string[]
  ): readonly string[] | undefined {
    const all = this.above(leaf).flatMap((state) =>
      state.transitions.map((transition, at) => ({ state, at, transition }))
    )
    const end = { after, done: new Set<string>(), isStrict: false }
    for (const candidates of [named, all]) {
      const fitting = candidates.filter(({ transition }) => transition.targets.length > 0)
      const ways = fitting.flatMap((one) => {
        const way = this.way(one, end)
        return way === undefined ? [] : [{ one, way }]
      })
      const places = new Set(ways.map(({ one }) => `${one.state.id} ${one.transition.targets[0]}`))
      if (places.size === 1) return ways[0]?.way
    }
    return undefined
  }
}

interface End {
  /** Ids of the states in which the turn ended. */
  readonly after: readonly string[]
  /** What the turn did. */
  readonly done: ReadonlySet<string>
  /** Whether what the transition does must be among it. */
  readonly isStrict: boolean
}

/** What the first that gives something gives. */
function first<One, Found>(
  all: readonly One[],
  look: (one: One) => Found | undefined
): Found | undefined {
  for (const one of all) {
    const found = look(one)
    if (found !== undefined) return found
  }
  return undefined
}
