/**
 * A daemon in the simulated world, as tests of hostile clients need it: the server with its real
 * handlers, over an engine with one guest that runs and one that does not, and clients in memory.
 */
import * as Effect from "effect/Effect"
import { type Engine, openEngine } from "../../../../src/engine/engine.ts"
import { families } from "../../../../src/rpc/handlers/index.ts"
import { type Packet, packetType } from "../../../../src/rpc/protocol/packet.ts"
import type { Trouble } from "../../../../src/rpc/server/desk.ts"
import { makeServer, type Server } from "../../../../src/rpc/server/server.ts"
import { SimulatedHost } from "../../../../src/testing/host/host.ts"
import { slotName, slotUuid } from "../../../../src/testing/index.ts"
import { SimulatedQemu } from "../../../../src/testing/qemu/simulated-qemu.ts"
import { definitionXml, plainXml } from "../../../../src/testing/simulation/definition.ts"
import { simulatedEmulator, simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import { World } from "../../../../src/testing/world.ts"
import { call, openPacket, status, Wire } from "../../../unit/rpc/server/client.ts"

/** What a client calls a domain by. */
export const domainArgs = (slot: 0 | 1 | 2) => ({
  name: slotName(slot),
  uuid: Buffer.from(slotUuid(slot).replaceAll("-", ""), "hex"),
  id: slot === 2 ? 1 : -1
})

/** A pool of a directory, which is active. */
export const poolArgs = { name: "pool", uuid: Buffer.alloc(16, 7) }
const poolXml = [
  `<pool type='dir'><name>pool</name><uuid>${poolArgs.uuid.toString("hex")}</uuid>`,
  "<target><path>/pool</path></target></pool>"
].join("")

/** In steps, up to a time that is longer than any deadline of the engine's. */
const stepMs = 500
const answeredMs = 900_000

export class Guest {
  readonly wire = new Wire()
  readonly #listener: ReturnType<Server["accept"]>

  constructor(server: Server, flags = 0) {
    const peer = { isReadOnly: false, isSecure: true, identity: undefined }
    this.#listener = server.accept(this.wire, peer)
    this.#listener?.onData(openPacket(0, flags))
    this.wire.packets()
  }

  get isOver(): boolean {
    return this.wire.isClosed || this.wire.isEnded
  }

  say(bytes: Uint8Array): void {
    this.#listener?.onData(bytes)
  }

  vanish(): void {
    this.#listener?.onEnd("ECONNRESET")
  }

  replies(): readonly Packet[] {
    return this.wire.packets().filter(({ type }) => type === packetType.reply)
  }
}

export interface DaemonStage {
  readonly world: World
  readonly server: Server
  readonly engine: Engine
  readonly troubles: Trouble[]
  readonly guest: (flags?: number) => Guest
  /** Says calls and lets time pass until each is answered, the session over, or none will be. */
  readonly ask: (guest: Guest, calls: readonly Uint8Array[]) => readonly Packet[]
}

/** Slot 2 runs, slot 1 is defined, slot 0 is not there. */
export const daemonStage = (): DaemonStage => {
  const world = new World([], { stepsMax: 50_000_000 })
  const qemu = new SimulatedQemu({ wallMs: () => world.wallOriginMs + world.nowMs })
  const host = new SimulatedHost(world, { programs: new Map([[simulatedEmulator, qemu]]) })
  const process = host.engine("daemon", () => undefined)
  const troubles: Trouble[] = []
  const opening = Effect.gen(function* () {
    const engine = yield* openEngine({
      place: { root: simulatedRoot, run: `${simulatedRoot}/run` },
      owner: "test",
      dispatcher: process.realm,
      emulatorFor: () => simulatedEmulator,
      startConcurrency: 2
    })
    const service = {
      engine,
      hostname: "here",
      libraryVersion: 9_000_000,
      defaultUri: "qemu:///system"
    }
    const server = yield* makeServer({ service, families, tell: (one) => troubles.push(one) })
    yield* engine.defineXML(plainXml(1, simulatedEmulator))
    yield* engine.createXML(definitionXml({ domain: 2, version: 1, emulator: simulatedEmulator }))
    made = { engine, server }
    return yield* Effect.never
  })
  let made: { readonly engine: Engine; readonly server: Server } | undefined
  Effect.runForkWith(process.context)(Effect.scoped(opening)).addObserver((exit) => {
    throw new Error(`the daemon has ended: ${String(exit)}`)
  })
  world.advance(10_000)
  if (made === undefined) throw new Error("the daemon has not come up")
  const { engine, server } = made as { readonly engine: Engine; readonly server: Server }
  const ask: DaemonStage["ask"] = (guest, calls) => {
    const replies: Packet[] = []
    for (const bytes of calls) guest.say(bytes)
    for (let ms = 0; ms < answeredMs; ms += stepMs) {
      replies.push(...guest.replies())
      if (guest.isOver || replies.length >= calls.length) break
      world.advance(stepMs)
    }
    return replies
  }
  const guest = (flags?: number) => new Guest(server, flags)
  const pool = { xml: poolXml, flags: withBuilding }
  const [created] = ask(guest(), [call("STORAGE_POOL_CREATE_XML", 1, pool)])
  if (created?.status !== status.ok) throw new Error("the pool has not come up")
  return { world, server, engine, troubles, guest, ask }
}

/** VIR_STORAGE_POOL_CREATE_WITH_BUILD. */
const withBuilding = 1
