/**
 * Goal: the host is told of as it is, and what there is none of is an empty list or a look-up that
 * fails with its own code.
 * Method: virsh and python3-libvirt against a daemon; /proc and nproc for what the host has.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { python, startService } from "./service.ts"

test("the host's size, times, memory and capabilities are told", async () => {
  const { does, directory } = await startService()
  const online = readFileSync("/proc/cpuinfo", "utf8").match(/^processor/gm)?.length ?? 0
  expect(await does("nodeinfo")).toMatch(new RegExp(`CPU\\(s\\): +${online}\\n`))
  expect(await does("nodecpumap")).toContain(`CPUs online:    ${online}`)
  expect(await does("nodecpustats")).toMatch(/user: +\d+\nsystem: +\d+\nidle: +\d+/)
  expect(await does("nodememstats")).toMatch(/total +: +\d+ KiB\nfree +: +\d+ KiB/)
  expect(await does("freecell", "--all")).toMatch(/Total: +\d+ KiB/)
  expect(await does("freepages", "--all")).toMatch(/4KiB: +\d+/)
  expect(await does("maxvcpus")).toMatch(/^\d+$/)
  expect((await does("cpu-models", "x86_64")).split("\n")).toContain("qemu64")
  const capabilities = await does("capabilities")
  expect(capabilities).toContain("<domain type='qemu'/>")
  const file = join(directory, "capabilities.xml")
  writeFileSync(file, capabilities)
  expect(await does("cpu-compare", file)).toContain("is identical to host CPU")
  expect(await does("cpu-baseline", file)).toContain("<model")
  const offered = await does("domcapabilities", "--virttype", "qemu", "--machine", "q35")
  expect(offered).toContain("<machine>pc-q35")
  expect(offered).toContain("<value>virtio</value>")
})

test("a question about a part of the host that there is not is refused", async () => {
  const { refuses } = await startService()
  expect(await refuses("nodecpustats", "--cpu", "4095")).toContain("CPU 4095")
  expect(await refuses("nodememstats", "--cell", "900")).toContain("cell 900")
  expect(await refuses("domcapabilities", "--arch", "m68k")).toContain("m68k")
  expect(await refuses("cpu-models", "m68k")).toContain("m68k")
})

const lists = ["net-list --all", "secret-list", "iface-list --all", "nwfilter-list"]

test("what there is none of is an empty table", async () => {
  const { does } = await startService()
  for (const list of lists) {
    const [, rule, ...rows] = (await does(...list.split(" "))).split("\n")
    expect({ list, rows }).toEqual({ list, rows: [] })
    expect(rule ?? "---").toMatch(/^-+$/)
  }
})

const lookups = `
import libvirt, sys
connection = libvirt.open(sys.argv[1])
libvirt.registerErrorHandler(lambda *_: None, None)
uuid = "9a1b2c3d-0000-4000-8000-000000000001"
asked = {
  "networkLookupByName": ("x",), "networkLookupByUUIDString": (uuid,),
  "nodeDeviceLookupByName": ("x",), "nodeDeviceLookupSCSIHostByWWN": ("5", "6", 0),
  "secretLookupByUUIDString": (uuid,), "secretLookupByUsage": (1, "x"),
  "interfaceLookupByName": ("x",), "interfaceLookupByMACString": ("52:54:00:00:00:01",),
  "nwfilterLookupByName": ("x",), "nwfilterLookupByUUIDString": (uuid,),
  "storagePoolLookupByName": ("x",), "storagePoolLookupByUUIDString": (uuid,),
  "storageVolLookupByPath": ("/x",), "storageVolLookupByKey": ("/x",),
}
for name, words in asked.items():
    try:
        getattr(connection, name)(*words)
        print(name, "found")
    except libvirt.libvirtError as error:
        print(name, error.get_error_code())
counts = ["numOfNetworks", "numOfSecrets", "numOfInterfaces", "numOfNWFilters", "numOfStoragePools"]
print("counts", [getattr(connection, name)() for name in counts])
lists = ["listNetworks", "listDefinedNetworks", "listSecrets", "listInterfaces", "listNWFilters",
  "listAllNWFilterBindings", "listStoragePools", "listDefinedStoragePools"]
print("lists", [getattr(connection, name)() for name in lists])
`

test("old lists are empty, and each look-up fails with the code of its kind", async () => {
  const said = await python(await startService(), lookups)
  expect(said.trim().split("\n")).toEqual([
    "networkLookupByName 43",
    "networkLookupByUUIDString 43",
    "nodeDeviceLookupByName 53",
    "nodeDeviceLookupSCSIHostByWWN 53",
    "secretLookupByUUIDString 66",
    "secretLookupByUsage 66",
    "interfaceLookupByName 57",
    "interfaceLookupByMACString 57",
    "nwfilterLookupByName 62",
    "nwfilterLookupByUUIDString 62",
    "storagePoolLookupByName 49",
    "storagePoolLookupByUUIDString 49",
    "storageVolLookupByPath 50",
    "storageVolLookupByKey 50",
    "counts [0, 0, 0, 0, 0]",
    "lists [[], [], [], [], [], [], [], []]"
  ])
})

test("who may only read is told of the host and changes no storage", async () => {
  const { readOnlyUri } = await startService()
  const reads = (...words: readonly string[]) => virsh(readOnlyUri, ...words)
  for (const words of [["nodeinfo"], ["capabilities"], ["pool-list"], ["net-list"]])
    expect(await reads(...words)).toMatchObject({ code: 0 })
  const refused = await reads("pool-define-as", "p", "dir", "--target", "/nowhere")
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.error).toContain("read only access prevents virStoragePoolDefineXML")
})
