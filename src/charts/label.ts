/**
 * The words on a chart, the same in every drawn format: what an arrow says, what a state does.
 * Plain text, every name printable and cut by itself, so that no other is lost with it; each format
 * escapes the text in its own way.
 */
import type { ChartAction, ChartInvoke, ChartState, ChartTransition, Json } from "./chart.ts"
import { printable, shownName } from "./printable.ts"

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
  if (type === "stop") return `stop ${printable(scriptOf(params))}`.trim()
  const event = eventOf(params)
  if (event !== "" && ["raise", "send", "emit"].includes(type)) return `${type} ${printable(event)}`
  return shownName(type)
}

/** Each word once: a turn that replies to two groups of calls still only replies. */
const actionsText = (actions: readonly ChartAction[]): string =>
  [...new Set(actions.map(actionText))].join(", ")

/** Stands for the events of a text until they are known; no printable text has it. */
const mark = "\n"

/** An event in words: its type, unless it is none or any; a delay with its unit. */
const eventText = (event: string): string => {
  if (event === "") return "at once"
  const ms = /^after (\d+)$/.exec(event)?.[1]
  if (ms !== undefined) return `after ${duration(Number(ms))}`
  return event === "*" ? "any other" : shownName(event)
}

/** A transition of which something is said behind its event. */
export interface Noted extends ChartTransition {
  readonly note?: string
}

/** The transition with a note: where it leads when no arrow shows it, or how often it was taken. */
export const withNote = (transition: Noted, note: string): Noted =>
  note === "" ? transition : { ...transition, note: `${transition.note ?? ""} ${note}`.trim() }

/**
 * `event (reenter) [guard] / action, action`; parts that are not there are left out. The word says
 * of a transition to the state itself or into it whether the state is left.
 */
export function transitionText(transition: Omit<Noted, "targets" | "reenters">): string {
  const { event, note = "", kind, guard, actions } = transition
  const words = [
    event === mark ? event : eventText(event),
    printable(note),
    kind === undefined ? "" : `(${kind})`,
    guard === undefined ? "" : `[${printable(guard)}]`,
    actions.length === 0 ? "" : `/ ${actionsText(actions)}`
  ]
  return words.filter((word) => word !== "").join(" ")
}

/**
 * Transitions that differ in their event only are told together; of more events than have room in
 * so many characters, the first and how many there are besides.
 */
export function mergeEvents(
  transitions: readonly Noted[],
  lengthMax = Number.POSITIVE_INFINITY
): readonly string[] {
  const events = new Map<string, Set<string>>()
  for (const { note, ...one } of transitions) {
    const rest = transitionText({ ...one, event: mark })
    const event = transitionText({ event: one.event, actions: [], note: note ?? "" })
    events.set(rest, (events.get(rest) ?? new Set()).add(event))
  }
  return [...events].map(([rest, names]) =>
    rest.replace(mark, () => shortened([...names], lengthMax))
  )
}

/** `a, b and 35 more`; never none of them, nor one more that would have room. */
function shortened(names: readonly string[], lengthMax: number): string {
  let length = 0
  const end = names.findIndex((name) => (length += name.length + 2) > lengthMax)
  if (end < 0 || names.length === 1) return names.join(", ")
  const shown = names.slice(0, Math.max(end, 1))
  return `${shown.join(", ")} and ${names.length - shown.length} more`
}

const isDuring = (state: ChartState, { type, params }: ChartAction): boolean =>
  type === "stop" ? state.during.includes(scriptOf(params)) : state.during.includes(type)

const invokeText = ({ id, src }: ChartInvoke): string =>
  src === "" || src === id ? printable(id) : `${printable(src)} as ${printable(id)}`

const named = (names: readonly string[]): string => names.map((one) => printable(one)).join(", ")

/** What the state does by itself, one line each: scripts, actors, deadline, what it bears. */
export function stateLines(state: ChartState): readonly string[] {
  const scripts = state.during.filter((script) => script !== "deadline")
  const entry = state.entry.filter((one) => !isDuring(state, one) && one.type !== "deadline")
  const exit = state.exit.filter((one) => !isDuring(state, one))
  const { deadlineMs, invokes = [], tags = [] } = state
  return [
    ...(scripts.length === 0 ? [] : [`during / ${named(scripts)}`]),
    ...(invokes.length === 0 ? [] : [`invoke / ${invokes.map(invokeText).join(", ")}`]),
    ...(entry.length === 0 ? [] : [`entry / ${actionsText(entry)}`]),
    ...(exit.length === 0 ? [] : [`exit / ${actionsText(exit)}`]),
    ...(deadlineMs === undefined ? [] : [`deadline ${duration(deadlineMs)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${named(tags)}`])
  ]
}
