/**
 * Bytes to text, and what text XML can hold. Everything that is read passes `decodeText` first.
 */
import * as Result from "effect/Result"
import { XmlError } from "./error.ts"
import { positionsIn } from "./position.ts"

/** Strict UTF-8 to text; a byte order mark is dropped. Fails at the first bad byte. */
export function decodeText(bytes: Uint8Array): Result.Result<string, XmlError> {
  const lenient = (part: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(part)
  const text = lenient(bytes)
  const again = new TextEncoder().encode(text)
  // A bad byte was replaced by U+FFFD, which is three other bytes.
  const bad = firstDifference(bytes, again)
  if (bad === undefined) return Result.succeed(text.startsWith("\uFEFF") ? text.slice(1) : text)
  const before = lenient(bytes.subarray(0, bad))
  const { line, column } = positionsIn(before)(before.length)
  const reason = `byte ${bad} is not UTF-8`
  return Result.fail(new XmlError({ problem: "malformed", line, column, path: "", reason }))
}

function firstDifference(left: Uint8Array, right: Uint8Array): number | undefined {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) if (left[at] !== right[at]) return at
  return left.length === right.length ? undefined : length
}

// XML 1.0 section 2.2: tab, newline, return, and everything from space on but surrogates, U+FFFE
// and U+FFFF.
const outside = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

const everyOutside = new RegExp(outside.source, "gu")

/** The offset of the first character that no XML document can hold, or -1. */
export function notXmlAt(text: string): number {
  return text.search(outside)
}

/** The text with U+FFFD in place of every character that XML cannot hold. */
export function toXmlText(text: string): string {
  return notXmlAt(text) < 0 ? text : text.replace(everyOutside, "\uFFFD")
}
