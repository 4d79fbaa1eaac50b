/**
 * Goal: every command to a guest's agent is answered once, and never with another command's answer,
 * whatever the agent says, when it says it, and who gives up waiting meanwhile. Method: an agent
 * that works off what it reads in its own time, slow, silent, noisy or gone as a list says, in the
 * simulated world, where who is served next is a number from a list.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type Agent, make, type Patience } from "../../../actors/agent.ts"
import { type Connection, type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import type { Json } from "../../../src/qmp/json.ts"
import { World } from "../../../src/testing/world.ts"

/** What the agent does with one line that it has read. */
interface Manner {
  readonly afterMs: number
  readonly noise: "none" | "reply" | "bytes" | "event"
  readonly does: "answers" | "refuses" | "is silent" | "goes away"
}

const encode = (text: string) => new TextEncoder().encode(text)

/** A guest with an agent: lives through connections, and answers to whichever there is. */
class FakeGuest {
  private readonly world: World
  private readonly manners: readonly Manner[]
  private listener: ConnectionListener | undefined
  private read = 0
  private readonly queue: Effect.Effect<void>[] = []
  connections = 0
  open = 0

  constructor(world: World, manners: readonly Manner[]) {
    this.world = world
    this.manners = manners
  }

  get sockets(): Sockets["Service"] {
    return {
      bind: () => Effect.die("nothing is bound here"),
      connect: (_path, listener) => Effect.sync(() => this.connect(listener))
    }
  }

  private connect(listener: ConnectionListener): Connection {
    this.listener = listener
    this.connections++
    this.open++
    let isOpen = true
    return {
      write: (bytes) => {
        if (isOpen) this.hear(new TextDecoder("latin1").decode(bytes))
      },
      pendingBytes: () => 0,
      pause: () => {},
      resume: () => {},
      close: () => {
        if (isOpen) this.open--
        isOpen = false
        if (this.listener === listener) this.listener = undefined
      }
    }
  }

  private hear(text: string): void {
    const line = JSON.parse(text.replace("\u00ff", ""))
    const manner = this.manners[this.read++ % this.manners.length]
    if (manner === undefined) return
    this.queue.push(
      Effect.andThen(
        Effect.sleep(manner.afterMs),
        Effect.sync(() => this.act(line, manner))
      )
    )
    if (this.queue.length === 1) this.world.fork(this.work)
  }

  /** One after the other, in the order in which they were read. */
  private readonly work: Effect.Effect<void> = Effect.suspend(() => {
    const [first] = this.queue
    if (first === undefined) return Effect.void
    return Effect.andThen(
      first,
      Effect.suspend(() => {
        this.queue.shift()
        return this.work
      })
    )
  })

  private act(line: { execute: string; arguments: Record<string, Json> }, manner: Manner): void {
    const { listener } = this
    const say = (bytes: Uint8Array) => {
      if (this.listener === listener) listener?.onData(bytes)
    }
    if (manner.noise === "bytes") say(Uint8Array.of(1, 0x7b, 0xfe))
    if (manner.noise === "reply") say(encode('{"return":"noise"}\n'))
    if (manner.noise === "event") say(encode('{"event":"X"}\n[1]\n\n'))
    if (manner.does === "goes away") {
      this.listener = undefined
      return listener?.onEnd(undefined)
    }
    if (manner.does === "is silent") return
    if (line.execute === "guest-sync-delimited") {
      say(Uint8Array.of(0xff))
      return say(encode(`{"return":${String(line.arguments["id"])}}\n`))
    }
    say(
      encode(
        manner.does === "refuses"
          ? `{"error":{"class":"GenericError","desc":"no ${line.execute}"}}\n`
          : `{"return":"${line.execute}"}\n`
      )
    )
  }
}

const manner: fc.Arbitrary<Manner> = fc.record({
  afterMs: fc.constantFrom(0, 1, 400, 6_000),
  // What is said between a command and its answer cannot be told from the answer.
  noise: fc.constantFrom("none", "none", "event"),
  does: fc.oneof(
    { weight: 6, arbitrary: fc.constant("answers" as const) },
    { weight: 1, arbitrary: fc.constantFrom("refuses", "is silent", "goes away") }
  )
})

interface Order {
  readonly atMs: number
  readonly patience: Patience
  /** When the asker leaves, if it does not stay. */
  readonly leavesAfterMs: number | undefined
}

const patience: fc.Arbitrary<Patience> = fc.oneof(
  fc.constantFrom(500, 5_000, 20_000).map((ms): Patience => ({ type: "within", ms })),
  fc.constant<Patience>({ type: "nowait" }),
  fc.constant<Patience>({ type: "silence", ms: 1_000 })
)

const order: fc.Arbitrary<Order> = fc.record({
  atMs: fc.nat({ max: 10_000 }),
  patience,
  leavesAfterMs: fc.option(fc.nat({ max: 6_000 }), { nil: undefined, freq: 3 })
})

const bench = (manners: readonly Manner[], choices: readonly number[]) => {
  const world = new World(choices)
  const kernel = new Kernel(world, world.context)
  const guest = new FakeGuest(world, manners)
  const making = make({ kernel, name: "agent", path: "/agent" })
  const fiber = world.fork(Effect.provideService(making, Sockets, guest.sockets))
  world.advance(0)
  const exit = fiber.pollUnsafe()
  if (exit?._tag !== "Success") throw new Error("an agent is made")
  return { world, guest, agent: exit.value }
}

const place = (agent: Agent, { atMs, patience: patient, leavesAfterMs }: Order, at: number) => {
  const asked = Effect.result(agent.execute({ execute: `order-${at}` }, patient))
  const body = Effect.gen(function* () {
    yield* Effect.sleep(atMs)
    if (leavesAfterMs === undefined) return yield* asked
    const going = yield* Effect.forkChild(asked, { startImmediately: true })
    yield* Effect.sleep(leavesAfterMs)
    yield* Fiber.interrupt(going)
    return undefined
  })
  return body
}

test("each is answered once, and with its own answer", () => {
  fc.assert(
    fc.property(
      fc.array(manner, { minLength: 1, maxLength: 12 }),
      fc.array(order, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(7), { maxLength: 60 }),
      (manners, orders, choices) => {
        const { world, guest, agent } = bench(manners, choices)
        const fibers = orders.map((one, at) => world.fork(place(agent, one, at)))
        world.advance(10 * 60_000)
        fibers.forEach((fiber, at) => {
          const exit = fiber.pollUnsafe()
          expect(exit?._tag, `order ${at} has ended`).toBe("Success")
          if (exit?._tag !== "Success" || exit.value === undefined) return
          const { value } = exit
          if (value._tag === "Success") {
            expect([undefined, `order-${at}`]).toContain(value.success)
            if (orders[at]?.patience.type === "within") expect(value.success).toBe(`order-${at}`)
          } else if (value.failure._tag === "AgentFailure" && value.failure.class !== undefined)
            expect(value.failure.why).toBe(`no order-${at}`)
        })
        expect(guest.open).toBeLessThanOrEqual(1)
        world.fork(agent.close)
        world.advance(0)
        expect(guest.open).toBe(0)
      }
    ),
    { numRuns: 300 }
  )
})

test("noise before the answer to a handshake is no answer", () => {
  for (const noise of ["reply", "bytes", "event"] as const) {
    const sync: Manner = { afterMs: 1, noise, does: "answers" }
    const { world, agent } = bench([sync, { ...sync, noise: "none" }], [])
    const asked = world.fork(agent.execute({ execute: "it" }, { type: "block" }))
    world.advance(10)
    expect(asked.pollUnsafe()).toMatchObject({ _tag: "Success", value: "it" })
  }
})

test("one that waits as long as it takes is told when the guest closes its port", () => {
  const answers: Manner = { afterMs: 1, noise: "none", does: "answers" }
  const { world, agent } = bench([answers, { ...answers, does: "is silent" }, answers], [])
  const asked = world.fork(Effect.flip(agent.execute({ execute: "it" }, { type: "block" })))
  world.advance(24 * 60 * 1000)
  expect(asked.pollUnsafe()).toBeUndefined()
  agent.portClosed()
  world.advance(0)
  expect(asked.pollUnsafe()).toMatchObject({ value: { why: "it has gone", class: undefined } })
  const again = world.fork(agent.execute({ execute: "again" }, { type: "block" }))
  world.advance(10)
  expect(again.pollUnsafe()).toMatchObject({ _tag: "Success", value: "again" })
})
