/**
 * The one binary. Puts the command line together with this host: the embedded engine, the terminal,
 * the charts. The only file that knows everything; it decides nothing.
 */
import { dirname, join } from "node:path"
import { isMainThread } from "node:worker_threads"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as IdsLive from "./base/ids.live.ts"
import { Charts } from "./cli/charts.ts"
import { troupe } from "./cli/command.ts"
import { Daemons } from "./cli/daemon.ts"
import { Engines } from "./cli/engine.ts"
import { exitCodeOf, exitCodes, nextStep, Reported, sentenceOf } from "./cli/failure.ts"
import { type LiveScreen, makeScreen } from "./cli/screen.live.ts"
import { Screen } from "./cli/screen.ts"
import * as FilesLive from "./host/files.live.ts"
import * as ProcessLive from "./host/process.live.ts"
import * as SocketLive from "./host/socket.live.ts"
import * as TerminalLive from "./host/terminal.live.ts"
import * as HomeLive from "./home.ts"
import { DialError, Dialer } from "./rpc/client/dial.ts"
import { olderNode } from "./node-version.ts"
import { version } from "./version.ts"

const hostLayer = Layer.mergeAll(
  FilesLive.layer,
  ProcessLive.layer,
  SocketLive.layer,
  TerminalLive.layer,
  IdsLive.layer
)

/** Engines that are open: a SIGHUP without a terminal has them read their config again. */
const open = new Set<{ readonly reloadConfigSoon: Effect.Effect<void> }>()

/** The engine is loaded when a command needs one: half of the time of a start is its. */
const engines = Layer.succeed(Engines, {
  open: (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./open-engine.ts")),
      ({ makeEngine }) =>
        makeEngine({ ...options, owner: `troupe ${process.argv[2] ?? ""}, pid ${process.pid}` })
    ).pipe(
      Effect.tap((engine) =>
        Effect.acquireRelease(
          Effect.sync(() => open.add(engine)),
          () => Effect.sync(() => open.delete(engine))
        )
      ),
      Effect.provide(hostLayer)
    )
})

/** The program as somebody else starts it: the launcher of a checkout, or the bundle itself. */
const programPath = (): string => {
  const path = process.argv[1] ?? ""
  return path.endsWith("/src/main.ts") ? join(dirname(dirname(path)), "troupe") : path
}

const daemons = Layer.succeed(Daemons, {
  program: programPath(),
  open: (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./serve.ts")),
      ({ serve }) => serve(options)
    ).pipe(
      Effect.tap((daemon) =>
        Effect.acquireRelease(
          Effect.sync(() => open.add(daemon)),
          () => Effect.sync(() => open.delete(daemon))
        )
      ),
      Effect.provide(hostLayer)
    )
})

const charts = Layer.succeed(Charts, {
  load: Effect.promise(async () => (await import("./chart-room.ts")).room)
})

/** TLS is loaded when somebody goes that way. */
const dialer = Layer.succeed(Dialer, {
  connect: (options, listener) =>
    Effect.flatMap(
      Effect.tryPromise({
        try: () => import("./rpc/client/dial.live.ts"),
        catch: (error) => new DialError({ code: String(error) })
      }),
      ({ dial }) => dial(options, listener)
    )
})

const program = ({ screen }: LiveScreen) =>
  Command.runWith(troupe, { version: version() })(process.argv.slice(2)).pipe(
    Effect.provide(
      Layer.mergeAll(
        NodeServices.layer,
        CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
        hostLayer,
        engines,
        daemons,
        charts,
        HomeLive.layer,
        dialer,
        Layer.succeed(Screen, screen)
      )
    )
  )

const signalNumbers: { readonly [signal: string]: number } = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** Says what went wrong, and gives the code to end with. */
const verdict = (exit: Exit.Exit<void, unknown>, signal: string | undefined): number => {
  if (Exit.isSuccess(exit)) return 0
  const { cause } = exit
  if (Cause.hasInterruptsOnly(cause)) return 128 + (signalNumbers[signal ?? "SIGINT"] ?? 2)
  const error = Cause.squash(cause)
  // Shown with the help of the command, by whoever read the words.
  if (CliError.isCliError(error))
    return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCodes.usage
  if (error instanceof Reported) return exitCodeOf(error)
  if (cause.reasons.some(Cause.isDieReason)) {
    process.stderr.write(`troupe: a mistake of ours: ${Cause.pretty(cause)}\n`)
    return exitCodes.defect
  }
  const next = nextStep(error)
  process.stderr.write(`troupe: ${sentenceOf(error)}\n${next === undefined ? "" : `  ${next}\n`}`)
  return exitCodeOf(error)
}

const main = async (): Promise<void> => {
  // What an older Node lacks shows late and far away from its cause.
  const older = olderNode(process.versions.node)
  if (older !== undefined) {
    process.stderr.write(older)
    process.exit(exitCodes.host)
  }
  const live = makeScreen()
  const fiber = Effect.runFork(program(live))
  let last: string | undefined
  let isInterrupted = false
  for (const [signal, number] of Object.entries(signalNumbers))
    process.on(signal, () => {
      if (signal === "SIGHUP" && !process.stdout.isTTY && open.size > 0) {
        for (const engine of open) Effect.runFork(engine.reloadConfigSoon)
        return
      }
      last = signal
      if (live.signalled(signal)) return
      // Who asks again does not want to wait for an end in order.
      if (isInterrupted) process.exit(128 + number)
      isInterrupted = true
      fiber.interruptUnsafe()
    })
  // Without a handler the signal would end the program, also one that writes no trace.
  process.on("SIGUSR2", () => void live.signalled("SIGUSR2"))
  const exit = await Effect.runPromise(Fiber.await(fiber))
  process.exit(verdict(exit, last))
}

/** Done when the program ends; in the spawning thread, which may load this file too, at once. */
// The commands' files import this one in a bundle: a main that is awaited here would keep them
// waiting for ever.
export const ended: Promise<void> = isMainThread ? main() : Promise.resolve()
