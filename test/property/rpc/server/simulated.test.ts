/**
 * Goal: clients over the wire get from the whole engine what they asked for in any order of its
 * deliveries; one that vanishes at any moment takes its guest with it, and nobody else's.
 * Method: the server as it is, with real handlers, over an engine in the simulated world; wires in
 * memory instead of sockets; the order is a list of choices, and the moment of vanishing is drawn.
 */
import fc from "fast-check"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, test } from "vitest"
import type { Engine } from "../../../../src/engine/engine.ts"
import { decodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { type Packet, packetType } from "../../../../src/rpc/protocol/packet.ts"
import { families } from "../../../../src/rpc/handlers/index.ts"
import type { HostServices } from "../../../../src/rpc/server/handler.ts"
import { makeServer, type Server } from "../../../../src/rpc/server/server.ts"
import { simulate } from "../../../../src/testing/index.ts"
import { plainXml } from "../../../../src/testing/simulation/definition.ts"
import { simulatedEmulator } from "../../../../src/testing/simulation/lives.ts"
import { call, named, openPacket, status, Wire } from "../../../unit/rpc/server/client.ts"

const peer = { isReadOnly: false, isSecure: true, identity: undefined }
const autoDestroy = 2

/** The calls of this program ask the engine only. */
const noServices = Context.empty() as Context.Context<HostServices>

class Client {
  readonly wire = new Wire()
  readonly seen: Packet[] = []
  readonly #listener: ReturnType<Server["accept"]>
  #serial = 0

  constructor(server: Server) {
    this.#listener = server.accept(this.wire, peer)
    this.#listener?.onData(openPacket(0))
  }

  say(name: string, args?: unknown): number {
    this.#serial += 1
    this.#listener?.onData(call(name, this.#serial, args))
    return this.#serial
  }

  vanish(): void {
    this.#listener?.onEnd("ECONNRESET")
  }

  look(): readonly Packet[] {
    this.seen.push(...this.wire.packets())
    return this.seen
  }

  /** Looks again, as time passes, until the answer is there. */
  answer(serial: number): Effect.Effect<Packet> {
    return Effect.suspend(() => {
      const found = this.look().find(
        (one) => one.type === packetType.reply && one.serial === serial
      )
      return found === undefined
        ? Effect.flatMap(Effect.sleep(10), () => this.answer(serial))
        : Effect.succeed(found)
    })
  }
}

const states = (engine: Engine) =>
  Effect.map(engine.list(), (rows) => rows.map(({ isActive }) => isActive))

/** `untilMs`: when the first client vanishes, counted from its call. */
const program = (untilMs: number) => (engine: Engine) =>
  Effect.gen(function* () {
    const service = {
      engine,
      hostname: "here",
      libraryVersion: 9_000_000,
      defaultUri: "qemu:///system"
    }
    const troubles: string[] = []
    const tell = ({ what, why }: { readonly what: string; readonly why: string }) =>
      void troubles.push(`${what}: ${why}`)
    const server = yield* makeServer({ service, families, tell })
    const [fleeting, lasting] = [new Client(server), new Client(server)]
    lasting.say("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", { eventID: 0, dom: null })
    const other = lasting.say("DOMAIN_CREATE_XML", {
      xml_desc: plainXml(1, simulatedEmulator),
      flags: 0
    })
    fleeting.say("DOMAIN_CREATE_XML", {
      xml_desc: plainXml(0, simulatedEmulator),
      flags: autoDestroy
    })
    yield* Effect.sleep(untilMs)
    fleeting.vanish()
    const made = yield* lasting.answer(other)
    // Longer than any start and any end of a guest may take.
    yield* Effect.sleep(120_000)
    const events = lasting
      .look()
      .filter(({ type }) => type === packetType.message)
      .map(({ payload }) => decodeMessage(named("DOMAIN_EVENT_CALLBACK_LIFECYCLE"), payload))
    return { made: made.status, active: yield* states(engine), events, troubles }
  }).pipe(Effect.scoped, Effect.orDie, Effect.provideContext(noServices))

test("a client that vanishes at any moment takes its own guest with it, and no other", () => {
  const met = { before: 0, after: 0 }
  fc.assert(
    fc.property(
      fc.array(fc.nat(7), { maxLength: 60 }),
      fc.oneof(fc.nat(5), fc.nat(400), fc.nat(3_000)),
      (schedule, untilMs) => {
        const { exit, violations } = simulate(program(untilMs), { schedule })
        expect(violations).toEqual([])
        if (exit === undefined || Exit.isFailure(exit)) throw new Error(String(exit))
        const { made, active, events, troubles } = exit.value
        expect(made).toBe(status.ok)
        expect(active).toEqual([true])
        expect(troubles).toEqual([])
        expect(events.every(({ _tag }) => _tag === "Success")).toBe(true)
        expect(events.length).toBeGreaterThan(0)
        met[events.length > 2 ? "after" : "before"] += 1
      }
    ),
    { numRuns: 60 }
  )
  // Some vanished before their guest had started, and some after.
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(3)
})
