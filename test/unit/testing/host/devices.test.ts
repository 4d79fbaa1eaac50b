/**
 * Goal: the engine finds devices and network links on a simulated host as on a real one, and they
 * come back with each boot.
 * Method: the engine's own functions over the simulated services.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { findLink, makeTap, removeTap } from "../../../../actors/domain/tap.ts"
import { accountOf } from "../../../../actors/domain/account.ts"
import { defaults } from "../../../../src/config/snapshot.ts"
import { cgroupHost } from "../../../../src/host/cgroup.ts"
import { Files } from "../../../../src/host/files.ts"
import { launchFacts } from "../../../../src/qemu/launch-facts.ts"
import { type HostServices, SimulatedHost } from "../../../../src/testing/host/host.ts"
import type { Devices } from "../../../../src/testing/host/sysfs.ts"
import { World } from "../../../../src/testing/world.ts"

const devices: Devices = {
  pci: [
    {
      address: "0000:03:00.0",
      vendor: 0x8086,
      device: 0x10c9,
      class: 0x02_00_00,
      driver: "igb",
      iommuGroup: 7
    }
  ],
  usb: [{ port: "1-2", bus: 1, number: 4, vendor: 0x0781, product: 0x5567, name: "Cruzer" }],
  bridges: ["virbr0"]
}

const run = <A, E>(host: SimulatedHost, effect: Effect.Effect<A, E, HostServices>): A => {
  const engine = host.engine("engine", () => {})
  const fiber = Effect.runForkWith(engine.context)(effect)
  host.world.drain()
  const exit = fiber.pollUnsafe()
  engine.exit()
  host.world.drain()
  if (exit?._tag !== "Success") throw new Error(`not ended well: ${String(exit)}`)
  return exit.value
}

const textAt = (path: string) =>
  Effect.flatMap(Files, (files) =>
    Effect.map(files.read(path, 4096), (bytes) => new TextDecoder().decode(bytes).trim())
  )

test("a device is told by its bus, its driver and its group, after a power cut too", () => {
  const host = new SimulatedHost(new World(), { devices })
  const look = Effect.gen(function* () {
    const files = yield* Files
    const at = "/sys/bus/pci/devices/0000:03:00.0"
    return {
      class: yield* textAt(`${at}/class`),
      vendor: yield* textAt(`${at}/vendor`),
      driver: (yield* files.readLink(`${at}/driver`)).split("/").at(-1),
      byDriver: yield* textAt("/sys/bus/pci/drivers/igb/0000:03:00.0/device"),
      group: yield* files.list(`${at}/iommu_group/devices`),
      usb: yield* textAt("/sys/bus/usb/devices/1-2/idVendor"),
      node: (yield* files.stat("/dev/bus/usb/001/004")).kind
    }
  })
  const found = run(host, look)
  expect(found).toEqual({
    class: "0x020000",
    vendor: "0x8086",
    driver: "igb",
    byDriver: "0x10c9",
    group: ["0000:03:00.0"],
    usb: "0781",
    node: "character"
  })
  host.powerCut()
  expect(run(host, look)).toEqual(found)
})

test("a tap device is made on a bridge, found, and removed without a trace", () => {
  const host = new SimulatedHost(new World(), { devices })
  const tap = { name: "vnet0", hasQueues: false, bridge: "virbr0", mtu: 1400 }
  const seen = run(
    host,
    Effect.gen(function* () {
      yield* makeTap(tap)
      const found = yield* findLink("vnet0")
      const mtu = yield* textAt("/sys/class/net/vnet0/mtu")
      const twice = yield* Effect.flip(makeTap(tap))
      const nowhere = yield* Effect.flip(makeTap({ ...tap, name: "vnet1", bridge: "none" }))
      yield* removeTap("vnet1")
      yield* removeTap("vnet0")
      yield* removeTap("vnet0")
      return { found, mtu, twice: twice.message, nowhere: nowhere.message }
    })
  )
  expect(seen).toEqual({
    found: { isBridge: false, isTap: true },
    mtu: "1400",
    twice: "cannot make tap device 'vnet0': Device or resource busy",
    nowhere: "cannot attach 'vnet1' to bridge 'none': Device \"none\" is no bridge"
  })
  expect(host.inventory().paths).toEqual([])
})

test("the engine is root on a host without control groups", () => {
  const host = new SimulatedHost(new World(), { devices })
  const { facts, group, account } = run(
    host,
    Effect.gen(function* () {
      return {
        facts: yield* launchFacts,
        group: yield* Effect.flip(cgroupHost),
        account: yield* accountOf({ ...defaults(1).values, user: "libvirt-qemu", group: "kvm" })
      }
    })
  )
  expect(facts).toMatchObject({
    uid: 0,
    nice: 0,
    umask: 0o22,
    cpus: [0, 1, 2, 3],
    limits: { nofile: { soft: 1024, hard: 1_048_576 }, core: { soft: 0, hard: "unlimited" } },
    tools: { prlimit: "/usr/bin/prlimit", setpriv: "/usr/bin/setpriv" }
  })
  expect(facts.capabilities.size).toBe(4)
  expect(group.message).toContain("no cgroup v2 tree is mounted")
  expect(account).toMatchObject({ uid: 64055, gid: 105 })
})
