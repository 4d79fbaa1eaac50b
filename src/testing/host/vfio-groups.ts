/**
 * IOMMU groups of the simulated kernel as VFIO sees them: a file of /dev as long as something of
 * a group is with it, and functions that a program may open when all of their group are free of
 * the host's drivers. One program has a group at a time.
 */
import type { MemoryDisk } from "./disk.ts"
import { Errno } from "./node.ts"
import { type PciFunction, vfio } from "./pci-function.ts"

/** A program could not have a function. */
export interface Refusal {
  readonly address: string
  readonly code: string
}

const folder = "/dev/vfio"

export class VfioGroups {
  /** What programs were refused, in order. */
  readonly refusals: Refusal[] = []
  readonly #disk: MemoryDisk
  readonly #functions: ReadonlyMap<string, PciFunction>

  constructor(disk: MemoryDisk, functions: ReadonlyMap<string, PciFunction>) {
    this.#disk = disk
    this.#functions = functions
    disk.makeDirectories(folder)
  }

  /** For the program with this pid; the result gives the function back. */
  open(address: string, pid: number): () => void {
    const one = this.#functions.get(address)
    const code = one === undefined ? "ENXIO" : this.#problem(one, pid)
    if (one !== undefined && code === undefined) return one.open(pid)
    const refusal = { address, code: code ?? "ENXIO" }
    this.refusals.push(refusal)
    throw new Errno(refusal.code)
  }

  /** A program has something of its group. */
  isOpen(one: PciFunction): boolean {
    return this.#mates(one).some(({ user }) => user !== undefined)
  }

  /** After its driver, or that it is there, has changed. */
  show(one: PciFunction): void {
    const { iommuGroup } = one.spec
    if (iommuGroup === undefined) return
    const path = `${folder}/${iommuGroup}`
    const isWanted = this.#mates(one).some(({ driver }) => driver === vfio)
    if (isWanted === this.#disk.has(path)) return
    if (isWanted) this.#disk.special(path, "character")
    else this.#disk.unlink(path)
  }

  #problem(one: PciFunction, pid: number): string | undefined {
    const mates = this.#mates(one)
    if (!mates.some(({ driver }) => driver === vfio)) return "ENOENT"
    if (mates.some(({ user }) => user !== undefined && user !== pid)) return "EBUSY"
    if (!mates.every(({ isHarmless }) => isHarmless)) return "EPERM"
    return one.driver !== vfio || one.isBusy ? "ENODEV" : undefined
  }

  #mates({ spec: { iommuGroup }, address }: PciFunction): readonly PciFunction[] {
    return [...this.#functions.values()].filter((other) =>
      iommuGroup === undefined ? other.address === address : other.spec.iommuGroup === iommuGroup
    )
  }
}
