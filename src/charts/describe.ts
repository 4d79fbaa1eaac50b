/**
 * From an xstate machine to plain data. Reads the machine's definition; runs nothing of it and
 * knows no machine in particular. The same machine gives the same data.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate"
import type { Chart, ChartAction, ChartState, ChartTransition, Json } from "./chart.ts"

/** A longer condition is told by its beginning: a chart is no listing. */
const guardLengthMax = 72

const idOf = (node: AnyStateNode): string =>
  node.path.length === 0 ? node.machine.id : node.path.join(".")

/** Data as JSON; undefined for what is computed when the action runs. */
function jsonOf(value: unknown): Json | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined
  if (Array.isArray(value)) return value.map((item) => jsonOf(item) ?? null)
  if (typeof value !== "object") return undefined
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const json = jsonOf(item)
    return json === undefined ? [] : [[key, json] as const]
  })
  return Object.fromEntries(entries)
}

const fieldOf = (value: unknown, name: string): unknown =>
  (typeof value === "object" || typeof value === "function") && value !== null && name in value
    ? (value as { readonly [key: string]: unknown })[name]
    : undefined

/** The actions that do something outside: assignments and the like are the chart's own business. */
function actionOf(action: unknown): readonly ChartAction[] {
  if (typeof action === "string") return [{ type: action }]
  const type = fieldOf(action, "type")
  if (typeof type !== "string") return []
  if (type === "xstate.raise") {
    const event = fieldOf(fieldOf(action, "event"), "type")
    return typeof event === "string" ? [{ type: "raise", params: { event } }] : []
  }
  if (type.startsWith("xstate.")) return []
  const params = jsonOf(fieldOf(action, "params"))
  return [params === undefined ? { type } : { type, params }]
}

/** The condition of an arrow function, or its whole body, on one line. */
function sourceOf(guard: (...args: never) => unknown): string {
  const text = String(guard).replace(/\s+/g, " ")
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
    const params = jsonOf(fieldOf(guard, "params"))
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

const eventOf = (transition: AnyTransitionDefinition, node: AnyStateNode): string => {
  const { eventType } = transition
  // xstate's names for what it raises itself hold the node's id; the arrow says where it starts.
  if (eventType.startsWith("xstate.done.state.")) return "done"
  if (eventType.startsWith("xstate.after.")) {
    return `after ${eventType.slice("xstate.after.".length).replace(`.${node.id}`, "")}`
  }
  return eventType
}

function transitionsOf(node: AnyStateNode): readonly ChartTransition[] {
  const all = [...(node.always ?? []), ...[...node.transitions.values()].flat()]
  return all.map((transition: AnyTransitionDefinition) => ({
    event: eventOf(transition, node),
    ...(transition.guard === undefined ? {} : { guard: guardOf(transition.guard) }),
    targets: (transition.target ?? []).map(idOf),
    reenters: transition.reenter,
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

function stateOf(node: AnyStateNode): ChartState {
  const states = Object.values(node.states).sort((one, other) => one.order - other.order)
  const entry = node.entry.flatMap(actionOf)
  const exit = node.exit.flatMap(actionOf)
  const stopped = stoppedBy(exit)
  const meta = jsonOf(node.meta)
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
