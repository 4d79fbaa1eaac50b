/**
 * Goal: what is written to /sys/bus/pci has the effect that Linux gives it, and what it refuses is
 * refused in the same words.
 * Method: the service `Files` over a simulated host's disk; facts from Linux's
 * Documentation/ABI/testing/sysfs-bus-pci, drivers/base and drivers/pci. That a missing attribute
 * is EACCES to who would create it was seen on a real /sys.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { Files, type FileError } from "../../../../src/host/files.ts"
import { Faults } from "../../../../src/testing/fault.ts"
import { card, deviceShapes } from "../../../../src/testing/host/device-shapes.ts"
import { type HostServices, SimulatedHost } from "../../../../src/testing/host/host.ts"
import { slowDriverMs } from "../../../../src/testing/host/pci-kernel.ts"
import type { Devices } from "../../../../src/testing/host/sysfs.ts"
import { World } from "../../../../src/testing/world.ts"

const at = (address: string, name: string) => `/sys/bus/pci/devices/${address}/${name}`
const drivers = "/sys/bus/pci/drivers"
const { address } = card

/** `echo TEXT > PATH`, as a shell does it: `ok`, or the errno. */
const echo = (path: string, text: string) =>
  Effect.flatMap(Files, (files) =>
    Effect.flatMap(files.open(path, "write"), (file) =>
      Effect.ensuring(files.write(file, new TextEncoder().encode(text)), files.close(file))
    )
  ).pipe(
    Effect.as("ok"),
    Effect.catch(({ code }: FileError) => Effect.succeed(code))
  )

interface Stage {
  readonly host: SimulatedHost
  readonly write: (path: string, text: string) => string
  readonly cat: (path: string) => string
  readonly driver: (address?: string) => string | undefined
}

const stage = (devices: Devices, faults = new Faults()): Stage => {
  const host = new SimulatedHost(new World(), { devices, faults })
  const engine = host.engine("engine", () => {})
  const run = <A>(effect: Effect.Effect<A, FileError, HostServices>): A | string => {
    const fiber = Effect.runForkWith(engine.context)(effect)
    host.world.drain()
    const exit = fiber.pollUnsafe()
    if (exit === undefined) return "waits"
    return exit._tag === "Success" ? exit.value : "failed"
  }
  return {
    host,
    write: (path, text) => run(echo(path, text)),
    cat: (path) =>
      run(
        Effect.flatMap(Files, (files) => files.read(path, 4096)).pipe(
          Effect.map((bytes) => new TextDecoder().decode(bytes)),
          Effect.catch(({ code }) => Effect.succeed(code))
        )
      ),
    driver: (of = address) => host.pci.get(of)?.driver
  }
}

test("an override, an unbind and a probe bring a function to VFIO and back", () => {
  const { write, cat, driver, host } = stage(deviceShapes.twoCards)
  expect(write(at(address, "driver_override"), "vfio-pci\n")).toBe("ok")
  expect(cat(at(address, "driver_override"))).toBe("vfio-pci\n")
  expect(write(at(address, "driver/unbind"), address)).toBe("ok")
  expect(host.disk.has(at(address, "driver"))).toBe(false)
  expect(cat(at(address, "uevent"))).not.toContain("DRIVER=")
  expect(write("/sys/bus/pci/drivers_probe", `${address}\n`)).toBe("ok")
  expect(driver()).toBe("vfio-pci")
  expect(host.disk.has("/dev/vfio/7")).toBe(true)
  expect(cat(at(address, "uevent"))).toContain("DRIVER=vfio-pci\n")
  expect(host.disk.names(`${drivers}/vfio-pci`)).toContain(address)
  expect(write(at(address, "driver_override"), "\n")).toBe("ok")
  expect(cat(at(address, "driver_override"))).toBe("(null)\n")
  expect(write(`${drivers}/vfio-pci/unbind`, address)).toBe("ok")
  expect(write("/sys/bus/pci/drivers_probe", address)).toBe("ok")
  expect(driver()).toBe("e1000e")
  expect(host.disk.has("/dev/vfio/7")).toBe(false)
  expect(driver("0000:04:00.0")).toBe("e1000e")
})

test("a driver that does not match, and a function that has one, are refused", () => {
  const { write, driver } = stage(deviceShapes.twoCards)
  expect(write(`${drivers}/vfio-pci/bind`, address)).toBe("ENODEV")
  expect(write(`${drivers}/e1000e/bind`, address)).toBe("EBUSY")
  expect(write(`${drivers}/e1000e/bind`, "0000:99:00.0")).toBe("ENODEV")
  expect(write(`${drivers}/vfio-pci/unbind`, address)).toBe("ENODEV")
  expect(write("/sys/bus/pci/drivers_probe", "0000:99:00.0")).toBe("ENODEV")
  expect(driver()).toBe("e1000e")
  expect(write(at(address, "driver_override"), "pci-stub")).toBe("ok")
  expect(write(`${drivers}/e1000e/unbind`, address)).toBe("ok")
  expect(write(`${drivers}/e1000e/bind`, address)).toBe("ENODEV")
  expect(write("/sys/bus/pci/drivers_probe", address)).toBe("ok")
  expect(driver()).toBe(undefined)
})

test("new_id binds all that have no driver, and is refused what it knows", () => {
  const { write, driver } = stage({ pci: [...deviceShapes.unbound.pci] })
  expect(write(`${drivers}/vfio-pci/new_id`, "8086")).toBe("EINVAL")
  expect(write(`${drivers}/e1000e/new_id`, "8086 10d3")).toBe("EEXIST")
  expect(write(`${drivers}/vfio-pci/remove_id`, "8086 10d3")).toBe("ENODEV")
  expect(write(`${drivers}/vfio-pci/new_id`, "8086 10d3\n")).toBe("ok")
  // Its own driver was loaded first, and is asked first.
  expect(driver()).toBe("e1000e")
  expect(write(at(address, "driver/unbind"), address)).toBe("ok")
  expect(write(`${drivers}/vfio-pci/bind`, address)).toBe("ok")
  expect(driver()).toBe("vfio-pci")
})

test("attributes are opened as their mode says, and nobody makes one", () => {
  const { write, cat } = stage(deviceShapes.noReset)
  expect(cat(`${drivers}/e1000e/bind`)).toBe("EACCES")
  expect(cat("/sys/bus/pci/drivers_probe")).toBe("EACCES")
  expect(write(at(address, "reset"), "1")).toBe("EACCES")
  expect(cat(at(address, "reset"))).toBe("ENOENT")
  expect(write(at("0000:99:00.0", "driver_override"), "x")).toBe("EACCES")
})

test("a reset takes 1, and ends as the function lets it", () => {
  const { write } = stage(deviceShapes.resetFails)
  expect(write(at(address, "reset"), "0")).toBe("EINVAL")
  expect(write(at(address, "reset"), "1")).toBe("ENOTTY")
  expect(write(at("0000:04:00.0", "reset"), "1\n")).toBe("ok")
})

test("VFIO refuses what has no group, bridges, and physical functions in use", () => {
  const none = stage(deviceShapes.noIommu)
  none.write(at(address, "driver_override"), "vfio-pci")
  none.write(at(address, "driver/unbind"), address)
  expect(none.write(`${drivers}/vfio-pci/bind`, address)).toBe("EINVAL")
  // A probe that nobody takes up is no error.
  expect(none.write("/sys/bus/pci/drivers_probe", address)).toBe("ok")
  expect(none.driver()).toBe(undefined)
  const port = "0000:00:1c.0"
  const behind = stage(deviceShapes.behindBridge)
  behind.write(at(port, "driver_override"), "vfio-pci")
  behind.write(at(port, "driver/unbind"), port)
  expect(behind.write(`${drivers}/vfio-pci/bind`, port)).toBe("EINVAL")
})

test("virtual functions come all at once and go all at once", () => {
  const pci = [deviceShapes.virtualFunctions.pci[0]].flatMap((one) => one ?? [])
  const { write, cat, host, driver } = stage({ pci })
  const file = at(address, "sriov_numvfs")
  expect(cat(file)).toBe("0\n")
  expect(write(file, "8")).toBe("ERANGE")
  expect(write(file, "many")).toBe("EINVAL")
  expect(write(file, "2")).toBe("ok")
  expect(driver("0000:03:10.1")).toBe("igbvf")
  expect(host.disk.has(at(address, "virtfn1"))).toBe(true)
  expect(write(file, "3")).toBe("EBUSY")
  expect(write(file, "0")).toBe("ok")
  expect(driver("0000:03:10.1")).toBe(undefined)
  expect(host.disk.has(at("0000:03:10.0", "vendor"))).toBe(false)
  write(at(address, "driver/unbind"), address)
  expect(write(file, "2")).toBe("ENOENT")
})

test("a function that was removed is found by a rescan", () => {
  const { write, driver, host } = stage(deviceShapes.twoCards)
  expect(write(at(address, "remove"), "1")).toBe("ok")
  expect(host.disk.has(at(address, "vendor"))).toBe(false)
  expect(host.disk.has(`${drivers}/e1000e/${address}`)).toBe(false)
  expect(write("/sys/bus/pci/rescan", "1")).toBe("ok")
  expect(driver()).toBe("e1000e")
})

test("VFIO lets go of a function only when nobody has it open, and the rest waits", () => {
  const { write, driver, host, cat } = stage(deviceShapes.twoCards)
  write(at(address, "driver_override"), "vfio-pci")
  write(at(address, "driver/unbind"), address)
  expect(() => host.pci.open(address, 77)).toThrow("ENOENT")
  write("/sys/bus/pci/drivers_probe", address)
  const close = host.pci.open(address, 77)
  expect(() => host.pci.open(address, 78)).toThrow("EBUSY")
  expect(write(at(address, "driver/unbind"), address)).toBe("waits")
  // The link goes first, and what asks the function for anything else waits too.
  expect(host.disk.has(at(address, "driver"))).toBe(false)
  expect(driver()).toBe("vfio-pci")
  expect(write(at(address, "driver_override"), "\n")).toBe("waits")
  expect(write("/sys/bus/pci/drivers_probe", address)).toBe("waits")
  expect(cat(at(address, "driver_override"))).toBe("vfio-pci\n")
  close()
  host.world.drain()
  expect(driver()).toBe("e1000e")
  expect(cat(at(address, "driver_override"))).toBe("(null)\n")
})

test("a group is given whole: a mate with a driver of the host forbids it", () => {
  const { write, host } = stage(deviceShapes.twoFunctions)
  const [video, sound] = ["0000:01:00.0", "0000:01:00.1"]
  for (const one of [video, sound]) write(at(one, "driver_override"), "vfio-pci")
  write(at(video, "driver/unbind"), video)
  write("/sys/bus/pci/drivers_probe", video)
  expect(() => host.pci.open(video, 77)).toThrow("EPERM")
  write(at(sound, "driver/unbind"), sound)
  expect(() => host.pci.open(sound, 77)).toThrow("ENODEV")
  host.pci.open(video, 77)
  const other = stage(deviceShapes.behindBridge)
  const behind = "0000:05:00.0"
  other.write(at(behind, "driver_override"), "vfio-pci")
  other.write(at(behind, "driver/unbind"), behind)
  other.write("/sys/bus/pci/drivers_probe", behind)
  other.host.pci.open(behind, 77)
})

test("faults: a driver refuses, takes its time, or the function is gone in the middle", () => {
  const plan = (fault: "refuse" | "slow" | "vanish") => {
    const faults = new Faults([{ seam: "pci", nth: 0, fault }])
    return stage(deviceShapes.twoCards, faults)
  }
  const slow = plan("slow")
  expect(slow.write(at(address, "driver/unbind"), address)).toBe("ok")
  expect(slow.host.world.nowMs).toBe(slowDriverMs)
  const vanishing = plan("vanish")
  expect(vanishing.write(at(address, "driver/unbind"), address)).toBe("ok")
  expect(vanishing.host.disk.has(at(address, "vendor"))).toBe(false)
  const refusing = plan("refuse")
  expect(refusing.write(at(address, "reset"), "1")).toBe("ENOTTY")
  const endless = stage(deviceShapes.endlessUnbind)
  expect(endless.write(at(address, "driver/unbind"), address)).toBe("waits")
})

test("an engine that is killed leaves the kernel to end what it has begun", () => {
  const { host, driver } = stage(deviceShapes.slowUnbind)
  const engine = host.engine("dying", () => {})
  Effect.runForkWith(engine.context)(echo(at(address, "driver/unbind"), address))
  host.world.advance(1_000)
  engine.kill()
  expect(driver()).toBe("e1000e")
  host.world.drain()
  expect(driver()).toBe(undefined)
  host.powerCut()
  expect(driver()).toBe("e1000e")
})
