/**
 * One line of QEMU to one message: greeting, event, return or error (qmp-spec 2.2 to 2.5). What a
 * peer sends is decoded here and trusted after; anything else than those four is `Malformed`.
 */
import * as Result from "effect/Result"
import { isObject, type Json, type JsonObject, parseJson } from "./json.ts"

/** When QEMU emitted an event, by its host's wall clock. For showing, never for ordering. */
export interface EventTime {
  readonly seconds: number
  readonly microseconds: number
}

export interface QmpGreeting {
  readonly _tag: "Greeting"
  /** `7.2.22` */
  readonly version: string
  readonly package: string
  readonly capabilities: readonly string[]
}

export type Message =
  | QmpGreeting
  | {
      readonly _tag: "Event"
      readonly name: string
      readonly data: JsonObject
      readonly at: EventTime
    }
  | { readonly _tag: "Return"; readonly id: Json | undefined; readonly value: Json }
  | {
      readonly _tag: "Error"
      readonly id: Json | undefined
      readonly class: string
      readonly description: string
    }
  | { readonly _tag: "Malformed"; readonly problem: string }

const malformed = (problem: string): Message => ({ _tag: "Malformed", problem })

export const decodeMessage = (line: string): Message => {
  const parsed = parseJson(line)
  if (Result.isFailure(parsed)) return malformed(`${parsed.failure}: ${excerpt(line)}`)
  const value = parsed.success
  if (!isObject(value)) return malformed(`not an object: ${excerpt(line)}`)
  const message = greeting(value) ?? event(value) ?? reply(value)
  return message ?? malformed(`neither greeting, event, return nor error: ${excerpt(line)}`)
}

/** An own member: `__proto__` and `constructor` are names like any other. */
const member = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined

const text = (value: Json | undefined): string | undefined =>
  typeof value === "string" ? value : undefined

const integer = (value: Json | undefined): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : undefined

const greeting = (object: JsonObject): Message | undefined => {
  const qmp = member(object, "QMP")
  if (!isObject(qmp)) return undefined
  const version = member(qmp, "version")
  const qemu = isObject(version) ? member(version, "qemu") : undefined
  const capabilities = member(qmp, "capabilities")
  if (!isObject(version) || !isObject(qemu) || !Array.isArray(capabilities)) return undefined
  const numbers = ["major", "minor", "micro"].map((name) => integer(member(qemu, name)))
  if (numbers.includes(undefined)) return undefined
  return {
    _tag: "Greeting",
    version: numbers.join("."),
    package: text(member(version, "package")) ?? "",
    capabilities: capabilities.filter((one: Json) => typeof one === "string")
  }
}

const event = (object: JsonObject): Message | undefined => {
  const name = text(member(object, "event"))
  const timestamp = member(object, "timestamp")
  const data = member(object, "data") ?? {}
  if (name === undefined || !isObject(timestamp) || !isObject(data)) return undefined
  const at = {
    seconds: integer(member(timestamp, "seconds")) ?? 0,
    microseconds: integer(member(timestamp, "microseconds")) ?? 0
  }
  return { _tag: "Event", name, data, at }
}

const reply = (object: JsonObject): Message | undefined => {
  const id = member(object, "id")
  const value = member(object, "return")
  if (value !== undefined) return { _tag: "Return", id, value }
  const error = member(object, "error")
  if (!isObject(error)) return undefined
  const name = text(member(error, "class"))
  const description = text(member(error, "desc"))
  if (name === undefined || description === undefined) return undefined
  return { _tag: "Error", id, class: name, description }
}

/** Enough of a peer's line to recognise it, in a form that is safe to show. */
const excerpt = (line: string): string => {
  const shown = JSON.stringify(line.slice(0, 80))
  return line.length > 80 ? `${shown}...` : shown
}
