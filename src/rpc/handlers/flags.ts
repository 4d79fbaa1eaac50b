/** What every handler checks of its arguments before it works: flags and counts. Pure. */
import type { Client, Work } from "../server/handler.ts"
import { refuse, unknownFlags } from "./domain-reference.ts"

interface Flagged {
  readonly flags: number
}

/** A handler whose call has no flags but these. */
export const knowing =
  <A extends Flagged, R>(
    api: string,
    known: number,
    answer: (args: A, client: Client) => R | Work<R>
  ) =>
  (args: A, client: Client): R | Work<R> =>
    unknownFlags(api, args.flags, known) ?? answer(args, client)

/** A handler whose call may ask for so many names. */
export const upTo =
  <A extends { readonly maxnames: number }, R>(
    max: number,
    answer: (args: A, client: Client) => R | Work<R>
  ) =>
  (args: A, client: Client): R | Work<R> =>
    args.maxnames >= 0 && args.maxnames <= max
      ? answer(args, client)
      : refuse("INVALID_ARG", `a list has from 0 to ${max} names, and not ${args.maxnames}`)
