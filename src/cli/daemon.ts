/**
 * `troupe daemon`: serves libvirt's RPC until a signal ends it. Guests go on; calls under way get
 * a bounded time; a second signal ends it at once.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Failure } from "./engine.ts"
import { Screen } from "./screen.ts"

export interface DaemonOptions {
  readonly root: string | undefined
  /** Where the sockets are; by default ROOT/run. */
  readonly socketDirectory: string | undefined
  /** `tls:HOST:PORT`, each. */
  readonly listen: readonly string[]
  /** qemu.conf. */
  readonly config: string | undefined
}

/** A daemon that answers calls. */
export interface Daemon {
  /** Where it can be reached: paths, and `tls:HOST:PORT`. */
  readonly addresses: readonly string[]
  /** Ends in order: no further calls, those under way to their end, the engine closed. */
  readonly drain: Effect.Effect<void>
  /** Ends the process. */
  readonly exitNow: Effect.Effect<void>
}

export interface DaemonTrouble {
  readonly what: string
  readonly why: string
}

/** What puts a daemon together on this host; `src/main.ts` gives it. */
export class Daemons extends Context.Service<
  Daemons,
  {
    readonly open: (
      options: DaemonOptions & { readonly tell: (trouble: DaemonTrouble) => void }
    ) => Effect.Effect<Daemon, Failure, Scope.Scope>
    /** The path of this program, for unit files. */
    readonly program: string
  }
>()("troupe/cli/Daemons") {}

/** systemd reads the level at the start of a line (sd-daemon(3)); 4 is a warning. */
const warningLevel = "<4>"

export const daemon = (options: DaemonOptions & { readonly isJson: boolean }) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const daemons = yield* Daemons
    const context = yield* Effect.context<Screen>()
    const tell = ({ what, why }: DaemonTrouble): void => {
      const line = options.isJson
        ? JSON.stringify({ event: "trouble", what, why })
        : `${screen.isTerminal ? "" : warningLevel}troupe: ${what}: ${why}`
      Effect.runForkWith(context)(screen.warn(`${line.replaceAll("\n", " ")}\n`))
    }
    const { addresses, drain, exitNow } = yield* daemons.open({ ...options, tell })
    yield* screen.write(
      options.isJson
        ? `${JSON.stringify({ event: "ready", addresses })}\n`
        : `ready ${addresses.join(" ")}\n`
    )
    yield* screen.stopAsked
    yield* Effect.raceFirst(drain, Effect.andThen(screen.stopAsked, exitNow))
  }).pipe(Effect.scoped)
