/**
 * Pseudo-terminals of this host, behind `Terminals`: one opening for each call. libuv polls the
 * descriptor, so that neither a thread nor a blocking call waits for a guest that is silent.
 */
import * as fs from "node:fs"
import { isatty, ReadStream } from "node:tty"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Connection, ConnectionListener } from "./socket.ts"
import { TerminalError, Terminals } from "./terminal.ts"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "EIO"

/** Never our controlling terminal; a path that is no terminal must not hold the opener up. */
const openFlags = fs.constants.O_RDWR | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK

const openTerminal = (path: string): number => {
  const fd = fs.openSync(path, openFlags)
  if (isatty(fd)) return fd
  fs.closeSync(fd)
  throw Object.assign(new Error("not a terminal"), { code: "ENOTTY" })
}

const connectionOf = (path: string, listener: ConnectionListener): Connection => {
  // Node's name for it: it reads and writes.
  const stream = new ReadStream(openTerminal(path))
  let isOpen = true
  let code: string | undefined
  stream.on("error", (error) => {
    code ??= codeOf(error)
  })
  stream.on("close", () => {
    if (!isOpen) return
    isOpen = false
    // What a hung-up terminal says to who still writes.
    listener.onEnd(code === "EIO" ? undefined : code)
  })
  // QEMU made it raw, and whoever used it since may have changed that: an echo would come back to
  // the guest as input.
  stream.setRawMode(true)
  stream.on("data", (bytes: Uint8Array) => {
    if (isOpen) listener.onData(bytes)
  })
  stream.on("drain", () => {
    if (isOpen) listener.onDrain?.()
  })
  return {
    write: (bytes) => {
      if (isOpen && stream.writable) stream.write(bytes)
    },
    pendingBytes: () => stream.writableLength,
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close: () => {
      isOpen = false
      stream.destroy()
    }
  }
}

export const layer: Layer.Layer<never> = Layer.succeed(Terminals, {
  open: (path, listener) =>
    Effect.suspend(() => {
      try {
        return Effect.succeed(connectionOf(path, listener))
      } catch (cause) {
        return Effect.fail(new TerminalError({ path, code: codeOf(cause) }))
      }
    })
})
