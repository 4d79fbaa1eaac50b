/**
 * Goal: a directory pool lives as libvirt's does, on the disk too. Method: real engines on real
 * folders; what is claimed is looked for in the folder and after a restart.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { poolXml, run, Stage, tagOf, volumeXml } from "./stage.ts"

let stage: Stage

beforeEach(async () => {
  stage = await new Stage().open()
})

afterEach(() => stage.end())

test("a pool is defined, built, started, stopped, deleted and undefined", async () => {
  const { storage } = stage
  const events = await stage.hear()
  const folder = join(stage.top, "new/deep")
  const { uuid } = await run(storage.definePool(poolXml("p", folder)))
  const key = { uuid }
  expect(await tagOf(storage.startPool(key))).toBe("FileError")
  await run(storage.buildPool(key))
  expect(fs.statSync(folder).mode & 0o7777).toBe(0o711)
  await run(storage.startPool(key))
  expect(await tagOf(storage.startPool(key))).toBe("PoolActive")
  expect(await run(storage.lookupPool({ name: "p" }))).toMatchObject({
    uuid,
    isActive: true,
    isPersistent: true,
    isAutostart: false
  })
  const { figures } = await run(storage.lookupPool(key))
  expect(figures.capacityBytes).toBeGreaterThan(0)
  expect(figures.allocationBytes + figures.availableBytes).toBe(figures.capacityBytes)
  expect(await tagOf(storage.undefinePool(key))).toBe("PoolActive")
  await run(storage.stopPool(key))
  expect(await tagOf(storage.refreshPool(key))).toBe("PoolInactive")
  expect(await tagOf(storage.listVolumes(key))).toBe("PoolInactive")
  await run(storage.deletePool(key))
  expect(fs.existsSync(folder)).toBe(false)
  await run(storage.undefinePool(key))
  expect(await tagOf(storage.lookupPool(key))).toBe("PoolNotFound")
  expect(events.map((event) => (event.type === "lifecycle" ? event.event : "refresh"))).toEqual([
    "defined",
    "created",
    "started",
    "stopped",
    "deleted",
    "undefined"
  ])
})

test("a transient pool is gone when it is stopped", async () => {
  const { storage } = stage
  const { uuid } = await run(storage.createPool(poolXml("t", stage.folder)))
  expect(await run(storage.lookupPool({ uuid }))).toMatchObject({
    isActive: true,
    isPersistent: false
  })
  expect(await tagOf(storage.setPoolAutostart({ uuid }, true))).toBe("PoolTransient")
  await run(storage.stopPool({ uuid }))
  expect(await run(storage.listPools)).toEqual([])
})

test("names, uuids and folders are one pool's each", async () => {
  const { storage } = stage
  const uuid = "11111111-1111-4111-8111-111111111111"
  await run(storage.definePool(poolXml("a", stage.folder, uuid)))
  const elsewhere = join(stage.top, "elsewhere")
  expect(await tagOf(storage.definePool(poolXml("a", elsewhere)))).toBe("PoolExists")
  expect(await tagOf(storage.definePool(poolXml("b", elsewhere, uuid)))).toBe("PoolExists")
  expect(await tagOf(storage.definePool(poolXml("b", `${stage.folder}//`)))).toBe("PoolExists")
  await run(storage.definePool(poolXml("a", elsewhere, uuid)))
  expect(await run(storage.lookupPool({ targetPath: elsewhere }))).toMatchObject({ name: "a" })
})

test("of twins that are defined at once one is", async () => {
  const { storage } = stage
  const tries = Array.from({ length: 8 }, (_, index) =>
    run(storage.definePool(poolXml("twin", join(stage.top, `f${index}`)))).then(
      () => "made",
      () => "refused"
    )
  )
  const made = (await Promise.all(tries)).filter((fate) => fate === "made")
  expect(made).toHaveLength(1)
  expect(await run(storage.listPools)).toHaveLength(1)
})

test("a definition of an active pool is acted on after it was stopped", async () => {
  const { storage } = stage
  const key = await stage.pool("p")
  const { uuid } = await run(storage.lookupPool(key))
  const elsewhere = join(stage.top, "elsewhere")
  await run(storage.definePool(poolXml("p", elsewhere, uuid)))
  expect(await run(storage.poolXML(key))).toContain(`<path>${stage.folder}</path>`)
  expect(await run(storage.poolXML(key, { isInactive: true }))).toContain(elsewhere)
  await run(storage.stopPool(key))
  expect(await run(storage.poolXML(key))).toContain(elsewhere)
})

test("pools, and which of them start, survive the engine", async () => {
  const key = await stage.pool("kept")
  await run(stage.storage.setPoolAutostart(key, true))
  await run(stage.storage.definePool(poolXml("other", join(stage.top, "other"))))
  await run(stage.storage.createVolume(key, volumeXml({ name: "v", capacity: 4096 })))
  const before = await run(stage.storage.poolXML(key, { isInactive: true }))
  await stage.close()
  expect(fs.readlinkSync(join(stage.root, "etc/storage/autostart/kept.xml"))).toBe("../kept.xml")
  await stage.open()
  const pools = await run(stage.storage.listPools)
  expect(pools.map(({ name, isActive, isAutostart }) => ({ name, isActive, isAutostart }))).toEqual(
    [
      { name: "kept", isActive: true, isAutostart: true },
      { name: "other", isActive: false, isAutostart: false }
    ]
  )
  expect(await run(stage.storage.poolXML(key, { isInactive: true }))).toBe(before)
  expect(await run(stage.storage.listVolumes(key))).toEqual([
    { pool: "kept", name: "v", key: stage.path("v") }
  ])
  await run(stage.storage.setPoolAutostart(key, false))
  await run(stage.storage.stopPool(key))
  await run(stage.storage.undefinePool(key))
  await stage.close()
  await stage.open()
  expect((await run(stage.storage.listPools)).map(({ name }) => name)).toEqual(["other"])
})

test("an autostart whose folder is gone keeps nothing else from starting", async () => {
  const key = await stage.pool("lost")
  await run(stage.storage.setPoolAutostart(key, true))
  await stage.close()
  fs.rmdirSync(stage.folder)
  await stage.open()
  expect(await run(stage.storage.lookupPool(key))).toMatchObject({ isActive: false })
  fs.mkdirSync(stage.folder)
  await run(stage.storage.startPool(key))
})

test("a refresh sees what came and went, and only files of the folder itself", async () => {
  const { storage } = stage
  const key = await stage.pool()
  fs.writeFileSync(stage.path("new"), "x".repeat(700))
  fs.writeFileSync(stage.path(".hidden"), "x")
  fs.mkdirSync(stage.path("folder"))
  fs.symlinkSync("/etc/passwd", stage.path("link"))
  expect(await run(storage.listVolumes(key))).toEqual([])
  const events = await stage.hear()
  await run(storage.refreshPool(key))
  expect((await run(storage.listVolumes(key))).map(({ name }) => name)).toEqual(["new"])
  expect(await run(storage.volume({ path: stage.path("new") }))).toMatchObject({
    format: "raw",
    capacityBytes: 700
  })
  fs.unlinkSync(stage.path("new"))
  expect(await tagOf(storage.volume({ key: stage.path("new") }))).toBe("VolumeNotFound")
  await run(storage.refreshPool(key))
  expect(await run(storage.listVolumes(key))).toEqual([])
  expect(events.map(({ type }) => type)).toEqual(["refresh", "refresh"])
})

test("what is no directory pool is refused, with its reason", async () => {
  const { storage } = stage
  const xml = "<pool type='logical'><name>vg</name><target><path>/dev/vg</path></target></pool>"
  const refused = await run(storage.definePool(xml)).catch((error: unknown) => error)
  expect(refused).toMatchObject({ _tag: "XmlError", problem: "unsupported" })
  expect(await tagOf(storage.definePool(poolXml("up", "/tmp/../etc")))).toBe("XmlError")
  expect(await tagOf(storage.definePool(poolXml("a/b", stage.folder)))).toBe("XmlError")
  expect(await run(storage.listPools)).toEqual([])
})
