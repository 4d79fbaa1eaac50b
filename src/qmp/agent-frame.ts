/**
 * What a guest's agent sends, as lines of JSON: bounded, whatever the guest sends instead. A byte
 * 0xFF, which JSON never holds, begins anew (qga/qapi-schema.json, guest-sync-delimited). Pure.
 */
import * as Result from "effect/Result"
import { isObject, type Json, type JsonObject, parseJson } from "./json.ts"

/** libvirt's limit for one reply (QEMU_AGENT_MAX_RESPONSE). */
export const agentLineBytesMax = 10 * 1024 * 1024

export const delimiter = 0xff
const newline = 0x0a

export interface AgentFrame {
  /** The parts of the line that has begun, last one first, so that adding one copies nothing. */
  readonly last: Part | undefined
  readonly size: number
  /** Too long already: the rest of this line is dropped as it comes. */
  readonly isDropping: boolean
}

interface Part {
  readonly bytes: Uint8Array
  readonly before: Part | undefined
}

export const emptyAgentFrame: AgentFrame = { last: undefined, size: 0, isDropping: false }

const joined = ({ last, size }: AgentFrame): Uint8Array => {
  const whole = new Uint8Array(size)
  let end = size
  for (let part = last; part !== undefined; part = part.before) {
    end -= part.bytes.length
    whole.set(part.bytes, end)
  }
  return whole
}

const added = (frame: AgentFrame, bytes: Uint8Array): AgentFrame => {
  if (bytes.length === 0 || frame.isDropping) return frame
  const size = frame.size + bytes.length
  if (size > agentLineBytesMax) return { last: undefined, size: 0, isDropping: true }
  return { last: { bytes, before: frame.last }, size, isDropping: false }
}

const decoder = new TextDecoder()

/** The object of a line; what is none is noise. */
const objectOf = (frame: AgentFrame): JsonObject | undefined => {
  if (frame.isDropping || frame.size === 0) return undefined
  const value = parseJson(decoder.decode(joined(frame)))
  return Result.isSuccess(value) && isObject(value.success) ? value.success : undefined
}

/** Takes the next bytes, which must not change after. The objects whose lines are complete. */
export const feedAgent = (
  frame: AgentFrame,
  bytes: Uint8Array
): { readonly frame: AgentFrame; readonly objects: readonly JsonObject[] } => {
  const objects: JsonObject[] = []
  let now = frame
  let from = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== newline && byte !== delimiter) continue
    if (byte === newline) {
      const object = objectOf(added(now, bytes.subarray(from, at)))
      if (object !== undefined) objects.push(object)
    }
    now = emptyAgentFrame
    from = at + 1
  }
  return { frame: added(now, bytes.subarray(from)), objects }
}

/** What an object of the agent's says, when it is a reply. */
export type AgentReply =
  | { readonly type: "return"; readonly value: Json }
  | { readonly type: "error"; readonly class: string; readonly desc: string }

const textOf = (value: Json | undefined, otherwise: string): string =>
  typeof value === "string" ? value : otherwise

export const agentReplyOf = (object: JsonObject): AgentReply | undefined => {
  const error = object["error"]
  if (isObject(error)) {
    const desc = textOf(error["desc"], "it does not say why")
    return { type: "error", class: textOf(error["class"], "GenericError"), desc }
  }
  return Object.hasOwn(object, "return")
    ? { type: "return", value: object["return"] ?? null }
    : undefined
}
