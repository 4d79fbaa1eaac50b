/**
 * Goal: bytes may be split, merged, delayed and cut off, but never lost, doubled or out of order;
 * what has no descriptor left fails so; the wall clock may jump.
 * Method: an engine that talks to a program, in random orders and with faults.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { Files } from "../../../../src/host/files.ts"
import { Processes } from "../../../../src/host/process.ts"
import { Sockets } from "../../../../src/host/socket.ts"
import { Faults, type PlannedFault } from "../../../../src/testing/fault.ts"
import { SimulatedHost, type SimulatedHostOptions } from "../../../../src/testing/host/host.ts"
import type { Program, Self } from "../../../../src/testing/host/program.ts"
import { World } from "../../../../src/testing/world.ts"

const echoPath = "/usr/bin/echo-server"

const echo: Program = {
  start: (self: Self) => {
    const fd = self.bind("/run/s")
    self.accept(fd, (client) => client.onData((bytes) => client.write(bytes)))
  }
}

const hostWith = (options: SimulatedHostOptions = {}, choices: readonly number[] = []) =>
  new SimulatedHost(new World(choices), { programs: new Map([[echoPath, echo]]), ...options })

const words = Array.from({ length: 12 }, (_, index) => `word${index} `)

/** Says all words, each in a turn of its own, and tells what came back. */
const talk = Effect.gen(function* () {
  const heard: string[] = []
  const ends: (string | undefined)[] = []
  const connection = yield* (yield* Sockets).connect("/run/s", {
    onData: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
    onEnd: (error) => void ends.push(error)
  })
  for (const word of words) {
    connection.write(new TextEncoder().encode(word))
    yield* Effect.yieldNow
  }
  yield* Effect.sleep(10_000)
  connection.close()
  return { heard, ends }
})

const talkOn = (host: SimulatedHost) => {
  host.birthplace.fork({ parent: 1, argv: [echoPath] })
  host.world.drain()
  const engine = host.engine("engine", () => {})
  const fiber = Effect.runForkWith(engine.context)(talk)
  host.world.drain()
  const exit = fiber.pollUnsafe()
  if (exit?._tag !== "Success") throw new Error(`the talk has not ended well: ${String(exit)}`)
  expect(engine.descriptors.held).toEqual([])
  return exit.value
}

const dataFault = fc.record({
  seam: fc.constant("data" as const),
  nth: fc.nat(6),
  fault: fc.constantFrom("split" as const, "slow" as const)
})

test("every byte arrives once and in order, however it is cut", () => {
  const cuts = new Set<number>()
  fc.assert(
    fc.property(
      fc.array(dataFault, { maxLength: 4 }),
      fc.array(fc.nat(3), { maxLength: 60 }),
      (plan: readonly PlannedFault[], choices) => {
        const { heard, ends } = talkOn(hostWith({ faults: new Faults(plan) }, choices))
        cuts.add(heard.length)
        expect([heard.join(""), ends]).toEqual([words.join(""), []])
      }
    )
  )
  expect(cuts.size, "what is written in pieces is merged and split").toBeGreaterThan(3)
})

test("a reset is told once, and nothing is heard after it", () => {
  const faults = new Faults([{ seam: "data", nth: 0, fault: "reset" }])
  expect(talkOn(hostWith({ faults }))).toEqual({ heard: [], ends: ["ECONNRESET"] })
})

test("a program that dies with words unread resets its peer, after what it had said", () => {
  const host = hostWith()
  const child = host.birthplace.fork({ parent: 1, argv: [echoPath] })
  host.world.drain()
  const engine = host.engine("engine", () => {})
  const heard: string[] = []
  const work = Effect.gen(function* () {
    const connection = yield* (yield* Sockets).connect("/run/s", {
      onData: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
      onEnd: (error) => void heard.push(`end ${error}`)
    })
    connection.write(new TextEncoder().encode("read"))
    yield* Effect.sleep(1)
    const processes = yield* Processes
    yield* processes.signal(child, "SIGSTOP")
    connection.write(new TextEncoder().encode("unread"))
    yield* processes.signal(child, "SIGKILL")
    yield* Effect.sleep(1)
  })
  Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(heard).toEqual(["read", "end ECONNRESET"])
})

test("a full backlog is EAGAIN", () => {
  const host = hostWith()
  const engine = host.engine("engine", () => {})
  const work = Effect.gen(function* () {
    const sockets = yield* Sockets
    const silent = { onData: () => {}, onEnd: () => {} }
    // Held by this engine, and accepted from by nobody: one is to be served and one may wait.
    yield* sockets.bind("/run/q")
    yield* sockets.connect("/run/q~", silent)
    yield* sockets.connect("/run/q~", silent)
    return (yield* Effect.flip(sockets.connect("/run/q~", silent))).code
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({ value: "EAGAIN" })
})

test("without a descriptor left everything that opens fails, and looking does not", () => {
  const host = hostWith({ descriptorsMax: 8 })
  const engine = host.engine("engine", () => {})
  const codeOf = <A, R>(effect: Effect.Effect<A, { readonly code: string }, R>) =>
    Effect.match(effect, { onSuccess: () => "none", onFailure: ({ code }) => code })
  const work = Effect.gen(function* () {
    const files = yield* Files
    const sockets = yield* Sockets
    const processes = yield* Processes
    const taken = []
    for (let count = 0; count < 5; count++) taken.push(yield* files.open("/run/a", "append"))
    const codes = [
      yield* codeOf(files.open("/run/a", "read")),
      yield* codeOf(files.read("/run/a", 1)),
      yield* codeOf(Effect.scoped(Effect.asVoid(files.stat("/run/a")))),
      yield* codeOf(sockets.bind("/run/s")),
      yield* codeOf(sockets.connect("/run/s", { onData: () => {}, onEnd: () => {} }))
    ]
    const self = yield* processes.self
    const isSeen = (yield* processes.inspect(self.pid)) !== undefined
    const [first] = taken
    if (first !== undefined) yield* files.close(first)
    const again = yield* files.open("/run/a", "read")
    return { codes, isSeen, isSameNumber: again.fd === first?.fd }
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({
    value: {
      codes: ["EMFILE", "EMFILE", "none", "EMFILE", "EMFILE"],
      isSeen: true,
      isSameNumber: true
    }
  })
})

test("when the wall clock jumps, waits go on as they were", () => {
  const host = hostWith()
  const engine = host.engine("engine", () => {})
  const work = Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    yield* Effect.sleep(1_000)
    return (yield* Clock.currentTimeMillis) - before
  })
  const fiber = Effect.runForkWith(engine.context)(work)
  host.world.wallOriginMs -= 3_600_000
  host.world.drain()
  expect(fiber.pollUnsafe()).toMatchObject({ value: 1_000 - 3_600_000 })
  expect(host.world.nowMs).toBe(1_000)
})
