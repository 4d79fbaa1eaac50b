/**
 * What the simulated kernel does about USB devices and the drivers of their interfaces: gives a
 * device to a program through usbfs, takes it back when the program has gone, and looks for drivers
 * when it is asked to (drivers/usb/core/devio.c, drivers/base/bus.c). A program that ends in order
 * asks for the drivers itself, as libusb does; of one that was killed the interfaces stay idle.
 */
import type { MemoryDisk } from "./disk.ts"
import { Errno } from "./node.ts"
import { put, putAttribute } from "./put.ts"
import { interfaceName, usbAt, type UsbDevice } from "./sysfs-usb.ts"
import { link, realPath } from "./sysfs-put.ts"

/** How an interface stands, for those who look on. */
export interface UsbStanding {
  /** `1-2:1.0` */
  readonly name: string
  /** `001:004` */
  readonly device: string
  readonly driver: string | undefined
  /** What the kernel would choose for it. */
  readonly home: string | undefined
  /** The program that has it, by its pid. */
  readonly user: number | undefined
}

interface Interface {
  readonly name: string
  readonly device: string
  readonly home: string | undefined
  driver: string | undefined
  user: number | undefined
}

/** A device that a program has open. */
export interface OpenUsb {
  /** What was taken from its drivers goes back to them. */
  readonly giveBack: () => void
  readonly close: () => void
}

const digits = (value: number): string => String(value).padStart(3, "0")

export class UsbKernel {
  readonly #disk: MemoryDisk
  readonly #interfaces = new Map<string, Interface>()
  /** What drivers were looked for, in order. */
  readonly probed: string[] = []

  /** `devices` stand on the disk already. */
  constructor(disk: MemoryDisk, devices: readonly UsbDevice[]) {
    this.#disk = disk
    for (const device of devices) this.#add(device)
    const store = (text: string) => this.#probe(text.trim())
    putAttribute(disk, `${usbAt}/drivers_probe`, { mode: 0o200, store })
  }

  get standings(): readonly UsbStanding[] {
    return [...this.#interfaces.values()].map((one) => ({ ...one }))
  }

  /** A program opens a device and takes all of its interfaces. Throws EBUSY where one is taken. */
  open(device: string, pid: number): OpenUsb {
    const all = [...this.#interfaces.values()].filter((one) => one.device === device)
    if (all.some(({ user }) => user !== undefined)) throw new Errno("EBUSY")
    const taken = all.filter(({ driver }) => driver !== undefined)
    for (const one of all) {
      this.#setDriver(one, undefined)
      one.user = pid
    }
    let isOpen = true
    const close = () => {
      if (isOpen) for (const one of all) one.user = undefined
      isOpen = false
    }
    const giveBack = () => {
      close()
      for (const one of taken) this.#setDriver(one, one.home)
    }
    return { close, giveBack }
  }

  #add({ port, bus, number, interfaces = [] }: UsbDevice): void {
    const device = `${digits(bus)}:${digits(number)}`
    for (const [index, { driver, nativeDriver = driver }] of interfaces.entries()) {
      const name = interfaceName(port, index)
      this.#interfaces.set(name, { name, device, driver, home: nativeDriver, user: undefined })
    }
  }

  #probe(name: string): undefined {
    const one = this.#interfaces.get(name)
    if (one === undefined || !this.#isThere(one)) throw new Errno("ENODEV")
    this.probed.push(name)
    // One that a program has is driven by usbfs.
    if (one.driver === undefined && one.user === undefined) this.#setDriver(one, one.home)
  }

  #isThere({ name }: Interface): boolean {
    return this.#disk.has(`${usbAt}/devices/${name}`)
  }

  #setDriver(one: Interface, driver: string | undefined): void {
    if (one.driver === driver || !this.#isThere(one)) return
    one.driver = driver
    const at = realPath(this.#disk, `${usbAt}/devices/${one.name}`)
    const path = `${at}/driver`
    if (this.#disk.has(path)) this.#disk.unlink(path)
    if (driver !== undefined) link(this.#disk, path, `${usbAt}/drivers/${driver}`)
    const uevent = new TextDecoder().decode(this.#disk.fileAt(`${at}/uevent`).data)
    const rest = uevent.replace(/^DRIVER=.*\n/m, "")
    put(this.#disk, `${at}/uevent`, {
      text: driver === undefined ? rest : `DRIVER=${driver}\n${rest}`
    })
  }
}
