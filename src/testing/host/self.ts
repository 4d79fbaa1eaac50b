/**
 * A simulated process as its program sees it, and the descriptors that it was born with.
 */
import type { Descriptors } from "./descriptors.ts"
import type { MemoryDisk } from "./disk.ts"
import type { Listener, Network, SocketEnd } from "./network.ts"
import { Errno, type FileNode } from "./node.ts"
import type { ProcessTable, SimulatedProcess } from "./processes.ts"
import type { Self, Stream } from "./program.ts"
import type { OpenUsb } from "./usb-kernel.ts"

interface InheritedFile {
  readonly kind: "file"
  readonly node: FileNode
  readonly isAppending: boolean
}

/** What a child has at a descriptor's number. */
export type Inherited =
  | InheritedFile
  | { readonly kind: "listener"; readonly listener: Listener }
  | { readonly kind: "pipe"; readonly end: SocketEnd }
  | { readonly kind: "null" }

export interface Surroundings {
  readonly disk: MemoryDisk
  readonly network: Network
  readonly table: ProcessTable
  /** A child of the process, which nobody but pid 1 will reap. */
  readonly fork: (parent: number, argv: readonly string[]) => SimulatedProcess
  readonly exec: (process: SimulatedProcess, argv: readonly string[]) => void
  readonly openDevice: (address: string, pid: number) => () => void
  readonly openUsb: (device: string, pid: number) => OpenUsb
}

/** A socket that a program listens on by itself has a queue of the usual length. */
const ownBacklog = 128

const streamOf = (
  { realm, descriptors }: SimulatedProcess,
  end: SocketEnd,
  path: string
): Stream => {
  const fd = descriptors.open({ kind: "connection", name: path }, () => end.close())
  let onEnd: () => void = () => {}
  let isListening = false
  return {
    onData: (onData) => {
      if (isListening) throw new Error("a stream has one listener")
      isListening = true
      const ended = () => {
        descriptors.close(fd)
        onEnd()
      }
      end.receive({ realm, name: `${path} of ${realm.name}`, onData, onEnd: ended })
    },
    onEnd: (listener) => {
      onEnd = listener
    },
    write: (bytes) => {
      if (realm.isAlive) end.write(bytes.slice())
    },
    close: () => {
      if (realm.isAlive && end.isOpen) end.closeAfterWriting(() => descriptors.close(fd))
    }
  }
}

const append = (disk: MemoryDisk, { node, isAppending }: InheritedFile, text: string): void => {
  try {
    const at = isAppending ? node.data.length : 0
    disk.write(node, new TextEncoder().encode(text), { at })
  } catch (cause) {
    // A program that cannot write its log goes on.
    if (!(cause instanceof Errno)) throw cause
  }
}

/** Where a program's own descriptors begin: above those that it may have inherited. */
const listenAt = (process: SimulatedProcess, { network }: Surroundings, path: string) => {
  const listener = network.bind(path, ownBacklog)
  const held = { kind: "listener", name: path } as const
  return { fd: process.descriptors.open(held, () => listener.release()), listener }
}

export interface SelfOptions {
  /** All words, those of the tools that became this program included. */
  readonly argv: readonly string[]
  readonly inherited: ReadonlyMap<number, Inherited>
  readonly around: Surroundings
}

/** What it opens, by names, and closes. */
const filesOf = (
  process: SimulatedProcess,
  around: SelfOptions["around"]
): Pick<Self, "openDevice" | "openFile" | "openUsb" | "close"> => {
  const { disk, table } = around
  const usb = new Map<number, OpenUsb>()
  const open = (kind: "file" | "usb" | "vfio", name: string, close?: () => void): number => {
    table.touchPid(process.pid)
    return process.descriptors.open({ kind, name }, close)
  }
  return {
    openDevice: (address) => {
      const close = around.openDevice(address, process.pid)
      return open("vfio", address, close)
    },
    openFile: (path) => {
      disk.node(path, true)
      return open("file", path)
    },
    openUsb: (device) => {
      const opened = around.openUsb(device, process.pid)
      const fd = open("usb", `/dev/bus/usb/${device.replace(":", "/")}`, opened.close)
      usb.set(fd, opened)
      return fd
    },
    close: (fd) => {
      if (!process.realm.isAlive) return
      table.touchPid(process.pid)
      usb.get(fd)?.giveBack()
      usb.delete(fd)
      process.descriptors.close(fd)
    }
  }
}

export const selfOf = (
  process: SimulatedProcess,
  { argv, inherited, around }: SelfOptions
): Self => {
  const { realm } = process
  const { disk, table } = around
  const listeners = new Map<number, Listener>()
  for (const [fd, one] of inherited) if (one.kind === "listener") listeners.set(fd, one.listener)
  const whenAlive = (run: () => void): void => {
    if (realm.isAlive) run()
  }
  return {
    pid: process.pid,
    startTime: process.startTime,
    argv,
    soon: (label, run) => realm.schedule(label, run),
    idle: (label, run) => realm.scheduleAlone(label, run),
    after: (ms, run) => realm.after(ms, run),
    accept: (fd, onClient) =>
      whenAlive(() => {
        const listener = listeners.get(fd)
        listener?.accept(realm, (end) => onClient(streamOf(process, end, listener.path)))
      }),
    bind: (path) => {
      if (!realm.isAlive) return -1
      const { fd, listener } = listenAt(process, around, path)
      listeners.set(fd, listener)
      return fd
    },
    ...filesOf(process, around),
    write: (fd, text) =>
      whenAlive(() => {
        const to = inherited.get(fd)
        if (to?.kind === "file") append(disk, to, text)
        if (to?.kind === "pipe") to.end.write(new TextEncoder().encode(text))
      }),
    has: (path) => isThere(disk, path),
    onSignal: (signal, handler) => void process.handlers.set(signal, handler),
    spawn: (argv) => {
      const child = around.fork(process.pid, argv)
      child.onZombie = () => {}
      return { pid: child.pid, startTime: child.startTime }
    },
    exec: (argv) => whenAlive(() => around.exec(process, argv)),
    exit: (code) => whenAlive(() => table.end(process, { code, signal: undefined })),
    abort: () => whenAlive(() => table.end(process, { code: undefined, signal: "SIGABRT" }))
  }
}

const isThere = (disk: MemoryDisk, path: string): boolean => {
  try {
    disk.node(path, true)
    return true
  } catch (cause) {
    if (cause instanceof Errno) return false
    throw cause
  }
}

/** Puts what a child inherits where it has it; dropped with the child. */
export const inherit = (
  descriptors: Descriptors,
  inherited: ReadonlyMap<number, Inherited>
): void => {
  for (const [fd, one] of inherited) {
    if (one.kind === "null") continue
    const name = one.kind === "listener" ? one.listener.path : one.kind
    if (one.kind === "listener") one.listener.retain()
    descriptors.put(fd, { kind: one.kind, name }, () => drop(one))
  }
}

const drop = (one: Inherited): void => {
  if (one.kind === "listener") one.listener.release()
  if (one.kind === "pipe") one.end.close()
}
