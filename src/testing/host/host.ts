/**
 * A simulated host: one disk, one process table, one set of sockets, and engine processes on it,
 * each with the services that the engine is given on a real one. Decides nothing: what goes wrong
 * is planned, and in what order things happen is the world's.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { assert } from "../../base/assert.ts"
import { Ids } from "../../base/ids.ts"
import { Files } from "../../host/files.ts"
import { Processes } from "../../host/process.ts"
import { Sockets } from "../../host/socket.ts"
import { Faults } from "../fault.ts"
import type { Realm } from "../realm.ts"
import type { World } from "../world.ts"
import { Birthplace } from "./births.ts"
import { realmCarrier } from "./carrier.ts"
import type { Descriptors, Held } from "./descriptors.ts"
import { type Choose, loseAll, MemoryDisk } from "./disk.ts"
import { filesService, OpenFiles } from "./files.ts"
import { furnish, furnishBoot } from "./furniture.ts"
import { countingIds } from "./ids.ts"
import { ipPath, ipProgram } from "./links.ts"
import { Network } from "./network.ts"
import { processService } from "./process-service.ts"
import { procFile } from "./proc-files.ts"
import { type ProcessTableOptions, ProcessTable, type SimulatedProcess } from "./processes.ts"
import { PciKernel } from "./pci-kernel.ts"
import type { Program } from "./program.ts"
import { socketsService } from "./sockets.ts"
import { type Devices, writeDevices } from "./sysfs.ts"
import { UsbKernel } from "./usb-kernel.ts"

export interface SimulatedHostOptions extends ProcessTableOptions {
  readonly faults?: Faults
  /** What runs, by the path of its binary. */
  readonly programs?: ReadonlyMap<string, Program>
  /** What /sys tells of, at each boot. */
  readonly devices?: Devices
  /** RLIMIT_NOFILE of engine processes. */
  readonly descriptorsMax?: number
}

/** What an engine is given. */
export type HostServices = Files | Processes | Sockets | Ids

/** One process that an engine runs in. */
export interface EngineProcess {
  readonly name: string
  readonly pid: number
  readonly realm: Realm
  /** The services, with the scheduler and the clock of the realm. */
  readonly context: Context.Context<HostServices>
  readonly descriptors: Descriptors
  readonly isAlive: boolean
  /** SIGKILL. `onKilled` is told. */
  readonly kill: () => void
  /** It ends by itself; what it left open closes, and nobody is told. */
  readonly exit: () => void
}

/** What is held on the host, for the count of what was left. */
export interface Inventory {
  readonly processes: readonly {
    readonly pid: number
    readonly argv: readonly string[]
    readonly state: string
    readonly descriptors: readonly Held[]
  }[]
  /** Paths of listening sockets. */
  readonly listeners: readonly string[]
  /** Every path, but for those that stood there from the start. */
  readonly paths: readonly string[]
}

export class SimulatedHost {
  readonly world: World
  readonly faults: Faults
  readonly disk: MemoryDisk
  readonly network: Network
  readonly processes: ProcessTable
  readonly birthplace: Birthplace
  readonly #descriptorsMax: number | undefined
  readonly #ids: Ids["Service"] = countingIds()
  readonly #engines = new Set<Engine>()
  readonly #furniture: ReadonlySet<string>
  readonly #devices: Devices
  #boots = 0
  #pci: PciKernel | undefined
  #usb: UsbKernel | undefined

  constructor(world: World, options: SimulatedHostOptions = {}) {
    const { faults = new Faults(), programs = new Map() } = options
    this.world = world
    this.faults = faults
    this.disk = new MemoryDisk(() => world.wallOriginMs + world.nowMs)
    this.network = new Network(this.disk)
    this.processes = new ProcessTable(world, options)
    if (world.isWatched) {
      const touch = (what: string | undefined, isWrite = true) => world.touched(what, isWrite)
      for (const part of [this.disk, this.network, this.processes]) part.touch = touch
    }
    const { disk, network, processes: table } = this
    const all = new Map([[ipPath, ipProgram(disk)], ...programs])
    this.birthplace = new Birthplace({
      disk,
      network,
      table,
      programs: all,
      openDevice: (address, pid) => this.pci.open(address, pid),
      openUsb: (device, pid) => this.usb.open(device, pid)
    })
    this.#descriptorsMax = options.descriptorsMax
    this.#devices = options.devices ?? {}
    furnish(this.disk, programs.keys())
    this.#boot()
    this.#furniture = new Set(this.disk.paths())
  }

  /** Engine processes that live. */
  get engines(): readonly EngineProcess[] {
    return [...this.#engines]
  }

  /** PCI functions and their drivers. */
  get pci(): PciKernel {
    assert(this.#pci !== undefined, "a host has booted")
    return this.#pci
  }

  /** USB devices and the drivers of their interfaces. */
  get usb(): UsbKernel {
    assert(this.#usb !== undefined, "a host has booted")
    return this.#usb
  }

  /** Which boot of the host it is, from 1. */
  get boot(): number {
    return this.#boots
  }

  /**
   * A new engine process. `onKilled` is called once, at the end of whatever killed it: a fault, a
   * signal, `kill` or a power cut.
   */
  engine(name: string, onKilled: () => void): EngineProcess {
    const process = this.processes.create({
      parent: 1,
      argv: [`/usr/bin/${name}`],
      isEngine: true,
      descriptorsMax: this.#descriptorsMax
    })
    const engine = new Engine({ host: this, name, process, ids: this.#ids, onKilled })
    this.#engines.add(engine)
    process.onDead = () => {
      this.#engines.delete(engine)
      engine.died()
    }
    return engine
  }

  /**
   * The power fails and comes back: every process is gone, what was not synced is lost as `choose`
   * says, and so is what lives in memory.
   */
  powerCut(choose: Choose = loseAll): void {
    this.network.clear()
    const engines = [...this.#engines]
    for (const engine of engines) engine.descriptors.closeAll()
    this.processes.clear()
    this.disk.powerCut(choose)
    this.#boot()
    this.#engines.clear()
    for (const engine of engines) engine.died()
  }

  #boot(): void {
    furnishBoot(this.disk, ++this.#boots)
    writeDevices(this.disk, this.#devices)
    this.#pci?.stop()
    const { pci = [], pciDrivers: drivers } = this.#devices
    const { kernel } = this.processes
    this.#pci = new PciKernel({
      disk: this.disk,
      devices: pci,
      faults: this.faults,
      after: (ms, run, label) => kernel.after(ms, run, label),
      ...(drivers && { drivers })
    })
    this.#usb = new UsbKernel(this.disk, this.#devices.usb ?? [])
    this.disk.syncAll()
  }

  inventory(): Inventory {
    return {
      processes: this.processes.all.map(({ pid, words, state, descriptors }) => ({
        pid,
        argv: words,
        state,
        descriptors: descriptors.held
      })),
      listeners: this.network.open.map(({ path }) => path),
      paths: this.disk.paths().filter((path) => !this.#furniture.has(path))
    }
  }
}

interface EngineOptions {
  readonly host: SimulatedHost
  readonly name: string
  readonly process: SimulatedProcess
  readonly ids: Ids["Service"]
  readonly onKilled: () => void
}

class Engine implements EngineProcess {
  readonly name: string
  readonly pid: number
  readonly realm: Realm
  readonly context: Context.Context<HostServices>
  readonly descriptors: Descriptors
  readonly #options: EngineOptions
  #isExiting = false

  constructor(options: EngineOptions) {
    const { host, name, process } = options
    this.#options = options
    this.name = name
    this.pid = process.pid
    this.realm = process.realm
    this.descriptors = process.descriptors
    this.context = contextOf(host, process, options.ids)
  }

  get isAlive(): boolean {
    return this.#options.process.isAlive
  }

  kill(): void {
    const { host, process } = this.#options
    host.processes.end(process, { code: undefined, signal: "SIGKILL" })
  }

  exit(): void {
    const { host, process } = this.#options
    this.#isExiting = true
    host.processes.end(process, { code: 0, signal: undefined })
  }

  died(): void {
    if (!this.#isExiting) this.#options.onKilled()
  }
}

const contextOf = (
  host: SimulatedHost,
  process: SimulatedProcess,
  ids: Ids["Service"]
): Context.Context<HostServices> => {
  const { disk, network, faults, processes: table, birthplace } = host
  const { realm, descriptors } = process
  const die = () => table.end(process, { code: undefined, signal: "SIGKILL" })
  const doer = { realm, faults, die }
  const openFiles = new OpenFiles(disk, {
    descriptors,
    generated: (path) => procFile(table, path),
    notify: (path, changed) => realm.schedule(`changed ${path}`, changed),
    later: (label, run) =>
      realm.schedule(label, () => {
        realm.touch?.(undefined)
        run()
      })
  })
  return realm.context.pipe(
    Context.add(Files, filesService(openFiles, realmCarrier(doer))),
    Context.add(
      Processes,
      processService({ ...doer, self: process, table, birthplace, openFiles, descriptors })
    ),
    Context.add(Sockets, socketsService({ ...doer, disk, network, descriptors })),
    Context.add(Ids, alive(realm, ids))
  )
}

/** A process that was killed is given nothing more. */
const alive = (realm: Realm, ids: Ids["Service"]): Ids["Service"] => {
  const guard = (next: Effect.Effect<string>) =>
    Effect.suspend(() => (realm.isAlive ? next : Effect.never))
  return { token: guard(ids.token), uuid: guard(ids.uuid), mac: guard(ids.mac) }
}
