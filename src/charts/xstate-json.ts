/**
 * A machine as the JSON that `createMachine` takes again, and that other tools for xstate read.
 * Functions cannot be JSON: an action or a guard that was given in place becomes a name, the same
 * one that a drawing shows; assignments, inputs and outputs that are computed are left out.
 */
import type { AnyStateMachine } from "xstate"
import type { Json } from "./chart.ts"
import { actionsIn, guardIn } from "./describe.ts"
import { jsonOf, named } from "./json.ts"
import { printable } from "./printable.ts"

type Config = { readonly [key: string]: unknown }

const isConfig = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** One or many as a list. */
const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

const actionsOf = (value: unknown): Json =>
  actionsIn(listOf(value)).map(({ type, params }) =>
    params === undefined ? { type } : { type, params }
  )

function transitionOf(value: unknown): Json {
  if (!isConfig(value)) return typeof value === "string" ? { target: value } : {}
  const { target, guard, actions, reenter, description, meta } = value
  return {
    ...(target === undefined ? {} : { target: jsonOf(target) ?? null }),
    ...(guard === undefined ? {} : { guard: { type: guardIn(guard) } }),
    ...(actions === undefined ? {} : { actions: actionsOf(actions) }),
    ...(reenter === true ? { reenter } : {}),
    ...plain({ description, meta })
  }
}

const transitionsOf = (value: unknown): Json => listOf(value).map(transitionOf)

const byEvent = (value: unknown): Json =>
  isConfig(value)
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, transitionsOf(one)]))
    : {}

/** What is data already. */
function plain(values: Config): { readonly [key: string]: Json } {
  const known = Object.entries(values).flatMap(([key, value]) => {
    const json = value === undefined ? undefined : jsonOf(value, key)
    return json === undefined ? [] : [[key, json] as const]
  })
  return Object.fromEntries(known)
}

function invokeOf(value: unknown): Json {
  if (!isConfig(value)) return {}
  const { id, src, onDone, onError, onSnapshot } = value
  return {
    ...plain({ id, src: typeof src === "string" ? src : "inline" }),
    ...(onDone === undefined ? {} : { onDone: transitionsOf(onDone) }),
    ...(onError === undefined ? {} : { onError: transitionsOf(onError) }),
    ...(onSnapshot === undefined ? {} : { onSnapshot: transitionsOf(onSnapshot) })
  }
}

const initialOf = (value: unknown): Json =>
  isConfig(value)
    ? { ...plain({ target: value["target"] }), actions: actionsOf(value["actions"]) }
    : (jsonOf(value) ?? null)

/** How each key of a state's definition is written; keys that are not listed are left out. */
const writers: { readonly [key: string]: (value: unknown) => Json } = {
  initial: initialOf,
  entry: actionsOf,
  exit: actionsOf,
  on: byEvent,
  after: byEvent,
  always: transitionsOf,
  onDone: transitionsOf,
  invoke: (value) => listOf(value).map(invokeOf),
  states: (value) =>
    isConfig(value)
      ? Object.fromEntries(
          Object.entries(value).map(([key, state]) => [
            key,
            named(`the state '${printable(key, 80)}'`, () => stateOf(state))
          ])
        )
      : {}
}

const plainKeys = ["id", "type", "history", "target", "description", "meta", "tags", "version"]

const stateOf = (value: unknown): { readonly [key: string]: Json } => {
  if (!isConfig(value)) return {}
  const data = plain(Object.fromEntries(plainKeys.map((key) => [key, value[key]])))
  const written = Object.entries(writers).flatMap(([key, write]) =>
    value[key] === undefined ? [] : [[key, write(value[key])] as const]
  )
  return { ...data, ...Object.fromEntries(written) }
}

/** The machine's definition, two blanks an indent. */
export function xstateJson(machine: AnyStateMachine): string {
  const definition = named("the machine", () => stateOf(machine.config))
  return `${JSON.stringify({ ...definition, id: machine.id }, null, 2)}\n`
}
