/**
 * One running simulated QEMU: the machine, its monitor, its guest, its character devices, put
 * together. Owns the machine's state; every change of it goes through `become`, which tells events,
 * happenings and the end in the order in which the real one does.
 */
import type { JsonObject } from "../../qmp/json.ts"
import type { Faults } from "../fault.ts"
import type { Happening } from "../history/operation.ts"
import type { Self, Stream } from "../host/program.ts"
import type { Answers } from "./answers.ts"
import type { Chardev, CommandLine } from "./command-line.ts"
import { perform, type Surroundings } from "./commands.ts"
import { Guest } from "./guest.ts"
import { openHostDevice } from "./host-device.ts"
import { MainLoop } from "./main-loop.ts"
import {
  type Act,
  act,
  command,
  type EventWords,
  type Machine,
  type Outcome,
  powerOn,
  signal
} from "./model.ts"
import { Monitor } from "./monitor.ts"

export interface ProcessOptions {
  readonly self: Self
  readonly line: CommandLine
  readonly tell: (kind: Happening["kind"]) => void
  readonly faults: Faults
  readonly wallMs: () => number
  readonly answers: Answers
  /** Whether its guest lets devices go when it is asked. */
  readonly ejects: boolean
  /** Descriptors of the host's devices that it has opened, by the names of its own. */
  readonly opened: ReadonlyMap<string, number>
}

/** From the end of its monitor to its exit. */
const exitMs = 3

/** Where its terminals begin: far from those of people. */
const terminalsEach = 16

const signals = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const

/** What the guest says on its serial line when it is up, as our boot sector does. */
export const upWords = "TROUPE GUEST UP\r\n"

/** What our boot sector obeys on its serial line. */
const orders: { readonly [byte: string]: Act } = {
  r: { act: "reset" },
  o: { act: "poweroff" },
  p: { act: "panic" },
  h: { act: "hang" }
}

export class QemuProcess {
  readonly monitor: Monitor | undefined
  private readonly options: ProcessOptions
  private readonly guest: Guest
  private readonly serials: Stream[] = []
  private readonly loop = new MainLoop()
  /** Descriptors of devices, by their names. */
  private readonly descriptors: Map<string, number>
  private machine: Machine
  private isEnding = false

  constructor(options: ProcessOptions) {
    const { self, line, faults, answers, wallMs } = options
    this.options = options
    this.descriptors = new Map(options.opened)
    const { hasBoard, actions, devices } = line
    this.machine = powerOn({ hasBoard, actions, devices })
    const fd = line.chardevs.find(({ id }) => id === line.monitor)?.fd
    this.monitor =
      fd === undefined
        ? undefined
        : new Monitor(self, fd, {
            loop: this.loop,
            perform: (request) => {
              const { reply, ...outcome } = perform(this.machine, request, this.surroundings())
              this.become(outcome)
              return reply
            },
            abort: () => {
              options.tell("qemu-exited")
              self.abort()
            },
            afterwards: (execute) => this.afterwards(execute),
            fault: (execute) => faults.at("qmp", execute),
            wallMs,
            version: answers.version
          })
    this.guest = new Guest({
      machine: () => this.machine,
      after: (ms, run) => self.after(ms, () => this.loop.enter(run)),
      act: (what) => this.act(what),
      whim: (where) => (this.isEnding ? undefined : faults.at("guest", where)),
      node: line.nodes[0] ?? "disk",
      ejects: options.ejects
    })
    this.listen()
  }

  /** Its machine is made: commands, signals and the guest are served from now on. */
  run(): void {
    const { self, line } = this.options
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      self.onSignal(name, () => this.loop.enter(() => this.terminate(name)))
    if (!line.isStopped) this.become(command(this.machine, "cont"))
    this.monitor?.ready()
  }

  private terminate(name: keyof typeof signals): void {
    if (this.isEnding) return
    this.options.self.write(2, `qemu-system-x86_64: terminating on signal ${signals[name]}\n`)
    this.become(signal(this.machine))
    this.end()
  }

  private act(what: Act): void {
    if (this.isEnding) return
    const { guest } = this.machine
    this.become(act(this.machine, what))
    if (this.machine.guest === "up" && guest === "booting") this.speak(upWords)
    this.end()
  }

  private afterwards(execute: string): void {
    this.end()
    if (this.isEnding) return
    const { self, faults } = this.options
    const soon = faults.has("guest") ? self.soon : self.idle
    soon(`guest after ${execute}`, () =>
      this.loop.enter(() => this.guest.mayAct(`after ${execute}`))
    )
  }

  /** The machine's next state, and everybody who has to know. */
  private become({ next, events }: Outcome): void {
    const before = this.machine
    this.machine = next
    for (const event of events) {
      this.monitor?.tell(event)
      this.report(event, before)
    }
    if (before.status !== "running" && next.status === "running") this.options.tell("qemu-running")
    if (before.devices !== next.devices) this.closeGone(before)
    this.guest.follow()
  }

  /** What the machine has no more, the process does not keep. */
  private closeGone(before: Machine): void {
    for (const device of before.devices) {
      const fd = this.descriptors.get(device.id)
      if (fd === undefined || this.machine.devices.some(({ id }) => id === device.id)) continue
      this.descriptors.delete(device.id)
      this.options.self.close(fd)
    }
  }

  private open(id: string, words: JsonObject): string | undefined {
    const opened = openHostDevice(this.options.self, words)
    if (typeof opened === "string") return opened
    if (opened !== undefined) this.descriptors.set(id, opened)
    return undefined
  }

  private report({ event, data }: EventWords, before: Machine): void {
    const { tell } = this.options
    const { status } = this.machine
    const isOff = status === "shutdown" && before.status !== "shutdown"
    if (event === "RESET") tell("qemu-reset")
    if (event === "SUSPEND") tell("qemu-suspended")
    if (event === "GUEST_PANICKED") tell("qemu-crashed")
    if (event === "SHUTDOWN" && (data?.["guest"] === true || isOff)) tell("qemu-shutdown")
    if (event === "STOP" && status !== "shutdown" && status !== "guest-panicked")
      tell("qemu-stopped")
  }

  /** The monitor ends before the process does, so that an end can be seen before an exit. */
  private end(): void {
    const { exit } = this.machine
    if (exit === undefined || this.isEnding) return
    this.isEnding = true
    const { self, tell } = this.options
    this.monitor?.close()
    for (const serial of this.serials) serial.close()
    self.after(exitMs, () => {
      // In order: what was taken from drivers of the host goes back to them.
      for (const fd of this.descriptors.values()) self.close(fd)
      tell("qemu-exited")
      self.exit(exit)
    })
  }

  private surroundings(): Surroundings {
    const { line, answers, self } = this.options
    let terminals = 0
    const filename = ({ kind, id, path, fd, isUsed }: Chardev): string => {
      if (kind === "pty") return `pty:/dev/pts/${self.pid * terminalsEach + terminals++}`
      if (kind !== "socket") return kind
      const isConnected = id === line.monitor || (isUsed && this.serials.length > 0)
      return `${isConnected ? "" : "disconnected:"}unix:${path ?? `fd ${fd}`},server=on`
    }
    const chardevs = line.chardevs.map((chardev) => ({
      label: chardev.id,
      filename: filename(chardev),
      isOpen: chardev.isUsed || chardev.id === line.monitor
    }))
    return { line, answers, pid: self.pid, chardevs, open: ({ id }, words) => this.open(id, words) }
  }

  /** Serial lines on sockets: always read, and obeyed as our boot sector obeys them. */
  private listen(): void {
    const { self, line } = this.options
    for (const { id, kind, fd, path, isServer } of line.chardevs) {
      if (kind !== "socket" || id === line.monitor || !isServer) continue
      const listening = fd ?? (path === undefined ? undefined : self.bind(path))
      if (listening !== undefined) this.serve(listening)
    }
  }

  private serve(fd: number): void {
    this.options.self.accept(fd, (client) => {
      this.serials.push(client)
      client.onEnd(() => {
        this.serials.splice(this.serials.indexOf(client), 1)
        client.close()
        this.serve(fd)
      })
      client.onData((bytes) => {
        const order = orders[String.fromCharCode(bytes[0] ?? 0)]
        if (order !== undefined)
          this.loop.enter(() => {
            if (this.machine.guest === "up") this.act(order)
          })
      })
    })
  }

  private speak(words: string): void {
    const bytes = new TextEncoder().encode(words)
    for (const serial of this.serials) serial.write(bytes)
    for (const fd of this.options.line.outputs) this.options.self.write(fd, words)
  }
}
