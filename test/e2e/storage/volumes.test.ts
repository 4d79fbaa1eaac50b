/**
 * Goal: volumes are what was asked for, by QEMU's own word, and what fails leaves nothing.
 * Method: real engines and qemu-img; each image is looked at by a qemu-img of the test's own.
 */
import * as fs from "node:fs"
import { afterEach, beforeEach, expect, test } from "vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { isDead } from "../engine/processes.ts"
import { imageFacts, isSameContent, megabyte, run, Stage, tagOf, volumeXml } from "./stage.ts"

let stage: Stage
let pool: { readonly name: string }

beforeEach(async () => {
  stage = await new Stage().open()
  pool = await stage.pool()
})

afterEach(() => stage.end())

const create = (text: Parameters<typeof volumeXml>[0]) =>
  run(stage.storage.createVolume(pool, volumeXml(text)))

test("a raw volume is allocated as asked: not, in part, or whole", async () => {
  const sizes = { capacity: 3 * megabyte, format: "raw" }
  await create({ name: "none", allocation: 0, ...sizes })
  await create({ name: "part", allocation: megabyte, ...sizes })
  await create({ name: "whole", ...sizes })
  const stats = ["none", "part", "whole"].map((name) => fs.statSync(stage.path(name)))
  expect(stats.map(({ size }) => size)).toEqual([sizes.capacity, sizes.capacity, sizes.capacity])
  expect(stats.map(({ blocks }) => Math.floor((blocks * 512) / megabyte))).toEqual([0, 1, 3])
  expect(stats.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600])
  const volume = await run(stage.storage.volume({ pool, name: "part" }))
  expect(volume).toMatchObject({ format: "raw", capacityBytes: sizes.capacity })
  expect(stage.files()).toEqual(["none", "part", "whole"])
})

test("a volume is found by what a list said of it", async () => {
  await create({ name: "v", capacity: megabyte, format: "raw" })
  const [listed] = await run(stage.storage.listVolumes(pool))
  if (listed === undefined) return expect.fail("the list is empty")
  expect(await run(stage.storage.lookupVolume(listed))).toEqual(listed)
})

test("a qcow2 volume is one by QEMU's own word, over a backing volume too", async () => {
  await create({ name: "base", capacity: 5 * megabyte, format: "qcow2" })
  const below = `<path>${stage.path("base")}</path><format type='qcow2'/>`
  const backing = `<backingStore>${below}</backingStore>`
  await create({ name: "top", format: "qcow2", more: backing })
  expect(imageFacts(stage.path("base"))).toMatchObject({
    format: "qcow2",
    "virtual-size": 5 * megabyte
  })
  expect(imageFacts(stage.path("top"))).toMatchObject({
    format: "qcow2",
    "virtual-size": 5 * megabyte,
    "full-backing-filename": stage.path("base")
  })
  const xml = await run(stage.storage.volumeXML({ pool, name: "top" }))
  expect(xml).toContain("<compat>1.1</compat>")
  expect(xml).toMatch(
    new RegExp(`<backingStore>\\s*<path>${stage.path("base")}</path>\\s*<format type='qcow2'/>`)
  )
})

test("a copy has its source's content, in its own format and size", async () => {
  const { storage } = stage
  fs.writeFileSync(stage.path("source"), Buffer.from("boot".repeat(megabyte)))
  await run(storage.refreshPool(pool))
  const from = { key: stage.path("source") }
  const copies = [
    { name: "raw", format: "raw", capacity: 0 },
    { name: "qcow2", format: "qcow2", capacity: 10 * megabyte }
  ]
  for (const copy of copies) await run(storage.copyVolume(pool, volumeXml(copy), { from }))
  expect(isSameContent(stage.path("source"), stage.path("raw"))).toBe(true)
  expect(fs.statSync(stage.path("raw")).size).toBe(4 * megabyte)
  expect(imageFacts(stage.path("qcow2"))).toMatchObject({
    format: "qcow2",
    "virtual-size": 10 * megabyte
  })
  expect(isSameContent(stage.path("source"), stage.path("qcow2"))).toBe(true)
})

test("a volume grows, shrinks only when that is asked for, and is wiped and deleted", async () => {
  const { storage } = stage
  await create({ name: "v", capacity: 2 * megabyte, format: "qcow2" })
  const key = { pool, name: "v" }
  await run(storage.resizeVolume(key, { capacityBytes: 4 * megabyte }))
  await run(storage.resizeVolume(key, { capacityBytes: megabyte, isDelta: true }))
  expect((await run(storage.volume(key))).capacityBytes).toBe(5 * megabyte)
  expect(imageFacts(stage.path("v"))["virtual-size"]).toBe(5 * megabyte)
  expect(await tagOf(storage.resizeVolume(key, { capacityBytes: megabyte }))).toBe("StorageRefused")
  await run(storage.resizeVolume(key, { capacityBytes: megabyte, isShrinking: true }))
  expect(imageFacts(stage.path("v"))["virtual-size"]).toBe(megabyte)
  expect(await tagOf(storage.wipeVolume(key, "nnsa"))).toBe("StorageUnsupported")
  await run(storage.wipeVolume(key))
  expect(fs.readFileSync(stage.path("v")).every((byte) => byte === 0)).toBe(true)
  expect(await run(storage.volume(key))).toMatchObject({ format: "raw" })
  await run(storage.deleteVolume(key))
  expect(stage.files()).toEqual([])
  expect(await tagOf(storage.lookupVolume(key))).toBe("VolumeNotFound")
})

test("a file that is there is never replaced, known or not", async () => {
  const { storage } = stage
  fs.writeFileSync(stage.path("theirs"), "precious")
  const text = volumeXml({ name: "theirs", capacity: 4096 })
  expect(await tagOf(storage.createVolume(pool, text))).toBe("VolumeExists")
  await run(storage.refreshPool(pool))
  expect(await tagOf(storage.createVolume(pool, text))).toBe("VolumeExists")
  expect(fs.readFileSync(stage.path("theirs"), "utf8")).toBe("precious")
  expect(stage.files()).toEqual(["theirs"])
})

test("no name leads out of the folder", async () => {
  const { storage } = stage
  for (const name of ["..", ".", "a/b", "../x", "/etc/x", ".hidden", "a&#10;b", "x".repeat(256)])
    expect([
      name,
      await tagOf(storage.createVolume(pool, volumeXml({ name, capacity: 1 })))
    ]).toEqual([name, "StorageRefused"])
  expect(stage.files()).toEqual([])
  for (const path of ["../../etc/passwd", "/etc/passwd", `${stage.folder}/../x`])
    expect(await tagOf(storage.lookupVolume({ path }))).toBe("VolumeNotFound")
})

test("what cannot be made as asked is refused, and nothing is made", async () => {
  const { storage } = stage
  const refused = {
    StorageUnsupported: { name: "a", capacity: 1, format: "vmdk" },
    StorageRefused: { name: "b", format: "qcow2" },
    XmlError: { name: "c", capacity: 1, more: "<target><encryption format='luks'/></target>" }
  }
  for (const [tag, text] of Object.entries(refused))
    expect(await tagOf(storage.createVolume(pool, volumeXml(text)))).toBe(tag)
  const below = "<backingStore><path>/x</path><format type='raw'/></backingStore>"
  const raw = volumeXml({ name: "d", capacity: 4096, format: "raw", more: below })
  expect(await tagOf(storage.createVolume(pool, raw))).toBe("StorageRefused")
  const backing = "<backingStore><path>nbd:host:1</path><format type='raw'/></backingStore>"
  const nbd = volumeXml({ name: "e", capacity: 4096, format: "qcow2", more: backing })
  expect(await tagOf(storage.createVolume(pool, nbd))).toBe("StorageRefused")
  const gone = backing.replace("nbd:host:1", stage.path("gone"))
  const missing = volumeXml({ name: "f", format: "qcow2", more: gone })
  expect(await tagOf(storage.createVolume(pool, missing))).toBe("ImageToolFailed")
  expect(stage.files()).toEqual([])
})

test("of those who make the same volume at once one does; others go on beside it", async () => {
  const { storage } = stage
  const text = volumeXml({ name: "one", capacity: megabyte, format: "qcow2" })
  const tries = [1, 2, 3, 4].map(() =>
    run(storage.createVolume(pool, text)).then(
      () => "made",
      ({ _tag }: { readonly _tag: string }) => _tag
    )
  )
  const others = [1, 2, 3].map((n) => create({ name: `other${n}`, capacity: 4096 }))
  const fates = await Promise.all(tries)
  await Promise.all(others)
  expect(fates.filter((fate) => fate === "made")).toHaveLength(1)
  for (const fate of fates) expect(["made", "StorageBusy", "VolumeExists"]).toContain(fate)
  expect(stage.files()).toEqual(["one", "other1", "other2", "other3"])
})

test("an interrupted creation is over when that is said, and leaves nothing", async () => {
  await stage.close()
  const { storage } = await stage.open(stage.stuckTool())
  await run(storage.startPool(pool))
  const text = volumeXml({ name: "slow", capacity: megabyte, format: "raw" })
  const making = Effect.runFork(storage.createVolume(pool, text))
  const pid = await stage.toolPid()
  expect(stage.files()).toHaveLength(1)
  expect(await tagOf(storage.createVolume(pool, text))).toBe("StorageBusy")
  expect(await tagOf(storage.stopPool(pool))).toBe("StorageBusy")
  await run(storage.refreshPool(pool))
  expect(await run(storage.listVolumes(pool))).toEqual([])
  await run(Fiber.interrupt(making))
  expect(isDead(pid)).toBe(true)
  expect(stage.files()).toEqual([])
  await run(storage.stopPool(pool))
})

test("what QEMU cannot open is listed as unknown, and can be deleted", async () => {
  const { storage } = stage
  await create({ name: "v", capacity: megabyte, format: "qcow2" })
  const header = Buffer.from(fs.readFileSync(stage.path("v")))
  header.writeUInt32BE(99, 4)
  fs.writeFileSync(stage.path("v"), header)
  await run(storage.refreshPool(pool))
  expect(await run(storage.volume({ pool, name: "v" }))).toMatchObject({ format: "unknown" })
  await run(storage.deleteVolume({ pool, name: "v" }))
})
