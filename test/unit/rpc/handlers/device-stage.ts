/**
 * A daemon in the simulated world on a host with devices: the server with its real handlers, over
 * an engine, and one client in memory. Calls are answered as data, or with the error that the wire
 * has.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { onTestFinished } from "vitest"
import { type Engine, openEngine } from "../../../../src/engine/engine.ts"
import { families } from "../../../../src/rpc/handlers/index.ts"
import { decodeRet, encodeArgs } from "../../../../src/rpc/protocol/codec.ts"
import { decodeError } from "../../../../src/rpc/protocol/error-payload.ts"
import { type Packet, packetStatus, packetType } from "../../../../src/rpc/protocol/packet.ts"
import {
  type ArgsOf,
  type Procedure,
  procedure,
  type ProcedureName,
  type RetOf
} from "../../../../src/rpc/protocol/procedures.ts"
import type { Program } from "../../../../src/rpc/server/handler.ts"
import { makeServer, type Server } from "../../../../src/rpc/server/server.ts"
import { SimulatedHost } from "../../../../src/testing/host/host.ts"
import type { Program as SimulatedProgram } from "../../../../src/testing/host/program.ts"
import { put } from "../../../../src/testing/host/put.ts"
import type { Devices } from "../../../../src/testing/host/sysfs.ts"
import { SimulatedQemu } from "../../../../src/testing/qemu/simulated-qemu.ts"
import { simulatedEmulator, simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import { World } from "../../../../src/testing/world.ts"
import { openPacket, Wire } from "../server/client.ts"

/** A refusal as a client reads it. */
export interface Refused {
  readonly code: number
  readonly says: string
}

export interface DeviceStage {
  readonly host: SimulatedHost
  readonly engine: Engine
  /** The driver that has a PCI function. */
  readonly driver: (address: string) => string | undefined
  /** Calls, and lets time pass until it is answered. */
  readonly call: <P extends Program, N extends ProcedureName<P>>(
    program: P,
    name: N,
    args: ArgsOf<P, N>
  ) => RetOf<P, N> | Refused
  /** What the client was told without a call, by name. */
  readonly told: () => readonly Packet[]
  readonly pass: (ms: number) => void
}

export interface DeviceStageOptions {
  readonly devices: Devices
  readonly texts?: { readonly [path: string]: string }
  readonly isReadOnly?: boolean
  /** It has a modprobe, which brings VFIO's driver. */
  readonly hasModprobe?: boolean
}

/** A guest that has `0000:03:00.0`. */
export const guestXml = (isManaged: boolean) =>
  [
    "<domain type='qemu'><name>web</name>",
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os>",
    `<devices><emulator>${simulatedEmulator}</emulator>`,
    `<hostdev mode='subsystem' type='pci' managed='${isManaged ? "yes" : "no"}'><source>`,
    "<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source></hostdev>",
    "<memballoon model='none'/></devices></domain>"
  ].join("")

const stepMs = 250
const answeredMs = 120_000

/** An engine with a server on it, come up. */
const daemon = ({ devices, texts = {}, hasModprobe = false }: DeviceStageOptions) => {
  const world = new World([], { stepsMax: 50_000_000 })
  const qemu = new SimulatedQemu({ wallMs: () => world.wallOriginMs + world.nowMs })
  const modprobe: SimulatedProgram = {
    start: (self) => {
      host.pci.addDriver("vfio-pci")
      self.exit(0)
    }
  }
  const programs = new Map<string, SimulatedProgram>([[simulatedEmulator, qemu]])
  if (hasModprobe) programs.set("/usr/sbin/modprobe", modprobe)
  const host: SimulatedHost = new SimulatedHost(world, { programs, devices })
  for (const [path, text] of Object.entries(texts)) put(host.disk, path, { text })
  const process = host.engine("daemon", () => undefined)
  onTestFinished(() => process.exit())
  let made: { readonly engine: Engine; readonly server: Server } | undefined
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
    const server = yield* makeServer({ service, families, tell: () => undefined })
    made = { engine, server }
    return yield* Effect.never
  })
  Effect.runForkWith(process.context)(Effect.scoped(opening))
  world.advance(10_000)
  if (made === undefined) throw new Error("the daemon has not come up")
  const up: { readonly engine: Engine; readonly server: Server } = made
  return { world, host, ...up }
}

/** One client: says calls, and keeps what is told without one. */
const clientOf = (server: Server, isReadOnly: boolean) => {
  const wire = new Wire()
  const listener = server.accept(wire, { isReadOnly, isSecure: true, identity: undefined })
  listener?.onData(openPacket(0))
  const told: Packet[] = []
  const look = (wanted: number): Packet | undefined => {
    let found: Packet | undefined
    for (const packet of wire.packets()) {
      if (packet.type === packetType.message) told.push(packet)
      else if (packet.serial === wanted) found = packet
    }
    return found
  }
  return { told, look, say: (bytes: Uint8Array) => listener?.onData(bytes) }
}

/** What a reply carries. */
const answerIn = (called: Procedure, { status, payload }: Packet): unknown => {
  if (status === packetStatus.ok) return Result.getOrThrow(decodeRet(called, payload))
  const { code, message } = Result.getOrThrow(decodeError(payload))
  return { code, says: message ?? "" } satisfies Refused
}

export const deviceStage = (options: DeviceStageOptions): DeviceStage => {
  const { world, host, engine, server } = daemon(options)
  const { told, look, say } = clientOf(server, options.isReadOnly ?? false)
  let serial = 0
  return {
    host,
    engine,
    driver: (address) => host.pci.get(address)?.driver,
    told: () => told,
    pass: (ms) => {
      for (let left = ms; left > 0; left -= stepMs) world.advance(stepMs)
      look(-1)
    },
    call: (program, name, args) => {
      const called = procedure(program, name)
      serial += 1
      say(Result.getOrThrow(encodeArgs(called, serial, args)))
      let reply = look(serial)
      for (let ms = 0; reply === undefined && ms < answeredMs; ms += stepMs) {
        world.advance(stepMs)
        reply = look(serial)
      }
      if (reply === undefined) throw new Error(`${name} is not answered`)
      // Decoded by the type that the tables name for this procedure.
      return answerIn(called, reply) as never
    }
  }
}
