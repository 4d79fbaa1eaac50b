/** The 16 bytes of the protocol and the text that the engine knows a thing by. Pure. */
import { assert } from "../../base/assert.ts"

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Bytes before which the text has a dash. */
const dashes: ReadonlySet<number> = new Set([4, 6, 8, 10])

/** Lower case, with dashes. */
export const uuidText = (bytes: Uint8Array): string => {
  assert(bytes.length === 16, "a uuid has 16 bytes")
  let text = ""
  for (let at = 0; at < 16; at++) text += (dashes.has(at) ? "-" : "") + hex[bytes[at] ?? 0]
  return text
}

/** Of a text as the engine writes them. */
export const uuidBytes = (text: string): Uint8Array => {
  const digits = text.replaceAll("-", "")
  assert(/^[0-9a-f]{32}$/i.test(digits), "a uuid of the engine has 32 digits")
  return Uint8Array.from({ length: 16 }, (_, at) =>
    Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16)
  )
}
