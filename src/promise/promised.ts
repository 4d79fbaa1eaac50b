/**
 * Makes a promise face of a group of the engine's calls from a table: a row for each call, which
 * says how many arguments stand before its options. Types follow from the engine's own, and a call
 * without a row does not compile; so nothing is forwarded by hand, and nothing forgotten.
 */
import * as Effect from "effect/Effect"
import { type CallOptions, run } from "./run.ts"

type Asked<A> = Effect.Effect<A, unknown>

/** Objects of options, as opposed to lists, bytes and functions. */
type OptionsLike<O> = [O] extends [object]
  ? O extends readonly unknown[] | Uint8Array | ((...args: never[]) => unknown)
    ? never
    : O
  : never

/** All of the arguments, or all but a last one that is an object: that one takes the call's too. */
type Count<P extends readonly unknown[]> =
  | P["length"]
  | (P extends readonly [...infer Lead, infer Last]
      ? [OptionsLike<Last>] extends [never]
        ? never
        : Lead["length"]
      : never)

/** The rows that fit a member; `never` for what is no call without a scope. */
type Row<F> =
  F extends Asked<unknown>
    ? 0
    : F extends (...args: infer P) => Asked<unknown>
      ? Count<Required<P>>
      : never

export type Table<T> = {
  readonly [K in keyof T as [Row<T[K]>] extends [never] ? never : K]: Row<T[K]>
}

type WithOptions<P extends readonly unknown[], A> =
  Required<P> extends readonly [...infer Lead, infer Last]
    ? P extends readonly [...Lead, unknown]
      ? (...args: [...Lead, options: Last & CallOptions]) => Promise<A>
      : (...args: [...Lead, options?: Last & CallOptions]) => Promise<A>
    : never

type Call<F, N> =
  F extends Asked<infer A>
    ? (call?: CallOptions) => Promise<A>
    : F extends (...args: infer P) => Asked<infer A>
      ? N extends Required<P>["length"]
        ? (...args: [...P, call?: CallOptions]) => Promise<A>
        : WithOptions<P, A>
      : never

/** The same calls as promises. What needs a scope, and what is no call, is left out. */
export type Promised<T, R extends Table<T>> = {
  readonly [K in keyof T & keyof R]: Call<T[K], R[K]>
}

type Member = Asked<unknown> | ((...args: readonly unknown[]) => Asked<unknown>)

const callOf =
  (member: Member, before: number) =>
  async (...args: readonly unknown[]): Promise<unknown> => {
    const { signal, operationId, ...options } = (args[before] ?? {}) as CallOptions
    if (Effect.isEffect(member)) return run(member, { signal, operationId })
    const lead = Array.from({ length: before }, (_, at) => args[at])
    const isSaid = Object.keys(options).length > 0
    return run(isSaid ? member(...lead, options) : member(...lead), { signal, operationId })
  }

export const promised = <T extends object, const R extends Table<T>>(
  face: T,
  table: R
): Promised<T, R> => {
  const rows: readonly [string, number][] = Object.entries(table)
  const calls = rows.map(([name, before]) => [
    name,
    callOf(Reflect.get(face, name) as Member, before)
  ])
  return Object.fromEntries(calls) as Promised<T, R>
}
