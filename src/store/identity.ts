/**
 * Whose definition a file holds. A file belongs to the domain that it names, not to the one that it
 * is called after, and is not replaced or removed on behalf of another.
 */
import * as Result from "effect/Result"
import { parseDomain } from "../xml/domain.ts"
import { parseIdentity } from "../xml/identity.ts"
import { textOf } from "./disk.ts"

export interface Identity {
  readonly name: string
  readonly uuid: string
}

/** `undefined` when the text is no definition. */
export type ReadIdentity = (text: string) => Identity | undefined

/**
 * From the head of the text when it begins as libvirt and we write it, else by parsing all of it.
 */
export const identityOfText: ReadIdentity = (text) => parseIdentity(text) ?? parsedIdentity(text)

const parsedIdentity: ReadIdentity = (text) =>
  Result.match(parseDomain(text), {
    onFailure: () => undefined,
    onSuccess: ({ domain: { name, uuid } }) => ({ name, uuid })
  })

/** Why the file that is there may not be replaced or removed on behalf of this domain. */
export const objectionOf =
  (readIdentity: ReadIdentity, { name, uuid }: Identity) =>
  (previous: Uint8Array | undefined): string | undefined => {
    if (previous === undefined) return undefined
    const text = textOf(previous)
    const owner = text === undefined ? undefined : readIdentity(text)
    if (owner === undefined) return "a file is there that is no definition"
    return owner.name === name && owner.uuid === uuid
      ? undefined
      : `it is the definition of '${owner.name}' (${owner.uuid})`
  }
