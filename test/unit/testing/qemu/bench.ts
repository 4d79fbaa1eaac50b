/**
 * A simulated QEMU on a simulated host, with a client of its monitor whose every line is recorded:
 * what the tests of `SimulatedQemu` stand on.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type Connection, Sockets } from "../../../../src/host/socket.ts"
import { Processes } from "../../../../src/host/process.ts"
import { launch, type Launched } from "../../../../src/qemu/launcher.ts"
import { monitorId } from "../../../../src/qemu/monitor-id.ts"
import { Faults, type PlannedFault } from "../../../../src/testing/fault.ts"
import { type HostServices, SimulatedHost } from "../../../../src/testing/host/host.ts"
import { type QemuHappening, SimulatedQemu } from "../../../../src/testing/qemu/simulated-qemu.ts"
import { World } from "../../../../src/testing/world.ts"
import { Recorder } from "../../../contract/qemu/recorder.ts"

const binary = "/usr/bin/qemu-system-x86_64"
export const uuid = "00000000-0000-4000-8000-000000000001"
const monitorPath = "/tmp/mon"

/** With a disk, a network card and a serial line that nobody listens to. */
export const guestWords = [
  ["-machine", "pc,accel=tcg", "-m", "32", "-S", "-no-shutdown"],
  ["-blockdev", '{"driver":"file","filename":"/disk.img","node-name":"disk"}'],
  ["-device", "virtio-blk-pci,drive=disk"],
  ["-netdev", "user,id=hostnet0", "-device", "virtio-net-pci,netdev=hostnet0,id=net0"]
].flat()

export interface BenchOptions {
  readonly choices?: readonly number[]
  readonly words?: readonly string[]
}

export class Bench {
  readonly world: World
  readonly host: SimulatedHost
  readonly faults: Faults
  readonly recorder = new Recorder()
  readonly happenings: QemuHappening["kind"][] = []
  readonly told: QemuHappening[] = []
  readonly launched: Launched
  exit: number | string | undefined
  private readonly context: Context.Context<HostServices>
  private ids = 0

  constructor(
    faults: readonly PlannedFault[] = [],
    { choices = [], words = guestWords }: BenchOptions = {}
  ) {
    this.world = new World(choices)
    this.faults = new Faults(faults)
    const { world } = this
    const qemu = new SimulatedQemu({
      faults: this.faults,
      wallMs: () => world.wallOriginMs + world.nowMs,
      onHappening: (happening) => {
        this.happenings.push(happening.kind)
        this.told.push(happening)
      }
    })
    this.host = new SimulatedHost(world, { programs: new Map([[binary, qemu]]) })
    this.host.disk.createFile("/disk.img", 0o600, true)
    const engine = this.host.engine("tester", () => {})
    this.context = this.recorder.watch(engine.context) as Context.Context<HostServices>
    this.launched = this.run(
      launch({
        argv: [binary, ...words],
        environment: {},
        directory: "/",
        monitor: { path: monitorPath, id: monitorId({ root: "r", epoch: "e1", uuid }) },
        logPath: "/tmp/log"
      })
    )
    this.launched.onExit(({ code, signal }) => (this.exit = signal ?? code))
  }

  /** Until the effect has ended; what else goes on in the world goes on. */
  run<A, E>(effect: Effect.Effect<A, E, HostServices>): A {
    let result: { readonly value: A } | undefined
    const fiber = Effect.runForkWith(this.context)(effect)
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") throw new Error(String(exit.cause))
      result = { value: exit.value }
    })
    while (result === undefined && this.world.step());
    if (result === undefined) throw new Error("the world is at rest, and the effect has not ended")
    return result.value
  }

  connect(): Client {
    const client = this.tryConnect()
    if (client === undefined) throw new Error("the monitor can be connected to")
    return client
  }

  /** `undefined` when nobody listens, or the line before the monitor is full. */
  tryConnect(): Client | undefined {
    const client = new Client(this)
    const connected = this.run(
      Effect.option(Effect.flatMap(Sockets, ({ connect }) => connect(monitorPath, client)))
    )
    if (connected._tag === "None") return undefined
    client.connection = connected.value
    return client
  }

  /** With its handshake done. */
  greeted(): Client {
    const client = this.connect()
    client.ask("qmp_capabilities")
    return client
  }

  signal(name: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.run(
      Effect.flatMap(Processes, (processes) => processes.signal(this.launched.process, name))
    )
  }

  get log(): string {
    const node = this.host.disk.node("/tmp/log")
    return node.kind === "file" ? new TextDecoder().decode(node.data) : ""
  }

  nextId(): number {
    return ++this.ids
  }
}

export class Client {
  readonly lines: string[] = []
  hasEnded = false
  connection: Connection | undefined
  private readonly bench: Bench
  private text = ""
  private readonly decoder = new TextDecoder()

  constructor(bench: Bench) {
    this.bench = bench
  }

  readonly onData = (bytes: Uint8Array): void => {
    const parts = (this.text + this.decoder.decode(bytes, { stream: true })).split("\n")
    this.text = parts.pop() ?? ""
    this.lines.push(...parts.map((part) => part.trim()))
  }

  readonly onEnd = (): void => {
    this.hasEnded = true
  }

  write(text: string): void {
    this.connection?.write(new TextEncoder().encode(text))
  }

  /** Sends a command; its id. */
  send(execute: string, words?: object): number {
    const id = this.bench.nextId()
    this.write(`${JSON.stringify({ execute, arguments: words, id })}\n`)
    return id
  }

  /** Sends a command and gives its reply; `undefined` when none came before the world's rest. */
  ask(execute: string, words?: object): { readonly [member: string]: unknown } | undefined {
    const id = this.send(execute, words)
    for (;;) {
      const reply = this.heard.find((one) => one["id"] === id)
      if (reply !== undefined || !this.bench.world.step()) return reply
    }
  }

  get heard(): readonly { readonly [member: string]: unknown }[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line)]
      } catch {
        return []
      }
    })
  }

  /** Names of events, in order. */
  get events(): readonly unknown[] {
    return this.heard.flatMap(({ event }) => (event === undefined ? [] : [event]))
  }
}
