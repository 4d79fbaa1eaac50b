/**
 * The words on a chart, the same in every drawn format: what an arrow says, what a state does.
 * Plain text; each format escapes it in its own way.
 */
import type { ChartAction, ChartInvoke, ChartState, ChartTransition, Json } from "./chart.ts"

/** `1 s`, `1 min 30 s`, `250 ms`. */
export function duration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms} ms`
  const [minutes, seconds] = [Math.floor(ms / 60_000), (ms % 60_000) / 1000]
  const parts = [minutes > 0 ? `${minutes} min` : "", seconds > 0 ? `${seconds} s` : ""]
  return parts.filter((part) => part !== "").join(" ") || "0 s"
}

const scriptOf = (params: Json | undefined): string =>
  typeof params === "object" && params !== null && "script" in params
    ? String(params["script"])
    : ""

const eventOf = (params: Json | undefined): string => {
  const isNamed = typeof params === "object" && params !== null && "event" in params
  return isNamed && typeof params["event"] === "string" ? params["event"] : ""
}

export const actionText = ({ type, params }: ChartAction): string => {
  if (type === "stop") return `stop ${scriptOf(params)}`.trim()
  const event = eventOf(params)
  if (event !== "" && ["raise", "send", "emit"].includes(type)) return `${type} ${event}`
  return type
}

/** Each word once: a turn that replies to two groups of calls still only replies. */
const actionsText = (actions: readonly ChartAction[]): string =>
  [...new Set(actions.map(actionText))].join(", ")

/** An event in words: its type, unless it is none or any; a delay with its unit. */
const eventText = (event: string): string => {
  if (event === "") return "at once"
  const ms = /^after (\d+)$/.exec(event)?.[1]
  if (ms !== undefined) return `after ${duration(Number(ms))}`
  return event === "*" ? "any other" : event
}

/** The transition under another name: the event, and where it leads when no arrow shows it. */
export const withNote = (transition: ChartTransition, note: string): ChartTransition =>
  note === "" ? transition : { ...transition, event: `${eventText(transition.event)} ${note}` }

/**
 * `event (reenter) [guard] / action, action`; parts that are not there are left out. The word says
 * of a transition to the state itself or into it whether the state is left.
 */
export function transitionText(transition: Omit<ChartTransition, "targets" | "reenters">): string {
  const { event, kind, guard, actions } = transition
  const words = [
    eventText(event),
    kind === undefined ? "" : `(${kind})`,
    guard === undefined ? "" : `[${guard}]`,
    actions.length === 0 ? "" : `/ ${actionsText(actions)}`
  ]
  return words.filter((word) => word !== "").join(" ")
}

/** Transitions that differ in their event only are told together. */
export function mergeEvents(transitions: readonly ChartTransition[]): readonly string[] {
  const events = new Map<string, string[]>()
  for (const one of transitions) {
    const rest = transitionText({ ...one, event: "\n" })
    const event = transitionText({ event: one.event, actions: [] })
    events.set(rest, [...(events.get(rest) ?? []), event])
  }
  return [...events].map(([rest, names]) => rest.replace("\n", [...new Set(names)].join(", ")))
}

const isDuring = (state: ChartState, { type, params }: ChartAction): boolean =>
  type === "stop" ? state.during.includes(scriptOf(params)) : state.during.includes(type)

const invokeText = ({ id, src }: ChartInvoke): string =>
  src === "" || src === id ? id : `${src} as ${id}`

/** What the state does by itself, one line each: scripts, actors, deadline, what it bears. */
export function stateLines(state: ChartState): readonly string[] {
  const scripts = state.during.filter((script) => script !== "deadline")
  const entry = state.entry.filter((one) => !isDuring(state, one) && one.type !== "deadline")
  const exit = state.exit.filter((one) => !isDuring(state, one))
  const { deadlineMs, invokes = [], tags = [] } = state
  return [
    ...(scripts.length === 0 ? [] : [`during / ${scripts.join(", ")}`]),
    ...(invokes.length === 0 ? [] : [`invoke / ${invokes.map(invokeText).join(", ")}`]),
    ...(entry.length === 0 ? [] : [`entry / ${actionsText(entry)}`]),
    ...(exit.length === 0 ? [] : [`exit / ${actionsText(exit)}`]),
    ...(deadlineMs === undefined ? [] : [`deadline ${duration(deadlineMs)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${tags.join(", ")}`])
  ]
}
