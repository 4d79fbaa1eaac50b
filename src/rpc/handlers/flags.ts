/** What every handler checks of its arguments before it works: flags and counts. Pure. */
import * as Effect from "effect/Effect"
import { RpcRefusal } from "../refusal.ts"
import type { Client, Work } from "../server/handler.ts"

interface Flagged {
  readonly flags: number
}

/** The refusal of flags that the function does not have; `undefined` where it has them all. */
export const unknownFlags = (
  api: string,
  known: number,
  { flags }: Flagged
): RpcRefusal | undefined => {
  const unknown = (flags & ~known) >>> 0
  return unknown === 0
    ? undefined
    : new RpcRefusal({
        code: "INVALID_ARG",
        text: `unsupported flags (0x${unknown.toString(16)}) in function ${api}`
      })
}

/** A handler whose call has no flags but these. */
export const knowing =
  <A extends Flagged, R>(
    api: string,
    known: number,
    answer: (args: A, client: Client) => R | Work<R>
  ) =>
  (args: A, client: Client): R | Work<R> => {
    const refusal = unknownFlags(api, known, args)
    return refusal === undefined ? answer(args, client) : Effect.fail(refusal)
  }

/** A handler whose call may ask for so many names. */
export const upTo =
  <A extends { readonly maxnames: number }, R>(
    max: number,
    answer: (args: A, client: Client) => R | Work<R>
  ) =>
  (args: A, client: Client): R | Work<R> =>
    args.maxnames >= 0 && args.maxnames <= max
      ? answer(args, client)
      : Effect.fail(
          new RpcRefusal({
            code: "INVALID_ARG",
            text: `a list has from 0 to ${max} names, and not ${args.maxnames}`
          })
        )
