/**
 * Starts processes: finds the program that the words lead to, refuses what the kernel would refuse,
 * and hands the child its descriptors.
 */
import type { MemoryDisk } from "./disk.ts"
import type { Network } from "./network.ts"
import { Errno } from "./node.ts"
import type { Birth, ProcessTable, SimulatedProcess } from "./processes.ts"
import type { Program } from "./program.ts"
import { type Inherited, inherit, selfOf } from "./self.ts"
import type { OpenUsb } from "./usb-kernel.ts"

/** linux/binfmts.h: MAX_ARG_STRLEN, for one word with its NUL; and a quarter of the usual stack. */
const wordBytesMax = 128 * 1024
const wordsBytesMax = 2 * 1024 * 1024

/** What a shell says of a command that is not there, or that is no program. */
const notFound = 127

type Descriptions = ReadonlyMap<number, Inherited>

export interface ForkOptions extends Birth {
  readonly inherited?: ReadonlyMap<number, Inherited>
}

export interface BirthplaceOptions {
  readonly disk: MemoryDisk
  readonly network: Network
  readonly table: ProcessTable
  /** By the path of the binary. */
  readonly programs: ReadonlyMap<string, Program>
  /** Opens a PCI function through VFIO, and gives what closes it. Throws `Errno`. */
  readonly openDevice?: (address: string, pid: number) => () => void
  /** Opens a USB device, `001:004`. Throws `Errno`. */
  readonly openUsb?: (device: string, pid: number) => OpenUsb
}

/** What is executed first must be there, a file, and executable. Throws what execve(2) gives. */
const checkExecutable = (disk: MemoryDisk, path: string): void => {
  const node = disk.node(path, true)
  if (node.kind !== "file" || (node.mode & 0o111) === 0) throw new Errno("EACCES")
}

const checkWords = (argv: readonly string[]): void => {
  if (argv.some((word) => word.includes("\0"))) throw new Errno("EINVAL")
  const encoder = new TextEncoder()
  const sizes = argv.map((word) => encoder.encode(word).length + 1)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total > wordsBytesMax || sizes.some((size) => size > wordBytesMax)) throw new Errno("E2BIG")
}

export class Birthplace {
  readonly #options: BirthplaceOptions
  readonly #forked = new Set<SimulatedProcess>()

  constructor(options: BirthplaceOptions) {
    this.#options = options
  }

  /** Makes the process, which begins in a later turn. Throws `Errno`, and then there is none. */
  fork({ inherited = new Map(), ...birth }: ForkOptions): SimulatedProcess {
    const { disk, table } = this.#options
    const [command = ""] = birth.argv
    checkWords(birth.argv)
    disk.directoryAt(birth.directory ?? "/")
    checkExecutable(disk, command)
    const process = table.create(birth)
    inherit(process.descriptors, inherited)
    this.#execSoon(process, birth.argv, inherited)
    return process
  }

  /** A process that lives is between its fork and its exec: nobody can tell yet what it will be. */
  get isBusy(): boolean {
    for (const process of this.#forked) if (process.phase !== "alive") this.#forked.delete(process)
    return this.#forked.size > 0
  }

  #execSoon(process: SimulatedProcess, argv: readonly string[], inherited: Descriptions): void {
    this.#forked.add(process)
    process.realm.schedule(`exec ${argv[0]}`, () => this.#exec(process, argv, inherited))
  }

  /**
   * The exec chain has run: each tool has become the next, and the last is the program. The words
   * before the program's own are no longer told by /proc.
   */
  #exec(process: SimulatedProcess, argv: readonly string[], inherited: Descriptions): void {
    const { programs, disk, network, table } = this.#options
    const { openDevice = noDevice, openUsb = noDevice } = this.#options
    this.#forked.delete(process)
    const at = argv.findIndex((word) => programs.has(word))
    const program = programs.get(argv[at] ?? "")
    if (program === undefined || !isFile(disk, argv[at] ?? ""))
      return table.end(process, { code: notFound, signal: undefined })
    table.touchPid(process.pid)
    process.words = argv.slice(at)
    process.handlers.clear()
    const around = {
      disk,
      network,
      table,
      openDevice,
      openUsb,
      fork: (parent: number, words: readonly string[]) => this.fork({ parent, argv: words }),
      exec: (again: SimulatedProcess, words: readonly string[]) =>
        this.#execSoon(again, words, inherited)
    }
    program.start(selfOf(process, { argv, inherited, around }))
  }
}

const noDevice = (): never => {
  throw new Errno("ENXIO")
}

const isFile = (disk: MemoryDisk, path: string): boolean => {
  try {
    return disk.node(path, true).kind === "file"
  } catch (cause) {
    if (cause instanceof Errno) return false
    throw cause
  }
}
