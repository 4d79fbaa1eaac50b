/**
 * A chart as SCXML 1.0 (W3C, 2015-09-01). States, transitions, history and delays are SCXML's own;
 * what SCXML has no word for keeps its name: an action is a `log` labelled with it, a guard a call
 * of `guard('...')`, a delay by name one of `delay('...')`, an invoked actor one of `actor('...')`:
 * a reader's data model must know them.
 *
 * Ids are XML names made from ours; where they differ, `troupe:id` has ours.
 */
import {
  type Chart,
  type ChartAction,
  type ChartState,
  type ChartTransition,
  statesWithin
} from "./chart.ts"
import { actionText } from "./label.ts"
import { printable } from "./printable.ts"
import { escapeXml } from "./xml.ts"

const namespace = "urn:troupe:chart:1"

/** Long names are cut: an id is made unique by its number. */
const idLengthMax = 80

type Namer = (id: string) => string

function namer(chart: Chart): Namer {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const [at, { id }] of statesWithin(chart.root).entries()) {
    const plain = id.slice(0, idLengthMax).replace(/[^A-Za-z0-9_.-]/g, "_")
    const start = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`
    const name = taken.has(start) || id.length > idLengthMax ? `${start}_${at}` : start
    taken.add(name)
    names.set(id, name)
  }
  return (id) => names.get(id) ?? "_"
}

type Attributes = readonly (readonly [name: string, value: string | undefined])[]

function element(name: string, attributes: Attributes, inside: readonly string[] = []) {
  const words = attributes.flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeXml(value)}"`]
  )
  const opening = `<${name}${words.join("")}`
  if (inside.length === 0) return [`${opening}/>`]
  return [`${opening}>`, ...inside.map((line) => `  ${line}`), `</${name}>`]
}

const eventOf = ({ params }: ChartAction): string | undefined => {
  const isNamed = typeof params === "object" && params !== null && "event" in params
  return isNamed && typeof params["event"] === "string" ? params["event"] : undefined
}

/** An event's name as SCXML has it: words without blanks, joined by dots. */
const eventName = (event: string): string => printable(event).replace(/\s+/g, "_")

function doneBy(action: ChartAction): readonly string[] {
  const event = eventOf(action)
  if (action.type === "raise" && event !== undefined) {
    return element("raise", [["event", eventName(event)]])
  }
  return element("log", [["label", printable(actionText(action))]])
}

const literal = (text: string): string => `'${printable(text).replace(/[\\']/g, "\\$&")}'`

function condition(guard: string | undefined): string | undefined {
  if (guard === undefined) return undefined
  return `guard(${literal(guard)})`
}

/** The event of a transition: xstate's own words are SCXML's `done.state.ID` and so on. */
function trigger(state: ChartState, event: string, name: Namer): string | undefined {
  if (event === "") return undefined
  const [word = "", ...rest] = event.split(" ")
  if (event === "done") return `done.state.${name(state.id)}`
  const invoked = state.invokes?.some(({ id }) => id === rest.join(" ")) === true
  if (invoked && word === "done") return `done.invoke.${eventName(rest.join(" "))}`
  if (invoked && word === "error") return `error.platform.${eventName(rest.join(" "))}`
  return word === "after" ? delayEvent(state, event, name) : eventName(event)
}

const delayEvent = (state: ChartState, event: string, name: Namer): string =>
  `${eventName(event)}.${name(state.id)}`

/**
 * Where a transition leads, and whether the state stays. By SCXML's text a state that is its own
 * target is left and entered. So a transition that stays in a state without others has no target,
 * and one of a box leads to what the box begins with.
 *
 * Gotcha: SCXML's text knows no parallel state that stays while its regions begin anew, and takes
 * `internal` there for external; it is written all the same, for readers that go by the word.
 */
function wayOf(state: ChartState, transition: ChartTransition, name: Namer): Attributes {
  const { targets, reenters, kind } = transition
  const hasStates = state.states.length > 0
  if (targets.length === 0 || (kind === "internal" && !hasStates)) return []
  const inside = new Set(statesWithin(state).map(({ id }) => id))
  const stays = !reenters && hasStates && targets.every((id) => inside.has(id))
  const first = state.type === "compound" ? state.initial : undefined
  const goals = targets.map((id) => (stays && id === state.id ? (first ?? id) : id))
  return [
    ["target", goals.map(name).join(" ")],
    ["type", stays ? "internal" : undefined]
  ]
}

function transitionOf(state: ChartState, transition: ChartTransition, name: Namer) {
  const { event, guard, actions } = transition
  const way = wayOf(state, transition, name)
  const isBare = event === "" && guard === undefined && way.length === 0
  return element(
    "transition",
    [
      ["event", trigger(state, event, name)],
      // SCXML wants one of event, condition and target.
      ["cond", isBare ? "true" : condition(guard)],
      ...way
    ],
    actions.flatMap(doneBy)
  )
}

/** Delayed events are sent on entry and cancelled on exit, as SCXML has no `after`. */
function delays(state: ChartState, name: Namer): { entry: string[]; exit: string[] } {
  const events = new Set(state.transitions.map(({ event }) => event))
  const after = [...events].filter((event) => event.startsWith("after "))
  return {
    entry: after.flatMap((event) => {
      const id = delayEvent(state, event, name)
      const delay = event.slice("after ".length)
      const isKnown = /^\d+$/.test(delay)
      return element("send", [
        ["event", id],
        ["id", id],
        isKnown ? ["delay", `${delay}ms`] : ["delayexpr", `delay(${literal(delay)})`]
      ])
    }),
    exit: after.flatMap((event) => element("cancel", [["sendid", delayEvent(state, event, name)]]))
  }
}

const kinds = {
  atomic: "state",
  compound: "state",
  parallel: "parallel",
  final: "final",
  history: "history"
} as const

/** SCXML demands a default of each history state: else the state that its box begins with. */
function historyOf(state: ChartState, holder: ChartState, name: Namer): readonly string[] {
  const target = state.transitions[0]?.targets[0] ?? holder.initial ?? holder.states[0]?.id ?? ""
  const attributes = [
    ["id", name(state.id)],
    ["type", state.history ?? "shallow"]
  ] as const
  return element("history", attributes, element("transition", [["target", name(target)]]))
}

function stateOf(state: ChartState, holder: ChartState, name: Namer): readonly string[] {
  if (state.type === "history") return historyOf(state, holder, name)
  const { entry, exit } = delays(state, name)
  const onEntry = [...state.entry.flatMap(doneBy), ...entry]
  const onExit = [...state.exit.flatMap(doneBy), ...exit]
  const id = name(state.id)
  const inside = [
    ...(onEntry.length === 0 ? [] : element("onentry", [], onEntry)),
    ...(onExit.length === 0 ? [] : element("onexit", [], onExit)),
    ...(state.invokes ?? []).flatMap((one) =>
      element("invoke", [
        ["id", eventName(one.id)],
        ["srcexpr", `actor(${literal(one.src || one.id)})`]
      ])
    ),
    ...(state.type === "final"
      ? []
      : state.transitions.flatMap((transition) => transitionOf(state, transition, name))),
    ...state.states.flatMap((child) => stateOf(child, state, name))
  ]
  const initial = state.initial === undefined ? undefined : name(state.initial)
  return element(
    kinds[state.type],
    [
      ["id", id],
      ["initial", initial],
      ["troupe:id", id === state.id ? undefined : printable(state.id)]
    ],
    inside
  )
}

/** The chart as one document. */
export function scxml(chart: Chart): string {
  const name = namer(chart)
  const { root } = chart
  const attributes = [
    ["xmlns", "http://www.w3.org/2005/07/scxml"],
    ["xmlns:troupe", namespace],
    ["version", "1.0"],
    ["datamodel", "ecmascript"],
    ["name", printable(chart.id).replace(/[^A-Za-z0-9_.-]/g, "_")],
    ["initial", name(root.id)]
  ] as const
  const lines = element("scxml", attributes, stateOf(root, root, name))
  return `${['<?xml version="1.0" encoding="UTF-8"?>', ...lines].join("\n")}\n`
}
