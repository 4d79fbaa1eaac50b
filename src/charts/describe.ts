/**
 * From an xstate machine to plain data. Reads the machine's definition; runs nothing of it and
 * knows no machine in particular. The same machine gives the same data.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate"
import { jsonOf, named } from "./json.ts"
import type {
  Chart,
  ChartAction,
  ChartInvoke,
  ChartState,
  ChartTransition,
  TransitionKind
} from "./chart.ts"
import { printable } from "./printable.ts"

/** A longer condition is told by its beginning: a chart is no listing. */
const guardLengthMax = 72

/**
 * The id that a chart has for a node. A machine may bear the name of one of its states; ids are
 * unique all the same.
 */
export const idOf = (node: AnyStateNode): string => {
  if (node.path.length > 0) return node.path.join(".")
  const { id } = node.machine
  return Object.hasOwn(node.machine.states, id) ? `${id} (machine)` : id
}

const fieldOf = (value: unknown, name: string): unknown =>
  (typeof value === "object" || typeof value === "function") && value !== null && name in value
    ? (value as { readonly [key: string]: unknown })[name]
    : undefined

/** xstate's own actions that are told, by what they are called here. */
const builtIns: { readonly [type: string]: string } = {
  "xstate.raise": "raise",
  "xstate.sendTo": "send",
  "xstate.emit": "emit"
}

/** An action of xstate's: told when it names an event. What serves `after` is not. */
function builtInOf(type: string, action: unknown): readonly ChartAction[] {
  const name = builtIns[type]
  const event = fieldOf(fieldOf(action, "event"), "type")
  if (name === undefined || typeof event !== "string") return []
  return event.startsWith("xstate.") ? [] : [{ type: name, params: { event } }]
}

/** The actions that do something outside: assignments and the like are the chart's own business. */
function actionOf(action: unknown): readonly ChartAction[] {
  if (typeof action === "string") return [{ type: action }]
  const type = fieldOf(action, "type")
  if (typeof type !== "string") return []
  if (type.startsWith("xstate.")) return builtInOf(type, action)
  const params = jsonOf(fieldOf(action, "params"), `params of '${type}'`)
  return [params === undefined ? { type } : { type, params }]
}

/** The condition of an arrow function, or its whole body, on one line. */
function sourceOf(guard: (...args: never) => unknown): string {
  // A bundler's word for `undefined` is not the author's; the chart is the same in both.
  const text = String(guard)
    .replace(/\s+/g, " ")
    .replace(/\bvoid 0\b/g, "undefined")
  const body = text.slice(text.indexOf("=>") + 2).trim()
  const whole = body.startsWith("(") && body.endsWith(")") ? body.slice(1, -1).trim() : body
  return whole.length > guardLengthMax ? `${whole.slice(0, guardLengthMax - 3)}...` : whole
}

/** A guard in words: `isFree`, `not isFree`, `a and b`, `in life.running`, or its source text. */
function guardOf(guard: unknown): string {
  if (typeof guard === "string") return guard
  const parts = fieldOf(guard, "guards")
  const name = fieldOf(guard, "name")
  if (Array.isArray(parts)) {
    const words = parts.map(guardOf)
    if (name === "not") return `not ${words.join("")}`
    return words.map((word) => (/ (and|or) /.test(word) ? `(${word})` : word)).join(` ${name} `)
  }
  const state = fieldOf(guard, "stateValue")
  if (state !== undefined) return `in ${stateValueOf(state)}`
  const type = fieldOf(guard, "type")
  if (typeof type === "string") {
    const params = jsonOf(fieldOf(guard, "params"), `params of '${type}'`)
    return params === undefined ? type : `${type} ${JSON.stringify(params)}`
  }
  return typeof guard === "function" ? sourceOf(guard as (...args: never) => unknown) : "guarded"
}

const stateValueOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Object.entries(value ?? {})
        .map(([key, child]) => `${key}.${stateValueOf(child)}`)
        .join(" ")

/** Invoked actors; one that was given no id bears the name of its source. */
const invokesOf = (node: AnyStateNode): readonly ChartInvoke[] =>
  node.invoke.map(({ id, src }, at) => {
    const name = typeof src === "string" && !src.startsWith("xstate.invoke.") ? src : ""
    const isGiven = id !== `${at}.${node.id}`
    return { id: isGiven ? id : name === "" ? `actor ${at}` : name, src: name }
  })

const actorEvents = [
  ["xstate.done.actor.", "done"],
  ["xstate.error.actor.", "error"],
  ["xstate.snapshot.", "snapshot"]
] as const

function eventOf({ eventType }: AnyTransitionDefinition, node: AnyStateNode): string {
  // xstate's names for what it raises itself hold the node's id; the arrow says where it starts.
  if (eventType.startsWith("xstate.done.state.")) return "done"
  if (eventType.startsWith("xstate.after.")) {
    return `after ${eventType.slice("xstate.after.".length).replace(`.${node.id}`, "")}`
  }
  for (const [prefix, word] of actorEvents) {
    if (!eventType.startsWith(prefix)) continue
    const id = eventType.slice(prefix.length)
    const at = node.invoke.findIndex((one) => one.id === id)
    return `${word} ${invokesOf(node)[at]?.id ?? id}`
  }
  return eventType
}

/** Where a history state leads that remembers nothing; undefined when the machine does not say. */
export function defaultOf(node: AnyStateNode): AnyStateNode | undefined {
  const target = fieldOf(node.config, "target")
  if (typeof target !== "string") return undefined
  if (target.startsWith("#")) return node.machine.getStateNodeById(target)
  const keys = target.replace(/^\./, "").split(".")
  return keys.reduce<AnyStateNode | undefined>((at, key) => at?.states[key], node.parent)
}

/** A node's transitions in the order of its chart's. */
export const definitionsOf = (node: AnyStateNode): readonly AnyTransitionDefinition[] => [
  ...(node.always ?? []),
  ...[...node.transitions.values()].flat()
]

const isInside = (node: AnyStateNode, box: AnyStateNode): boolean =>
  node.parent !== undefined && (node.parent === box || isInside(node.parent, box))

/** To the state itself xstate takes a transition for internal, unless told otherwise. */
function kindOf({ source, target = [], reenter }: AnyTransitionDefinition): {
  kind?: TransitionKind
} {
  const isWithin = target.every((one) => one === source || isInside(one, source))
  if (target.length === 0 || !isWithin) return {}
  if (reenter) return { kind: "reenter" }
  return target.includes(source) ? { kind: "internal" } : {}
}

function transitionsOf(node: AnyStateNode): readonly ChartTransition[] {
  const first = node.type === "history" ? defaultOf(node) : undefined
  if (first !== undefined) {
    return [{ event: "", targets: [idOf(first)], reenters: false, actions: [] }]
  }
  return definitionsOf(node).map((transition: AnyTransitionDefinition) => ({
    event: eventOf(transition, node),
    ...(transition.guard === undefined ? {} : { guard: guardOf(transition.guard) }),
    targets: (transition.target ?? []).map(idOf),
    reenters: transition.reenter,
    ...kindOf(transition),
    actions: transition.actions.flatMap(actionOf)
  }))
}

const stoppedBy = (exit: readonly ChartAction[]): readonly string[] =>
  exit.flatMap(({ type, params }) => {
    const script = type === "stop" ? fieldOf(params, "script") : undefined
    return typeof script === "string" ? [script] : []
  })

const deadlineOf = (entry: readonly ChartAction[]): { deadlineMs?: number } => {
  const action = entry.find(({ type }) => type === "deadline")
  const ms = fieldOf(action?.params, "ms")
  return typeof ms === "number" ? { deadlineMs: ms } : {}
}

const stateOf = (node: AnyStateNode): ChartState =>
  named(`the state '${printable(idOf(node), 80)}'`, () => stateAt(node))

function stateAt(node: AnyStateNode): ChartState {
  const states = Object.values(node.states).sort((one, other) => one.order - other.order)
  const entry = node.entry.flatMap(actionOf)
  const exit = node.exit.flatMap(actionOf)
  const stopped = stoppedBy(exit)
  const meta = jsonOf(node.meta, "meta")
  const first = node.type === "compound" ? node.initial.target?.[0] : undefined
  return {
    id: idOf(node),
    key: node.key,
    type: node.type,
    ...(node.description === undefined ? {} : { description: node.description }),
    ...(first === undefined ? {} : { initial: idOf(first) }),
    entry,
    exit,
    during: entry.map(({ type }) => type).filter((type) => stopped.includes(type)),
    ...deadlineOf(entry),
    ...(meta === undefined ? {} : { meta }),
    ...(node.tags.length === 0 ? {} : { tags: node.tags }),
    ...(node.invoke.length === 0 ? {} : { invokes: invokesOf(node) }),
    ...(node.type === "history" ? { history: node.history === "deep" ? "deep" : "shallow" } : {}),
    transitions: transitionsOf(node),
    states: states.map(stateOf)
  }
}

/** The machine as data. */
export const describe = (machine: AnyStateMachine): Chart => ({
  version: 1,
  id: machine.id,
  root: stateOf(machine.root)
})

/** Actions as a machine's definition gives them, those that are told in a chart. */
export const actionsIn = (actions: readonly unknown[]): readonly ChartAction[] =>
  actions.flatMap(actionOf)

/** A guard as a machine's definition gives it, in words. */
export const guardIn = guardOf
