// Goal: a server lets in as many clients as it is told, and one that keeps others waiting goes.
// Method: a server on Effect's test clock, with wires in memory for sockets.
import * as TestClock from "effect/testing/TestClock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { connect } from "../../../../src/rpc/handlers/connect.ts"
import type { HostServices } from "../../../../src/rpc/server/handler.ts"
import * as limits from "../../../../src/rpc/server/limits.ts"
import { makeServer, type Server, type ServerLimits } from "../../../../src/rpc/server/server.ts"
import type { TransportListener } from "../../../../src/rpc/server/transport.ts"
import { call, engineStub, openPacket, valueIn, Wire } from "./client.ts"

const peer = { isReadOnly: false, isSecure: true, identity: undefined }

interface Client {
  readonly wire: Wire
  readonly listener: TransportListener | undefined
}

const join = (server: Server): Client => {
  const wire = new Wire()
  return { wire, listener: server.accept(wire, peer) }
}

/** What a socket would do: bytes come only while it is not paused. */
const say = ({ wire, listener }: Client, ...packets: readonly Uint8Array[]): void => {
  if (!wire.isPaused) for (const packet of packets) listener?.onData(packet)
}

const withServer = (
  bounds: Partial<ServerLimits>,
  body: (server: Server) => Effect.Effect<void>
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const service = {
        engine: engineStub(),
        hostname: "here",
        libraryVersion: 9_000_000,
        defaultUri: "qemu:///system"
      }
      const server = yield* makeServer({
        service,
        families: [connect],
        limits: bounds,
        tell: () => undefined
      })
      yield* body(server)
    }).pipe(
      Effect.scoped,
      Effect.provide(TestClock.layer()),
      Effect.provideContext(Context.empty() as Context.Context<HostServices>)
    )
  )

test("clients beyond the bound are refused, and a place is free again when one goes", () =>
  withServer({ clientsMax: 2 }, (server) =>
    Effect.sync(() => {
      const [first] = [join(server), join(server)]
      expect(join(server).listener).toBeUndefined()
      first?.listener?.onEnd(undefined)
      expect(join(server).listener).toBeDefined()
    })
  ))

test("clients that have not opened wait for a place, and are heard in their order", () =>
  withServer({ anonymousClientsMax: 2 }, (server) =>
    Effect.sync(() => {
      const clients = Array.from({ length: 4 }, () => join(server))
      expect(clients.map(({ wire }) => wire.isPaused)).toEqual([false, false, true, true])
      expect(server.state()).toMatchObject({ clients: 4, anonymous: 2, waiting: 2 })
      for (const client of clients.slice(0, 1)) say(client, openPacket(1))
      expect(clients.map(({ wire }) => wire.isPaused)).toEqual([false, false, false, true])
      for (const client of clients) say(client, call("CONNECT_GET_HOSTNAME", 2))
      const [first] = clients
      expect(valueIn("CONNECT_GET_HOSTNAME", first?.wire.packets().at(-1))).toEqual({
        hostname: "here"
      })
    })
  ))

test("a silent client gives its place to one that waits", () =>
  withServer({ anonymousClientsMax: 1 }, (server) =>
    Effect.gen(function* () {
      const silent = join(server)
      yield* TestClock.adjust(limits.silentAnonymousMs * 2)
      expect(silent.wire.isClosed).toBe(false)
      const other = join(server)
      yield* TestClock.adjust(limits.tickMs)
      expect(silent.wire.isClosed).toBe(true)
      expect(other.wire.isPaused).toBe(false)
    })
  ))

test("a client that does not open in time is dropped", () =>
  withServer({}, (server) =>
    Effect.gen(function* () {
      const late = join(server)
      const known = join(server)
      say(known, openPacket(1))
      yield* TestClock.adjust(limits.openDeadlineMs + limits.tickMs)
      expect(late.wire.isClosed).toBe(true)
      expect(known.wire.isClosed).toBe(false)
      expect(server.state().clients).toBe(1)
    })
  ))

test("bounds that are adopted let in who waits", () =>
  withServer({ anonymousClientsMax: 1 }, (server) =>
    Effect.sync(() => {
      const clients = [join(server), join(server)]
      server.adopt({ anonymousClientsMax: 5 })
      expect(clients.map(({ wire }) => wire.isPaused)).toEqual([false, false])
    })
  ))

test("a bound that is named no more is the usual one again", () =>
  withServer({}, (server) =>
    Effect.sync(() => {
      server.adopt({ clientsMax: 1 })
      expect(join(server).listener).toBeDefined()
      expect(join(server).listener).toBeUndefined()
      server.adopt({})
      expect(join(server).listener).toBeDefined()
    })
  ))

test("a drained server has no clients, and takes none", () =>
  withServer({}, (server) =>
    Effect.gen(function* () {
      const client = join(server)
      say(client, openPacket(1))
      yield* server.drain
      expect(client.wire.isEnded).toBe(true)
      expect(server.state().clients).toBe(0)
      expect(join(server).listener).toBeUndefined()
    })
  ))
