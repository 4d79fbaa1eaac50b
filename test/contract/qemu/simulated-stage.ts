/** The simulated QEMU as a stage: launched on a simulated host, in a world of its own. */
import * as Effect from "effect/Effect"
import { guestOrders } from "../../../src/cli/demo/guest.ts"
import { Sockets } from "../../../src/host/socket.ts"
import { launch } from "../../../src/qemu/launcher.ts"
import { monitorId } from "../../../src/qemu/monitor-id.ts"
import { Faults, type FaultsBySeam, type Seam } from "../../../src/testing/fault.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
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

const wordsOf = ({ machine, words = [] }: Scenario): readonly string[] =>
  machine === "none"
    ? ["-machine", "none,accel=tcg", ...words]
    : [
        ...["-machine", "pc,accel=tcg", "-m", "32", "-device", "pvpanic"],
        ...["-blockdev", '{"driver":"file","filename":"/disk.img","node-name":"disk"}'],
        ...["-device", "virtio-blk-pci,drive=disk,rerror=stop,werror=stop"],
        ...["-chardev", "socket,id=ser,fd=4,server=on,wait=off", "-serial", "chardev:ser"],
        ...words
      ]

/** A scenario that waits for longer waits for something that will not come. */
const patienceMs = 60_000

/** As `onRealStage`. All of it runs on this stack; it is a promise as the other one is. */
export const onSimulatedStage = async <A>(
  scenario: Scenario,
  use: (stage: Stage) => Promise<A>
): Promise<A> => {
  const world = new World()
  const faults = new Ordered()
  faults.isFailing = scenario.machine === "failing"
  const qemu = new SimulatedQemu({ faults, wallMs: () => world.wallOriginMs + world.nowMs })
  const host = new SimulatedHost(world, { programs: new Map([[binary, qemu]]) })
  host.disk.createFile("/disk.img", 0o600, true)
  const engine = host.engine("tester", () => {})
  let exit: number | string | undefined
  const run = <B, E, R>(effect: Effect.Effect<B, E, R>): B => {
    let result: { readonly value: B } | undefined
    const fiber = Effect.runForkWith(engine.context)(effect as Effect.Effect<B, E>)
    fiber.addObserver((ended) => {
      if (ended._tag === "Failure") throw new Error(String(ended.cause))
      result = { value: ended.value }
    })
    while (result === undefined && world.step());
    if (result === undefined) throw new Error("the effect has not ended")
    return result.value
  }
  const words = wordsOf(scenario)
  const id = monitorId({
    root: "r",
    epoch: "e1",
    uuid: "00000000-0000-4000-8000-000000000001"
  })
  const bare = ["-no-user-config", "-nodefaults", "-display", "none"]
  const launched = run(
    launch({
      argv: [binary, ...bare, ...words],
      environment: {},
      directory: "/",
      monitor: { path: "/tmp/mon", id },
      logPath: "/tmp/log",
      listeners: [{ fd: 4, path: "/tmp/ser" }]
    })
  )
  launched.onExit(({ code, signal }) => (exit = signal ?? code))
  const connect = (path: string): Voice => {
    const lines: string[] = []
    let text = ""
    let hasEnded = false
    const decoder = new TextDecoder()
    const connection = run(
      Effect.flatMap(Sockets, (sockets) =>
        sockets.connect(path, {
          onData: (bytes) => {
            const parts = (text + decoder.decode(bytes, { stream: true })).split("\n")
            text = parts.pop() ?? ""
            lines.push(...parts.map((part) => part.trim()).filter((part) => part !== ""))
          },
          onEnd: () => (hasEnded = true)
        })
      )
    )
    return {
      lines,
      hasEnded: () => hasEnded,
      write: (words_) => connection.write(new TextEncoder().encode(words_)),
      close: () => connection.close()
    }
  }
  const serial = scenario.machine === "none" ? undefined : connect("/tmp/ser")
  const signal: Stage["signal"] = (name) => {
    host.processes.signal(launched.process, name)
  }
  return use({
    argv: [binary, ...words],
    connect: async () => connect("/tmp/mon"),
    act: (act) => {
      const order = orders[act]
      if (order !== undefined) serial?.write(order)
      else if (act === "suspend") faults.next = act
    },
    ups: () => serial?.lines.filter((line) => line === "TROUPE GUEST UP").length ?? 0,
    signal,
    exit: () => exit,
    until: async (what, holds) => {
      const endMs = world.nowMs + patienceMs
      while (!holds())
        if (!world.step(endMs)) throw new Error(`the world rests, and there is no ${what}`)
    },
    pause: async (ms) => world.advance(ms)
  })
}
