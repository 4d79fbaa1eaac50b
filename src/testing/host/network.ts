/**
 * UNIX stream sockets of the simulated kernel: listeners with their backlog, and connections whose
 * bytes lie in a bounded buffer until a turn of the receiver takes them, all at once: what was
 * written in pieces may arrive as one. Owns no path's policy and no process.
 */
import type { FaultsBySeam } from "../fault.ts"
import type { Realm } from "../realm.ts"
import type { MemoryDisk } from "./disk.ts"
import { Errno } from "./node.ts"
import type { Touch } from "../../kernel/dispatcher.ts"

/** What the kernel holds for a receiver that does not read (net.core.wmem_default). */
export const socketBufferBytes = 208 * 1024

/** What a delayed delivery takes. */
export const slowDataMs = 2_000

/** Whose end of a connection it is, and where its bytes go. */
export interface Receiver {
  readonly realm: Realm
  /** For traces: `monitor.sock of engine`. */
  readonly name: string
  readonly onData: (bytes: Uint8Array) => void
  /** Once: the peer closed (`undefined`), or the errno name of what ended it. */
  readonly onEnd: (error: string | undefined) => void
  /** All that was written has gone, after some of it had to wait. */
  readonly onDrain?: (() => void) | undefined
  /** Asked at each delivery, where deliveries may go wrong. */
  readonly fault?: () => FaultsBySeam["data"] | undefined
}

const empty = new Uint8Array()

const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  if (chunks.length === 1) return chunks[0] ?? empty
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** One end of a connection. `pair` makes two. */
export class SocketEnd {
  private peer: SocketEnd = this
  private receiver: Receiver | undefined
  /** What the kernel has for us. */
  private inbox: Uint8Array[] = []
  private inboxBytes = 0
  /** What was written and found no room: still the writer's. */
  private outbox: Uint8Array[] = []
  private outboxBytes = 0
  private hasWaited = false
  private isPaused = false
  private isClosed = false
  /** Set when it is to be closed as soon as all is written. */
  private onWritten: (() => void) | undefined
  private isDue = false
  /** Nothing more will come; with an error where the end was no clean one. */
  private ending: { readonly error: string | undefined } | undefined
  /** Told what is read and written: each direction of a connection is a thing of its own. */
  private readonly touch: Touch | undefined
  private readonly name: string

  private constructor(name: string, touch: Touch | undefined) {
    this.name = name
    this.touch = touch
  }

  static pair(name = "", touch?: Touch): readonly [SocketEnd, SocketEnd] {
    const [a, b] = [new SocketEnd(`${name}>`, touch), new SocketEnd(`${name}<`, touch)]
    a.peer = b
    b.peer = a
    return [a, b]
  }

  get pendingBytes(): number {
    this.touch?.(this.name, false)
    return this.outboxBytes
  }

  get isOpen(): boolean {
    return !this.isClosed
  }

  /** Until then what arrives waits in the kernel. */
  receive(receiver: Receiver): void {
    this.touchIn()
    this.receiver = receiver
    this.wake()
  }

  write(bytes: Uint8Array): void {
    this.touch?.(this.name)
    if (this.isClosed || this.onWritten !== undefined || bytes.length === 0) return
    // The writer is told by the end of its connection, and what it had not read yet is lost to it.
    if (this.peer.isClosed) return this.endSoon("EPIPE")
    this.outbox.push(bytes)
    this.outboxBytes += bytes.length
    this.flush()
    this.hasWaited ||= this.outboxBytes > 0
  }

  pause(): void {
    this.touchIn()
    this.isPaused = true
  }

  resume(): void {
    this.touchIn()
    this.isPaused = false
    this.wake()
  }

  /** Now: what was not taken by the kernel yet is dropped. */
  close(): void {
    // As the kernel has it: a peer whose words were not read is told so.
    this.closeWith(this.inboxBytes > 0 ? "ECONNRESET" : undefined)
  }

  /** Nobody will ever accept it. */
  reset(): void {
    this.closeWith("ECONNRESET")
  }

  private closeWith(error: string | undefined): void {
    this.touch?.(this.name)
    this.touchIn()
    if (this.isClosed) return
    this.isClosed = true
    this.inbox = []
    this.inboxBytes = 0
    this.outbox = []
    this.outboxBytes = 0
    this.peer.ending ??= { error }
    this.peer.wake()
  }

  /** What was written is delivered first; then `closed` is called, which may do the closing. */
  closeAfterWriting(closed: () => void = () => this.close()): void {
    this.touch?.(this.name)
    this.onWritten ??= closed
    if (this.outboxBytes === 0) this.onWritten()
  }

  private flush(): void {
    if (this.isClosed) return
    const { peer } = this
    while (this.outbox.length > 0 && peer.inboxBytes < socketBufferBytes) {
      const [first = empty] = this.outbox
      const taken = first.subarray(0, socketBufferBytes - peer.inboxBytes)
      if (taken.length === first.length) this.outbox.shift()
      else this.outbox[0] = first.subarray(taken.length)
      this.outboxBytes -= taken.length
      peer.inbox.push(taken)
      peer.inboxBytes += taken.length
    }
    peer.wake()
    if (this.outboxBytes === 0) this.onWritten?.()
    this.tellDrained()
  }

  private tellDrained(): void {
    const { receiver } = this
    if (this.outboxBytes > 0 || !this.hasWaited) return
    this.hasWaited = false
    if (receiver?.onDrain === undefined) return
    receiver.realm.schedule(`drain ${receiver.name}`, () => {
      if (!this.isClosed) receiver.onDrain?.()
    })
  }

  private wake(): void {
    if (this.receiver === undefined || this.isDue || this.isClosed) return
    const isEnd = this.inboxBytes === 0
    if (isEnd && this.ending === undefined) return
    // Who does not read sees neither bytes nor their end; a write that fails is told all the same.
    if (this.isPaused && this.ending?.error !== "EPIPE") return
    this.isDue = true
    const { realm, name } = this.receiver
    realm.schedule(`${isEnd ? "end" : "data"} ${name}`, () => this.deliver())
  }

  private touchIn(): void {
    this.touch?.(this.peer.name)
  }

  private deliver(): void {
    this.touchIn()
    this.isDue = false
    const { receiver } = this
    if (receiver === undefined || this.isClosed) return
    if (this.inboxBytes === 0) {
      if (this.ending !== undefined) this.end(this.ending.error)
      return
    }
    if (this.isPaused) return
    const fault = receiver.fault?.()
    if (fault === "reset") {
      this.end("ECONNRESET")
      return
    }
    if (fault === "slow") {
      this.isDue = true
      receiver.realm.after(slowDataMs, () => this.deliverAll(receiver), `data ${receiver.name}`)
    } else this.deliverAll(receiver, fault === "split" ? 1 : this.inboxBytes)
  }

  private deliverAll(receiver: Receiver, count = this.inboxBytes): void {
    this.touchIn()
    this.isDue = false
    if (this.isClosed || this.isPaused || count === 0) return this.wake()
    const all = joined(this.inbox)
    this.inbox = count < all.length ? [all.subarray(count)] : []
    this.inboxBytes = all.length - count
    this.peer.flush()
    receiver.onData(all.subarray(0, count))
    this.wake()
  }

  /** Told to the writer, in a later turn. */
  private endSoon(error: string): void {
    this.inbox = []
    this.inboxBytes = 0
    this.ending = { error }
    this.wake()
  }

  private end(error: string | undefined): void {
    this.close()
    this.receiver?.onEnd(error)
  }
}

export interface ListenerOptions {
  readonly backlogMax: number
  readonly onClosed: () => void
  readonly touch?: Touch | undefined
}

/** A listening socket. Several processes may have it open; it ends with the last. */
export class Listener {
  readonly path: string
  private readonly backlogMax: number
  private readonly onClosed: () => void
  private readonly touch: Touch | undefined
  private connections = 0
  private readonly backlog: SocketEnd[] = []
  private holders = 1
  private waiting:
    | { readonly realm: Realm; readonly onClient: (end: SocketEnd) => void }
    | undefined

  constructor(path: string, { backlogMax, onClosed, touch }: ListenerOptions) {
    this.path = path
    this.backlogMax = backlogMax
    this.onClosed = onClosed
    this.touch = touch
  }

  private tell(): void {
    this.touch?.(`listener ${this.path}`)
  }

  get isOpen(): boolean {
    return this.holders > 0
  }

  get pending(): number {
    return this.backlog.length
  }

  /** One more process has it. */
  retain(): void {
    this.tell()
    this.holders++
  }

  release(): void {
    this.tell()
    if (--this.holders > 0) return
    this.waiting = undefined
    this.onClosed()
    for (const end of this.backlog.splice(0)) end.reset()
  }

  /** The client's end, connected before anybody accepts. Throws EAGAIN when the backlog is full. */
  connect(): SocketEnd {
    this.tell()
    if (this.backlog.length > this.backlogMax) throw new Errno("EAGAIN")
    const name = `${this.path} ${this.connections++}`
    const [client, server] = SocketEnd.pair(name, this.touch)
    this.backlog.push(server)
    this.wake()
    return client
  }

  /** Takes one client, in a turn of the realm's. */
  accept(realm: Realm, onClient: (end: SocketEnd) => void): void {
    this.tell()
    this.waiting = { realm, onClient }
    this.wake()
  }

  private wake(): void {
    const { waiting } = this
    if (waiting === undefined || this.backlog.length === 0) return
    this.waiting = undefined
    waiting.realm.schedule(`accept ${this.path}`, () => {
      this.tell()
      const end = this.isOpen ? this.backlog.shift() : undefined
      if (end !== undefined) waiting.onClient(end)
    })
  }
}

/** Which listener is at which path. */
export class Network {
  private readonly disk: MemoryDisk
  /** By the number of the socket's node: a rename takes it along. */
  private readonly listeners = new Map<number, Listener>()
  /** Told what is looked at and what is changed, where somebody wants to know. */
  touch: Touch | undefined

  constructor(disk: MemoryDisk) {
    this.disk = disk
  }

  get open(): readonly Listener[] {
    return [...this.listeners.values()]
  }

  /** Throws EADDRINUSE when the path is there, whatever it is. */
  bind(path: string, backlogMax: number): Listener {
    if (this.disk.has(path)) throw new Errno("EADDRINUSE")
    this.disk.special(path, "socket")
    const { number } = this.disk.node(path)
    const onClosed = () => this.listeners.delete(number)
    const listener = new Listener(path, { backlogMax, onClosed, touch: this.touch })
    this.listeners.set(number, listener)
    return listener
  }

  connect(path: string): SocketEnd {
    const node = this.disk.node(path, true)
    const listener = this.listeners.get(node.number)
    if (listener === undefined || !listener.isOpen) throw new Errno("ECONNREFUSED")
    return listener.connect()
  }

  /** The power is gone. */
  clear(): void {
    this.listeners.clear()
  }
}
