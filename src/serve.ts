/**
 * Puts a daemon together on this host: an engine, the server of libvirt's RPC over it, the sockets
 * that clients come by, and what a service manager wants to hear. Decides nothing else.
 */
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import type { Daemon, DaemonOptions, DaemonTrouble } from "./cli/daemon.ts"
import { BadInput } from "./cli/failure.ts"
import type { Engine, Place } from "./engine/engine.ts"
import { Files } from "./host/files.ts"
import { lookAtPeer } from "./host/peer.live.ts"
import { makeEngine } from "./open-engine.ts"
import {
  type ListenerDesk,
  listenInherited,
  listenTls,
  listenUnix,
  type TlsListener,
  type UnixListener
} from "./rpc/server/server.live.ts"
import { defaultSettings, readSettings, type Settings } from "./rpc/server/settings.ts"
import { inheritedSockets, monotonicUsec, notify } from "./rpc/systemd.live.ts"
import { serverOver } from "./serve-engine.ts"

/** A settings file of an operator is some hundred lines. */
const settingsBytesMax = 1024 * 1024

type Tell = (trouble: DaemonTrouble) => void

/** ROOT/etc/libvirtd.conf, which need not exist. */
const settingsOf = Effect.fnUntraced(function* (root: string, tell: Tell) {
  const path = join(root, "etc", "libvirtd.conf")
  const files = yield* Files
  const bytes = yield* files
    .read(path, settingsBytesMax)
    .pipe(
      Effect.catch((error) => (error.code === "ENOENT" ? Effect.undefined : Effect.fail(error)))
    )
  if (bytes === undefined) return defaultSettings
  const read = readSettings(path, new TextDecoder().decode(bytes))
  const settings = yield* Effect.fromResult(read)
  if (settings.allowedUids !== undefined && lookAtPeer() === undefined)
    return yield* new BadInput({
      message: `${path}: troupe_unix_allowed_uids needs the package koffi, which is not installed`
    })
  for (const { line, message } of settings.unknown) tell({ what: `${path}:${line}`, why: message })
  return settings
})

/** The number of a group, from /etc/group. */
const gidOf = Effect.fnUntraced(function* (group: string | undefined) {
  if (group === undefined) return undefined
  const files = yield* Files
  const lines = new TextDecoder().decode(yield* files.read("/etc/group", settingsBytesMax))
  const row = lines.split("\n").find((line) => line.startsWith(`${group}:`))
  if (row === undefined)
    return yield* new BadInput({ message: `there is no group '${group}' (unix_sock_group)` })
  return Number(row.split(":")[2])
})

const addressOf = (text: string): Effect.Effect<{ host: string; port: number }, BadInput> => {
  const parts = /^tls:(\[[0-9A-Fa-f:.]+\]|[^:]*):([0-9]{1,5})$/.exec(text)
  const port = Number(parts?.[2])
  return parts === null || port > 65_535
    ? Effect.fail(new BadInput({ message: `--listen '${text}': tls:HOST:PORT is wanted` }))
    : Effect.succeed({ host: (parts[1] ?? "").replaceAll(/[[\]]/g, ""), port })
}

const unixSockets = Effect.fnUntraced(function* (
  desk: ListenerDesk,
  { directory, settings }: { readonly directory: string; readonly settings: Settings }
) {
  const files = yield* Files
  yield* files.makeDirectory(directory, 0o755)
  const gid = yield* gidOf(settings.socketGroup)
  const { readWriteMode, readOnlyMode } = settings
  const path = join(directory, "libvirt-sock")
  return [
    yield* listenUnix(desk, { path, mode: readWriteMode, gid, isReadOnly: false }),
    yield* listenUnix(desk, { path: `${path}-ro`, mode: readOnlyMode, gid, isReadOnly: true })
  ]
})

const listen = Effect.fnUntraced(function* (
  desk: ListenerDesk,
  options: DaemonOptions,
  { settings, place }: { readonly settings: Settings; readonly place: Place }
) {
  const wanted = yield* Effect.forEach(options.listen, addressOf)
  const inherited = yield* inheritedSockets
  const directory = resolve(options.socketDirectory ?? place.run)
  // Sockets of a service manager keep their paths, whatever becomes of us.
  const given = yield* Effect.forEach(inherited, (socket) => listenInherited(desk, socket))
  const made: readonly UnixListener[] =
    given.length > 0 ? [] : yield* unixSockets(desk, { directory, settings })
  const { tls: files, allowedNames } = settings
  const tls = yield* Effect.forEach(wanted, (address) =>
    listenTls(desk, { ...address, files, allowedNames })
  )
  const all = [...given, ...made.map(({ path }) => path), ...tls.map(({ address }) => address)]
  return { addresses: all, tls, unlink: () => made.forEach((listener) => listener.unlink()) }
})

/** What goes wrong in the engine is nobody's call; looked at this often. */
const problemLookMs = 1_000

/** Tells of the engine's problems: those of its opening, and each that comes. */
const tellProblems = (engine: Engine, tell: Tell) => {
  const told = new WeakSet<DaemonTrouble>()
  const look = Effect.map(engine.problems, (problems) => {
    for (const problem of problems) {
      if (!told.has(problem)) tell(problem)
      told.add(problem)
    }
  })
  return Effect.andThen(
    look,
    Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(problemLookMs), look)))
  )
}

/** A config that was named and is not there is most likely a typing error. */
const tellOfAbsence = Effect.fnUntraced(function* (config: string | undefined, tell: Tell) {
  if (config === undefined) return
  const files = yield* Files
  const found = yield* Effect.result(files.stat(config))
  if (found._tag === "Failure")
    tell({ what: `--config ${config}`, why: `${found.failure.code}; the defaults are in force` })
})

/** What is wrong with a file is told, and what was in force stays. */
const reload = (
  { server, tell }: ListenerDesk,
  {
    engine,
    tls,
    adopt
  }: {
    readonly engine: Engine
    readonly tls: readonly TlsListener[]
    readonly adopt: (settings: Settings) => void
  }
) =>
  Effect.gen(function* () {
    yield* notify("RELOADING=1", `MONOTONIC_USEC=${monotonicUsec()}`)
    yield* engine.reloadConfigSoon
    const settings = yield* settingsOf(engine.place.root, tell)
    // First what may fail: certificates that cannot be used leave everything as it was.
    yield* Effect.forEach(
      tls,
      (listener) => listener.adopt({ files: settings.tls, allowedNames: settings.allowedNames }),
      { discard: true }
    )
    server.adopt(settings.limits)
    adopt(settings)
  }).pipe(
    Effect.catch((error) => Effect.sync(() => tell({ what: "reload", why: error.message }))),
    Effect.andThen(notify("READY=1")),
    Effect.asVoid
  )

export interface Served extends Daemon {
  readonly reloadConfigSoon: Effect.Effect<void>
}

/** A daemon for the life of the scope: it answers calls when this returns. */
export const serve = Effect.fnUntraced(function* (
  options: DaemonOptions & { readonly tell: Tell }
) {
  const { root, config, tell } = options
  const engine = yield* makeEngine({
    owner: `troupe daemon, pid ${process.pid}`,
    guests: "leave",
    ...(root === undefined ? {} : { root }),
    ...(config === undefined ? {} : { config })
  })
  const { place } = engine
  yield* tellProblems(engine, tell)
  yield* tellOfAbsence(config, tell)
  const settings = yield* settingsOf(place.root, tell)
  let { allowedUids } = settings
  const server = yield* serverOver(engine, { limits: settings.limits, tell })
  const desk: ListenerDesk = { server, tell, allowedUids: () => allowedUids }
  const adopt = (fresh: Settings) => {
    allowedUids = fresh.allowedUids
  }
  const { addresses, tls, unlink } = yield* listen(desk, options, { settings, place })
  const problem = yield* notify("READY=1")
  if (problem !== undefined) tell({ what: "systemd was not told", why: problem })
  const context = yield* Effect.context<Files>()
  const served: Served = {
    addresses,
    reloadConfigSoon: Effect.provideContext(reload(desk, { engine, tls, adopt }), context),
    drain: Effect.andThen(
      notify("STOPPING=1"),
      Effect.andThen(server.drain, engine.close({ guests: "leave" }))
    ),
    exitNow: Effect.sync(() => {
      unlink()
      process.exit(143)
    })
  }
  return served
})
