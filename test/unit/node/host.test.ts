/**
 * Goal: what a host says of itself is read right, and what it does not say is left out, never a
 * failure.
 * Method: a host with two sockets, and hosts that lack parts of /proc and /sys, all in memory.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { Files } from "../../../src/host/files.ts"
import { readCpuLists, readCpuTimes } from "../../../src/host/node-cpu.ts"
import { readFirmwareUuid, readHostname, readSmbios } from "../../../src/host/node-identity.ts"
import { readProcessor } from "../../../src/host/node-processor.ts"
import { readHost, readNodeInfo, readPlaces } from "../../../src/node/host-facts.ts"
import { hostUuid } from "../../../src/node/host-uuid.ts"
import { cellsFreeMemory, freeMemory, freePages, memoryStats } from "../../../src/node/memory.ts"
import { cpuMapOf } from "../../../src/node/node-info.ts"
import { sysinfoXml } from "../../../src/xml/capabilities-sysinfo.ts"
import { hostWith, runOn, type Texts, twoSockets } from "./host.ts"

const info = Effect.gen(function* () {
  const { online } = yield* readCpuLists
  return yield* readNodeInfo(yield* readPlaces(online))
})

const host = Effect.gen(function* () {
  const { online } = yield* readCpuLists
  return yield* readHost(yield* readPlaces(online))
})

const without = (texts: Texts, ...parts: readonly string[]): Texts =>
  Object.fromEntries(
    Object.entries(texts).filter(([path]) => !parts.some((part) => path.includes(part)))
  )

test("sockets are counted by cell, cores by socket, threads by core", () => {
  expect(runOn(hostWith(twoSockets), info)).toEqual({
    model: "x86_64",
    memoryKiB: 8_000_000,
    cpus: 8,
    mhz: 2893,
    nodes: 2,
    sockets: 1,
    cores: 2,
    threads: 2
  })
})

test("a host whose numbers do not multiply counts as one socket with all its CPUs", () => {
  const list = "/sys/devices/system/cpu"
  const texts = { ...twoSockets, [`${list}/present`]: "0-6\n", [`${list}/online`]: "0-6\n" }
  const found = runOn(hostWith(texts), info)
  expect(found).toMatchObject({ cpus: 7, nodes: 1, sockets: 1, cores: 7, threads: 1 })
})

test("a kernel without NUMA has one cell with everything", () => {
  const found = runOn(hostWith(without(twoSockets, "/node/")), host)
  expect(found.cells).toHaveLength(1)
  expect(found.cells[0]).toMatchObject({ id: 0, memoryKiB: 8_000_000 })
  expect(found.cells[0]?.cpus).toHaveLength(8)
  expect(found.info).toMatchObject({ nodes: 1, sockets: 2, cores: 2, threads: 2 })
})

test("a host that says nothing is answered with nothing, and nothing fails", () => {
  const empty = hostWith(without(twoSockets, "/proc", "/sys"))
  expect(runOn(empty, info)).toEqual({
    model: "unknown",
    memoryKiB: 0,
    cpus: 0,
    mhz: 0,
    nodes: 1,
    sockets: 1,
    cores: 1,
    threads: 1
  })
  expect(runOn(empty, readHostname)).not.toBe("")
  expect(runOn(empty, readSmbios)).toEqual([])
  expect(runOn(empty, freeMemory)).toBe(0n)
  expect(runOn(empty, readCpuTimes("all"))).toBeUndefined()
})

test("cells have their CPUs, pages and distances; caches are named once", () => {
  const { cells, caches, dies } = runOn(hostWith(twoSockets), host)
  expect(cells.map(({ id, distances }) => [id, distances])).toEqual([
    [
      0,
      [
        { id: 0, value: 10 },
        { id: 1, value: 21 }
      ]
    ],
    [
      1,
      [
        { id: 0, value: 21 },
        { id: 1, value: 10 }
      ]
    ]
  ])
  expect(cells[1]?.pages).toEqual([
    { sizeKiB: 4, count: (4_000_000 - 20_480) / 4 },
    { sizeKiB: 2048, count: 10 }
  ])
  expect(cells[1]?.cpus[0]).toEqual({ id: 2, socket: 1, die: 0, core: 0, siblings: "2,6" })
  const bank = { level: 3, type: "both", sizeKiB: 16_384 }
  expect(caches).toEqual([
    { ...bank, id: 0, cpus: "0-1,4-5" },
    { ...bank, id: 1, cpus: "2-3,6-7" }
  ])
  expect(dies).toBe(2)
})

test("the processor is that of the first CPU", () => {
  expect(runOn(hostWith(twoSockets), readProcessor)).toEqual({
    arch: "x86_64",
    vendor: "GenuineIntel",
    family: 6,
    model: 85,
    stepping: 7,
    microcode: 0x5003604,
    mhz: 2893,
    physicalAddressBits: 46,
    flags: ["fpu", "vme", "lm", "sse", "sse4_1", "tsc_deadline_timer", "made_up"]
  })
})

test("times are nanoseconds; interrupts are the kernel's, nice ones the users'", () => {
  const big = hostWith(twoSockets)
  const tick = 10_000_000n
  expect(runOn(big, readCpuTimes("all"))).toEqual({
    kernel: 160n * tick,
    user: 30n * tick,
    idle: 40n * tick,
    iowait: 50n * tick
  })
  expect(runOn(big, readCpuTimes(1))?.user).toBe(3n * tick)
  expect(runOn(big, readCpuTimes(2))).toBeUndefined()
})

test("memory is told whole and by cell, and a cell that is not there is refused", () => {
  const big = hostWith(twoSockets)
  expect(runOn(big, memoryStats("all"))).toEqual({
    total: 8_000_000,
    free: 3_000_000,
    buffers: 5,
    cached: 7
  })
  expect(runOn(big, memoryStats(1))).toEqual({ total: 4_000_000, free: 2_000_000 })
  expect(runOn(big, freeMemory)).toBe(3_000_000n * 1024n)
  expect(runOn(big, cellsFreeMemory(1, 9))).toEqual([2_000_000n * 1024n])
  const pages = { sizesKiB: [4, 2048], startCell: 0, cellCount: 2 }
  expect(runOn(big, freePages(pages))).toEqual([250_000n, 0n, 500_000n, 4n])
  const isRefused = { _tag: "NodeArgumentInvalid" }
  for (const cell of [2, -1]) {
    expect(runOn(big, Effect.flip(memoryStats(cell)))).toMatchObject(isRefused)
    expect(runOn(big, Effect.flip(cellsFreeMemory(cell, 1)))).toMatchObject(isRefused)
  }
  const unknown = freePages({ ...pages, sizesKiB: [1234] })
  expect(runOn(big, Effect.flip(unknown)).message).toContain("1234")
})

test("the map of CPUs has a bit for each that is online", () => {
  expect([...cpuMapOf([0, 3, 8], 10)]).toEqual([0b1001, 1])
  expect([...cpuMapOf([], 1)]).toEqual([0])
})

test("the firmware's uuid counts when somebody has set it", () => {
  const at = "/sys/class/dmi/id/product_uuid"
  const uuidOf = (text: string) => runOn(hostWith({ [at]: text }), readFirmwareUuid)
  expect(uuidOf("4C4C4544-0042-3510-8056-B4C04F4E3232\n")).toBe(
    "4c4c4544-0042-3510-8056-b4c04f4e3232"
  )
  expect(uuidOf("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n")).toBeUndefined()
  expect(uuidOf("Not Settable\n")).toBeUndefined()
})

test("a host whose firmware has no uuid keeps the one that it was given", () => {
  const plain = hostWith({ "/root/lib/x": "" })
  const first = runOn(plain, hostUuid("/root/lib/host-uuid"))
  expect(runOn(plain, hostUuid("/root/lib/host-uuid"))).toBe(first)
  const names = Effect.flatMap(Files, (files) => files.list("/root/lib"))
  expect(runOn(plain, names)).toEqual(["host-uuid", "x"])
  expect(runOn(hostWith(twoSockets), hostUuid("/root/lib/host-uuid"))).toMatch(/^4c4c4544-/)
})

test("what the firmware says is text, whatever is in it", () => {
  const xml = sysinfoXml(runOn(hostWith(twoSockets), readSmbios))
  expect(xml).toContain("<entry name='manufacturer'>Maker &amp; Sons</entry>")
  expect(xml).toContain("<entry name='product'>Box &lt;2&gt;</entry>")
  expect(xml.indexOf("<bios>")).toBeLessThan(xml.indexOf("<system>"))
})
