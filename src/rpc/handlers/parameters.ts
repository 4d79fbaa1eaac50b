/** Typed parameters as calls ask for them: first how many there are, then so many of them. Pure. */
import * as Effect from "effect/Effect"
import { RpcRefusal } from "../refusal.ts"

/** VIR_TYPED_PARAM_STRING_OKAY: the client can take values that are texts. */
export const stringOkay = 4

export interface Asked<A> {
  readonly params: readonly A[]
  readonly nparams: number
}

/** How many the client asks for, where it is no number of parameters. */
export const badCount = (api: string, nparams: number, max: number): RpcRefusal | undefined =>
  nparams >= 0 && nparams <= max
    ? undefined
    : new RpcRefusal({
        code: "INVALID_ARG",
        text: `nparams in ${api} must be from 0 to ${max}, and not ${nparams}`
      })

/** With 0 the count alone is asked for; it is that of the answer which follows. */
export const asked = <A>(all: readonly A[], nparams: number): Asked<A> =>
  nparams === 0
    ? { params: [], nparams: all.length }
    : { params: all.slice(0, nparams), nparams: Math.min(all.length, nparams) }

/** Refused before the work where the count makes no sense. */
export const counted = <A, E, R>(
  api: string,
  { nparams, max }: { readonly nparams: number; readonly max: number },
  all: Effect.Effect<readonly A[], E, R>
): Effect.Effect<Asked<A>, E | RpcRefusal, R> => {
  const refusal = badCount(api, nparams, max)
  if (refusal !== undefined) return Effect.fail(refusal)
  return Effect.map(all, (found) => asked(found, nparams))
}
