/**
 * Goal: virt-xml changes definitions and virt-clone copies them with their disks; the copy boots.
 * Method: Debian's virtinst, a real daemon, real QEMU; disks are compared byte by byte.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { needs, runs, stage, until } from "./stage.ts"

const setUp = async () => {
  needs({ "/usr/bin/virt-xml": "virtinst", "/usr/bin/virt-clone": "virtinst" })
  const on = await stage()
  // What they keep in a home is the test's.
  const env = { HOME: on.directory }
  const connect = ["--connect", on.uri]
  const does = async (...words: readonly string[]) => {
    const { code, out, error } = await virsh(on.uri, ...words)
    expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
    return out
  }
  await does("define", on.definition("web"))
  return {
    ...on,
    does,
    virtXml: (...words: readonly string[]) =>
      runs("/usr/bin/virt-xml", [...connect, "web", ...words], { env }),
    virtClone: (...words: readonly string[]) =>
      runs("/usr/bin/virt-clone", [...connect, ...words], { env })
  }
}

test("virt-xml edits, adds and removes", async () => {
  const { virtXml, does, directory } = await setUp()
  expect(await virtXml("--edit", "--memory", "48", "--define")).toContain("defined successfully")
  await virtXml("--edit", "--metadata", "title=The shop")
  const disk = join(directory, "more.qcow2")
  await virtXml("--add-device", "--disk", `${disk},size=1,bus=sata`)
  await virtXml("--add-device", "--network", "user,model=e1000")
  const xml = await does("dumpxml", "web")
  expect(xml).toContain("<memory unit='KiB'>49152</memory>")
  expect(xml).toContain("<title>The shop</title>")
  expect(xml).toContain("<model type='e1000'/>")
  expect(await does("domblklist", "web")).toMatch(new RegExp(`sda +${disk}`))
  expect(await does("vol-info", disk)).toMatch(/Capacity: +1.00 GiB/)
  await virtXml("--remove-device", "--disk", "target.dev=sda")
  expect(await does("domblklist", "web")).not.toContain(disk)
  await expect(virtXml("--edit", "--vcpus", "9999")).rejects.toThrow(/vCPUs|vcpus|CPUs/)
  expect(await does("vcpucount", "web", "--config", "--maximum")).toBe("1")
})

test("virt-clone copies a guest with its disks, and the copy boots", async () => {
  const { virtXml, virtClone, does, directory } = await setUp()
  const file = (name: string) => join(directory, name)
  await virtXml("--add-device", "--disk", `${file("data.qcow2")},size=1,bus=sata`)
  const files = ["--file", file("copy.raw"), "--file", file("copied-data.qcow2")]
  const said = await virtClone("--original", "web", "--name", "copy", ...files)
  expect(said).toContain("created successfully")
  const list = await does("domblklist", "copy")
  expect(list).toMatch(/vda +\S+copy\.raw\n *sda +\S+copied-data\.qcow2/)
  expect(readFileSync(file("copy.raw")).equals(readFileSync(file("web.raw")))).toBe(true)
  expect(await does("domuuid", "copy")).not.toBe(await does("domuuid", "web"))
  await does("start", "copy")
  // The copy has the original's serial line too, which is a file here.
  const serial = file("web.serial")
  const isUp = () => existsSync(serial) && readFileSync(serial, "utf8").includes("TROUPE GUEST UP")
  await until("the copy to boot", isUp)
  await expect(virtClone("--original", "copy", "--auto-clone")).rejects.toThrow(/paused|shutoff/)
})
