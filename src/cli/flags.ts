/** Flags that several commands have, and how a command's own file is loaded when it is called. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { formats } from "./output.ts"

const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

export const flags = {
  flag,
  root: Flag.String("root").pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription("the directory of the engine; each user has one by default"),
    Flag.optional
  ),
  format: Flag.Literals("output", formats).pipe(
    Flag.withAlias("o"),
    Flag.withDescription("how it is printed"),
    Flag.withDefault("table" as const)
  )
} as const

export const given = <A>(option: Option.Option<A>): A | undefined => Option.getOrUndefined(option)

/** Runs what a module has, which is loaded only now. */
export const lazily = <M, A, E, R>(
  load: () => Promise<M>,
  use: (module: M) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Effect.flatMap(Effect.promise(load), use)
