/**
 * Goal: virt-install makes guests here as it does elsewhere: from an image, and from a disc with a
 * new disk, which it has storage make.
 * Method: Debian's virt-install and virsh against a daemon; a guest that boots Debian's kernel
 * where that it comes up is looked at.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { linuxGuest, linuxMemoryMiB } from "../linux/linux-guest.ts"
import { needed, runs, type Service, startService } from "./service.ts"

const virtInstall = ({ uri }: Service, ...words: readonly string[]): Promise<string> =>
  runs(needed("/usr/bin/virt-install"), [
    "--connect",
    uri,
    "--virt-type",
    "qemu",
    "--noautoconsole",
    "--osinfo",
    "detect=off,require=off",
    "--vcpus",
    "1",
    ...words
  ])

test("a guest is imported with its disk, boots, is listed, restarted and removed", async () => {
  const service = await startService()
  const { does, directory } = service
  const { kernel, initrd, cmdline } = await linuxGuest()
  const disk = join(directory, "images-disk.qcow2")
  const serial = join(directory, "serial.log")
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "16M"])
  await virtInstall(
    service,
    "--name",
    "web",
    "--memory",
    `${linuxMemoryMiB}`,
    "--import",
    "--disk",
    `path=${disk},bus=virtio`,
    "--network",
    "user",
    "--graphics",
    "vnc",
    "--boot",
    `kernel=${kernel},initrd=${initrd},kernel_args=${cmdline}`,
    "--serial",
    `file,path=${serial}`
  )
  expect(await does("list", "--name")).toBe("web")
  expect(await does("dominfo", "web")).toMatch(/Persistent: +yes/)
  const isUp = () => readFileSync(serial, "utf8").includes("TROUPE LINUX UP")
  await expect.poll(isUp, { timeout: 60_000, interval: 200 }).toBe(true)
  expect(await does("domblklist", "web")).toContain(disk)
  // Its folder has become a pool, as virt-install has it.
  expect(await does("vol-pool", disk)).not.toBe("")
  await does("destroy", "web")
  await does("start", "web")
  expect(await does("domstate", "web")).toBe("running")
  await does("destroy", "web")
  await does("undefine", "web")
  expect(await does("list", "--all", "--name")).toBe("")
}, 180_000)

test("a guest is installed from a disc, on a disk that storage makes for it", async () => {
  const service = await startService()
  const { does, directory } = service
  const disc = join(directory, "disc.iso")
  const disk = join(directory, "new.qcow2")
  writeFileSync(disc, "")
  truncateSync(disc, 2 * 1024 * 1024)
  await virtInstall(
    service,
    "--name",
    "fresh",
    "--memory",
    "64",
    "--cdrom",
    disc,
    "--disk",
    `path=${disk},size=0.02,bus=virtio`,
    "--network",
    "none",
    "--graphics",
    "none"
  )
  expect(await does("domstate", "fresh")).toBe("running")
  const disks = await does("domblklist", "fresh", "--details")
  expect(disks).toMatch(new RegExp(`file +disk +vda +${disk}`))
  expect(disks).toMatch(new RegExp(`file +cdrom +\\S+ +${disc}`))
  expect(await does("vol-info", disk)).toMatch(/Capacity: +20\.\d+ MiB/)
  expect(execFileSync("qemu-img", ["info", "-U", disk], { encoding: "utf8" })).toContain("qcow2")
  // What is started next boots from the disk, and the disc is out.
  expect(await does("dumpxml", "fresh", "--inactive")).not.toContain(disc)
}, 120_000)

test("a guest on storage that virt-install names by pool and volume", async () => {
  const service = await startService()
  const { does, directory } = service
  await does("pool-create-as", "p", "dir", "--target", join(directory, "pool"), "--build")
  await virtInstall(
    service,
    "--name",
    "pooled",
    "--memory",
    "64",
    "--import",
    "--disk",
    "pool=p,size=0.01,format=qcow2,bus=virtio",
    "--network",
    "none",
    "--graphics",
    "none"
  )
  expect(await does("domblklist", "pooled")).toContain(join(directory, "pool"))
  await does("destroy", "pooled")
  await does("undefine", "pooled", "--remove-all-storage")
  expect((await does("vol-list", "p")).split("\n").slice(2)).toEqual([])
}, 120_000)
