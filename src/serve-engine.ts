/**
 * Serves libvirt's RPC over an engine that a program has open already: the server, its sockets, and
 * an end in order. What it may do is said in options, and read from no file. A daemon, which opens
 * an engine of its own, is `serve.ts`.
 */
import { hostname } from "node:os"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import type { CallError } from "../actors/driver/once.ts"
import type { Engine } from "./engine/engine.ts"
import { libvirtVersion } from "./engine/node.ts"
import { type FileError, Files } from "./host/files.ts"
import type { SocketError } from "./host/socket.ts"
import { families } from "./rpc/handlers/index.ts"
import type { Trouble } from "./rpc/server/desk.ts"
import { makeServer, type ServerLimits } from "./rpc/server/server.ts"
import { type ListenerDesk, listenTls, listenUnix } from "./rpc/server/server.live.ts"
import { defaultSettings, type TlsFiles } from "./rpc/server/settings.ts"

/** Where clients with a certificate of the CA come by. */
export interface ServeTls extends TlsFiles {
  readonly host: string
  /** 0 for one that is free; `addresses` has it then. */
  readonly port: number
  /** Distinguished names with `*`; by default everybody with a certificate of the CA. */
  readonly allowedNames?: readonly string[]
}

export interface ServeOptions {
  /** Of `libvirt-sock` and `libvirt-sock-ro`. By default the engine's own, as the daemon's. */
  readonly socketDirectory?: string
  /** Of the socket that may change things; 0700 by default: its owner's. */
  readonly mode?: number
  /** Of the socket that may only read; 0777 by default. */
  readonly readOnlyMode?: number
  readonly tls?: ServeTls
  readonly limits?: Partial<ServerLimits>
  /** Told of what no call tells: a client refused or dropped, a pool that does not start. */
  readonly onTrouble?: (trouble: Trouble) => void
}

export type ServeError = FileError | SocketError | CallError

export interface Serving {
  /** Where clients find it: paths, and `tls:HOST:PORT`. */
  readonly addresses: readonly string[]
}

interface Over {
  readonly limits: Partial<ServerLimits> | undefined
  readonly tell: (trouble: Trouble) => void
}

/** The server of an engine, without a socket yet. The pools start with it. */
export const serverOver = Effect.fnUntraced(function* (engine: Engine, { limits, tell }: Over) {
  const server = yield* makeServer({
    service: {
      engine,
      hostname: hostname(),
      libraryVersion: libvirtVersion,
      defaultUri: process.getuid?.() === 0 ? "qemu:///system" : "qemu:///session"
    },
    families,
    limits,
    tell
  })
  // One on a dead file system keeps nobody waiting.
  yield* engine.storage.open.pipe(
    Effect.catch(({ message: why }) => Effect.sync(() => tell({ what: "storage pools", why }))),
    Effect.forkScoped
  )
  return server
})

const listen = Effect.fnUntraced(function* (
  desk: ListenerDesk,
  { place }: Engine,
  options: ServeOptions
) {
  const files = yield* Files
  const directory = resolve(options.socketDirectory ?? place.run)
  yield* files.makeDirectory(directory, 0o755)
  const { mode = defaultSettings.readWriteMode, readOnlyMode = defaultSettings.readOnlyMode } =
    options
  const path = join(directory, "libvirt-sock")
  const gid = undefined
  const own = [
    yield* listenUnix(desk, { path, mode, gid, isReadOnly: false }),
    yield* listenUnix(desk, { path: `${path}-ro`, mode: readOnlyMode, gid, isReadOnly: true })
  ].map((listener) => listener.path)
  if (options.tls === undefined) return own
  const { host, port, allowedNames, ...tls } = options.tls
  const { address } = yield* listenTls(desk, { host, port, files: tls, allowedNames })
  return [...own, address]
})

/**
 * Calls are answered when this returns. When the scope closes, no client is let in any more, calls
 * under way get a bounded time, and the sockets go. The engine stays open.
 */
export const serveEngine = Effect.fnUntraced(function* (
  engine: Engine,
  options: ServeOptions = {}
) {
  const { onTrouble: tell = () => undefined, limits } = options
  // An engine that has ended says so, rather than be served to nobody's use.
  yield* engine.config
  const server = yield* serverOver(engine, { limits, tell })
  const desk: ListenerDesk = { server, tell, allowedUids: () => undefined }
  const serving: Serving = { addresses: yield* listen(desk, engine, options) }
  yield* Effect.addFinalizer(() => server.drain)
  return serving
})
