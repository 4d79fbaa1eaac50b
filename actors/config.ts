/**
 * Owns the configuration: one immutable, numbered snapshot, replaced whole or not at all. Readers
 * take it without asking; a call keeps the one that it started with.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { configMachine, type ConfigFact, type ConfigProtocol } from "../machines/config.ts"
import { configBytesMax } from "../src/base/limits.ts"
import { ConfigError, type ConfigSnapshot, defaults, load } from "../src/config/snapshot.ts"
import { type FileError, Files } from "../src/host/files.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { initialStep, stateName, step } from "../src/kernel/statechart.ts"
import { withoutCaller } from "../src/kernel/script.ts"

export type ReloadError = ConfigError | FileError | KernelError

export interface ConfigHolder {
  readonly current: () => ConfigSnapshot
  /** Reads the file again; the new snapshot, or what is wrong with the file and nothing changed. */
  readonly reload: (cause: string) => Effect.Effect<ConfigSnapshot, ReloadError>
  /** A hint that the file may have changed: reloads, and what is wrong is told to `onProblem`. */
  readonly signalled: () => void
  readonly stop: () => Effect.Effect<void>
}

export interface ConfigOptions {
  readonly kernel: Kernel
  /** Absent: the defaults, for ever. A path that does not exist is the defaults until it does. */
  readonly path: string | undefined
  /** A reload came to nothing. Whoever asked for it by a call is told too. */
  readonly onProblem: (error: unknown) => void
}

const decoder = new TextDecoder("utf-8", { fatal: false })

const readSnapshot = Effect.fnUntraced(function* (path: string | undefined, number: number) {
  if (path === undefined) return defaults(number)
  const files = yield* Files
  const text = yield* files.read(path, configBytesMax).pipe(
    Effect.map((bytes) => decoder.decode(bytes)),
    Effect.catch((error) => (error.code === "ENOENT" ? Effect.succeed("") : Effect.fail(error)))
  )
  return yield* Effect.fromResult(load(text, { number, path }))
})

/**
 * Reads the file, and follows it until the scope closes. Fails when the file is wrong at the start.
 */
export const makeConfigHolder = Effect.fnUntraced(function* ({
  kernel,
  path,
  onProblem
}: ConfigOptions): Effect.fn.Return<ConfigHolder, ConfigError | FileError, Files | Scope.Scope> {
  const context = withoutCaller(yield* Effect.context<Files>())
  // Watched before it is read: what is written in between must not be missed.
  const news = { isEarly: false, tell: (): void => void (news.isEarly = true) }
  if (path !== undefined) {
    const files = yield* Files
    // A directory that cannot be watched costs the convenience, not the engine.
    yield* Effect.ignore(files.watch(path, () => news.tell()))
  }
  const first = yield* readSnapshot(path, 1)
  const decide = step(configMachine)
  const loadNext = (): Effect.Effect<ConfigFact, never, Files> =>
    readSnapshot(path, current().number + 1).pipe(
      Effect.match({
        onSuccess: (snapshot): ConfigFact => ({ type: "loaded", snapshot }),
        onFailure: (error): ConfigFact => ({ type: "loadFailed", error })
      })
    )
  const actor = new Actor<ReturnType<typeof initial>["next"], ConfigProtocol, ConfigFact, Files>(
    {
      name: "config",
      initial: initial(first),
      decide,
      describe: (state) => stateName(state.value),
      onEmit: onProblem,
      scripts: { load: loadNext }
    },
    kernel,
    context
  )
  const current = () => actor.published.context.snapshot as ConfigSnapshot
  news.tell = () => actor.tell({ type: "fileChanged" })
  if (news.isEarly) news.tell()
  return {
    current,
    reload: (cause) => actor.ask("reload", { cause }) as Effect.Effect<ConfigSnapshot, ReloadError>,
    signalled: () => actor.tell({ type: "signalled" }),
    stop: () => actor.stop()
  }
})

const initial = (snapshot: ConfigSnapshot) => initialStep(configMachine, { snapshot })
