/**
 * Where the command line writes, and what its user says with the keyboard: a service, so that every
 * command runs in a test. `screen.live.ts` is the terminal.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"

/** Styles by what they mean here, not by their look. */
export type Style = "good" | "bad" | "warn" | "calm" | "head" | "faint" | "name"

export class Screen extends Context.Service<
  Screen,
  {
    /** Whether standard output is a terminal that can be drawn on. */
    readonly isTerminal: boolean
    readonly columns: () => number
    readonly rows: () => number
    /** To standard output, as it is. */
    readonly write: (text: string) => Effect.Effect<void>
    readonly writeBytes: (bytes: Uint8Array) => Effect.Effect<void>
    /**
     * What is typed from now on, raw: no echo, no signals, until the scope closes. Each run gives
     * the next bytes; `undefined` when standard input has ended.
     */
    readonly keys: Effect.Effect<Effect.Effect<Uint8Array | undefined>, never, Scope>
    /** To standard error, as it is. */
    readonly warn: (text: string) => Effect.Effect<void>
    /** The text in a style, or as it is where there are no colours. */
    readonly paint: (style: Style, text: string) => string
    /** The same for standard error. */
    readonly paintWarning: (style: Style, text: string) => string
    /** Waits for Ctrl-C or SIGTERM; gives the name of the signal. Else they end the program. */
    readonly stopAsked: Effect.Effect<string>
    /** Waits for SIGUSR2. One that comes while nobody waits is passed over. */
    readonly traceAsked: Effect.Effect<string>
  }
>()("troupe/cli/Screen") {}
