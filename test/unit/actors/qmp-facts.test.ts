/**
 * Goal: each event of QEMU that stands for something becomes that, in libvirt's words and about the
 * disk that the definition has.
 * Method: events as QEMU sends them, through the decoder, against a definition with two disks of
 * which the first has a backing image.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { factsOf } from "../../../actors/domain/qmp-facts.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { decodeEvent } from "../../../src/qmp/event.ts"
import type { JsonObject } from "../../../src/qmp/json.ts"

const xml = `<domain type='qemu'><name>web</name><memory>1024</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a'/>
<backingStore type='file'><format type='raw'/><source file='/b'/><backingStore/></backingStore>
<target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><source file='/c'/><target dev='vdb' bus='virtio'/></disk>
</devices></domain>`

const aliasOf = (target: string) => (target === "vda" ? "virtio-disk0" : "virtio-disk1")

const parsed = Result.getOrThrow(
  parseDomain(xml, { uuid: "00000000-0000-4000-8000-000000000001" })
).domain

const live = {
  ...parsed,
  devices: parsed.devices.map((device) =>
    device.kind === "disk" ? { ...device, alias: aliasOf(device.target.dev) } : device
  )
}

const told = (name: string, data: JsonObject) => {
  const event = decodeEvent({ name, data, at: { seconds: 1, microseconds: 0 } }, 100)
  return factsOf(event, live).map((fact) =>
    "happening" in fact ? (fact as { readonly happening: unknown }).happening : fact.type
  )
}

const ioError = { operation: "write", action: "report", reason: "Input/output error" }

test("an I/O error names the disk's path and alias, by its node or by its device", () => {
  // Nodes are numbered from the last disk to the first, and down each chain.
  for (const [node, path, device] of [
    ["libvirt-1-format", "/c", "virtio-disk1"],
    ["libvirt-2-format", "/a", "virtio-disk0"],
    ["libvirt-3-storage", "/a", "virtio-disk0"]
  ])
    expect(told("BLOCK_IO_ERROR", { device: "", "node-name": node ?? "", ...ioError })).toEqual([
      { type: "io-error", path, device, action: "report", reason: "Input/output error" }
    ])
  const qomPath = "/machine/peripheral/virtio-disk1/virtio-backend"
  expect(told("BLOCK_IO_ERROR", { device: "", "qom-path": qomPath, ...ioError })).toMatchObject([
    { path: "/c", device: "virtio-disk1" }
  ])
  expect(told("BLOCK_IO_ERROR", { device: "old", ...ioError })).toMatchObject([{ device: "old" }])
})

test("a mark that was passed names the image below the top by its number", () => {
  const passed = { "write-threshold": 10, "amount-exceeded": 2 }
  expect(told("BLOCK_WRITE_THRESHOLD", { "node-name": "libvirt-2-format", ...passed })).toEqual([
    {
      type: "block-threshold",
      device: "vda",
      path: "/a",
      thresholdBytes: 10,
      exceededBytes: 2
    }
  ])
  expect(
    told("BLOCK_WRITE_THRESHOLD", { "node-name": "libvirt-3-format", ...passed })
  ).toMatchObject([{ device: "vda[3]", path: undefined }])
  expect(told("BLOCK_WRITE_THRESHOLD", { "node-name": "mine", ...passed })).toEqual([])
})

test("sleep, memory, unplugs, passes and dumps are told in libvirt's words", () => {
  expect(told("SUSPEND", {})).toEqual([{ type: "pm-suspend" }, "qmpSuspend"])
  expect(told("WAKEUP", {})).toEqual(["qmpWakeup", { type: "pm-wakeup" }])
  expect(told("SUSPEND_DISK", {})).toEqual([{ type: "pm-suspend-disk" }])
  const flags = { "action-required": true, recursive: false }
  expect(told("MEMORY_FAILURE", { recipient: "guest", action: "inject", flags })).toEqual([
    {
      type: "memory-failure",
      recipient: "guest",
      action: "inject",
      isActionRequired: true,
      isRecursive: false
    }
  ])
  expect(told("MEMORY_FAILURE", { recipient: "moon", action: "inject", flags })).toEqual([])
  expect(told("MEMORY_DEVICE_SIZE_CHANGE", { id: "vm0", size: 4096 })).toEqual([
    { type: "memory-device-size-change", device: "vm0", sizeBytes: 4096 }
  ])
  expect(told("DEVICE_UNPLUG_GUEST_ERROR", { device: "net0", path: "/x" })).toEqual([
    { type: "device-removal-failed", device: "net0" },
    "qmpUnplugRefused"
  ])
  expect(told("MIGRATION_PASS", { pass: 3 })).toEqual([
    { type: "migration-iteration", iteration: 3 }
  ])
  expect(told("GUEST_CRASHLOADED", { action: "run" })).toEqual([
    { type: "lifecycle", event: "crashed", detail: "crashloaded" }
  ])
})

test("clients of displays are told with what they proved to be", () => {
  const server = {
    host: "0.0.0.0",
    service: "5900",
    family: "ipv4",
    websocket: false,
    auth: "sasl"
  }
  const client = { host: "::1", service: "999", family: "ipv6", websocket: false }
  expect(told("VNC_INITIALIZED", { server, client: { ...client, sasl_username: "ann" } })).toEqual([
    {
      type: "graphics",
      phase: "initialize",
      local: { family: "ipv4", node: "0.0.0.0", service: "5900" },
      remote: { family: "ipv6", node: "::1", service: "999" },
      authScheme: "sasl",
      identities: [{ type: "saslUsername", name: "ann" }]
    }
  ])
  const spice = { host: "127.0.0.1", port: "5901", family: "ipv4" }
  expect(told("SPICE_CONNECTED", { server: spice, client: spice })).toMatchObject([
    { phase: "connect", remote: { node: "127.0.0.1", service: "5901" } }
  ])
})
