/**
 * Sockets that clients come by: UNIX sockets of our own, sockets that a service manager hands over,
 * and TLS. Makes a `Transport` of each connection; what is said over it is the session's.
 */
import * as fs from "node:fs"
import { connect, createServer, type Server as NetServer, type Socket } from "node:net"
import type { Server as TlsServer, TLSSocket } from "node:tls"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { socketPathBytesMax } from "../../base/limits.ts"
import { FileError } from "../../host/files.ts"
import { lookAtPeer } from "../../host/peer.live.ts"
import { SocketError } from "../../host/socket.ts"
import type { Trouble } from "./desk.ts"
import type { Server } from "./server.ts"
import { distinguishedName, isAllowed, type Subject, type TlsFiles } from "./settings.ts"
import { type Peer, roomBytes, type Transport } from "./transport.ts"

/** Connections that wait to be accepted: as many as the kernel lets wait, and no fewer. */
const backlog = 4_096

/** What a client that is told good-bye gets to read it. */
const lingerMs = 5_000

/** A handshake that has not ended by then is given up. */
const handshakeMs = 10_000

export interface ListenerDesk {
  readonly server: Server
  readonly tell: (trouble: Trouble) => void
  /** Users that UNIX sockets let in; `undefined` for all. As it is now. */
  readonly allowedUids: () => readonly number[] | undefined
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "EIO"

const transportOf = (socket: Socket): Transport => ({
  write: (bytes) => {
    if (socket.writable) socket.write(bytes)
  },
  pendingBytes: () => socket.writableLength,
  readBytes: () => socket.readableLength,
  pause: () => void socket.pause(),
  resume: () => void socket.resume(),
  close: () => void socket.destroy(),
  end: () => {
    socket.setTimeout(lingerMs, () => socket.destroy())
    socket.end()
    socket.resume()
  }
})

/** Hands a connection to the server; one that it cannot take is dropped. */
const serve = ({ server }: ListenerDesk, socket: Socket, peer: Peer): void => {
  const listener = server.accept(transportOf(socket), peer)
  if (listener === undefined) return void socket.destroy()
  let code: string | undefined
  socket.on("data", listener.onData)
  socket.on("drain", listener.onDrain)
  socket.on("error", (error) => {
    code = codeOf(error)
  })
  socket.on("close", () => listener.onEnd(code))
}

/** Errors of accepting (EMFILE) concern one client that waits; the others are served on. */
const watch = (listening: NetServer | TlsServer, path: string, { tell }: ListenerDesk): void => {
  listening.on("error", (error) => tell({ what: `accepting on ${path}`, why: codeOf(error) }))
}

const closing = (listening: NetServer | TlsServer): Effect.Effect<void> =>
  Effect.sync(() => void listening.close())

const listenOn = (
  listening: NetServer | TlsServer,
  path: string,
  where: object
): Effect.Effect<void, SocketError> =>
  Effect.callback((resume) => {
    const refuse = (cause: unknown) =>
      resume(Effect.fail(new SocketError({ operation: "bind", path, code: codeOf(cause) })))
    listening.once("error", refuse)
    listening.listen({ ...where, backlog }, () => {
      listening.off("error", refuse)
      resume(Effect.void)
    })
  })

/** Whether somebody answers there. A file that nobody answers at is left over. */
const isAnswered = (path: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = connect(path)
    const answer = (is: boolean) => {
      socket.destroy()
      resume(Effect.succeed(is))
    }
    socket.once("connect", () => answer(true))
    socket.once("error", (error) => answer(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))))
  })

export interface UnixOptions {
  readonly path: string
  readonly mode: number
  /** The group that the socket belongs to; by default our own. */
  readonly gid: number | undefined
  readonly isReadOnly: boolean
}

/** libuv's own number of a socket: Node tells it of no other object. */
const descriptorOf = (socket: Socket): number => {
  const handle: unknown = Reflect.get(socket, "_handle")
  const fd: unknown = typeof handle === "object" && handle !== null && Reflect.get(handle, "fd")
  return typeof fd === "number" ? fd : -1
}

const enterUnix = (desk: ListenerDesk, socket: Socket, isReadOnly: boolean): void => {
  const allowed = desk.allowedUids()
  const peer = lookAtPeer()?.(descriptorOf(socket))
  const identity = peer && `uid=${peer.uid},gid=${peer.gid},pid=${peer.pid}`
  if (allowed !== undefined && (peer === undefined || !allowed.includes(peer.uid))) {
    desk.tell({ what: "client refused", why: `'${identity ?? "unknown"}' is not allowed in` })
    return void socket.destroy()
  }
  serve(desk, socket, { isReadOnly, isSecure: true, identity })
}

const plainServer = (desk: ListenerDesk, isReadOnly: boolean): NetServer =>
  createServer({ highWaterMark: roomBytes }, (socket) => enterUnix(desk, socket, isReadOnly))

const attempt = (path: string, deed: () => void): Effect.Effect<void, SocketError> =>
  Effect.try({
    try: deed,
    catch: (cause) => new SocketError({ operation: "bind", path, code: codeOf(cause) })
  })

/** A socket of our own making. */
export interface UnixListener {
  readonly path: string
  /** Takes its file away at once: for an end that runs no finalizer. */
  readonly unlink: () => void
}

/**
 * Listens at a path until the scope closes. The socket has its mode before it has its name; one
 * that is there is replaced, unless somebody answers at it.
 */
export const listenUnix = Effect.fnUntraced(function* (desk: ListenerDesk, options: UnixOptions) {
  const { path, mode, gid, isReadOnly } = options
  const refuse = (code: string) => Effect.fail(new SocketError({ operation: "bind", path, code }))
  const temporary = `${path}~`
  if (Buffer.byteLength(temporary) > socketPathBytesMax) return yield* refuse("ENAMETOOLONG")
  if (yield* isAnswered(path)) return yield* refuse("EADDRINUSE")
  const listening = plainServer(desk, isReadOnly)
  yield* attempt(temporary, () => fs.rmSync(temporary, { force: true }))
  yield* listenOn(listening, path, { path: temporary })
  const inode = inodeOf(temporary)
  const unlink = () => {
    // By now another daemon may have put its own there.
    if (inodeOf(path) === inode) fs.rmSync(path, { force: true })
  }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      listening.close()
      unlink()
    })
  )
  yield* attempt(path, () => {
    if (gid !== undefined) fs.chownSync(temporary, process.getuid?.() ?? -1, gid)
    fs.chmodSync(temporary, mode)
    fs.renameSync(temporary, path)
  })
  watch(listening, path, desk)
  const listener: UnixListener = { path, unlink }
  return listener
})

const inodeOf = (path: string): number | undefined =>
  fs.statSync(path, { throwIfNoEntry: false })?.ino

/** The path that a listening socket is bound to: Node tells it only of sockets of its own. */
const pathOf = (fd: number): string | undefined => {
  const inode = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/self/fd/${fd}`))?.[1]
  const rows = fs.readFileSync("/proc/net/unix", "utf8").split("\n")
  // Num RefCount Protocol Flags Type St Inode Path
  return rows.map((row) => row.trim().split(/ +/)).find((columns) => columns[6] === inode)?.[7]
}

/** Accepts on a listening socket that a service manager has made; it keeps the path. */
export const listenInherited = Effect.fnUntraced(function* (
  desk: ListenerDesk,
  { fd, isReadOnly }: { readonly fd: number; readonly isReadOnly: boolean }
) {
  const name = `descriptor:${fd}`
  let path = name
  yield* attempt(name, () => {
    path = pathOf(fd) ?? name
  })
  const listening = plainServer(desk, isReadOnly || path.endsWith("-ro"))
  yield* listenOn(listening, path, { fd })
  yield* Effect.addFinalizer(() => closing(listening))
  watch(listening, path, desk)
  return path
})

export interface TlsOptions {
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
  readonly files: TlsFiles
  readonly allowedNames: readonly string[] | undefined
}

const readFile = (path: string): Effect.Effect<Buffer, FileError> =>
  Effect.try({
    try: () => fs.readFileSync(path),
    catch: (cause) => new FileError({ operation: "read", path, code: codeOf(cause) })
  })

interface Credentials {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/** Whether OpenSSL takes what a file says. */
const checked = (
  tls: typeof import("node:tls"),
  path: string,
  part: Partial<Credentials>
): Effect.Effect<void, FileError> =>
  Effect.try({
    try: () => void tls.createSecureContext(part),
    catch: (cause) => new FileError({ operation: "use", path, code: codeOf(cause) })
  })

const credentials = Effect.fnUntraced(function* (tls: typeof import("node:tls"), files: TlsFiles) {
  const ca = yield* readFile(files.ca)
  const cert = yield* readFile(files.certificate)
  const key = yield* readFile(files.key)
  yield* checked(tls, files.ca, { ca })
  yield* checked(tls, files.certificate, { cert })
  // Whether it is the key of that certificate is seen with both.
  yield* checked(tls, files.key, { cert, key })
  const made: Credentials = { ca, cert, key }
  return made
})

/** GnuTLS clients wait for it: the check of their certificate went well. */
const welcome = Uint8Array.of(1)

const enter = (
  desk: ListenerDesk,
  socket: TLSSocket,
  allowed: readonly string[] | undefined
): void => {
  const subject: Subject = { ...socket.getPeerCertificate().subject }
  const name = distinguishedName(subject)
  if (!socket.authorized || !isAllowed(name, allowed)) {
    desk.tell({ what: "client refused", why: `'${name}' is not allowed in` })
    return void socket.destroy()
  }
  socket.write(welcome)
  serve(desk, socket, { isReadOnly: false, isSecure: true, identity: name })
}

export interface TlsListener {
  /** With the port, where a free one was asked for. */
  readonly address: string
  /** New certificates and names, for clients that come from now on. */
  readonly adopt: (
    options: Pick<TlsOptions, "files" | "allowedNames">
  ) => Effect.Effect<void, FileError>
}

/** Listens for clients with a certificate of our CA, until the scope closes. */
export const listenTls = Effect.fnUntraced(function* (desk: ListenerDesk, options: TlsOptions) {
  const { host, port } = options
  const { state } = desk.server
  let allowed = options.allowedNames
  // Loading it takes a tenth of the time of a start, and most daemons have no such clients.
  const tls = yield* Effect.promise(() => import("node:tls"))
  const listening = tls.createServer(
    {
      ...(yield* credentials(tls, options.files)),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      handshakeTimeout: handshakeMs,
      highWaterMark: roomBytes
    },
    (socket) => enter(desk, socket, allowed)
  )
  let shaking = 0
  listening.on("connection", (socket: Socket) => {
    shaking += 1
    socket.once("close", () => (shaking -= 1))
    if (shaking > state().clients + handshakesMax) socket.destroy()
  })
  // A client that fails is its own matter; its socket is closed by then.
  listening.on("tlsClientError", () => undefined)
  const path = `tls:${host}:${port}`
  yield* listenOn(listening, path, { host, port })
  yield* Effect.addFinalizer(() => closing(listening))
  watch(listening, path, desk)
  const address = listening.address()
  const made = typeof address === "object" && address !== null ? address.port : port
  const listener: TlsListener = {
    address: `tls:${host}:${made}`,
    adopt: ({ files, allowedNames }) =>
      Effect.map(credentials(tls, files), (fresh) => {
        listening.setSecureContext({ ...fresh, minVersion: "TLSv1.2" })
        allowed = allowedNames
      })
  }
  return listener
})

/** Clients that are not through their handshake yet. */
const handshakesMax = 64

/** What every listener is closed with. */
export type ListenerScope = Scope.Scope
