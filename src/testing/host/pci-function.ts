/**
 * One PCI function as the simulated kernel has it: which driver it is with, what it is meant for,
 * who has it open, and how that is shown in /sys. Deeds on it go one after the other, as under the
 * kernel's lock of a device. Which driver takes what is pci-kernel.ts's.
 */
import type { MemoryDisk } from "./disk.ts"
import { type Done, Errno, type Waiting } from "./node.ts"
import { put, putAttribute } from "./put.ts"
import type { PciDevice } from "./sysfs-pci.ts"
import { link, realPath } from "./sysfs-put.ts"

export const pciAt = "/sys/bus/pci"

/** The driver that lets a program have a function. */
export const vfio = "vfio-pci"

/** Drivers that leave a function alone, so that its group can be given away (vfio.c). */
const harmless: readonly (string | undefined)[] = [undefined, vfio, "pci-stub", "pcieport"]

type Body = (done: Done) => void

export class PciFunction {
  readonly spec: PciDevice
  readonly at: string
  driver: string | undefined
  override: string | undefined
  isGone = false
  /** Virtual functions that it has now. */
  virtual: readonly string[] = []
  readonly #disk: MemoryDisk
  readonly #queue: (() => void)[] = []
  #isLocked = false
  /** The program that has it open, by its pid. */
  user: number | undefined
  #onFree: (() => void) | undefined

  constructor(disk: MemoryDisk, spec: PciDevice) {
    this.#disk = disk
    this.spec = spec
    this.at = realPath(disk, `${pciAt}/devices/${spec.address}`)
    this.driver = spec.driver
    this.override = spec.override
  }

  get address(): string {
    return this.spec.address
  }

  get id(): string {
    return `${this.spec.vendor.toString(16)}:${this.spec.device.toString(16)}`
  }

  /** A bridge has a header of another type. */
  get isBridge(): boolean {
    return this.spec.class >> 16 === 0x06
  }

  get isHarmless(): boolean {
    return this.isBridge || harmless.includes(this.driver)
  }

  /** As its driver, and to others on the way to one. */
  get isBusy(): boolean {
    return this.#isLocked
  }

  /** Does one deed after the other; the result is thrown, or comes later. */
  exclusive(body: Body): Waiting | undefined {
    let end: { readonly code: string | undefined } | undefined
    let listener: Done | undefined
    const run = () =>
      body((code) => {
        end = { code }
        listener?.(code)
        this.#next()
      })
    if (this.#isLocked) this.#queue.push(run)
    else {
      this.#isLocked = true
      run()
    }
    const ended = end as { readonly code: string | undefined } | undefined
    if (ended?.code !== undefined) throw new Errno(ended.code)
    if (ended !== undefined) return undefined
    return (done) => {
      if (end === undefined) listener = done
      else done((end as { readonly code: string | undefined }).code)
    }
  }

  #next(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#isLocked = false
    else next()
  }

  /** A program opens it; the result closes it again. */
  open(pid: number): () => void {
    this.user = pid
    let isClosed = false
    return () => {
      if (isClosed) return
      isClosed = true
      this.user = undefined
      const told = this.#onFree
      this.#onFree = undefined
      told?.()
    }
  }

  /** Calls `run` once nobody has it open. */
  whenFree(run: () => void): void {
    if (this.user === undefined) run()
    else this.#onFree = run
  }

  /** Before the driver has said whether it takes it. */
  showDriver(driver: string): void {
    if (this.isGone) return
    link(this.#disk, `${this.at}/driver`, `${pciAt}/drivers/${driver}`)
    link(this.#disk, `${pciAt}/drivers/${driver}/${this.address}`, this.at)
  }

  /** Before the driver has let go of it: dd.c takes the links away first. */
  hideDriver(driver: string): void {
    for (const path of [`${this.at}/driver`, `${pciAt}/drivers/${driver}/${this.address}`])
      if (this.#disk.has(path)) this.#disk.unlink(path)
  }

  setDriver(driver: string | undefined): void {
    this.driver = driver
    if (this.isGone) return
    const path = `${this.at}/uevent`
    const lines = new TextDecoder().decode(this.#disk.fileAt(path).data).split("\n")
    const rest = lines.filter((line) => !line.startsWith("DRIVER=")).join("\n")
    put(this.#disk, path, { text: driver === undefined ? rest : `DRIVER=${driver}\n${rest}` })
  }

  /** Up to the end of the line; an empty one takes back what was said before. */
  setOverride(text: string): void {
    const [name = ""] = text.split("\n")
    this.override = name === "" ? undefined : name
    this.show("driver_override", this.override ?? "(null)")
  }

  /** Another content for an attribute that is there. */
  show(name: string, text: string): void {
    if (!this.isGone) put(this.#disk, `${this.at}/${name}`, { text: `${text}\n` })
  }

  /** An attribute that takes words, as long as the function is there. */
  attribute(
    name: string,
    {
      mode,
      store
    }: { readonly mode: number; readonly store: (text: string) => Waiting | undefined }
  ): void {
    const path = `${this.at}/${name}`
    const text = this.#disk.has(path) ? new TextDecoder().decode(this.#disk.fileAt(path).data) : ""
    putAttribute(this.#disk, path, {
      text,
      mode,
      store: (words) => {
        if (this.isGone) throw new Errno("ENODEV")
        return store(words)
      }
    })
    this.#disk.fileAt(path).mode = mode
  }
}
