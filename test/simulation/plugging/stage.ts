/**
 * Guests by any names on a host with any devices, and an engine that may be killed and come back:
 * what is asked of it is answered as data, or left to go on while other things are asked.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../../src/engine/handle.ts"
import { type Engine, openEngine } from "../../../src/engine/engine.ts"
import type { HostDevice } from "../../../src/engine/hostdevs.ts"
import { Faults, type PlannedFault } from "../../../src/testing/fault.ts"
import { type EngineProcess, SimulatedHost } from "../../../src/testing/host/host.ts"
import type { Program } from "../../../src/testing/host/program.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { SimulatedQemu } from "../../../src/testing/qemu/simulated-qemu.ts"
import { simulatedEmulator, simulatedRoot } from "../../../src/testing/simulation/lives.ts"
import { listed } from "../../../src/testing/strategy/listed.ts"
import type { Strategy } from "../../../src/testing/strategy/strategy.ts"
import { World } from "../../../src/testing/world.ts"

/** A guest's name and one digit of its uuid. */
export interface Named {
  readonly name: string
  readonly digit: number
}

/** A guest with room for functions. */
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

const controllers =
  "<controller type='scsi' index='0' model='virtio-scsi'/>" +
  "<controller type='usb' index='0' model='qemu-xhci'/>"

/** One with room for devices of every kind. */
export const guestWith = (devices: string, named?: Named): string =>
  guestXml(controllers + devices, named)

/** What was asked, and what came of it; nothing when the engine was gone before it answered. */
export type Answer = "done" | { readonly tag: string; readonly message: string } | undefined

export interface StageOptions {
  readonly devices: Devices
  readonly faults?: readonly PlannedFault[]
  /** Beside QEMU. */
  readonly programs?: Iterable<readonly [string, Program]>
  /** In which order deliveries come; by default as they were sent. */
  readonly strategy?: Strategy
}

/** What is asked of the engine, of a type that is of no interest. */
type Deed = (engine: Engine) => Effect.Effect<unknown, unknown>

const answeredMs = 120_000

export class Stage {
  readonly faults: Faults
  readonly host: SimulatedHost
  private readonly world: World
  private process: EngineProcess | undefined
  private engine: Engine | undefined

  constructor({ devices, faults = [], programs = [], strategy = listed([]) }: StageOptions) {
    const world = new World(strategy, { stepsMax: 50_000_000 })
    this.world = world
    this.faults = new Faults(faults)
    this.faults.disarm()
    const wallMs = () => world.wallOriginMs + world.nowMs
    const qemu = new SimulatedQemu({ faults: this.faults, wallMs })
    const all = new Map<string, Program>([[simulatedEmulator, qemu], ...programs])
    this.host = new SimulatedHost(world, { programs: all, devices, faults: this.faults })
  }

  get isUp(): boolean {
    return this.process?.realm.isAlive === true
  }

  /** The engine's next life. */
  open(): this {
    const process = this.host.engine("engine", () => {})
    this.process = process
    this.engine = undefined
    const opening = Effect.gen({ self: this }, function* () {
      this.engine = yield* openEngine({
        place: { root: simulatedRoot, run: `${simulatedRoot}/run` },
        owner: "test",
        dispatcher: process.realm,
        emulatorFor: () => simulatedEmulator,
        startConcurrency: 4
      })
      return yield* Effect.never
    })
    Effect.runForkWith(process.context)(Effect.scoped(opening))
    this.pass(10_000)
    if (this.engine === undefined) throw new Error("the engine has not come up")
    return this
  }

  kill(): void {
    this.process?.kill()
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 250) this.world.advance(250)
  }

  /** Asks, unless the engine is gone; the result tells what it was answered by now. */
  beginCall(deed: Deed): () => Answer {
    const { engine, process } = this
    if (engine === undefined || process === undefined || !this.isUp) return () => undefined
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
    return () => answer
  }

  /** Runs to the answer, or to the end of the engine. */
  call(deed: Deed): Answer {
    if (this.engine === undefined) throw new Error("there is no engine")
    const answered = this.beginCall(deed)
    for (let ms = 0; ms < answeredMs && answered() === undefined && this.isUp; ms += 250)
      this.pass(250)
    return answered()
  }

  /** The same of a domain. */
  on(name: string, deed: (domain: Domain) => Effect.Effect<unknown, unknown>): Answer {
    return this.call((engine) => Effect.flatMap(engine.lookup({ name }), deed))
  }

  /** A guest that is gone when it ends. */
  readonly create = (devices: string, named?: Named) =>
    this.call((engine) => engine.createXML(guestWith(devices, named)))

  /** The definition of a guest as it runs. */
  xmlOf(name: string): string {
    let xml = ""
    this.on(name, (domain) => Effect.map(domain.xml(), (text) => void (xml = text)))
    return xml
  }

  /** How the list of host devices has one. */
  row(device: string): Partial<HostDevice> | undefined {
    let rows: readonly HostDevice[] = []
    this.call((engine) => Effect.map(engine.hostdevs.list, (list) => void (rows = list)))
    return rows.find((one) => one.device === device)
  }

  /** What is remembered of devices, by the names of the files. */
  get records(): readonly string[] {
    const folder = `${simulatedRoot}/run/hostdevs/`
    return this.host.disk
      .paths()
      .filter((path) => path.startsWith(folder))
      .map((path) => path.slice(folder.length))
  }
}
