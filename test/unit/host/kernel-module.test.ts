/**
 * Goal: VFIO's driver is loaded when a device is to be taken and the kernel has it not, once it is
 * needed and never before; where it cannot be had that is told in modprobe's words.
 * Method: a simulated host without the driver, whose `modprobe` brings it, complains, or ends well
 * and brings nothing; and one that has no modprobe.
 */
import { expect, test } from "vitest"
import { loadVfio, vfioProblem } from "../../../src/host/pci-driver.ts"
import { deviceShapes } from "../../../src/testing/host/device-shapes.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import type { Self } from "../../../src/testing/host/program.ts"
import { World } from "../../../src/testing/world.ts"
import { runOn } from "../node/host.ts"

type Modprobe = (self: Self, host: SimulatedHost) => void

const hostWith = (modprobe: Modprobe | undefined, shape: "noVfio" | "twoCards" = "noVfio") => {
  const calls: string[] = []
  const start = (self: Self) => {
    calls.push(self.argv.slice(1).join(" "))
    modprobe?.(self, host)
  }
  const programs = new Map(modprobe === undefined ? [] : [["/sbin/modprobe", { start }]])
  const devices = deviceShapes[shape]
  const host: SimulatedHost = new SimulatedHost(new World([]), { devices, programs })
  return { host, calls }
}

const loads: Modprobe = (self, host) => {
  host.pci.addDriver("vfio-pci")
  self.exit(0)
}

test("the module is loaded once, and a kernel that has it is left alone", () => {
  const { host, calls } = hostWith(loads)
  expect(runOn(host, vfioProblem)).toBeUndefined()
  expect(calls).toEqual([])
  expect(runOn(host, loadVfio)).toBeUndefined()
  expect(runOn(host, loadVfio)).toBeUndefined()
  expect(calls).toEqual(["vfio-pci"])
  const there = hostWith(loads, "twoCards")
  expect(runOn(there.host, loadVfio)).toBeUndefined()
  expect(there.calls).toEqual([])
})

test("what modprobe says against it is told", () => {
  const { host } = hostWith((self) => {
    self.write(2, "modprobe: FATAL: Module vfio-pci not found in directory /lib/modules/6.1\n")
    self.exit(1)
  })
  expect(runOn(host, loadVfio)).toBe(
    "the kernel has not loaded vfio-pci: 'modprobe vfio-pci' failed: " +
      "modprobe: FATAL: Module vfio-pci not found in directory /lib/modules/6.1"
  )
})

test("a modprobe that is content is not believed, and one that complains is no hindrance", () => {
  const { host } = hostWith((self) => self.exit(0))
  expect(runOn(host, loadVfio)).toContain("brought no such driver")
  const late = hostWith((self, to) => {
    to.pci.addDriver("vfio-pci")
    self.write(2, "modprobe: ERROR: somebody else was first\n")
    self.exit(1)
  })
  expect(runOn(late.host, loadVfio)).toBeUndefined()
})

test("a modprobe that hangs is waited for so long, and then its device is refused", () => {
  const { host } = hostWith(() => undefined)
  expect(runOn(host, loadVfio)).toContain("it did not end in 10 s")
})

test("a host without modprobe says so, before anything is asked for and after", () => {
  const { host } = hostWith(undefined)
  const why = /^the kernel has not loaded vfio-pci.+no modprobe/
  expect(runOn(host, vfioProblem)).toMatch(why)
  expect(runOn(host, loadVfio)).toMatch(why)
})
