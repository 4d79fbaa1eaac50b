/**
 * Goal: what a running guest is told takes effect in QEMU, stands in the right definition, and is
 * refused in a typed way where it cannot be.
 * Method: a guest under TCG; after each order QEMU's own monitor and the XML are looked at.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Domain } from "../../../src/engine/handle.ts"
import { rich, run, type Scene, setScene, tagOf, until } from "./stage.ts"

let scene: Scene
let web: Domain

beforeAll(async () => {
  scene = await setScene()
  web = await scene.define("web", rich)
  await run(web.start())
  await until("the guest", () => scene.stage.serial("web").includes("TROUPE GUEST UP"))
})

afterAll(() => scene[Symbol.asyncDispose]())

const ask = async (execute: string, words: object = {}) =>
  JSON.parse(
    await run(web.guest.monitorCommand(JSON.stringify({ execute, arguments: words })))
  ) as { readonly return: never }

const xmlOf = (isInactive: boolean) => run(web.xml({ isInactive }))

test("a vCPU is plugged, stands in the live definition only, and is not taken away", async () => {
  expect(await run(web.guest.vcpuCount())).toBe(1)
  await run(web.guest.setVcpuCount(2))
  expect((await ask("query-cpus-fast")).return).toHaveLength(2)
  expect(await run(web.guest.vcpuInfo)).toHaveLength(2)
  expect(await run(web.guest.vcpuCount())).toBe(2)
  expect(await run(web.guest.vcpuCount({ config: true }))).toBe(1)
  expect(await run(web.guest.vcpuCount({ isMaximum: true }))).toBe(3)
  expect(await xmlOf(false)).toContain("current='2'")
  expect(await xmlOf(true)).toContain("current='1'")
  expect(await tagOf(web.guest.setVcpuCount(1))).toBe("GuestUnsupported")
  expect(await tagOf(web.guest.setVcpuCount(4))).toBe("InvalidArgument")
  expect(await tagOf(web.guest.setVcpuCount(2, { isMaximum: true }))).toBe("GuestUnsupported")
  await run(web.guest.setVcpuCount(3, { live: true, config: true }))
  expect(await run(web.guest.vcpuCount({ config: true }))).toBe(3)
})

test("maxima change in a definition, and what is past them is refused", async () => {
  const off = await scene.define("off")
  await run(off.guest.setMaximumMemory(65_536))
  await run(off.guest.setMemory(40_000))
  await run(off.guest.setVcpuCount(4, { isMaximum: true }))
  await run(off.guest.setVcpuCount(2))
  const xml = await run(off.xml())
  expect(xml).toContain("<memory unit='KiB'>65536</memory>")
  expect(xml).toContain("<currentMemory unit='KiB'>40000</currentMemory>")
  expect(xml).toContain("current='2'>4</vcpu>")
  expect(await tagOf(off.guest.setMemory(70_000))).toBe("InvalidArgument")
  await run(off.guest.setMaximumMemory(32_768))
  expect(await run(off.xml())).toContain("<currentMemory unit='KiB'>32768</currentMemory>")
  expect(await tagOf(web.guest.setMaximumMemory(65_536))).toBe("GuestUnsupported")
  await run(web.guest.setMaximumMemory(65_536, { config: true }))
  expect(await xmlOf(true)).toContain("<memory unit='KiB'>65536</memory>")
  expect(await xmlOf(false)).toContain("<memory unit='KiB'>32768</memory>")
})

test("the balloon is told, its period too, and neither without a balloon", async () => {
  await run(web.guest.setMemory(16_384))
  await run(web.guest.setMemory(16_384, { config: true }))
  await run(web.guest.setMemoryStatsPeriod(7))
  const period = { path: "/machine/peripheral/balloon0", property: "guest-stats-polling-interval" }
  expect((await ask("qom-get", period)).return).toBe(7)
  expect(await xmlOf(false)).toContain("<stats period='7'/>")
  expect(await xmlOf(true)).not.toContain("<stats period")
  const bare = await scene.define("bare", (xml) =>
    xml.replace("</devices>", "<memballoon model='none'/></devices>")
  )
  await run(bare.start())
  expect(await tagOf(bare.guest.setMemory(16_384))).toBe("GuestUnsupported")
  expect(await tagOf(bare.guest.setMemoryStatsPeriod(7))).toBe("GuestUnsupported")
  expect((await run(bare.guest.memoryStats)).map(({ tag }) => tag)).toEqual([6, 7])
  await run(bare.destroy())
})

test("a disk grows, and its limits are QEMU's; a listener is told of them", async () => {
  await run(web.guest.blockResize("vda", 3 * 1024 * 1024 - 100))
  expect((await run(web.guest.blockInfo("vda"))).capacity).toBe(3 * 1024 * 1024)
  expect(await tagOf(web.guest.blockResize("sda", 1024))).toBe("InvalidArgument")
  const limit = (field: string, value: bigint) => ({ field, value: { type: 4 as const, value } })
  await run(
    web.guest.setBlockIoTune("vda", [
      limit("read_iops_sec", 100n),
      limit("read_iops_sec_max", 200n),
      limit("read_iops_sec_max_length", 2n)
    ])
  )
  const set = async () =>
    (await run(web.guest.blockIoTune("vda"))).filter(
      ({ value }) => value.type === 4 && value.value !== 0n
    )
  expect(await set()).toEqual([
    limit("read_iops_sec", 100n),
    limit("read_iops_sec_max", 200n),
    limit("read_iops_sec_max_length", 2n)
  ])
  // A total takes the place of its parts, whose own maxima stay QEMU's to judge.
  await run(
    web.guest.setBlockIoTune("vda", [
      limit("read_iops_sec_max_length", 0n),
      limit("read_iops_sec_max", 0n),
      limit("total_iops_sec", 50n)
    ])
  )
  expect(await set()).toEqual([limit("total_iops_sec", 50n)])
  await run(web.guest.setBlockIoTune("vda", [limit("total_iops_sec", 0n)]))
  expect(await set()).toEqual([])
  const both = [limit("total_bytes_sec", 1n), limit("read_bytes_sec", 1n)]
  expect(await tagOf(web.guest.setBlockIoTune("vda", both))).toBe("InvalidArgument")
  expect(await tagOf(web.guest.setBlockIoTune("vda", [limit("x", 1n)]))).toBe("InvalidArgument")
  expect(await scene.heard("tunable")).toMatchObject({
    params: expect.arrayContaining([
      { field: "blkdeviotune.disk", value: { type: 7, value: "vda" } },
      { field: "blkdeviotune.read_iops_sec", value: { type: 4, value: 100n } }
    ])
  })
})

test("a cable is pulled and put back, live and in the definition", async () => {
  const mac = "52:54:00:00:00:01"
  await run(web.guest.setLinkState(mac, false))
  expect(await xmlOf(false)).toContain("<link state='down'/>")
  expect(await xmlOf(true)).not.toContain("<link")
  await run(web.guest.setLinkState(mac, true, { live: true, config: true }))
  expect(await xmlOf(false)).toContain("<link state='up'/>")
  expect(await xmlOf(true)).toContain("<link state='up'/>")
  expect(await tagOf(web.guest.setLinkState("52:54:00:00:00:99", true))).toBe("InvalidArgument")
})

test("a transient domain has no definition to change", async () => {
  const { guest } = await run(scene.engine.createXML(scene.stage.definition("brief")))
  expect(await tagOf(guest.setMemory(1024, { config: true }))).toBe("OperationFailed")
  expect(await tagOf(guest.setVcpuCount(1, { config: true }))).toBe("OperationFailed")
})
