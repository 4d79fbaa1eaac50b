/**
 * How a running QEMU is asked: one QMP command, its reply read. Whoever reaches the monitor makes
 * the `Ask`; the files beside this one know which commands tell what. Reads of replies live here.
 */
import type * as Effect from "effect/Effect"
import type { DomainGone } from "../model/domain-error.ts"
import type { GuestRefused, GuestSilent } from "../model/guest-error.ts"
import type { Command } from "../qmp/command.ts"
import { isObject, type Json, type JsonObject } from "../qmp/json.ts"

export type AskFailure = GuestRefused | GuestSilent | DomainGone

/** Asks the guest's QEMU, and reads what it answers. */
export type Ask = <A>(command: Command<A>) => Effect.Effect<A, AskFailure>

/** The objects of a list; anything else in it is passed over. */
export const rowsOf = (reply: Json | undefined): readonly JsonObject[] =>
  Array.isArray(reply) ? reply.filter(isObject) : []

/** A member of a member ...; `undefined` where the way ends. */
export const memberOf = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    value
  )

export const textAt = (value: Json | undefined, ...path: readonly string[]): string | undefined => {
  const found = memberOf(value, ...path)
  return typeof found === "string" ? found : undefined
}

/** Counters may be 64 bits wide; past 2^53 only their size matters. */
export const numberAt = (
  value: Json | undefined,
  ...path: readonly string[]
): number | undefined => {
  const found = memberOf(value, ...path)
  return typeof found === "number" || typeof found === "bigint" ? Number(found) : undefined
}

export const flagAt = (
  value: Json | undefined,
  ...path: readonly string[]
): boolean | undefined => {
  const found = memberOf(value, ...path)
  return typeof found === "boolean" ? found : undefined
}

/** Where a device with this alias stands in QEMU's object tree. */
export const devicePath = (alias: string): string => `/machine/peripheral/${alias}`
