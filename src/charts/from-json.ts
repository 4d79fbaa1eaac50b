/**
 * From a machine as JSON, as inspectors of xstate send it, to a chart. The JSON is anybody's: what
 * is no part of a chart is left away, functions are gone in it and nothing of it is run, and what
 * cannot be a machine is refused with a sentence.
 *
 * Gotchas: an inspector writes a function as an action of the function's name (`assign`, or the key
 * that it stood under), and cuts what is nested too deep for it into words.
 */
import { createMachine } from "xstate"
import type { Chart, Json } from "./chart.ts"
import { describe } from "./describe.ts"

export class BadDefinition extends Error {
  override readonly name = "BadDefinition"
}

type Fields = { readonly [key: string]: unknown }

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

/** More states make no picture, and charts are walked by recursion. */
const statesMax = 2000
const depthMax = 40

/** What an inspector leaves of what lies too deep. */
const cutOff: ReadonlySet<unknown> = new Set(["[Object]", "[Array]"])

/** What xstate's own functions are called, and what functions in place are called after. */
const functionNames: ReadonlySet<unknown> = new Set(
  (
    " actions entry exit assign raise sendTo sendParent forwardTo emit log cancel " +
    "spawnChild stop stopChild enqueueActions"
  ).split(" ")
)

/** What says no more of a condition than that there is one. */
const noGuards: ReadonlySet<unknown> = new Set(["", "guard", ...cutOff])

class Reader {
  private states = 0

  state(value: unknown, depth: number): Fields {
    const fields = this.fields(value)
    this.states += 1
    if (this.states > statesMax || depth > depthMax)
      throw new BadDefinition(`it has more than ${statesMax} states, or more than ${depthMax} deep`)
    const { id, type, initial, history, target, description, meta, tags } = fields
    const plain = { id, type, history, target, description, meta, tags }
    return {
      ...Object.fromEntries(Object.entries(plain).filter(([, one]) => one !== undefined)),
      ...(initial === undefined ? {} : { initial: this.initial(initial) }),
      entry: this.actions(fields["entry"]),
      exit: this.actions(fields["exit"]),
      on: this.byEvent(fields["on"]),
      after: this.byEvent(fields["after"]),
      always: this.transitions(fields["always"]),
      ...(fields["onDone"] === undefined ? {} : { onDone: this.transitions(fields["onDone"]) }),
      invoke: listOf(fields["invoke"]).map((one) => this.invoke(one)),
      states: Object.fromEntries(
        Object.entries(this.fields(fields["states"] ?? {})).map(([key, one]) => [
          key,
          this.state(one, depth + 1)
        ])
      )
    }
  }

  private fields(value: unknown): Fields {
    if (isFields(value)) return value
    if (cutOff.has(value)) {
      const option = "createInspector's serializationDepthLimit says how deep"
      throw new BadDefinition(`the inspector has cut what is nested in it: ${option}`)
    }
    throw new BadDefinition("a part of it is no object")
  }

  private initial(value: unknown): unknown {
    return isFields(value) ? value["target"] : value
  }

  private byEvent(value: unknown): Fields {
    return Object.fromEntries(
      Object.entries(this.fields(value ?? {})).map(([event, one]) => [event, this.transitions(one)])
    )
  }

  private transitions(value: unknown): readonly Fields[] {
    if (cutOff.has(value)) this.fields(value)
    return listOf(value).map((one) => this.transition(one))
  }

  private transition(value: unknown): Fields {
    if (cutOff.has(value)) this.fields(value)
    if (!isFields(value)) return typeof value === "string" ? { target: value } : {}
    const { target, guard, actions, reenter } = value
    return {
      ...(target === undefined || target === null ? {} : { target }),
      ...(guard === undefined || guard === null ? {} : { guard: this.guard(guard) }),
      ...(reenter === true ? { reenter } : {}),
      actions: this.actions(actions)
    }
  }

  private guard(value: unknown): unknown {
    const type = isFields(value) ? value["type"] : value
    return typeof type !== "string" || noGuards.has(type) ? "guarded" : type
  }

  private actions(value: unknown): Json {
    return listOf(value).flatMap((one) => {
      const type = isFields(one) ? one["type"] : one
      const isNamed = typeof type === "string" && !functionNames.has(type) && !cutOff.has(type)
      return isNamed ? [{ type }] : []
    })
  }

  private invoke(value: unknown): Fields {
    const { id, src, onDone, onError, onSnapshot } = this.fields(value)
    return {
      ...(typeof id === "string" ? { id } : {}),
      // What was given in place is an object: its name is nowhere.
      src: typeof src === "string" ? src : {},
      onDone: this.transitions(onDone),
      onError: this.transitions(onError),
      onSnapshot: this.transitions(onSnapshot)
    }
  }
}

/** The chart of a machine's JSON. Throws `BadDefinition`. */
export function chartFromJson(text: string): Chart {
  try {
    const definition: unknown = JSON.parse(text)
    const config = new Reader().state(definition, 0)
    // Machines take their own types; this one is only described.
    return describe(createMachine(config as Parameters<typeof createMachine>[0]))
  } catch (error) {
    if (error instanceof BadDefinition) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new BadDefinition(message.replace(/\s+/g, " ").trim())
  }
}
