/** Domains as libvirt's RPC names them: by name, uuid and number; how a user's key finds one. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { type CallFailure, RemoteError } from "../../rpc/client/error.ts"
import type { remote_nonnull_domain } from "../../rpc/protocol/types.ts"

export type Reference = remote_nonnull_domain

/** `VIR_ERR_NO_DOMAIN`. */
export const noDomain = 42

/** Lower case, with hyphens. */
export const uuidText = (bytes: Uint8Array): string => {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

const uuidForm = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

/** The bytes of a uuid; undefined where the text is none. */
export const uuidBytes = (text: string): Uint8Array | undefined =>
  uuidForm.test(text)
    ? Uint8Array.from(text.replaceAll("-", "").match(/../g) ?? [], (pair) =>
        Number.parseInt(pair, 16)
      )
    : undefined

const isNone = (error: CallFailure): boolean =>
  error._tag === "RemoteError" && error.code === noDomain

export const isNoDomain = (error: unknown): boolean =>
  error instanceof RemoteError && error.code === noDomain

/** A name, a uuid, or the number of a running one, tried in this order. */
export const findDomain = (remote: Remote, key: string): Effect.Effect<Reference, CallFailure> => {
  const byName = Effect.map(
    remote.call("remote", "DOMAIN_LOOKUP_BY_NAME", { name: key }),
    ({ dom }) => dom
  )
  const uuid = uuidBytes(key)
  const others: Effect.Effect<Reference, CallFailure>[] = []
  if (uuid !== undefined)
    others.push(
      Effect.map(remote.call("remote", "DOMAIN_LOOKUP_BY_UUID", { uuid }), ({ dom }) => dom)
    )
  if (/^[0-9]{1,9}$/.test(key))
    others.push(
      Effect.map(
        remote.call("remote", "DOMAIN_LOOKUP_BY_ID", { id: Number(key) }),
        ({ dom }) => dom
      )
    )
  // What is said of a key that nothing fits is said of a name.
  const notFound = (error: CallFailure) => Effect.fail(error)
  return Effect.catch(byName, (first) =>
    isNone(first)
      ? others.reduceRight<Effect.Effect<Reference, CallFailure>>(
          (rest, attempt) =>
            Effect.catch(attempt, (error) => (isNone(error) ? rest : Effect.fail(error))),
          notFound(first)
        )
      : Effect.fail(first)
  )
}

/** The same domain as it is now: its number comes and goes. */
export const lookAgain = (remote: Remote, { uuid }: Reference) =>
  Effect.map(remote.call("remote", "DOMAIN_LOOKUP_BY_UUID", { uuid }), ({ dom }) => dom)
