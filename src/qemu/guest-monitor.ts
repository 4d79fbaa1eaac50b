/**
 * QEMU's monitor as it is, for who knows it: a command as JSON with QEMU's answer as JSON, errors
 * too, or a line of the monitor for people. Nothing is held back and nothing is understood.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { command, humanMonitorCommand } from "../qmp/command.ts"
import { formatJson, isObject, type Json, type JsonObject, parseJson } from "../qmp/json.ts"
import type { Ask } from "./guest-ask.ts"

/** A line for people: what it prints. */
export const askHuman = (ask: Ask, line: string) =>
  Effect.map(ask(humanMonitorCommand(line)), (reply) =>
    typeof reply === "string" ? reply : Result.getOrElse(formatJson(reply), () => "")
  )

export interface MachineCommand {
  readonly execute: string
  readonly words: JsonObject | undefined
  /** The asker's own, given back. */
  readonly id: Json | undefined
}

/** The command in this text, or why there is none. */
export const machineCommand = (text: string): MachineCommand | { readonly why: string } => {
  const parsed = parseJson(text)
  if (Result.isFailure(parsed)) return { why: `is ${parsed.failure}` }
  const value = parsed.success
  if (!isObject(value)) return { why: "is no object" }
  const { execute, arguments: words, id, ...rest } = value
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return { why: `has a member '${unknown}', which is not known` }
  if (typeof execute !== "string") return { why: "has no 'execute'" }
  if (words !== undefined && !isObject(words)) return { why: "has 'arguments' that are no object" }
  return { execute, words, id }
}

const answer = (members: JsonObject, id: Json | undefined): string =>
  Result.getOrElse(formatJson(id === undefined ? members : { ...members, id }), () => "{}")

/** QEMU's answer as it would be on the wire. */
export const askMachine = (ask: Ask, { execute, words, id }: MachineCommand) =>
  ask(command(execute, words)).pipe(
    Effect.map((reply) => answer({ return: reply }, id)),
    Effect.catchTag("GuestRefused", (refused) =>
      Effect.succeed(answer({ error: { class: refused.class, desc: refused.why } }, id))
    )
  )
