/**
 * What the command line needs of an engine, and how it gets one. The embedded engine has this
 * shape, and whatever speaks to a daemon can have it too; `src/main.ts` gives the first.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DomainEvent } from "../model/event.ts"
import type { DomainState } from "../model/state.ts"
import type { Report } from "../xml/reading.ts"

/** Any tagged error; what became of it is decided by its tag. */
export interface Failure {
  readonly _tag: string
  readonly message: string
}

export type Attempt<A> = Effect.Effect<A, Failure>

export interface Summary {
  readonly uuid: string
  readonly name: string
  readonly id: number | undefined
  readonly state: DomainState
  readonly reason: string
  readonly isActive: boolean
  readonly isPersistent: boolean
  readonly isAutostart: boolean
  readonly epoch: string | undefined
  readonly startedAtMs: number | undefined
}

export interface Info extends Summary {
  readonly maximumMemoryKiB: number
  readonly memoryKiB: number
  readonly vcpus: number
  readonly cpuTimeNs: number | undefined
  readonly pid: number | undefined
  /** The engine's own state; a daemon does not tell it. */
  readonly chart: string | undefined
}

export interface Filter {
  readonly isActive?: boolean
  readonly isPersistent?: boolean
  readonly isAutostart?: boolean
  readonly states?: readonly DomainState[]
}

export interface StartOptions {
  readonly isPaused?: boolean
  /** The connection that the guest ends with. */
  readonly autoDestroy?: { readonly id: string }
}

export type Mode = "default" | "acpi" | "agent"

export interface Guest {
  readonly uuid: string
  readonly name: string
  readonly summary: Attempt<Summary>
  readonly info: Attempt<Info>
  readonly xml: (options?: {
    readonly isInactive?: boolean
    readonly withSecrets?: boolean
  }) => Attempt<string>
  readonly start: (options?: StartOptions) => Attempt<number>
  readonly suspend: Attempt<void>
  readonly resume: Attempt<void>
  readonly shutdown: (mode?: Mode) => Attempt<void>
  readonly reboot: (mode?: Mode) => Attempt<void>
  readonly reset: Attempt<void>
  readonly wakeup: Attempt<void>
  readonly destroy: (options?: { readonly isGraceful?: boolean }) => Attempt<void>
  readonly undefine: Attempt<void>
  readonly rename: (name: string) => Attempt<void>
  readonly setAutostart: (isAutostart: boolean) => Attempt<void>
  readonly waitFor: (state: DomainState, options?: { readonly timeoutMs?: number }) => Attempt<void>
}

export interface Defined extends Guest {
  readonly reports: readonly Report[]
}

/**
 * A gap says that the listener was too slow; the present states come first where that was asked.
 */
export type Happening = DomainEvent | { readonly type: "gap" | "current" }

export interface Engine {
  readonly place: { readonly root: string; readonly run: string }
  readonly defineXML: (
    xml: string,
    options?: { readonly isValidated?: boolean }
  ) => Attempt<Defined>
  readonly createXML: (xml: string, options?: StartOptions) => Attempt<Defined>
  readonly lookup: (key: string) => Attempt<Guest>
  readonly list: (filter?: Filter) => Attempt<readonly Summary[]>
  /** Each run gives the next event; `undefined` when the engine has ended. */
  readonly subscribe: () => Effect.Effect<
    Effect.Effect<Happening | undefined>,
    Failure,
    Scope.Scope
  >
  readonly connect: Effect.Effect<{ readonly id: string }, Failure, Scope.Scope>
  /** The last turns of every actor, as the text of a trace file. */
  readonly trace: Effect.Effect<string>
  readonly problems: Effect.Effect<readonly { readonly what: string; readonly why: string }[]>
}

export interface OpenOptions {
  /** By default the user's own. */
  readonly root?: string
  readonly config?: string
  readonly guests?: "leave" | "stop"
  /** Whether domains with autostart are started. True by default. */
  readonly autostart?: boolean
}

export class Engines extends Context.Service<
  Engines,
  {
    /** Until the scope closes. Fails with who has the root when it is taken. */
    readonly open: (options: OpenOptions) => Effect.Effect<Engine, Failure, Scope.Scope>
  }
>()("troupe/cli/Engines") {}
