/**
 * The file descriptors of one process: their numbers, what each is, and how each is closed. As in
 * the kernel the lowest free number is given, so that who closes twice closes somebody else's.
 */
import { Errno } from "./node.ts"

/** What is at a descriptor, for messages and for the count at the end. */
export interface Held {
  readonly kind: "file" | "lock" | "listener" | "connection" | "watch" | "pipe" | "vfio" | "usb"
  readonly name: string
}

interface Entry extends Held {
  readonly close: () => void
}

/** 0, 1 and 2 are there from the start. */
const lowest = 3

export class Descriptors {
  /** RLIMIT_NOFILE: the first number that is not given. */
  max: number
  readonly #entries = new Map<number, Entry>()
  #free = lowest

  constructor(max = 1024) {
    this.max = max
  }

  get held(): readonly Held[] {
    return [...this.#entries]
      .toSorted(([a], [b]) => a - b)
      .map(([, { kind, name }]) => ({ kind, name }))
  }

  /** Throws EMFILE when none is left. */
  open(held: Held, close: () => void = () => {}): number {
    this.checkRoom()
    let fd = this.#free
    while (this.#entries.has(fd)) fd++
    this.#entries.set(fd, { ...held, close })
    this.#free = fd + 1
    return fd
  }

  /** At this number, where it was inherited. */
  put(fd: number, held: Held, close: () => void): void {
    this.close(fd)
    this.#entries.set(fd, { ...held, close })
  }

  /** For what opens and closes in one primitive. */
  checkRoom(): void {
    if (this.#entries.size >= this.max - lowest) throw new Errno("EMFILE")
  }

  /** A number that is not open is let pass, as `close(2)`'s EBADF mostly is. */
  close(fd: number): void {
    const entry = this.#entries.get(fd)
    if (entry === undefined) return
    this.#entries.delete(fd)
    this.#free = Math.min(this.#free, fd)
    entry.close()
  }

  /** The process ends: in the order of the numbers. */
  closeAll(): void {
    for (const fd of [...this.#entries.keys()].toSorted((a, b) => a - b)) this.close(fd)
  }
}
