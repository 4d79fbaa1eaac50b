/**
 * Goal: storage is served to the clients that people have: pools and volumes through their whole
 * life, and bytes that come back as they were sent.
 * Method: virsh and python3-libvirt against a daemon, folders and qemu-img of this host.
 */
import { randomBytes } from "node:crypto"
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { python, startService } from "./service.ts"

const words = (table: string): readonly (readonly string[])[] =>
  table
    .split("\n")
    .slice(2)
    .map((line) => line.trim().split(/\s{2,}/))

test("a pool is defined, built, started, told of, stopped and gone", async () => {
  const { does, refuses, directory } = await startService()
  const target = join(directory, "pool")
  await does("pool-define-as", "p", "dir", "--target", target)
  await does("pool-build", "p")
  await does("pool-start", "p")
  await does("pool-autostart", "p")
  expect(words(await does("pool-list", "--all"))).toEqual([["p", "active", "yes"]])
  expect(await does("pool-info", "p")).toMatch(/State: +running\n.*\n?Persistent: +yes/)
  expect(await does("pool-dumpxml", "p")).toContain(`<path>${target}</path>`)
  expect(await refuses("pool-undefine", "p")).toContain("is active")
  await does("pool-destroy", "p")
  expect(words(await does("pool-list", "--inactive"))).toEqual([["p", "inactive", "yes"]])
  await does("pool-delete", "p")
  await does("pool-undefine", "p")
  expect(words(await does("pool-list", "--all"))).toEqual([])
  expect(await refuses("pool-info", "p")).toContain("Storage pool not found")
})

test("volumes are made, told of, resized, cloned and deleted", async () => {
  const { does, refuses, directory } = await startService()
  const target = join(directory, "pool")
  await does("pool-create-as", "p", "dir", "--target", target, "--build")
  await does("vol-create-as", "p", "a.qcow2", "8M", "--format", "qcow2")
  await does("vol-create-as", "p", "b.raw", "1M")
  expect(words(await does("vol-list", "p")).map(([name]) => name)).toEqual(["a.qcow2", "b.raw"])
  await does("vol-resize", "a.qcow2", "16M", "p")
  expect(await does("vol-info", "a.qcow2", "p")).toMatch(/Capacity: +16\.00 MiB/)
  expect(await refuses("vol-resize", "a.qcow2", "1M", "p")).toContain("shrink")
  expect(await does("vol-dumpxml", "a.qcow2", "p")).toContain("<format type='qcow2'/>")
  await does("vol-clone", "a.qcow2", "c.qcow2", "p")
  expect(await refuses("vol-clone", "a.qcow2", "c.qcow2", "p")).toContain("exists already")
  expect(await does("vol-path", "c.qcow2", "p")).toBe(join(target, "c.qcow2"))
  expect(await does("vol-pool", join(target, "c.qcow2"))).toBe("p")
  await does("vol-delete", "c.qcow2", "p")
  expect(await refuses("vol-info", join(target, "c.qcow2"))).toContain("Storage volume not found")
})

test("what is uploaded is downloaded, whole, in part and around holes", async () => {
  const { does, directory } = await startService()
  await does("pool-create-as", "p", "dir", "--target", join(directory, "pool"), "--build")
  const file = (name: string) => join(directory, name)
  const content = randomBytes(1_500_000)
  writeFileSync(file("sent"), content)
  await does("vol-create-as", "p", "v", "1500000")
  await does("vol-upload", "v", file("sent"), "--pool", "p")
  await does("vol-download", "v", file("got"), "--pool", "p")
  expect(readFileSync(file("got")).subarray(0, content.length).equals(content)).toBe(true)
  const range = ["--offset", "1000", "--length", "5000"]
  await does("vol-download", "v", file("part"), "--pool", "p", ...range)
  expect(readFileSync(file("part")).equals(content.subarray(1000, 6000))).toBe(true)

  const sizeBytes = 8 * 1024 * 1024
  writeFileSync(file("sparse"), "begin")
  truncateSync(file("sparse"), sizeBytes)
  await does("vol-create-as", "p", "s", `${sizeBytes}`, "--allocation", "0")
  await does("vol-upload", "s", file("sparse"), "--pool", "p", "--sparse")
  await does("vol-download", "s", file("sparse-got"), "--pool", "p", "--sparse")
  expect(readFileSync(file("sparse-got")).equals(readFileSync(file("sparse")))).toBe(true)
  expect(statSync(file("sparse-got")).blocks * 512).toBeLessThan(sizeBytes / 2)
})

const events = `
import libvirt, sys, threading, time
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open(sys.argv[1])
said = []
def lifecycle(_, pool, event, detail, told): said.append("%s %d" % (pool.name(), event))
def refreshed(_, pool, told): said.append(pool.name() + " refreshed")
ids = (libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH)
connection.storagePoolEventRegisterAny(None, ids[0], lifecycle, None)
connection.storagePoolEventRegisterAny(None, ids[1], refreshed, None)
xml = "<pool type='dir'><name>p</name><target><path>%s</path></target></pool>" % sys.argv[2]
def work():
    pool = connection.storagePoolDefineXML(xml)
    pool.build(0)
    pool.create(0)
    pool.refresh(0)
    pool.destroy()
    pool.undefine()
thread = threading.Thread(target=work)
thread.start()
end = time.time() + 30
while (thread.is_alive() or "p 1" not in said) and time.time() < end:
    libvirt.virEventRunDefaultImpl()
print(",".join(said))
`

test("a program hears what becomes of a pool, in order", async () => {
  const service = await startService()
  const said = await python(service, events, join(service.directory, "pool"))
  const heard = said.trim().split(",")
  // Defined, created, started, stopped, undefined; looked at at its start and when it was asked.
  expect(heard.filter((one) => !one.endsWith("refreshed"))).toEqual([
    "p 0",
    "p 4",
    "p 2",
    "p 3",
    "p 1"
  ])
  expect(heard).toContain("p refreshed")
})
