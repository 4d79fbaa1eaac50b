/**
 * What the simulated kernel does about PCI functions and their drivers: takes what is written to
 * /sys/bus/pci as Linux does (Documentation/ABI/testing/sysfs-bus-pci, drivers/base/bus.c and dd.c,
 * drivers/pci/pci-driver.c and iov.c). A driver may refuse, take its time or never end; vfio-pci
 * lets go of a function once no program has it. Synchronous but for that; knows no Effect.
 */
import type { Faults, FaultsBySeam } from "../fault.ts"
import type { MemoryDisk } from "./disk.ts"
import { type Done, Errno, type Waiting } from "./node.ts"
import { pciAt, PciFunction, vfio } from "./pci-function.ts"
import { virtualOf } from "./pci-virtual.ts"
import { putAttribute } from "./put.ts"
import { type PciDevice, writePci } from "./sysfs-pci.ts"
import { unplug } from "./sysfs-put.ts"
import { type Refusal, VfioGroups } from "./vfio-groups.ts"

export interface PciKernelOptions {
  readonly disk: MemoryDisk
  /** Those that stand on the disk already, in their order. */
  readonly devices: readonly PciDevice[]
  /** Drivers that are loaded beside those that a device has or wants. */
  readonly drivers?: readonly string[]
  /** Calls `run` when so much time has passed. */
  readonly after?: (ms: number, run: () => void, label: string) => void
  readonly faults?: Faults
}

/** What a driver takes that is slow by plan: past every quick path, within the engine's bound. */
export const slowDriverMs = 2_000
/** And one that hangs: far past the bound of any engine, and it ends. */
export const stuckDriverMs = 60_000

/** How a function stands, for those who look on. */
export interface PciStanding {
  readonly address: string
  /** Its IOMMU group. */
  readonly group: number | undefined
  readonly driver: string | undefined
  /** What it had when it came: where it belongs. */
  readonly home: { readonly driver: string | undefined; readonly override: string | undefined }
  readonly override: string | undefined
  /** The program that has it, by its pid. */
  readonly user: number | undefined
  /** Something that was asked of it has not ended. */
  readonly isBusy: boolean
}

interface Driver {
  readonly name: string
  /** `vendor:device` of `new_id`. */
  readonly ids: Set<string>
}

type Fault = FaultsBySeam["pci"] | undefined

/** The driver that the kernel would choose for it. */
const nativeOf = ({ nativeDriver, driver }: PciDevice): string | undefined =>
  nativeDriver ?? (driver === vfio ? undefined : driver)

const trimmed = (text: string): string => (text.endsWith("\n") ? text.slice(0, -1) : text)

export class PciKernel {
  readonly #options: Required<PciKernelOptions>
  readonly #functions = new Map<string, PciFunction>()
  readonly #drivers = new Map<string, Driver>()
  /** Taken away by `remove`: what a rescan finds again. */
  readonly #removed = new Map<string, PciDevice>()
  readonly #groups: VfioGroups
  #isDown = false

  constructor(options: PciKernelOptions) {
    const after = (_ms: number, run: () => void) => run()
    // A plan without faults has none: `undefined` at every occurrence.
    const faults = { at: () => undefined } as unknown as Faults
    this.#options = { drivers: [vfio], after, faults, ...options }
    const { disk, devices, drivers } = this.#options
    disk.makeDirectories(`${pciAt}/devices`)
    this.#groups = new VfioGroups(disk, this.#functions)
    for (const name of [...devices.flatMap(namesIn), ...drivers]) this.addDriver(name)
    for (const device of devices) this.#add(device)
    const bus = { mode: 0o200 }
    putAttribute(disk, `${pciAt}/drivers_probe`, { ...bus, store: (text) => this.#probes(text) })
    putAttribute(disk, `${pciAt}/rescan`, { ...bus, store: (text) => this.#rescan(text) })
  }

  /** In the order in which they came. */
  get standings(): readonly PciStanding[] {
    return [...this.#functions.values()].map(
      ({ address, spec, driver, override, user, isBusy }) => ({
        address,
        group: spec.iommuGroup,
        driver,
        home: { driver: spec.driver ?? nativeOf(spec), override: spec.override },
        override,
        user,
        isBusy
      })
    )
  }

  get(address: string): PciStanding | undefined {
    return this.standings.find((one) => one.address === address)
  }

  /**
   * A program opens a function through VFIO, as QEMU does with `-device vfio-pci`; the result gives
   * it back. Throws `Errno`: ENXIO where it is not there, ENOENT without a group or where nothing
   * of its group is with VFIO, EPERM where not all of the group is free, ENODEV where it is not
   * itself with VFIO, EBUSY where another program has the group.
   */
  open(address: string, pid: number): () => void {
    return this.#groups.open(address, pid)
  }

  /** What programs were refused, in order. */
  get refusals(): readonly Refusal[] {
    return this.#groups.refusals
  }

  /** A function comes: its driver takes it, if there is one. */
  plug(device: PciDevice): void {
    const { driver: _, ...spec } = device
    const nativeDriver = nativeOf(device)
    const found = { ...spec, ...(nativeDriver === undefined ? {} : { nativeDriver }) }
    writePci(this.#options.disk, found)
    for (const name of namesIn(found)) this.addDriver(name)
    const one = this.#add(found)
    one.exclusive((done) => this.#attach(one, done))
  }

  /** A function goes, whoever has it. */
  unplug(address: string): void {
    const one = this.#functions.get(address)
    if (one === undefined) return
    one.isGone = true
    this.#functions.delete(address)
    const { disk } = this.#options
    unplug(disk, `${pciAt}/devices/${address}`)
    for (const below of this.#functions.values())
      if (below.at.startsWith(`${one.at}/`)) this.#functions.delete(below.address)
    this.#groups.show(one)
  }

  /** The power is gone: nothing that waits goes on. */
  stop(): void {
    this.#isDown = true
  }

  #after(ms: number, run: () => void, label: string): void {
    if (ms === 0) return run()
    // What never ends is no timer.
    if (ms !== Number.POSITIVE_INFINITY)
      this.#options.after(
        ms,
        () => {
          if (!this.#isDown) run()
        },
        label
      )
  }

  /** As a module that is loaded brings it. */
  addDriver(name: string): void {
    if (this.#drivers.has(name)) return
    const driver = { name, ids: new Set<string>() }
    this.#drivers.set(name, driver)
    const stores: { readonly [file: string]: (text: string) => Waiting | undefined } = {
      bind: (text) => this.#bind(driver, trimmed(text)),
      unbind: (text) => this.#unbind(driver, trimmed(text)),
      new_id: (text) => this.#newId(driver, text),
      remove_id: (text) => this.#removeId(driver, text)
    }
    for (const [file, store] of Object.entries(stores))
      putAttribute(this.#options.disk, `${pciAt}/drivers/${name}/${file}`, { mode: 0o200, store })
  }

  #add(spec: PciDevice): PciFunction {
    const one = new PciFunction(this.#options.disk, spec)
    this.#functions.set(spec.address, one)
    one.attribute("driver_override", { mode: 0o644, store: (text) => this.#override(one, text) })
    one.attribute("remove", { mode: 0o200, store: (text) => this.#remove(one, text) })
    if ((spec.resetMethods ?? []).length > 0)
      one.attribute("reset", { mode: 0o200, store: (text) => this.#reset(one, text) })
    if (spec.virtualFunctionsMax !== undefined) {
      one.show("sriov_numvfs", "0")
      one.attribute("sriov_numvfs", { mode: 0o644, store: (text) => this.#number(one, text) })
    }
    this.#groups.show(one)
    return one
  }

  // What is written to drivers

  #matches(driver: Driver, one: PciFunction): boolean {
    if (one.override !== undefined) return one.override === driver.name
    return driver.ids.has(one.id) || nativeOf(one.spec) === driver.name
  }

  #bind(driver: Driver, address: string): Waiting | undefined {
    const one = this.#functions.get(address)
    if (one === undefined || !this.#matches(driver, one)) throw new Errno("ENODEV")
    return one.exclusive((done) => {
      if (one.isGone) return done("ENODEV")
      if (one.driver !== undefined) return done("EBUSY")
      this.#offer(one, driver.name, done)
    })
  }

  #unbind(driver: Driver, address: string): Waiting | undefined {
    const one = this.#functions.get(address)
    if (one?.driver !== driver.name) throw new Errno("ENODEV")
    return one.exclusive((done) => this.#release(one, done))
  }

  #probes(text: string): Waiting | undefined {
    const one = this.#functions.get(trimmed(text))
    if (one === undefined) throw new Errno("ENODEV")
    return one.exclusive((done) => this.#attach(one, done))
  }

  #newId(driver: Driver, text: string): undefined {
    const id = idIn(text)
    const isKnown = [...this.#functions.values()].some(
      (one) => one.id === id && nativeOf(one.spec) === driver.name
    )
    if (isKnown) throw new Errno("EEXIST")
    driver.ids.add(id)
    for (const one of this.#functions.values())
      if (one.driver === undefined && this.#matches(driver, one))
        one.exclusive((done) => this.#attach(one, done))
  }

  #removeId({ ids }: Driver, text: string): undefined {
    if (!ids.delete(idIn(text))) throw new Errno("ENODEV")
  }

  // What is written to functions

  #override(one: PciFunction, text: string): Waiting | undefined {
    if (text.length >= 4095) throw new Errno("EINVAL")
    return one.exclusive((done) => {
      if (one.isGone) return done("ENODEV")
      one.setOverride(text)
      done()
    })
  }

  #reset(one: PciFunction, text: string): Waiting | undefined {
    if (trimmed(text) !== "1") throw new Errno("EINVAL")
    return one.exclusive((done) => {
      const fault = this.#fault(one, "reset")
      const { resetError, resetMs = 0 } = one.spec.quirks ?? {}
      const error = fault === "refuse" ? "ENOTTY" : resetError
      this.#after(
        msOf(fault, resetMs),
        () => done(one.isGone ? "ENODEV" : error),
        `reset of ${one.address}`
      )
    })
  }

  #remove(one: PciFunction, text: string): Waiting | undefined {
    if (!/^[1-9]/.test(text)) return undefined
    const going = () => {
      if (!one.isGone) this.#removed.set(one.address, one.spec)
      this.unplug(one.address)
    }
    return one.exclusive((done) =>
      this.#release(one, () => {
        going()
        done()
      })
    )
  }

  #rescan(text: string): undefined {
    if (!/^[1-9]/.test(text)) return
    const removed = [...this.#removed.values()]
    this.#removed.clear()
    for (const device of removed) this.plug(device)
  }

  #number(one: PciFunction, text: string): Waiting | undefined {
    const count = Number(trimmed(text))
    if (!Number.isInteger(count) || count < 0 || count > 0xffff || text.trim() === "")
      throw new Errno("EINVAL")
    if (count > (one.spec.virtualFunctionsMax ?? 0)) throw new Errno("ERANGE")
    return one.exclusive((done) => {
      if (count === one.virtual.length) return done()
      if (one.driver === undefined || one.driver !== nativeOf(one.spec)) return done("ENOENT")
      if (count === 0) return this.#withoutVirtual(one, () => done())
      if (one.virtual.length > 0) return done("EBUSY")
      const devices = Array.from({ length: count }, (_, index) => virtualOf(one.spec, index))
      for (const device of devices) this.plug(device)
      one.virtual = devices.map(({ address }) => address)
      one.show("sriov_numvfs", String(count))
      done()
    })
  }

  // Drivers take and let go

  /** Every driver that would have it is asked, one after the other; that none takes it is fine. */
  #attach(one: PciFunction, done: Done): void {
    const wanting = [...this.#drivers.values()].filter((driver) => this.#matches(driver, one))
    const ask = (at: number): void => {
      const driver = wanting[at]
      if (driver === undefined || one.driver !== undefined || one.isGone) return done()
      this.#offer(one, driver.name, (code) => (code === undefined ? done() : ask(at + 1)))
    }
    ask(0)
  }

  #offer(one: PciFunction, driver: string, done: Done): void {
    const fault = this.#fault(one, `bind ${driver}`)
    const { refusedBy = {}, bindMs = 0 } = one.spec.quirks ?? {}
    if (one.isGone) return done("ENODEV")
    one.showDriver(driver)
    const end = () => {
      if (one.isGone) return done("ENODEV")
      const why = refusedBy[driver] ?? this.#refused(one, driver)
      const code = fault === "refuse" ? "EINVAL" : why
      if (code === undefined) one.setDriver(driver)
      else one.hideDriver(driver)
      this.#groups.show(one)
      done(code)
    }
    this.#after(msOf(fault, bindMs), end, `driver takes ${one.address}`)
  }

  #release(one: PciFunction, done: Done): void {
    const { driver } = one
    if (driver === undefined) return done()
    const fault = this.#fault(one, `unbind ${driver}`)
    if (!one.isGone) one.hideDriver(driver)
    const end = () => {
      if (one.driver !== undefined) one.setDriver(undefined)
      this.#groups.show(one)
      done()
    }
    const letGo = () =>
      one.whenFree(() => (one.virtual.length > 0 ? this.#withoutVirtual(one, end) : end()))
    this.#after(msOf(fault, one.spec.quirks?.unbindMs ?? 0), letGo, `driver leaves ${one.address}`)
  }

  /** All of them at once or none: the driver waits until nobody has one. */
  #withoutVirtual(one: PciFunction, then: () => void): void {
    const [address, ...rest] = one.virtual
    const virtual = this.#functions.get(address ?? "")
    const next = () => {
      if (address !== undefined) this.unplug(address)
      one.virtual = rest
      one.show("sriov_numvfs", String(rest.length))
      if (rest.length === 0) then()
      else this.#withoutVirtual(one, then)
    }
    if (virtual === undefined) next()
    else
      virtual.exclusive((done) =>
        this.#release(virtual, () => {
          done()
          next()
        })
      )
  }

  /**
   * iommu.c: the host's drivers get nothing of a group that a program has. vfio_pci_core.c: no
   * bridges, nothing without a group, no physical function in use as one.
   */
  #refused(one: PciFunction, driver: string): string | undefined {
    if (driver !== vfio) return this.#groups.isOpen(one) && !one.isBridge ? "EBUSY" : undefined
    if (one.isBridge || one.spec.iommuGroup === undefined) return "EINVAL"
    return one.virtual.length > 0 ? "EBUSY" : undefined
  }

  #fault(one: PciFunction, deed: string): Fault {
    const fault = this.#options.faults.at("pci", `${deed} ${one.address}`)
    if (fault === "vanish") this.unplug(one.address)
    return fault
  }
}

const msOf = (fault: Fault, ms: number): number =>
  fault === "slow" ? slowDriverMs : fault === "stuck" ? stuckDriverMs : ms

const namesIn = ({ driver, nativeDriver }: PciDevice): readonly string[] =>
  [driver, nativeDriver].flatMap((name) => name ?? [])

/** The first two of up to seven numbers, in hexadecimal digits. */
const idIn = (text: string): string => {
  const [vendor, device] = text.trim().split(/\s+/)
  const isHex = (word: string | undefined) => /^(0x)?[0-9a-f]{1,8}$/i.test(word ?? "")
  if (!isHex(vendor) || !isHex(device)) throw new Errno("EINVAL")
  const plain = (word: string | undefined) => Number.parseInt(word ?? "", 16).toString(16)
  return `${plain(vendor)}:${plain(device)}`
}
