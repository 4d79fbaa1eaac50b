/** Flags that several commands have, and how a command's own file is loaded when it is called. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { BadInput } from "./failure.ts"
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

/** The daemon that is asked; of every command. */
export const Connect = GlobalFlag.Setting("connect")({
  flag: Flag.String("connect").pipe(
    Flag.withAlias("c"),
    Flag.withMetavar("URI"),
    Flag.withDescription("the daemon to ask, as qemu:///system; by default that of the root"),
    Flag.optional
  )
})

/** Only looks: the daemon refuses what would change anything. */
export const ReadOnly = GlobalFlag.Setting("readonly")({
  flag: Flag.Boolean("readonly").pipe(
    Flag.withAlias("r"),
    Flag.withDescription("ask it for a connection that can only look"),
    Flag.withDefault(false)
  )
})

/** Waiting until a deed shows, and how long. */
export const waitFlags = {
  wait: Flag.String("wait").pipe(
    Flag.withMetavar("STATE"),
    Flag.withDescription("return when it has happened, or when the domain is in this state"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  timeout: Flag.Int("timeout").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("wait at most so long"),
    Flag.withDefault(60)
  )
} as const

/** For words that work on an engine of their own: to name a daemon to them is a mistake. */
export const withoutDaemon = (word: string) =>
  Effect.flatMap(Connect, (uri) =>
    Option.isNone(uri)
      ? Effect.void
      : Effect.fail(
          new BadInput({ message: `'${word}' has an engine of its own: leave out --connect` })
        )
  )

/** Runs what a module has, which is loaded only now. */
export const lazily = <M, A, E, R>(
  load: () => Promise<M>,
  use: (module: M) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Effect.flatMap(Effect.promise(load), use)
