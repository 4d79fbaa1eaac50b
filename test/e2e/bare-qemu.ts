/**
 * A real QEMU with nothing of the engine around it: QMP on its standard streams, the serial line on
 * a socket. For tests that prove the guests themselves, and as the yardstick for the engine.
 * Owns the process and a temporary folder; both are gone after disposal. TCG only.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"

/** Long enough for a loaded machine; a wait that ends here is a failure, not a measurement. */
const patienceMs = 60_000

export interface QmpEvent {
  readonly event: string
  readonly data?: { readonly [key: string]: unknown }
}

export interface BareQemuOptions {
  /** `pc` or `q35`, with properties if wanted. */
  readonly machine: string
  readonly memoryMiB?: number
  /** More words of the command line; `directory` is where the test may put files. */
  readonly args: (directory: string) => Promise<readonly string[]> | readonly string[]
}

export interface BareQemu extends AsyncDisposable {
  readonly pid: number
  /** Runs one QMP command; rejects with QEMU's own description when it is refused. */
  readonly command: (name: string, args?: object) => Promise<unknown>
  /** The next event of this name that no earlier wait has passed. */
  readonly event: (name: string) => Promise<QmpEvent>
  /** The next serial line that matches and that no earlier wait has passed, without its CR LF. */
  readonly line: (expected: string | RegExp) => Promise<string>
  /** Sends bytes to the guest's serial line. */
  readonly send: (text: string) => void
  /** Resolves when the process has ended. */
  readonly exited: Promise<number | null>
}

interface Wait<A> {
  readonly accepts: (item: A) => boolean
  readonly resolve: (item: A) => void
}

/** What has come in, and who waits for what. Each item is passed once. */
class Inbox<A> {
  readonly #what: string
  readonly #seen: A[] = []
  #unread: A[] = []
  #waits: Wait<A>[] = []

  constructor(what: string) {
    this.#what = what
  }

  push(item: A): void {
    this.#seen.push(item)
    const wait = this.#waits.find((one) => one.accepts(item))
    if (wait === undefined) {
      this.#unread.push(item)
      return
    }
    this.#waits = this.#waits.filter((one) => one !== wait)
    this.#unread = []
    wait.resolve(item)
  }

  next(expected: string, accepts: (item: A) => boolean): Promise<A> {
    const at = this.#unread.findIndex(accepts)
    const found = this.#unread[at]
    if (found !== undefined) {
      this.#unread = this.#unread.slice(at + 1)
      return Promise.resolve(found)
    }
    const { promise, resolve, reject } = Promise.withResolvers<A>()
    const refuse = () => {
      const seen = this.#seen.slice(-30).map((item) => JSON.stringify(item))
      reject(new Error(`no ${this.#what} ${expected} came; seen were: ${seen.join(", ")}`))
    }
    const timer = setTimeout(refuse, patienceMs)
    this.#waits.push({ accepts, resolve })
    return promise.finally(() => clearTimeout(timer))
  }
}

interface QmpReply {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

/** One QMP conversation over a child's standard streams, commands one after another. */
class Monitor {
  readonly events = new Inbox<QmpEvent>("event")
  readonly #replies = new Inbox<QmpReply>("reply")
  readonly #child: ChildProcess
  readonly #greeting = Promise.withResolvers<void>()

  constructor(child: ChildProcess) {
    this.#child = child
    if (child.stdout === null) throw new Error("QEMU's standard output is a pipe")
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message: unknown = JSON.parse(line)
      if (typeof message !== "object" || message === null) return
      if ("QMP" in message) this.#greeting.resolve()
      else if ("event" in message) this.events.push(message as QmpEvent)
      else this.#replies.push(message)
    })
    child.once("exit", () => this.#greeting.reject(new Error("QEMU ended before its greeting")))
    child.stdin?.on("error", () => undefined)
  }

  async open(): Promise<void> {
    await this.#greeting.promise
    await this.command("qmp_capabilities")
  }

  async command(name: string, args?: object): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ execute: name, arguments: args })}\n`)
    const reply = await this.#replies.next(`to ${name}`, () => true)
    if (reply.error !== undefined) throw new Error(`${name}: ${reply.error.desc}`)
    return reply.return
  }
}

const serialPath = (directory: string) => join(directory, "serial")

const commandLine = (options: BareQemuOptions, directory: string) =>
  [
    // The kernel kills QEMU when the test's process dies, however it dies.
    ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"],
    ["-machine", `${options.machine},accel=tcg`, "-m", `${options.memoryMiB ?? 32}`, "-S"],
    ["-no-user-config", "-nodefaults", "-display", "none", "-no-shutdown"],
    ["-chardev", "stdio,id=qmp,signal=off", "-mon", "chardev=qmp,mode=control"],
    ["-chardev", `socket,id=serial,path=${serialPath(directory)},server=on,wait=off`],
    ["-serial", "chardev:serial"]
  ].flat()

/** Starts QEMU, connects monitor and serial line, then lets the guest run: no line is missed. */
export async function startBareQemu(options: BareQemuOptions): Promise<BareQemu> {
  const directory = await mkdtemp(join(tmpdir(), "troupe-bare-"))
  const more = await options.args(directory)
  const [program = "", ...args] = [...commandLine(options, directory), ...more]
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", resolve)
  })
  const lines = new Inbox<string>("serial line")
  let serial: Socket | undefined
  const end = async () => {
    serial?.destroy()
    child.kill("SIGKILL")
    await exited.catch(() => undefined)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const monitor = new Monitor(child)
    await monitor.open()
    const line = connect(serialPath(directory))
    line.on("error", () => undefined)
    createInterface({ input: line }).on("line", (text) => lines.push(text))
    await new Promise<void>((resolve, reject) =>
      line.once("connect", resolve).once("error", reject)
    )
    serial = line
    await monitor.command("cont")
    return {
      pid: child.pid ?? 0,
      command: (name, args) => monitor.command(name, args),
      event: (name) => monitor.events.next(name, ({ event }) => event === name),
      line: (expected) =>
        lines.next(String(expected), (text) =>
          typeof expected === "string" ? text === expected : expected.test(text)
        ),
      send: (text) => void line.write(text),
      exited,
      [Symbol.asyncDispose]: end
    }
  } catch (error) {
    await end()
    throw error
  }
}
