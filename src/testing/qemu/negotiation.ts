/** The handshake of a QMP client: until it is done, nothing else is answered. Pure. */
import type { Json, JsonObject } from "../../qmp/json.ts"
import { refusal, type Reply } from "./model.ts"

/** The answer to `qmp_capabilities`, and to whatever comes before it. */
export const negotiation = (
  { execute, words }: { readonly execute: string; readonly words: JsonObject },
  hasNegotiated: boolean
): Reply => {
  const notNow = (desc: string) => refusal(desc, "CommandNotFound")
  if (hasNegotiated) return notNow("Capabilities negotiation is already complete, command ignored")
  if (execute !== "qmp_capabilities")
    return notNow("Expecting capabilities negotiation with 'qmp_capabilities'")
  const why = objection(words)
  return why === undefined ? { return: {} } : refusal(why)
}

/**
 * Out-of-band commands are offered and nothing of ours uses them. That QEMU names the parameter
 * `null` is its own slip.
 */
const objection = ({ enable = [], ...more }: JsonObject): string | undefined => {
  if (!Array.isArray(enable)) return "Invalid parameter type for 'enable', expected: array"
  const unknown = enable.find((one: Json) => one !== "oob")
  if (unknown !== undefined) return `Parameter 'null' does not accept value '${String(unknown)}'`
  const [name] = Object.keys(more)
  return name === undefined ? undefined : `Parameter '${name}' is unexpected`
}
