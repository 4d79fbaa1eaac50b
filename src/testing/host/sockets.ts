/**
 * The `Sockets` service of one engine process on the simulated kernel. Binding and connecting are
 * tasks of its realm and may meet planned faults; a connection's deliveries too.
 */
import * as Effect from "effect/Effect"
import { socketPathBytesMax } from "../../base/limits.ts"
import {
  type BoundSocket,
  type Connection,
  type ConnectionListener,
  SocketError,
  type Sockets
} from "../../host/socket.ts"
import type { Doer } from "./carrier.ts"
import { telling } from "./telling.ts"
import type { Descriptors } from "./descriptors.ts"
import type { MemoryDisk } from "./disk.ts"
import type { Listener, Network, SocketEnd } from "./network.ts"
import { Errno } from "./node.ts"

export interface SocketsOptions extends Doer {
  readonly disk: MemoryDisk
  readonly network: Network
  readonly descriptors: Descriptors
}

/** What the live service asks for: one client is served, one may wait. */
const backlog = 1

type Operation = SocketError["operation"]

const bytesOf = (path: string): number => new TextEncoder().encode(path).length

/** In the same directory and no longer than the limit; the same each time, so that none pile up. */
const temporaryName = (path: string): string =>
  bytesOf(path) < socketPathBytesMax ? `${path}~` : `${[...path].slice(0, -1).join("")}~`

interface Task<A> {
  readonly operation: Operation
  readonly path: string
  /** Told first. */
  readonly goesOn: () => void
  readonly act: () => A
}

/** One task of the realm, with its fault; `act` throws `Errno`. */
const task = <A>(
  doer: Doer,
  { operation, path, goesOn, act }: Task<A>,
  resume: (result: Effect.Effect<A, SocketError>) => void
): void => {
  const label = `${operation} ${path}`
  const fail = (code: string) => resume(Effect.fail(new SocketError({ operation, path, code })))
  const perform = () => {
    try {
      resume(Effect.succeed(act()))
    } catch (cause) {
      if (!(cause instanceof Errno)) throw cause
      fail(cause.code)
    }
  }
  doer.realm.schedule(label, () => {
    goesOn()
    if (bytesOf(path) > socketPathBytesMax || path.includes("\0")) return fail("ENAMETOOLONG")
    const fault = doer.faults.at("socket", label)
    switch (fault) {
      case undefined:
        return perform()
      case "kill-before":
        return doer.die()
      case "kill-after":
        act()
        return doer.die()
      case "EMFILE":
        return fail(fault)
      case "ECONNREFUSED":
        // Nobody can refuse a binding; somebody else may have the name.
        return fail(operation === "bind" ? "EADDRINUSE" : fault)
    }
  })
}

/** `rm -f`. */
const unlink = (disk: MemoryDisk, path: string): void => {
  try {
    disk.unlink(path)
  } catch (cause) {
    if (!(cause instanceof Errno) || cause.code !== "ENOENT") throw cause
  }
}

const bindNow = (
  { disk, network, descriptors }: SocketsOptions,
  path: string
): { readonly listener: Listener; readonly fd: number } => {
  descriptors.checkRoom()
  const temporary = temporaryName(path)
  unlink(disk, temporary)
  const listener = network.bind(temporary, backlog)
  const fd = descriptors.open({ kind: "listener", name: path }, () => listener.release())
  return { listener, fd }
}

const boundSocket = (
  { realm, disk, descriptors }: SocketsOptions,
  path: string,
  { listener, fd }: { readonly listener: Listener; readonly fd: number }
): BoundSocket => {
  const temporary = temporaryName(path)
  let isOurs = true
  let isOpen = true
  const close = () => {
    if (isOpen) descriptors.close(fd)
    isOpen = false
  }
  const handOver = (): Effect.Effect<void, SocketError> => {
    if (!realm.isAlive) return Effect.never
    if (!isOurs) return Effect.void
    isOurs = false
    try {
      disk.chmod(temporary, 0o600)
      disk.rename(temporary, path)
      close()
      return Effect.void
    } catch (cause) {
      if (!(cause instanceof Errno)) throw cause
      return Effect.fail(new SocketError({ operation: "bind", path, code: cause.code }))
    }
  }
  const discard = () => {
    if (!realm.isAlive) return Effect.never
    isOurs = false
    close()
    unlink(disk, temporary)
    unlink(disk, path)
    return Effect.void
  }
  return {
    path,
    listener,
    handOver: Effect.suspend(handOver),
    discard: Effect.suspend(discard)
  }
}

const connectNow = (
  { network, descriptors }: SocketsOptions,
  path: string
): { readonly end: SocketEnd; readonly fd: number } => {
  descriptors.checkRoom()
  const end = network.connect(path)
  return { end, fd: descriptors.open({ kind: "connection", name: path }, () => end.close()) }
}

const connectionOf = (
  { realm, faults, descriptors }: SocketsOptions,
  { end, fd }: { readonly end: SocketEnd; readonly fd: number },
  { path, listener }: { readonly path: string; readonly listener: ConnectionListener }
): Connection => {
  end.receive({
    realm,
    name: `${path} of ${realm.name}`,
    onData: listener.onData,
    onDrain: listener.onDrain,
    onEnd: (error) => {
      descriptors.close(fd)
      listener.onEnd(error)
    },
    fault: () => faults.at("data", path)
  })
  const whenAlive = (run: () => void) => () => {
    if (realm.isAlive) run()
  }
  return {
    // What is written may be changed by the writer afterwards; the kernel has a copy.
    write: (bytes) => {
      if (realm.isAlive) end.write(bytes.slice())
    },
    pendingBytes: () => end.pendingBytes,
    pause: whenAlive(() => end.pause()),
    resume: whenAlive(() => end.resume()),
    close: whenAlive(() => {
      if (end.isOpen) descriptors.close(fd)
    })
  }
}

export const socketsService = (options: SocketsOptions): Sockets["Service"] => ({
  bind: (path) =>
    telling(options.realm, (goesOn) =>
      Effect.uninterruptible(
        Effect.callback<BoundSocket, SocketError>((resume) =>
          task(
            options,
            {
              operation: "bind",
              path,
              goesOn,
              act: () => boundSocket(options, path, bindNow(options, path))
            },
            resume
          )
        )
      )
    ),
  connect: (path, listener) =>
    telling(options.realm, (goesOn) =>
      Effect.callback<Connection, SocketError>((resume) => {
        let isWanted = true
        task(
          options,
          {
            operation: "connect",
            path,
            goesOn,
            act: () => {
              const made = connectNow(options, path)
              const connection = connectionOf(options, made, { path, listener })
              if (!isWanted) connection.close()
              return connection
            }
          },
          resume
        )
        // The kernel connects all the same: the peer sees a client that comes and goes.
        return Effect.sync(() => {
          isWanted = false
        })
      })
    )
})
