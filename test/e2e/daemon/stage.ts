/**
 * What the tests of the daemon stand on: a real `troupe daemon`, a raw client of its protocol, and
 * Debian's virsh. Whatever is started here ends with its test.
 */
import {
  type ChildProcess,
  execFile,
  execFileSync,
  spawn,
  type StdioOptions
} from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { onTestFinished } from "vitest"
import { Framer } from "../../../src/rpc/protocol/framer.ts"
import type { Packet } from "../../../src/rpc/protocol/packet.ts"
import { call, openPacket } from "../../unit/rpc/server/client.ts"

const program = join(import.meta.dirname, "../../../troupe")

/** A directory that is gone with its test; short, for there are sockets in it. */
export const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "dmn-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface StartedDaemon {
  readonly child: ChildProcess
  /** All that it wrote so far. */
  readonly said: () => string
  /** Waits until it has said that. */
  readonly until: (words: string) => Promise<void>
  /** Where it can be reached: of its line `ready`. */
  readonly addresses: readonly string[]
  /** Waits for its end: exit code, or the signal. */
  readonly ended: Promise<number | string | null>
}

export interface StartOptions {
  readonly args?: readonly string[]
  readonly env?: { readonly [name: string]: string }
  readonly stdio?: StdioOptions
  /** Run by a shell, which has the pid that the daemon will have: for LISTEN_PID. */
  readonly isActivated?: boolean
  /** A program with its words that runs the daemon in its own place: `unshare -m ...`. */
  readonly through?: readonly string[]
}

export const startDaemon = async (
  root: string,
  {
    args = [],
    env = {},
    stdio = ["ignore", "pipe", "pipe"],
    isActivated = false,
    through = []
  }: StartOptions = {}
): Promise<StartedDaemon> => {
  const words = ["daemon", "--root", root, ...args]
  const [runner = program, ...rest] = [...through, program, ...words]
  const options = { stdio, env: { ...process.env, ...env } }
  const child = isActivated
    ? spawn(
        "sh",
        ["-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', "sh", program, ...words],
        options
      )
    : spawn(runner, rest, options)
  let said = ""
  let out = ""
  child.stdout?.on("data", (chunk) => {
    said += String(chunk)
    out += String(chunk)
  })
  child.stderr?.on("data", (chunk) => (said += String(chunk)))
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal))
  })
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await ended
  })
  const until = async (what: string, text = () => said) => {
    const deadline = performance.now() + 30_000
    while (!text().includes(what)) {
      if (performance.now() > deadline || child.exitCode !== null) throw new Error(said)
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  await until("\n", () => out)
  const [first = ""] = out.split("\n")
  const addresses = first.replace(/^ready /, "").split(" ")
  return { child, said: () => said, until, addresses, ended }
}

/** A client that says bytes, and keeps what comes back. */
export interface RawClient {
  readonly socket: Socket
  readonly packets: Packet[]
  readonly hasEnded: () => boolean
  /** Waits for so many packets in all. */
  readonly until: (count: number) => Promise<void>
  readonly untilEnd: () => Promise<void>
}

const waitFor = async (isSo: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((done) => setTimeout(done, 5))
  }
}

export const rawClient = (socket: Socket): RawClient => {
  const framer = new Framer()
  const packets: Packet[] = []
  let hasEnded = false
  socket.on("data", (bytes) => packets.push(...framer.push(Buffer.from(bytes)).packets))
  socket.on("close", () => {
    hasEnded = true
  })
  socket.on("error", () => undefined)
  onTestFinished(() => void socket.destroy())
  return {
    socket,
    packets,
    hasEnded: () => hasEnded,
    until: (count) => waitFor(() => packets.length >= count, `${count} packets`),
    untilEnd: () => waitFor(() => hasEnded, "the end of the connection")
  }
}

export const dial = (path: string): RawClient => rawClient(connect(path))

/** Opens the connection, and waits until that is answered. */
export const openedClient = async (path: string): Promise<RawClient> => {
  const client = dial(path)
  client.socket.write(openPacket(0))
  await client.until(1)
  return client
}

/** Asks for the host's name and waits for the answer: somebody is there, and answers. */
export const answers = async (client: RawClient): Promise<void> => {
  const { length } = client.packets
  client.socket.write(call("CONNECT_GET_HOSTNAME", 9_000 + length))
  await client.until(length + 1)
}

const run = promisify(execFile)

/** Debian's virsh; installed by apt where it is missing. */
const virshProgram = (): string => {
  if (!existsSync("/usr/bin/virsh"))
    execFileSync("apt-get", ["install", "-qq", "-y", "libvirt-clients"], { stdio: "ignore" })
  return "/usr/bin/virsh"
}

export const virsh = async (
  uri: string,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> => {
  try {
    const { stdout, stderr } = await run(virshProgram(), ["-c", uri, ...words], {
      env: { ...process.env, LC_ALL: "C" },
      timeout: 30_000
    })
    return { code: 0, out: stdout.trim(), error: stderr.trim() }
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code?: number; stdout: string; stderr: string }
    return { code: code ?? -1, out: stdout.trim(), error: stderr.trim() }
  }
}

export const uriOf = (path: string): string => `qemu+unix:///system?socket=${path}`
