/** The simulated QEMU as a stage: launched on a simulated host, in a world of its own. */
import * as Effect from "effect/Effect"
import { guestOrders } from "../../../src/cli/demo/guest.ts"
import { type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import { launch, type Launched } from "../../../src/qemu/launcher.ts"
import { monitorId } from "../../../src/qemu/monitor-id.ts"
import { Faults, type FaultsBySeam, type Seam } from "../../../src/testing/fault.ts"
import {
  type EngineProcess,
  type HostServices,
  SimulatedHost
} from "../../../src/testing/host/host.ts"
import { SimulatedQemu } from "../../../src/testing/qemu/simulated-qemu.ts"
import { World } from "../../../src/testing/world.ts"
import { binary } from "./real-qemu.ts"
import type { Scenario, Stage, Voice } from "./stage.ts"

/** As our boot sector obeys them on its serial line; the rest is a whim of the guest. */
const orders: { readonly [act: string]: string | undefined } = {
  poweroff: guestOrders.powerOff,
  reset: guestOrders.reboot,
  panic: guestOrders.panic,
  hang: guestOrders.halt
}

/** The guest does what the scenario says, at the next point at which it may do something. */
class Ordered extends Faults {
  next: FaultsBySeam["guest"] | undefined
  /** A disk that fails at every read. */
  isFailing = false

  override at<S extends Seam>(seam: S, what: string): FaultsBySeam[S] | undefined {
    if (seam !== "guest") return super.at(seam, what)
    const whim = this.isFailing && what === "after cont" ? "ioerror" : this.next
    this.next = undefined
    return whim as FaultsBySeam[S] | undefined
  }
}

const boardWords = [
  ["-machine", "pc,accel=tcg", "-m", "32", "-device", "pvpanic"],
  ["-blockdev", '{"driver":"file","filename":"/disk.img","node-name":"disk"}'],
  ["-device", "virtio-blk-pci,drive=disk,rerror=stop,werror=stop"],
  ["-chardev", "socket,id=ser,fd=4,server=on,wait=off", "-serial", "chardev:ser"]
].flat()

const wordsOf = ({ machine, words = [] }: Scenario): readonly string[] =>
  machine === "none" ? ["-machine", "none,accel=tcg", ...words] : [...boardWords, ...words]

const bare = ["-no-user-config", "-nodefaults", "-display", "none"]

/** A scenario that waits for longer waits for something that will not come. */
const patienceMs = 60_000

class SimulatedStage implements Stage {
  readonly argv: readonly string[]
  private readonly world = new World()
  private readonly faults = new Ordered()
  private readonly host: SimulatedHost
  private readonly services: EngineProcess["context"]
  private readonly launched: Launched
  private readonly serial: Voice | undefined
  private ended: number | string | undefined

  constructor(scenario: Scenario) {
    const { world, faults } = this
    faults.isFailing = scenario.machine === "failing"
    const wallMs = () => world.wallOriginMs + world.nowMs
    // The boot sector that is compared with knows nothing of devices that come and go.
    const qemu = new SimulatedQemu({ faults, wallMs, ejects: false })
    this.host = new SimulatedHost(world, { programs: new Map([[binary, qemu]]) })
    this.host.disk.createFile("/disk.img", 0o600, true)
    this.services = this.host.engine("tester", () => {}).context
    this.argv = [binary, ...wordsOf(scenario)]
    const uuid = "00000000-0000-4000-8000-000000000001"
    this.launched = this.run(
      launch({
        argv: [binary, ...bare, ...wordsOf(scenario)],
        environment: {},
        directory: "/",
        monitor: { path: "/tmp/mon", id: monitorId({ root: "r", epoch: "e1", uuid }) },
        logPath: "/tmp/log",
        listeners: [{ fd: 4, path: "/tmp/ser" }]
      })
    )
    this.launched.onExit(({ code, signal }) => (this.ended = signal ?? code))
    this.serial = scenario.machine === "none" ? undefined : this.open("/tmp/ser")
  }

  readonly connect = async () => this.open("/tmp/mon")

  readonly act: Stage["act"] = (act) => {
    const order = orders[act]
    if (order !== undefined) this.serial?.write(order)
    else if (act === "suspend") this.faults.next = act
  }

  readonly ups = () => this.serial?.lines.filter((line) => line === "TROUPE GUEST UP").length ?? 0

  readonly signal: Stage["signal"] = (name) => {
    this.host.processes.signal(this.launched.process, name)
  }

  readonly exit = () => this.ended

  readonly until: Stage["until"] = async (what, holds) => {
    const endMs = this.world.nowMs + patienceMs
    while (!holds())
      if (!this.world.step(endMs)) throw new Error(`the world rests, and there is no ${what}`)
  }

  readonly pause: Stage["pause"] = async (ms) => this.world.advance(ms)

  private run<B, E>(effect: Effect.Effect<B, E, HostServices>): B {
    let result: { readonly value: B } | undefined
    Effect.runForkWith(this.services)(effect).addObserver((exit) => {
      if (exit._tag === "Failure") throw new Error(String(exit.cause))
      result = { value: exit.value }
    })
    while (result === undefined && this.world.step());
    if (result === undefined) throw new Error("the effect has not ended")
    return result.value
  }

  private open(path: string): Voice {
    const lines: string[] = []
    const decoder = new TextDecoder()
    let text = ""
    let hasEnded = false
    const listener: ConnectionListener = {
      onData: (bytes) => {
        const parts = (text + decoder.decode(bytes, { stream: true })).split("\n")
        text = parts.pop() ?? ""
        lines.push(...parts.map((part) => part.trim()).filter((part) => part !== ""))
      },
      onEnd: () => (hasEnded = true)
    }
    const connection = this.run(Effect.flatMap(Sockets, ({ connect }) => connect(path, listener)))
    return {
      lines,
      hasEnded: () => hasEnded,
      write: (words) => connection.write(new TextEncoder().encode(words)),
      close: () => connection.close()
    }
  }
}

/** As `onRealStage`. All of it runs on this stack; it is a promise as the other one is. */
export const onSimulatedStage = async <A>(
  scenario: Scenario,
  use: (stage: Stage) => Promise<A>
): Promise<A> => use(new SimulatedStage(scenario))
