/**
 * Goal: the live `Sockets` keeps the contract.
 * Method: the shared cases, with real sockets, served by a plain server of Node's.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FilesLive from "../../../src/host/files.live.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import { floodBytes, type Manner } from "./small-programs.ts"
import { socketsCases } from "./sockets.cases.ts"

const layer = Layer.merge(FilesLive.layer, SocketsLive.layer)

const serveOne = (socket: net.Socket, manner: Manner): void => {
  socket.on("error", () => {})
  if (manner === "echo") socket.pipe(socket)
  if (manner === "bye") socket.end("bye")
  if (manner === "flood") socket.end(Buffer.alloc(floodBytes))
  if (manner === "mute") socket.resume()
}

/** Every server of one case, so that none outlives it. */
const servers = (stops: (() => void)[]) => (path: string, manner: Manner) =>
  Effect.callback<() => void>((resume) => {
    const open = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      open.add(socket)
      serveOne(socket, manner)
    })
    const stop = () => {
      server.close()
      for (const socket of open) socket.destroy()
    }
    stops.push(stop)
    server.listen(path, () => resume(Effect.succeed(stop)))
  })

socketsCases({
  run: async (use) => {
    const directory = fs.mkdtempSync(join(tmpdir(), "tr-sock-"))
    const stops: (() => void)[] = []
    try {
      const place = { at: (name: string) => `${directory}/${name}`, serve: servers(stops) }
      await Effect.runPromise(Effect.provide(use(place), layer))
    } finally {
      for (const stop of stops) stop()
      fs.rmSync(directory, { recursive: true, force: true })
    }
  }
})
