/**
 * Goal: what is told of a running guest is what QEMU and the host have, in libvirt's names, and a
 * domain that is off tells what its definition and files do.
 * Method: one guest under TCG with a disk, an empty CD drive, a card, a balloon and an I/O thread;
 * its figures are held against its own process, files and definition.
 */
import { readFileSync, statSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Domain } from "../../../src/engine/handle.ts"
import { parameterType } from "../../../src/qemu/stats.ts"
import { qcow2, rich, run, type Scene, setScene, tagOf, until } from "./stage.ts"

let scene: Scene
let web: Domain

beforeAll(async () => {
  scene = await setScene()
  web = await scene.define("web", rich)
  await run(web.start())
  await until("the guest", () => scene.stage.serial("web").includes("TROUPE GUEST UP"))
})

afterAll(() => scene[Symbol.asyncDispose]())

test("a disk counts what the guest read from it, and the sum counts all disks", async () => {
  const disk = await run(web.guest.blockStats("vda"))
  expect(disk.readBytes).toBeGreaterThanOrEqual(512)
  expect(disk.writtenBytes).toBe(0)
  const path = `${scene.stage.directory}/web.img`
  expect((await run(web.guest.blockStats(path))).readRequests).toBe(disk.readRequests)
  const all = await run(web.guest.blockStats(""))
  expect(all.readRequests).toBeGreaterThanOrEqual(disk.readRequests)
  expect(await tagOf(web.guest.blockStats("vdz"))).toBe("InvalidArgument")
})

test("an image's sizes are those of its file, running or not", async () => {
  const path = `${scene.stage.directory}/web.img`
  const { size, blocks } = statSync(path)
  const sizes = { capacity: size, allocation: blocks * 512, physical: size }
  expect(await run(web.guest.blockInfo("vda"))).toEqual(sizes)
  const off = await scene.define("off")
  const image = statSync(`${scene.stage.directory}/off.img`)
  expect(await run(off.guest.blockInfo("vda"))).toEqual({
    capacity: image.size,
    allocation: image.blocks * 512,
    physical: image.size
  })
  expect(await tagOf(web.guest.blockInfo("sda"))).toBe("GuestUnsupported")
})

test("what a guest would see of a qcow2 image is told while it is off", async () => {
  const image = qcow2(scene.stage, "disk.qcow2", 5 * 2 ** 30)
  const off = await scene.define("cow", (xml) =>
    xml.replace(/source file='[^']*'/, `source file='${image}'`).replace("'raw'", "'qcow2'")
  )
  expect(await run(off.guest.blockInfo("vda"))).toMatchObject({
    capacity: 5 * 2 ** 30,
    physical: statSync(image).size
  })
})

test("bytes of a disk and of the memory are the boot sector's", async () => {
  const image = readFileSync(`${scene.stage.directory}/web.img`)
  const [disk, memory] = [
    await run(web.guest.blockPeek("vda", 0, 440)),
    await run(web.guest.memoryPeek(0x7c00n, 16, "physical"))
  ]
  expect(Buffer.from(disk)).toEqual(image.subarray(0, 440))
  expect(Buffer.from(memory)).toEqual(image.subarray(0, 16))
  expect(await tagOf(web.guest.blockPeek("vda", image.length, 1))).toBe("OperationFailed")
})

test("a card of user mode is not counted by the host, and says so", async () => {
  const mac = "52:54:00:00:00:01"
  expect(await tagOf(web.guest.interfaceStats(mac))).toBe("GuestUnsupported")
  expect(await tagOf(web.guest.interfaceStats("vnet77"))).toBe("InvalidArgument")
  const parameters = await run(web.guest.interfaceParameters(mac))
  expect(parameters.map(({ field }) => field)).toContain("outbound.burst")
})

test("memory and processor time are the process's own", async () => {
  const { pid } = await run(web.info)
  const stats = await run(web.guest.memoryStats)
  expect(stats.find(({ tag }) => tag === 6)?.value).toBe(32 * 1024)
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1])
  // It grows and shrinks between two looks.
  expect(Math.abs((stats.find(({ tag }) => tag === 7)?.value ?? 0) - rss)).toBeLessThan(8 * 1024)
  const total = await run(web.guest.cpuTotal)
  expect(total.cpuTimeNs).toBe(total.userNs + total.systemNs)
  const [vcpu] = await run(web.guest.vcpuInfo)
  expect(vcpu).toMatchObject({ number: 0, state: 1 })
  expect(vcpu?.cpuTimeNs).toBeLessThanOrEqual((await run(web.guest.cpuTotal)).cpuTimeNs)
  expect(vcpu?.affinity).toContain(vcpu?.hostCpu)
  expect(await run(web.guest.vcpuPins())).toEqual([vcpu?.affinity])
  expect((await run(web.guest.emulatorPin())).length).toBeGreaterThan(0)
})

const typesOf: { readonly [field: string]: keyof typeof parameterType } = {
  "state.state": "int",
  "state.reason": "int",
  "cpu.time": "unsignedLong",
  "cpu.user": "unsignedLong",
  "cpu.system": "unsignedLong",
  "balloon.current": "unsignedLong",
  "balloon.maximum": "unsignedLong",
  "balloon.rss": "unsignedLong",
  "vcpu.current": "unsigned",
  "vcpu.maximum": "unsigned",
  "vcpu.0.state": "int",
  "vcpu.0.time": "unsignedLong",
  "net.count": "unsigned",
  "block.count": "unsigned",
  "block.0.name": "string",
  "block.0.path": "string",
  "block.0.rd.reqs": "unsignedLong",
  "block.0.wr.bytes": "unsignedLong",
  "block.0.fl.times": "unsignedLong",
  "block.0.capacity": "unsignedLong",
  "block.1.name": "string",
  "iothread.count": "unsigned",
  "iothread.1.poll-max-ns": "unsignedLong",
  "dirtyrate.calc_status": "int"
}

test("statistics have libvirt's names and types, for one domain and for many", async () => {
  await scene.define("idle")
  const { params, id, name } = await run(web.guest.stats())
  expect({ id, name }).toEqual({ id: (await run(web.summary)).id, name: "web" })
  const types = new Map(params.map(({ field, value }) => [field, value.type]))
  for (const [field, type] of Object.entries(typesOf))
    expect([field, types.get(field)]).toEqual([field, parameterType[type]])
  const value = (field: string) => params.find((one) => one.field === field)?.value.value
  expect(value("state.state")).toBe(1)
  expect(value("vcpu.maximum")).toBe(3)
  expect(value("block.0.capacity")).toBe(BigInt(1024 * 1024))
  const all = await run(scene.engine.domainStats({ groups: ["state", "block", "vcpu"] }))
  const idle = all.find((one) => one.name === "idle")
  expect(idle?.params.map(({ field }) => field)).toEqual([
    "state.state",
    "state.reason",
    "block.count",
    "block.0.name",
    "block.0.path",
    "block.0.allocation",
    "block.0.capacity",
    "block.0.physical",
    "vcpu.current",
    "vcpu.maximum"
  ])
  const active = await run(scene.engine.domainStats({ filter: { isActive: true } }))
  expect(active.map((one) => one.name)).toEqual(["web"])
  const listed = await run(scene.engine.domainStats({ domains: ["nobody", web.uuid] }))
  expect(listed.map(({ uuid }) => uuid)).toEqual([web.uuid])
})

test("what needs a running guest is refused for one that is off", async () => {
  const { guest } = await scene.define("still")
  const mac = "52:54:00:00:00:01"
  const asked = [
    guest.blockStats("vda"),
    guest.diskErrors,
    guest.blockResize("vda", 4096),
    guest.interfaceStats(mac),
    guest.memoryStats,
    guest.setMemory(1024, { live: true }),
    guest.vcpuInfo,
    guest.vcpuCount({ live: true }),
    guest.cpuTotal,
    guest.jobType,
    guest.controlInfo,
    guest.screenshot(),
    guest.sendKey({ codeset: "linux", keycodes: [28] }),
    guest.injectNmi,
    guest.monitorCommand('{"execute":"query-status"}')
  ]
  for (const one of asked)
    expect(await tagOf<unknown, { readonly _tag: string }>(one)).toBe("NotRunning")
})

test("no limits are what a definition without limits has", async () => {
  const memory = await run(web.guest.memoryParameters())
  expect(memory.map(({ field, value }) => [field, value.value])).toContainEqual([
    "hard_limit",
    9_007_199_254_740_991n
  ])
  expect(await run(web.guest.numaParameters())).toContainEqual({
    field: "numa_mode",
    value: { type: 1, value: 0 }
  })
  const shares = await run(web.guest.schedulerParameters({ config: true }))
  expect(shares[0]).toEqual({ field: "cpu_shares", value: { type: 4, value: 0n } })
  expect(await tagOf(web.guest.schedulerParameters({ live: true }))).toBe("GuestUnsupported")
  expect(await tagOf(web.guest.schedulerParameters({ live: true, config: true }))).toBe(
    "InvalidArgument"
  )
})
