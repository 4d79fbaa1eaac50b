/**
 * UNIX sockets of this host, behind `Sockets`. Holds the two traps of a listener that a child is to
 * inherit (see `BoundSocket.handOver`) and no knowledge of what is said over a connection.
 */
import * as fs from "node:fs"
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { socketPathBytesMax } from "../base/limits.ts"
import {
  type BoundSocket,
  type Connection,
  type ConnectionListener,
  SocketError,
  Sockets
} from "./socket.ts"

/** QEMU serves one monitor client at a time; one more may wait. */
const backlog = 1

const codeOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "EIO"
  return code.startsWith("ERR_") ? "EINVAL" : code
}

type Operation = SocketError["operation"]

const refuse = (operation: Operation, path: string, cause: unknown) =>
  Effect.fail(new SocketError({ operation, path, code: codeOf(cause) }))

/** The kernel would cut a longer path, or Node would, and another socket would be meant. */
const fits = (operation: Operation, path: string) =>
  Buffer.byteLength(path) <= socketPathBytesMax && !path.includes("\0")
    ? Effect.void
    : Effect.fail(new SocketError({ operation, path, code: "ENAMETOOLONG" }))

/** In the same directory and no longer than the limit; the same each time, so that none pile up. */
const temporaryName = (path: string): string =>
  Buffer.byteLength(path) < socketPathBytesMax ? `${path}~` : `${[...path].slice(0, -1).join("")}~`

/** The descriptor's owner inside Node; a child's stdio takes it, though its type is not public. */
const handleOf = (server: Server): unknown => Reflect.get(server, "_handle")

const unlinkNow = (path: string): void => fs.rmSync(path, { force: true })

const handOver = (server: Server, temporary: string, path: string) =>
  Effect.suspend(() => {
    try {
      // The socket has its own mode before it has its real name.
      fs.chmodSync(temporary, 0o600)
      fs.renameSync(temporary, path)
      // Closing would unlink the temporary name, which is no longer there.
      server.close()
      return Effect.void
    } catch (cause) {
      return refuse("bind", path, cause)
    }
  })

const listenOn = (server: Server, path: string) =>
  Effect.callback<BoundSocket, SocketError>((resume) => {
    const temporary = temporaryName(path)
    server.once("error", (error) => resume(refuse("bind", path, error)))
    server.listen({ path: temporary, backlog }, () => {
      let isOurs = true
      const once = (run: Effect.Effect<void, SocketError>) =>
        Effect.suspend(() => {
          if (!isOurs) return Effect.void
          isOurs = false
          return run
        })
      resume(
        Effect.succeed({
          path,
          listener: handleOf(server),
          handOver: once(handOver(server, temporary, path)),
          discard: Effect.sync(() => {
            isOurs = false
            server.close()
            unlinkNow(temporary)
            unlinkNow(path)
          })
        })
      )
    })
  })

const bind = (path: string) =>
  Effect.andThen(
    fits("bind", path),
    Effect.uninterruptible(
      Effect.suspend(() => {
        try {
          unlinkNow(temporaryName(path))
          return listenOn(createServer(), path)
        } catch (cause) {
          return refuse("bind", path, cause)
        }
      })
    )
  )

const connectionOf = (socket: Socket, forget: () => void): Connection => ({
  write: (bytes) => {
    if (socket.writable) socket.write(bytes)
  },
  pendingBytes: () => socket.writableLength,
  pause: () => void socket.pause(),
  resume: () => void socket.resume(),
  close: () => {
    forget()
    socket.destroy()
  }
})

const connect = (path: string, listener: ConnectionListener) =>
  Effect.andThen(
    fits("connect", path),
    Effect.callback<Connection, SocketError>((resume) => {
      const socket = connectSocket(path)
      let code: string | undefined
      let stage: "connecting" | "open" | "closed" = "connecting"
      socket.on("error", (error) => {
        code = codeOf(error)
        if (stage === "connecting") resume(refuse("connect", path, error))
      })
      socket.on("close", () => {
        if (stage === "open") listener.onEnd(code)
        stage = "closed"
      })
      socket.once("connect", () => {
        stage = "open"
        socket.on("data", (bytes) => {
          if (stage === "open") listener.onData(bytes)
        })
        socket.on("drain", () => {
          if (stage === "open") listener.onDrain?.()
        })
        resume(Effect.succeed(connectionOf(socket, () => void (stage = "closed"))))
      })
      return Effect.sync(() => void socket.destroy())
    })
  )

export const layer: Layer.Layer<Sockets> = Layer.succeed(Sockets, { bind, connect })
