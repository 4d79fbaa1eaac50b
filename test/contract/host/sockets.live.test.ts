/**
 * Goal: a bound socket is a child's to serve, a connection's bytes arrive in order, and every end
 * is told once.
 * Method: real sockets, served by a plain server of Node's.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterAll, expect, test } from "vitest"
import { layer } from "../../../src/host/socket.live.ts"
import { type ConnectionListener, Sockets } from "../../../src/host/socket.ts"

const directory = fs.mkdtempSync(join(tmpdir(), "tr-sock-"))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const run = <A, E>(use: (sockets: (typeof Sockets)["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.provide(Effect.flatMap(Sockets, use), layer))

const silent: ConnectionListener = { onData: () => {}, onEnd: () => {} }

const serve = (name: string, onSocket: (socket: net.Socket) => void) =>
  new Promise<{ readonly path: string; readonly close: () => void }>((resolve) => {
    const path = join(directory, name)
    const server = net.createServer((socket) => {
      socket.on("error", () => {})
      onSocket(socket)
    })
    server.listen(path, () => resolve({ path, close: () => void server.close() }))
  })

test("an unbound or discarded path refuses, and leaves no file", () =>
  run((sockets) =>
    Effect.gen(function* () {
      const path = join(directory, "a")
      const bound = yield* sockets.bind(path)
      expect(fs.existsSync(path)).toBe(false)
      yield* bound.discard
      yield* bound.discard
      const error = yield* Effect.flip(sockets.connect(path, silent))
      expect(error).toMatchObject({ operation: "connect", code: "ENOENT" })
      expect(fs.readdirSync(directory)).toEqual([])
    })
  ))

test("after the handing over the path is there and our copy is not", () =>
  run((sockets) =>
    Effect.gen(function* () {
      const path = join(directory, "b")
      const bound = yield* sockets.bind(path)
      yield* bound.handOver
      expect(fs.statSync(path)).toMatchObject({ size: 0 })
      expect(fs.statSync(path).mode & 0o777).toBe(0o600)
      // Nobody else had it: the kernel refuses, which shows that we do not listen any more.
      const error = yield* Effect.flip(sockets.connect(path, silent))
      expect(error.code).toBe("ECONNREFUSED")
      yield* bound.discard
      expect(fs.existsSync(path)).toBe(false)
    })
  ))

test("a name as long as the limit is used whole, a longer one refused", () =>
  run((sockets) =>
    Effect.gen(function* () {
      const fits = join(directory, "x".repeat(107 - directory.length - 1))
      const bound = yield* sockets.bind(fits)
      yield* bound.handOver
      expect(fs.existsSync(fits)).toBe(true)
      yield* bound.discard
      const errors = [
        yield* Effect.flip(sockets.bind(`${fits}x`)),
        yield* Effect.flip(sockets.connect(`${fits}x`, silent))
      ]
      expect(errors.map(({ code }) => code)).toEqual(["ENAMETOOLONG", "ENAMETOOLONG"])
    })
  ))

test("what a crashed engine left of a binding is no obstacle", () =>
  run((sockets) =>
    Effect.gen(function* () {
      const path = join(directory, "c")
      fs.writeFileSync(`${path}~`, "")
      fs.writeFileSync(path, "")
      const bound = yield* sockets.bind(path)
      yield* bound.handOver
      expect(fs.statSync(path).isSocket()).toBe(true)
      yield* bound.discard
    })
  ))

test("bytes go both ways and the end is told once", async () => {
  const server = await serve("d", (socket) => void socket.pipe(socket))
  await run((sockets) =>
    Effect.gen(function* () {
      const heard: string[] = []
      let ends = 0
      const connection = yield* sockets.connect(server.path, {
        onData: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
        onEnd: () => void ends++
      })
      connection.write(new TextEncoder().encode("hello"))
      while (heard.join("") !== "hello") yield* Effect.sleep(1)
      connection.close()
      connection.write(new TextEncoder().encode("after"))
      yield* Effect.sleep(20)
      expect(ends).toBe(0)
    })
  )
  server.close()
})

test("a peer that goes is told with its end", async () => {
  const server = await serve("e", (socket) => void socket.end("bye"))
  const told = await run((sockets) =>
    Effect.gen(function* () {
      const heard: string[] = []
      const connecting = Effect.callback<string | undefined>((resume) => {
        const listener: ConnectionListener = {
          onData: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
          onEnd: (error) => resume(Effect.succeed(error))
        }
        Effect.runFork(sockets.connect(server.path, listener))
      })
      return [yield* connecting, heard.join("")]
    })
  )
  expect(told).toEqual([undefined, "bye"])
  server.close()
})

test("while paused nothing arrives, and nothing is lost", async () => {
  const size = 4 * 1024 * 1024
  const server = await serve("f", (socket) => void socket.end(Buffer.alloc(size)))
  await run((sockets) =>
    Effect.gen(function* () {
      let received = 0
      let isOver = false
      const connection = yield* sockets.connect(server.path, {
        onData: (bytes) => void (received += bytes.byteLength),
        onEnd: () => void (isOver = true)
      })
      connection.pause()
      yield* Effect.sleep(30)
      const atRest = received
      yield* Effect.sleep(30)
      expect(received).toBe(atRest)
      expect(received).toBeLessThan(size)
      connection.resume()
      while (!isOver) yield* Effect.sleep(1)
      expect(received).toBe(size)
    })
  )
  server.close()
})
