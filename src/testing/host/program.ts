/**
 * What a simulated process runs: the process's side of the simulated host. A program is registered
 * under the path of its binary; `SimulatedQemu` is one.
 */
import type { ProcessId } from "../../host/process.ts"

export interface Program {
  /** Called once the process exists, in a later turn than the spawn. */
  readonly start: (self: Self) => void
}

/** A process as its program sees it. After its death every one of these does nothing. */
export interface Self extends ProcessId {
  /** All words, the exec chain before the program's own included. */
  readonly argv: readonly string[]
  /** Runs `run` in a later turn; while the process is stopped (SIGSTOP) it waits. */
  readonly soon: (label: string, run: () => void) => void
  /** The same for what does nothing unless something is planned, and nothing is. */
  readonly idle: (label: string, run: () => void) => void
  /** The same after `ms`. The result cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /**
   * Takes one client, in a later turn, from the listening socket that it inherited at `fd` or bound
   * itself with `bind`. Further clients wait in the backlog until it is called again: one monitor
   * client at a time. A descriptor that is no listening socket is never connected to.
   */
  readonly accept: (fd: number, onClient: (client: Stream) => void) => void
  /** Binds a listening socket of its own at `path`; the descriptor. Throws an errno name. */
  readonly bind: (path: string) => number
  /**
   * Opens a PCI function through VFIO; the descriptor, with which the function is given back, at
   * the latest when the process ends. Throws an errno name.
   */
  readonly openDevice: (address: string) => number
  /** Opens a file that is there; the descriptor. Throws an errno name. */
  readonly openFile: (path: string) => number
  /**
   * Opens a USB device, `001:004`, and takes it from its drivers; the descriptor. Throws an errno
   * name.
   */
  readonly openUsb: (device: string) => number
  /** Closes what it has opened; a USB device is given back to its drivers before. */
  readonly close: (fd: number) => void
  /** Writes text to a descriptor that is a file: its log, its console. */
  readonly write: (fd: number, text: string) => void
  /** Whether a path exists, as `open` would find it. */
  readonly has: (path: string) => boolean
  /** Puts `handler` in place of the default, which is death. */
  readonly onSignal: (signal: "SIGTERM" | "SIGINT" | "SIGHUP", handler: () => void) => void
  /**
   * Starts a child, which it never waits for: once that has ended it stays a zombie as long as this
   * process lives. Throws an errno name.
   */
  readonly spawn: (argv: readonly string[]) => ProcessId
  /** Becomes another program in a later turn, with the same pid and descriptors. */
  readonly exec: (argv: readonly string[]) => void
  readonly exit: (code: number) => void
  /** Dies of a signal, as of a bug. */
  readonly abort: () => void
}

/** One accepted connection. */
export interface Stream {
  readonly onData: (listener: (bytes: Uint8Array) => void) => void
  /** The client closed, or died. */
  readonly onEnd: (listener: () => void) => void
  readonly write: (bytes: Uint8Array) => void
  /** What was written is delivered first, then the end. */
  readonly close: () => void
}
