/**
 * Goal: the monitor's bounds: how much it holds when nobody listens, how many commands it keeps,
 * and whose clock its deadlines are on. Method: a socket in the test's own hand, in the simulated
 * world.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import {
  type Monitor,
  type MonitorListener,
  open,
  replyTimeoutMs
} from "../../../actors/monitor.ts"
import { type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import { eventsLengthMax } from "../../../src/kernel/limits.ts"
import { inFlightMax } from "../../../src/qmp/session.ts"
import { World } from "../../../src/testing/world.ts"

const line = (message: object) => new TextEncoder().encode(`${JSON.stringify(message)}\r\n`)
const greeting = line({
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 } }, capabilities: [] }
})
const event = (offset: number) =>
  line({ event: "RTC_CHANGE", data: { offset }, timestamp: { seconds: 1, microseconds: 0 } })

/** A connected monitor whose peer answers `qmp_capabilities` and is then in the test's hand. */
const connected = (part: Partial<MonitorListener> = {}) => {
  const world = new World()
  const kernel = new Kernel(world, world.context)
  const told: string[] = []
  const socket = { isPaused: false, isClosed: false, written: [] as string[] }
  const hand: { peer: ConnectionListener | undefined } = { peer: undefined }
  const connection = {
    write: (bytes: Uint8Array) => void socket.written.push(new TextDecoder().decode(bytes)),
    pendingBytes: () => 0,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
    close: () => void (socket.isClosed = true)
  }
  const sockets = Sockets.of({
    bind: () => Effect.die("nothing is bound here"),
    connect: (_path, peer) => {
      hand.peer = peer
      return Effect.succeed(connection)
    }
  })
  const listener: MonitorListener = {
    onEvent: () => true,
    whenRoom: () => {},
    onSilent: () => void told.push("silent"),
    onHeard: () => void told.push("heard"),
    onEnd: (why) => told.push(`end: ${why}`) > 0,
    ...part
  }
  const opening = open({ kernel, name: "monitor", path: "/m", listener })
  const fiber = world.fork(Effect.provideService(opening, Sockets, sockets))
  world.advance(0)
  const say = (bytes: Uint8Array) => hand.peer?.onData(bytes)
  say(greeting)
  say(line({ return: {}, id: 1 }))
  world.advance(0)
  const exit = fiber.pollUnsafe()
  if (exit?._tag !== "Success") throw new Error("the monitor opens")
  return { world, told, socket, say, monitor: exit.value, peer: hand.peer }
}

const ask = (world: World, monitor: Monitor, name: string) => {
  const fiber = world.fork(Effect.flip(monitor.execute({ execute: name })))
  return () => {
    const exit = fiber.pollUnsafe()
    return exit?._tag === "Success" ? exit.value : undefined
  }
}

test("a flood that nobody takes stops the reading until the listener has taken all of it", () => {
  const taken: number[] = []
  let hasRoom = false
  let resume: (() => void) | undefined
  const { world, socket, say } = connected({
    onEvent: (one) => {
      if (hasRoom && "offsetSeconds" in one) taken.push(one.offsetSeconds)
      return hasRoom
    },
    whenRoom: (again) => {
      resume = again
    }
  })
  const count = eventsLengthMax + 50
  for (let offset = 0; offset < count; offset++) say(event(offset))
  expect(socket.isPaused).toBe(true)
  world.advance(0)
  // The mailbox is empty again; the listener is not ready, and only the last holder lets go.
  expect(socket.isPaused).toBe(true)
  hasRoom = true
  resume?.()
  world.advance(0)
  expect(taken).toEqual(Array.from({ length: count }, (_, offset) => offset))
  expect(socket.isPaused).toBe(false)
})

test("a command too many is not the end of the guest", () => {
  const { world, monitor, told } = connected()
  for (let count = 0; count < inFlightMax; count++) ask(world, monitor, "query-status")
  const late = ask(world, monitor, "query-block")
  world.advance(0)
  expect(late()).toMatchObject({ _tag: "QmpTimeout", command: "query-block" })
  expect(told).toEqual([])
})

test("deadlines keep the world's time; a late reply is dropped and tells that QEMU is back", () => {
  const { world, monitor, told, say } = connected()
  const asked = ask(world, monitor, "query-status")
  world.advance(replyTimeoutMs - 1)
  expect(asked()).toBeUndefined()
  world.advance(1)
  expect(asked()).toMatchObject({ _tag: "QmpTimeout" })
  expect(told).toEqual(["silent"])
  say(line({ return: { status: "running" }, id: 2 }))
  world.advance(0)
  expect(told).toEqual(["silent", "heard"])
})

test("what ends twice is told once, and what is asked after it fails", () => {
  const { world, monitor, told, peer, say, socket } = connected()
  const pending = ask(world, monitor, "query-status")
  say(line({ return: {}, id: 99 }))
  peer?.onEnd(undefined)
  world.advance(0)
  expect(pending()).toMatchObject({ _tag: "QmpEnded" })
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/^end: QEMU does not speak QMP/)
  expect(socket.isClosed).toBe(true)
  const after = ask(world, monitor, "query-status")
  world.advance(0)
  expect(after()).toMatchObject({ _tag: "QmpEnded" })
})
