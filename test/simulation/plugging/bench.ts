/**
 * Guests on a host with devices, and an engine that may be killed: a card is plugged into the one
 * guest that most need, or out, while something goes wrong, and afterwards host, QEMU, pool and
 * definition must agree.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../../src/engine/handle.ts"
import { type Engine, openEngine } from "../../../src/engine/engine.ts"
import type { HostDevice } from "../../../src/engine/hostdevs.ts"
import { deviceShapes } from "../../../src/testing/host/device-shapes.ts"
import { type EngineProcess, SimulatedHost } from "../../../src/testing/host/host.ts"
import { Faults, type PlannedFault, type Seam } from "../../../src/testing/fault.ts"
import { SimulatedQemu } from "../../../src/testing/qemu/simulated-qemu.ts"
import { simulatedEmulator, simulatedRoot } from "../../../src/testing/simulation/lives.ts"
import { listed } from "../../../src/testing/strategy/listed.ts"
import type { Strategy } from "../../../src/testing/strategy/strategy.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"

export const card = "0000:03:00.0"

export const cardXml = [
  "<hostdev mode='subsystem' type='pci' managed='yes'><source>",
  "<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source></hostdev>"
].join("")

/** A guest's name and one digit of its uuid. */
export interface Named {
  readonly name: string
  readonly digit: number
}

export const guestXml = (devices: string, { name, digit }: Named = { name: "web", digit: 7 }) =>
  [
    `<domain type='qemu'><name>${name}</name>`,
    `<uuid>0${digit}070707-0707-0707-0707-070707070707</uuid>`,
    "<memory unit='MiB'>16</memory><vcpu>1</vcpu>",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>",
    `<devices><emulator>${simulatedEmulator}</emulator>${devices}`,
    "<controller type='pci' model='pcie-root'/>",
    "<controller type='pci' model='pcie-root-port'/>".repeat(8),
    "<memballoon model='none'/></devices></domain>"
  ].join("")

/** What was asked, and what came of it; nothing when the engine was gone before it answered. */
export type Answer = "done" | { readonly tag: string; readonly message: string } | undefined

export const seams: readonly Seam[] = ["file", "spawn", "socket", "qmp"]

export class Bench {
  readonly faults: Faults
  readonly host: SimulatedHost
  private readonly world: World
  private process: EngineProcess | undefined
  private engine: Engine | undefined

  constructor(
    faults: readonly PlannedFault[] = [],
    devices: Devices = deviceShapes.twoCards,
    strategy: Strategy = listed([])
  ) {
    const world = new World(strategy, { stepsMax: 50_000_000 })
    this.world = world
    this.faults = new Faults(faults)
    this.faults.disarm()
    const wallMs = () => world.wallOriginMs + world.nowMs
    const qemu = new SimulatedQemu({ faults: this.faults, wallMs })
    const programs = new Map([[simulatedEmulator, qemu]])
    this.host = new SimulatedHost(world, { programs, devices, faults: this.faults })
  }

  get isUp(): boolean {
    return this.process?.realm.isAlive === true
  }

  /** The engine's next life. */
  open(): void {
    const process = this.host.engine("engine", () => {})
    this.process = process
    this.engine = undefined
    const opening = Effect.gen({ self: this }, function* () {
      this.engine = yield* openEngine({
        place: { root: simulatedRoot, run: `${simulatedRoot}/run` },
        owner: "test",
        dispatcher: process.realm,
        emulatorFor: () => simulatedEmulator,
        startConcurrency: 2
      })
      return yield* Effect.never
    })
    Effect.runForkWith(process.context)(Effect.scoped(opening))
    this.pass(10_000)
    if (this.engine === undefined) throw new Error("the engine has not come up")
  }

  kill(): void {
    this.process?.kill()
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 250) this.world.advance(250)
  }

  /** Runs to the answer, or to the end of the engine. */
  ask(deed: (domain: Domain) => Effect.Effect<unknown, unknown>): Answer {
    return this.call((engine) => Effect.flatMap(engine.lookup({ name: "web" }), deed))
  }

  /** The same for anything that may be asked of an engine. */
  call(deed: (engine: Engine) => Effect.Effect<unknown, unknown>): Answer {
    const { engine, process } = this
    if (engine === undefined || process === undefined) throw new Error("there is no engine")
    let answer: Answer
    Effect.runForkWith(process.context)(
      Effect.match(deed(engine), {
        onSuccess: (): Answer => "done",
        onFailure: (error): Answer => {
          const { _tag: tag = "?", message = "" } = error as { _tag?: string; message?: string }
          return { tag, message }
        }
      })
    ).addObserver((exit) => {
      if (exit._tag === "Success") answer = exit.value
    })
    for (let ms = 0; ms < 120_000 && answer === undefined && this.isUp; ms += 250) this.pass(250)
    return answer
  }

  /** Asks, and waits for nothing. */
  begin(deed: (domain: Domain) => Effect.Effect<unknown, unknown>): void {
    this.beginCall((engine) => Effect.flatMap(engine.lookup({ name: "web" }), deed))
  }

  beginCall(deed: (engine: Engine) => Effect.Effect<unknown, unknown>): void {
    const { engine, process } = this
    if (engine === undefined || process === undefined || !this.isUp) return
    Effect.runForkWith(process.context)(Effect.ignore(deed(engine)))
  }

  readonly attach = () => this.ask((domain) => domain.attachDevice(cardXml))
  readonly detach = () => this.ask((domain) => domain.detachDevice(cardXml))

  /** A guest that is up. */
  start(devices = ""): void {
    this.open()
    const { engine, process } = this
    if (engine === undefined || process === undefined) throw new Error("there is no engine")
    Effect.runForkWith(process.context)(engine.defineXML(guestXml(devices)))
    this.pass(1_000)
    const started = this.ask((domain) => domain.start())
    if (started !== "done") throw new Error(JSON.stringify(started))
    this.pass(2_000)
  }

  /** How the card stands, as each of those who have a say in it sees it. */
  get views() {
    let xml = ""
    this.ask((domain) => Effect.map(domain.xml(), (text) => void (xml = text)))
    const standing = this.host.pci.get(card)
    const names = this.host.disk
      .paths()
      .filter((path) => path.startsWith(`${simulatedRoot}/run/hostdevs/`))
    const entry = this.engine?.hostdevs === undefined ? undefined : this.stateOf(card)
    return {
      // A domain that is off has a definition too, and no guest.
      isInDefinition: /^<domain[^>]* id=/.test(xml) && xml.includes("<hostdev"),
      isInQemu: standing?.user !== undefined,
      isHome: standing?.driver === standing?.home.driver,
      state: entry,
      remembered: names
    }
  }

  /** As the list of host devices has it. */
  stateOf(address: string): string | undefined {
    return this.rowOf(address)?.state
  }

  rowOf(address: string): HostDevice | undefined {
    let row: HostDevice | undefined
    const { engine, process } = this
    if (engine === undefined || process === undefined) return undefined
    Effect.runForkWith(process.context)(engine.hostdevs.list).addObserver((exit) => {
      if (exit._tag === "Success") row = exit.value.find(({ device }) => device === address)
    })
    this.pass(1_000)
    return row
  }
}
