/**
 * Goal: a virtual function's MAC address and VLAN are read, set and put back through its physical
 * function's card, and what stands in the way is told.
 * Method: a simulated /sys, and an `ip` that keeps what it is told of functions as the kernel does.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { runProgram } from "../../../src/host/short-program.ts"
import {
  findVirtualFunction,
  type FunctionSettings,
  readSettings,
  restoreSettings,
  writeSettings
} from "../../../src/host/virtual-function.ts"
import { SimulatedHost, type HostServices } from "../../../src/testing/host/host.ts"
import type { Self } from "../../../src/testing/host/program.ts"
import { put } from "../../../src/testing/host/put.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "../node/host.ts"
import { ipOf, oldVersion, type TestCard } from "./ip-program.ts"

const nic = { vendor: 0x8086, device: 0x10c9, class: 0x02_00_00 } as const
const physical = "0000:06:00.0"
const second = "0000:06:10.2"

const devices: Devices = {
  pci: [
    { ...nic, address: physical, driver: "igb", virtualFunctionsMax: 7 },
    { ...nic, address: "0000:06:10.0", physicalFunction: physical },
    { ...nic, address: second, physicalFunction: physical }
  ],
  cards: [{ name: "eth2", index: 4, address: "52:54:00:00:00:01", on: physical, state: "up" }]
}

const fresh = (): FunctionSettings[] => [
  { mac: "00:00:00:00:00:00", vlan: 0 },
  { mac: "0a:00:00:00:00:02", vlan: 7 }
]

const hostOf = (card: TestCard, flags = "0x1003"): SimulatedHost => {
  const programs = new Map([["/usr/sbin/ip", ipOf(card)]])
  const host = new SimulatedHost(new World([]), { devices, programs })
  put(host.disk, `/sys/bus/pci/devices/${physical}/net/eth2/flags`, { text: `${flags}\n` })
  return host
}

const refusal = <A, E extends Error>(
  host: SimulatedHost,
  ask: Effect.Effect<A, E, HostServices>
): string => runOn(host, Effect.flip(ask)).message

test("a function is found by its place among those of its physical function", () => {
  const host = hostOf({ functions: fresh(), takesNoMac: false })
  expect(runOn(host, findVirtualFunction(second))).toEqual({
    device: second,
    card: "eth2",
    index: 1
  })
  expect(refusal(host, findVirtualFunction(physical))).toContain("it has no physical function")
  const down = hostOf({ functions: fresh(), takesNoMac: false }, "0x1002")
  expect(refusal(down, findVirtualFunction(second))).toContain("the card eth2 is down")
})

test("settings are read as any iproute2 tells them, set, and put back", () => {
  for (const version of ["old", "new"]) {
    const functions = fresh()
    const host = hostOf({ functions, takesNoMac: false })
    if (version === "old") put(host.disk, oldVersion, { text: "" })
    const one = runOn(host, findVirtualFunction(second))
    const before = runOn(host, readSettings(one))
    expect(before).toEqual({ mac: "0a:00:00:00:00:02", vlan: 7 })
    runOn(host, writeSettings(one, { mac: "52:54:00:aa:bb:cc", vlan: 42 }))
    expect(functions).toEqual([fresh()[0], { mac: "52:54:00:aa:bb:cc", vlan: 42 }])
    runOn(host, restoreSettings(one, before))
    expect(functions).toEqual(fresh())
  }
})

test("a card that does not take back that there was no address gets a local one", () => {
  for (const takesNoMac of [false, true]) {
    const functions = fresh()
    const host = hostOf({ functions, takesNoMac })
    const one = { device: "0000:06:10.0", card: "eth2", index: 0 }
    const before = runOn(host, readSettings(one))
    runOn(host, writeSettings(one, { mac: "52:54:00:aa:bb:cc", vlan: 42 }))
    runOn(host, restoreSettings(one, before))
    const mac = takesNoMac ? "02:00:00:00:00:00" : "00:00:00:00:00:00"
    expect(functions[0]).toEqual({ mac, vlan: 0 })
  }
})

test("what the card refuses or does not tell is an error in its own words", () => {
  const host = hostOf({ functions: [], takesNoMac: false })
  const one = { device: second, card: "eth2", index: 1 }
  expect(refusal(host, readSettings(one))).toContain("tells nothing of function 1 of the card eth2")
  expect(refusal(host, writeSettings(one, { mac: "52:54:00:00:00:09", vlan: 0 }))).toBe(
    `cannot change the settings of virtual function ${second}: ` +
      "RTNETLINK answers: Invalid argument"
  )
})

const saying = (say: (self: Self) => void): SimulatedHost =>
  new SimulatedHost(new World([]), { programs: new Map([["/bin/helper", { start: say }]]) })

test("a program that never ends is killed, and one that is not there is told", () => {
  const host = saying(() => {})
  expect(refusal(host, runProgram(["/bin/helper"]))).toBe(
    "'/bin/helper' failed: it did not end in 10 s"
  )
  expect(refusal(host, runProgram(["/bin/none"]))).toBe("'/bin/none' failed: ENOENT")
  const silent = saying((self) => self.exit(3))
  expect(refusal(silent, runProgram(["/bin/helper"]))).toBe("'/bin/helper' failed: exit code 3")
  const loud = saying((self) => {
    self.write(1, "a\n")
    self.write(1, "b\n")
    self.exit(0)
  })
  expect(runOn(loud, runProgram(["/bin/helper"]))).toBe("a\nb\n")
})
