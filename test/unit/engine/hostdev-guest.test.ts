/**
 * Goal: a guest has the host's devices for as long as it runs: their nodes are its account's, its
 * card's function has its MAC address and VLAN, and all is as it was when it ends, whatever ended.
 * Method: the engine on a simulated host with devices, whose `ip` keeps what it is told.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { expect, onTestFinished, test } from "vitest"
import { type Engine, openEngine } from "../../../src/engine/engine.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import { SimulatedQemu } from "../../../src/testing/qemu/simulated-qemu.ts"
import { simulatedEmulator, simulatedRoot } from "../../../src/testing/simulation/lives.ts"
import { World } from "../../../src/testing/world.ts"
import { ipOf, type TestCard } from "../host/ip-program.ts"
import {
  givable,
  pciDevice,
  pciSource,
  scsiDevice,
  usbDevice,
  usbIds
} from "../node/hostdev-host.ts"

const answeredMs = 600_000

const card: TestCard = {
  functions: [{ mac: "00:00:00:00:00:00", vlan: 0 }],
  takesNoMac: true
}

/** An engine that runs guests as another user, on a host with devices to give away. */
const stage = (texts: { readonly [path: string]: string } = {}) => {
  const world = new World([], { stepsMax: 5_000_000 })
  const qemu = new SimulatedQemu({ wallMs: () => world.wallOriginMs + world.nowMs })
  const kept: TestCard = { ...card, functions: [...card.functions] }
  const programs = new Map([
    [simulatedEmulator, qemu],
    ["/usr/sbin/ip", ipOf(kept)]
  ])
  const cards = [
    { name: "eth2", index: 4, address: "52:54:00:00:00:01", on: "0000:06:00.0", state: "up" }
  ]
  // Functions of a card that has some go to guests, the card itself does not.
  const host = new SimulatedHost(world, { programs, devices: { ...givable, cards } })
  host.disk.special("/dev/sg4", "character")
  put(host.disk, "/etc/passwd", { text: "root:x:0:0::/:\nqemu:x:64055:108::/:\n" })
  put(host.disk, "/etc/group", { text: "root:x:0:\nkvm:x:108:\n" })
  put(host.disk, "/sys/bus/pci/devices/0000:06:00.0/net/eth2/flags", { text: "0x1003\n" })
  put(host.disk, `${simulatedRoot}/etc/qemu.conf`, { text: 'user = "qemu"\ngroup = "kvm"\n' })
  for (const [path, text] of Object.entries(texts)) put(host.disk, path, { text })
  const life = (name: string) => {
    const process = host.engine(name, () => undefined)
    onTestFinished(() => process.exit())
    let engine: Engine | undefined
    const opening = Effect.gen(function* () {
      engine = yield* openEngine({
        place: { root: simulatedRoot, run: `${simulatedRoot}/run` },
        owner: "test",
        dispatcher: process.realm,
        emulatorFor: () => simulatedEmulator,
        startConcurrency: 2
      })
      return yield* Effect.never
    })
    Effect.runForkWith(process.context)(Effect.scoped(opening))
    world.advance(10_000)
    if (engine === undefined) throw new Error("the engine has not come up")
    const up = engine
    const run = <A, E>(ask: (engine: Engine) => Effect.Effect<A, E>): A => {
      const fiber = Effect.runForkWith(process.context)(ask(up))
      world.advance(answeredMs)
      const exit = fiber.pollUnsafe()
      if (exit === undefined) throw new Error("the call has not ended")
      if (exit._tag === "Failure") throw Cause.squash(exit.cause)
      return exit.value
    }
    return { run, kill: () => process.kill() }
  }
  const ownerOf = (path: string) => {
    const node = host.disk.node(path)
    return `${node.uid}:${node.gid}`
  }
  return { host, world, life, ownerOf, functions: kept.functions }
}

const uuid = "22222222-2222-4222-8222-222222222222"

const definition = (devices: readonly string[]): string =>
  [
    `<domain type='qemu'><name>web</name><uuid>${uuid}</uuid>`,
    "<memory unit='MiB'>16</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>",
    `<devices><emulator>${simulatedEmulator}</emulator><memballoon model='none'/>`,
    "<controller type='scsi' index='0' model='virtio-scsi'/>",
    `${devices.join("")}</devices></domain>`
  ].join("")

const passedCard =
  "<interface type='hostdev' managed='yes'><mac address='52:54:00:aa:bb:cc'/>" +
  `${pciSource("0000:06:10.0")}<vlan><tag id='42'/></vlan></interface>`

const all = [passedCard, usbDevice(usbIds("046d", "c52b")), scsiDevice("scsi_host2", 1, 3)]

const missing = usbDevice(usbIds("dead", "beef"), " startupPolicy='optional'")

const nodes = ["/dev/bus/usb/001/004", "/dev/sg4"]

const qemuWords = (host: SimulatedHost): readonly string[] =>
  [...host.processes.all].findLast(({ words }) => words.includes("-S"))?.words ?? []

const destroy = (engine: Engine) =>
  Effect.flatMap(engine.lookup("web"), (domain) => domain.destroy())

test("a guest has its devices for as long as it runs", () => {
  const { host, life, ownerOf, functions } = stage()
  const { run } = life("first")
  run((engine) => engine.createXML(definition([...all, missing])))
  expect(nodes.map(ownerOf)).toEqual(["64055:108", "64055:108"])
  expect(functions).toEqual([{ mac: "52:54:00:aa:bb:cc", vlan: 42 }])
  expect(run((engine) => engine.problems)).toContainEqual({
    what: "start of 'web'",
    why:
      "it goes without a device that it may miss: there is no host USB device dead:beef: " +
      "nothing like it is plugged in"
  })
  expect(qemuWords(host).join(" ")).toContain('"filename":"/dev/sg4"')
  run(destroy)
  expect(nodes.map(ownerOf)).toEqual(["0:0", "0:0"])
  expect(functions).toEqual([{ mac: "02:00:00:00:00:00", vlan: 0 }])
})

test("what an engine that was killed had given is taken back by the next one", () => {
  const { life, ownerOf, functions } = stage()
  const first = life("first")
  first.run((engine) => engine.createXML(definition(all)))
  first.kill()
  const { run } = life("second")
  expect(nodes.map(ownerOf)).toEqual(["64055:108", "64055:108"])
  run(destroy)
  expect(nodes.map(ownerOf)).toEqual(["0:0", "0:0"])
  expect(functions).toEqual([{ mac: "02:00:00:00:00:00", vlan: 0 }])
})

test("a start that fails leaves nodes and functions as they were", () => {
  const untouched = [{ mac: "00:00:00:00:00:00", vlan: 0 }]
  const down = { "/sys/bus/pci/devices/0000:06:00.0/net/eth2/flags": "0x1002\n" }
  const { life, ownerOf, functions } = stage(down)
  const start = (devices: readonly string[]) => (engine: Engine) =>
    Effect.map(Effect.flip(engine.createXML(definition(devices))), ({ message }) => message)
  const { run } = life("first")
  expect(run(start(all))).toContain("the card eth2 is down; bring it up first")
  // The card in the guest's way is found only when all else is there.
  expect(run(start([...all.slice(1), pciDevice("0000:05:00.0")]))).toContain("no IOMMU group")
  expect(nodes.map(ownerOf)).toEqual(["0:0", "0:0"])
  expect(functions).toEqual(untouched)
})

test("a guest whose QEMU dies gives back what it had", () => {
  const { host, world, life, ownerOf, functions } = stage()
  const { run } = life("first")
  run((engine) => engine.createXML(definition(all)))
  const qemu = host.processes.all.findLast(({ words }) => words.includes("-S"))
  if (qemu === undefined) throw new Error("there is no QEMU")
  host.processes.signal(qemu.info, "SIGKILL")
  world.advance(answeredMs)
  expect(nodes.map(ownerOf)).toEqual(["0:0", "0:0"])
  expect(functions).toEqual([{ mac: "02:00:00:00:00:00", vlan: 0 }])
})
