/**
 * A QEMU's monitor socket in the simulated world: what it sends is cut into chunks as a list says,
 * each chunk is a delivery like any other, and a paused reader gets nothing. What is written to it
 * is handed over line by line.
 */
import * as Effect from "effect/Effect"
import { type Connection, type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import type { World } from "../../../src/testing/world.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class ScriptedSocket {
  private readonly world: World
  private readonly sizes: readonly number[]
  private readonly onLine: (line: string) => void
  private listener: ConnectionListener | undefined
  private unread: Uint8Array = new Uint8Array(0)
  private isScheduled = false
  private cuts = 0
  private written = ""
  isPaused = false
  /** It says nothing more. */
  hasEnded = false
  isClosed = false
  /** Bytes that the reader was given. */
  read = 0

  constructor(world: World, sizes: readonly number[], onLine: (line: string) => void) {
    this.world = world
    this.sizes = sizes
    this.onLine = onLine
  }

  /** The service that connects to it. */
  get sockets(): Sockets["Service"] {
    return {
      bind: () => Effect.die("nothing is bound here"),
      connect: (_path, listener) =>
        Effect.sync(() => {
          this.listener = listener
          this.pump()
          return this.connection
        })
    }
  }

  send(...lines: readonly object[]): void {
    this.sendText(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(""))
  }

  sendText(text: string): void {
    if (this.hasEnded) return
    this.unread = new Uint8Array([...this.unread, ...encoder.encode(text)])
    this.pump()
  }

  /** After what was sent. */
  end(): void {
    this.hasEnded = true
    this.pump()
  }

  private readonly connection: Connection = {
    write: (bytes) => {
      this.written += decoder.decode(bytes)
      const lines = this.written.split("\n")
      this.written = lines.pop() ?? ""
      for (const line of lines) this.onLine(line)
    },
    pendingBytes: () => 0,
    pause: () => {
      this.isPaused = true
    },
    resume: () => {
      this.isPaused = false
      this.pump()
    },
    close: () => {
      this.isClosed = true
    }
  }

  private get hasNews(): boolean {
    return !this.isClosed && !this.isPaused && (this.unread.length > 0 || this.hasEnded)
  }

  private pump(): void {
    if (this.isScheduled || this.listener === undefined || !this.hasNews) return
    this.isScheduled = true
    this.world.schedule("socket", () => this.deliver())
  }

  private deliver(): void {
    this.isScheduled = false
    if (!this.hasNews) return
    if (this.unread.length > 0) {
      const size = this.sizes[this.cuts++ % this.sizes.length] ?? 1
      const chunk = this.unread.slice(0, size)
      this.unread = this.unread.slice(size)
      this.read += chunk.length
      this.listener?.onData(chunk)
    } else {
      this.isClosed = true
      this.listener?.onEnd(undefined)
    }
    this.pump()
  }
}
