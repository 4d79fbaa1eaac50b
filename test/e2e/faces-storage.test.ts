/**
 * Goal: pools and volumes in promises: what is written comes out again, by pieces, by streams and
 * with holes; events are heard; what is open ends with the engine.
 * Method: an engine in this process on a root of its own, and folders of the test's.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { PoolNotFound, StorageBusy, Troupe } from "../../src/index.ts"
import { setStage, type Stage } from "./faces-stage.ts"

const megabyte = 1024 * 1024

const setPool = async (stage: Stage, troupe: Troupe) => {
  const folder = join(stage.directory, "images")
  mkdirSync(folder)
  const pool = { name: "images" }
  const target = `<target><path>${folder}</path></target>`
  await troupe.storage.definePool(`<pool type='dir'><name>images</name>${target}</pool>`)
  return { folder, pool }
}

const volumeXml = (name: string, bytes: number) =>
  `<volume><name>${name}</name><capacity>${bytes}</capacity></volume>`

test("a volume takes a stream and gives it back, with its zeros as holes", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const { storage } = troupe
  const { folder, pool } = await setPool(stage, troupe)
  await storage.startPool(pool)
  const xml = volumeXml("disk.raw", 4 * megabyte)
  const { key } = await storage.createVolume(pool, xml, { operationId: "made once" })
  const head = new Uint8Array(megabyte).fill(1)
  const tail = new Uint8Array(megabyte).fill(2)
  await using upload = await storage.upload({ key })
  await expect(storage.upload({ key })).rejects.toThrow(StorageBusy)
  await upload.write(head)
  await upload.hole(2 * megabyte)
  await upload.write(tail)
  await upload.finish()
  const pieces = []
  for await (const piece of await storage.download({ key }, { isSparse: true }))
    pieces.push(piece.type === "hole" ? piece.lengthBytes : piece.bytes[0])
  expect(pieces).toEqual([1, 2 * megabyte, 2])
  const { readable } = await storage.download({ key }, { isSparse: true })
  const bytes = new Uint8Array(await new Response(readable).arrayBuffer())
  expect(Buffer.compare(bytes, readFileSync(join(folder, "disk.raw")))).toBe(0)
  const other = await storage.copyVolume(pool, volumeXml("copy.raw", 4 * megabyte), {
    from: { key }
  })
  const into = await storage.upload({ key: other.key }, { offsetBytes: megabyte })
  await new Blob([tail]).stream().pipeTo(into.writable)
  const copied = readFileSync(other.key)
  expect([copied[0], copied[megabyte], copied[2 * megabyte]]).toEqual([1, 2, 0])
  await storage.deleteVolume({ key })
  expect(readdirSync(folder)).toEqual(["copy.raw"])
})

test("a download that is left gives its volume back", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const { storage } = troupe
  const { pool } = await setPool(stage, troupe)
  await storage.startPool(pool)
  const { key } = await storage.createVolume(pool, volumeXml("disk.raw", megabyte))
  const download = await storage.download({ key })
  await expect(storage.deleteVolume({ key })).rejects.toThrow(StorageBusy)
  for await (const piece of download) {
    expect(piece.type).toBe("data")
    break
  }
  await storage.deleteVolume({ key })
  expect(await storage.listVolumes(pool)).toEqual([])
})

test("what happens to pools is heard, until the engine closes", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const events = await troupe.storage.events()
  const { pool } = await setPool(stage, troupe)
  await troupe.storage.startPool(pool)
  const [defined, started] = [await events.next(), await events.next()]
  expect(defined.value).toMatchObject({ type: "lifecycle", event: "defined", pool })
  expect(started.value).toMatchObject({ type: "lifecycle", event: "started", pool })
  await expect(troupe.storage.lookupPool({ name: "none" })).rejects.toThrow(PoolNotFound)
  const next = events.next()
  await troupe.close()
  expect(await next).toEqual({ done: true, value: undefined })
  await expect(troupe.storage.events()).rejects.toMatchObject({ _tag: "ActorStopped" })
})
