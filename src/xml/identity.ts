/**
 * Name and UUID of a definition from the head of its text, for an index over thousands of files.
 * Reads only what libvirt and Troupe write: both elements directly below the root and before
 * anything nested. Whatever looks different is left to the whole parser.
 */
import * as Result from "effect/Result"
import { uuid as uuidCodec } from "./codec.ts"

export interface Identity {
  readonly name: string
  readonly uuid: string
}

const preface = String.raw`(?:\s*(?:<\?[^>]*\?>|<!--(?:(?!-->)[\s\S])*-->))*\s*`
const root = String.raw`<domain(?:\s[^<>]*)?>\s*`
const identity = String.raw`<name>([^<>]{1,1024})</name>\s*<uuid>([^<>]{32,40})</uuid>`
const head = new RegExp(`^${preface}${root}${identity}`)

/**
 * How much of a file is worth reading, in bytes: comments, the root's attributes and a long name.
 */
export const identityBytes = 4096

/** The identity, or undefined when the text does not begin in the usual way. */
export function parseIdentity(text: string): Identity | undefined {
  const found = head.exec(text.slice(0, identityBytes))
  if (found === null) return undefined
  const uuid = uuidCodec.decode(found[2] ?? "")
  const name = plainText(found[1] ?? "")
  return Result.isSuccess(uuid) && name !== undefined ? { name, uuid: uuid.success } : undefined
}

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&apos;": "'",
  "&quot;": '"'
}

/** The text with XML's own five references resolved; undefined when there are others. */
function plainText(text: string): string | undefined {
  const plain = text.replace(/&(?:lt|gt|amp|apos|quot);/g, (found) => entities[found] ?? found)
  return /&(?!(?:lt|gt|amp|apos|quot);)/.test(text) || text.includes("\r") ? undefined : plain
}
