/**
 * A real QEMU whose QMP is looked at line by line, as raw as it comes: monitor on a socket that
 * several clients may connect to, serial line on another. Gone after use, however the use ends.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const binary = "/usr/bin/qemu-system-x86_64"

export const isInstalled = fs.existsSync(binary)

/** Long enough for a loaded machine; a wait that ends here is a failure, not a measurement. */
const patienceMs = 30_000

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms for ${what}`)
    await pause(2)
  }
}

export type Heard = { readonly [member: string]: unknown }

/** One connection to the monitor. */
export class RealClient {
  readonly lines: string[] = []
  hasEnded = false
  private readonly socket: net.Socket
  private ids = 0

  constructor(socket: net.Socket) {
    this.socket = socket
    let text = ""
    socket.on("data", (bytes) => {
      const parts = (text + bytes.toString("utf8")).split("\n")
      text = parts.pop() ?? ""
      this.lines.push(...parts.map((part) => part.trim()).filter((part) => part !== ""))
    })
    socket.on("error", () => (this.hasEnded = true))
    socket.on("close", () => (this.hasEnded = true))
  }

  get heard(): readonly Heard[] {
    return this.lines.map((line): Heard => JSON.parse(line))
  }

  write(text: string): void {
    this.socket.write(text)
  }

  close(): void {
    this.socket.destroy()
  }

  /** The reply to a command, its id compared. */
  async ask(execute: string, words?: unknown): Promise<Heard> {
    const id = `ask-${++this.ids}`
    this.write(`${JSON.stringify({ execute, arguments: words, id })}\n`)
    const found = () => this.heard.find((one) => one["id"] === id)
    await until(`the reply to ${execute}`, () => found() !== undefined || this.hasEnded)
    const reply = found()
    if (reply === undefined) throw new Error(`QEMU ended before it answered ${execute}`)
    return reply
  }
}

export interface RealQemu {
  readonly child: ChildProcess
  readonly connect: () => Promise<RealClient>
  /** What it said on its standard error. */
  readonly words: () => string
  /** Its exit code, or its signal; undefined while it lives. */
  readonly exit: () => number | string | undefined
  readonly serial: { readonly said: () => string; readonly send: (text: string) => void }
}

export interface RealOptions {
  readonly words: readonly string[]
  /** Has a serial line. */
  readonly hasBoard?: boolean
}

const bare = ["-no-user-config", "-nodefaults", "-display", "none"]

export const withRealQemu = async (
  { words, hasBoard = false }: RealOptions,
  use: (qemu: RealQemu) => Promise<void>
): Promise<void> => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tq-"))
  const path = (name: string) => join(directory, name)
  const socket = (name: string) => `socket,id=${name},path=${path(name)},server=on,wait=off`
  const serial = ["-chardev", socket("ser"), "-serial", "chardev:ser"]
  const argv = [
    ["--pdeathsig", "KILL", binary, ...bare, ...words],
    ["-chardev", socket("mon"), "-mon", "chardev=mon,mode=control"],
    hasBoard ? serial : []
  ].flat()
  // The kernel kills QEMU when the test's process dies, however it dies.
  const child = spawn("setpriv", argv, { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString("utf8")))
  let exit: number | string | undefined
  child.once("exit", (code, signal) => (exit = signal ?? code ?? 0))
  const sockets: { destroy: () => void }[] = []
  const open = async (name: string): Promise<net.Socket> => {
    await until(`its socket ${name}`, () => fs.existsSync(path(name)) || exit !== undefined)
    // The path is there a moment before anybody listens on it.
    for (;;) {
      const socket = net.connect(path(name))
      const isConnected = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true))
        socket.on("error", () => resolve(false))
      })
      sockets.push(socket)
      if (isConnected || exit !== undefined) return socket
      await pause(2)
    }
  }
  let line: net.Socket | undefined
  let text = ""
  try {
    if (hasBoard) {
      line = await open("ser")
      line.on("data", (bytes) => (text += bytes.toString("latin1")))
    }
    await use({
      child,
      connect: async () => new RealClient(await open("mon")),
      words: () => said,
      exit: () => exit,
      serial: { said: () => text, send: (order) => void line?.write(order) }
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    child.kill("SIGKILL")
    await until("its exit", () => exit !== undefined)
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
