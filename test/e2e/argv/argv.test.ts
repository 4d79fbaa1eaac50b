/**
 * Goal: a command line that we build is one that real QEMU takes, and the guest has the hardware
 * that its definition asks for, at the addresses that completion gave it.
 * Method: definitions as users write them, completed with capabilities probed from this QEMU,
 * started stopped (`-S`) under TCG; the monitor is asked what is there, then to quit.
 */
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Result from "effect/Result"
import { afterAll, beforeAll, expect, test } from "vitest"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import {
  type Capabilities,
  capabilitiesFromReplies,
  capabilityQueries,
  cpuQueries
} from "../../../src/qemu/capabilities.ts"
import { prepareDomain } from "../../../src/qemu/complete.ts"
import { type DescriptorFile, firmwareFolders, firmwaresFrom } from "../../../src/qemu/firmware.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { converse, type QmpQuestion } from "./stdio-qemu.ts"

const binary = "/usr/bin/qemu-system-x86_64"
const directory = mkdtempSync(join(tmpdir(), "troupe-argv-"))
const diskBytes = 1024 * 1024

const image = (name: string): string => {
  const path = join(directory, name)
  if (existsSync(path)) return path
  if (name.endsWith(".qcow2")) {
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", path, String(diskBytes)])
  } else {
    writeFileSync(path, "")
    truncateSync(path, diskBytes)
  }
  return path
}

let capabilities: Capabilities

beforeAll(async () => {
  const questions: readonly QmpQuestion[] = [...capabilityQueries, ...cpuQueries("tcg")]
  const replies = await converse([binary, "-machine", "none", "-accel", "tcg", "-S"], questions)
  const answers = questions.map((question, position) => ({ ...question, ...replies[position] }))
  capabilities = Result.getOrThrow(
    capabilitiesFromReplies({
      binary,
      kvm: { unusable: "this test does not try it" },
      common: answers.slice(0, capabilityQueries.length),
      cpus: { tcg: answers.slice(capabilityQueries.length) }
    })
  )
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface More {
  readonly name?: string
  /** Attributes of `<os>`. */
  readonly attributes?: string
  /** Elements beside `<devices>`. */
  readonly rest?: string
}

const definition = (os: string, devices: string, more: More = {}): string => `
  <domain type='qemu'>
    <name>${more.name ?? "guest"}</name>
    <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
    <memory unit='MiB'>64</memory>
    <vcpu>2</vcpu>
    <os ${more.attributes ?? ""}>${os}</os>
    ${more.rest ?? ""}
    <features><acpi/><apic/></features>
    <devices>${devices}</devices>
  </domain>`

const filesIn = (folder: string): readonly DescriptorFile[] =>
  existsSync(folder)
    ? readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }))
    : []

const words = (xml: string): readonly [string, ...string[]] => {
  const { domain } = Result.getOrThrow(parseDomain(xml))
  const prepared = Result.getOrThrow(
    prepareDomain(domain, {
      capabilities,
      macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"],
      nvramDirectory: directory,
      firmwares: firmwaresFrom(firmwareFolders.map(filesIn))
    })
  )
  return Result.getOrThrow(
    buildArgv(prepared, {
      capabilities,
      config: defaultArgvConfig,
      resources: {
        stateDirectory: directory,
        channelDirectory: directory,
        shortName: "1-guest",
        nowSeconds: 1_234_567_890
      }
    })
  )
}

interface Listed {
  readonly name: string
  readonly type: string
}

/** Starts the guest stopped and tells the ids of its devices. */
const devicesSeen = async (xml: string): Promise<readonly string[]> => {
  const [status, list] = await converse(words(xml), [
    { execute: "query-status" },
    { execute: "qom-list", arguments: { path: "/machine/peripheral" } }
  ])
  expect(status?.return).toMatchObject({ running: false, status: "prelaunch" })
  const found = (list?.return ?? []) as readonly Listed[]
  return found.map(({ name }) => name).filter((name) => name !== "type")
}

const board = (machine: string) => `<type machine='${machine}'>hvm</type>`

const ordinary = (disk: string) => `
  <disk type='file' device='disk'>
    <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
    <source file='${image("disk.qcow2")}'/><target dev='vda' bus='virtio'/>
  </disk>
  ${disk}
  <interface type='user'><model type='virtio'/></interface>
  <serial type='file'><source path='${join(directory, "serial.log")}'/></serial>
  <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  <input type='tablet' bus='usb'/>
  <graphics type='vnc'><listen type='socket' socket='${join(directory, "vnc,=.sock")}'/></graphics>
  <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  <watchdog model='i6300esb' action='reset'/>
  <memballoon model='virtio'/>`

const cdrom = (bus: string, dev: string) => `
  <disk type='file' device='cdrom'>
    <driver name='qemu' type='raw'/><source file='${image("cd.iso")}'/>
    <target dev='${dev}' bus='${bus}'/>
  </disk>`

const ordinaryDevices = [
  "balloon0",
  "channel0",
  "input0",
  "net0",
  "rng0",
  "serial0",
  "usb",
  "video0",
  "virtio-disk0",
  "virtio-serial0",
  "watchdog0"
]

test("an ordinary guest on i440fx has every device that it asks for", async () => {
  const seen = await devicesSeen(definition(board("pc"), ordinary(cdrom("ide", "hda"))))
  expect(seen.toSorted()).toEqual(["ide0-0-0", ...ordinaryDevices].toSorted())
})

test("an ordinary guest on q35 has every device that it asks for, and ports for them", async () => {
  const seen = await devicesSeen(definition(board("q35"), ordinary(cdrom("sata", "sda"))))
  const isPort = (id: string) => id.startsWith("pci.")
  expect(seen.filter((id) => !isPort(id)).toSorted()).toEqual(
    ["sata0-0-0", ...ordinaryDevices].toSorted()
  )
  // One for each Express device, one with a bridge for the watchdog, and one to spare.
  expect(seen.filter(isPort)).toHaveLength(9)
})

test("a guest without a display and of few words starts too", async () => {
  const seen = await devicesSeen(definition(board("pc"), "<serial type='pty'/>"))
  expect(seen.toSorted()).toEqual(["balloon0", "serial0", "usb"])
})

test("disks on every bus are attached", async () => {
  const disk = (dev: string, bus: string) => `
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='${image(`${dev}.img`)}'/>
      <target dev='${dev}' bus='${bus}'/>
    </disk>`
  const devices = [
    disk("vdb", "virtio"),
    disk("hdb", "ide"),
    disk("sdc", "scsi"),
    disk("sdd", "usb"),
    disk("sde", "sata"),
    `<controller type='scsi' index='0' model='virtio-scsi'/>`,
    `<disk type='file' device='floppy'><driver name='qemu' type='raw'/>
       <source file='${image("fda.img")}'/><target dev='fda'/></disk>`
  ].join("")
  const [blocks] = await converse(words(definition(board("pc"), devices)), [
    { execute: "query-block" }
  ])
  const found = (blocks?.return ?? []) as readonly { readonly inserted?: object }[]
  expect(found.filter(({ inserted }) => inserted !== undefined)).toHaveLength(6)
})

const descriptors = firmwareFolders[0]
const flash = "/usr/share/OVMF/OVMF_CODE_4M.fd"

test.skipIf(!existsSync(flash))("a UEFI guest starts with variables of its own", async () => {
  copyFileSync("/usr/share/OVMF/OVMF_VARS_4M.fd", join(directory, "guest_VARS.fd"))
  const os = `${board("q35")}<loader readonly='yes' type='pflash'>${flash}</loader>`
  const [blocks] = await converse(words(definition(os, "")), [
    { execute: "query-named-block-nodes", arguments: { flat: true } }
  ])
  const nodes = (blocks?.return ?? []) as readonly { readonly "node-name": string }[]
  const names = nodes.map((node) => node["node-name"]).filter((name) => name.includes("pflash"))
  expect(names.toSorted()).toEqual([
    "libvirt-pflash0-format",
    "libvirt-pflash0-storage",
    "libvirt-pflash1-format",
    "libvirt-pflash1-storage"
  ])
})

test.skipIf(!existsSync(descriptors))(
  "a UEFI guest may leave the choice of image to us",
  async () => {
    copyFileSync("/usr/share/OVMF/OVMF_VARS_4M.fd", join(directory, "guest_VARS.fd"))
    const [blocks] = await converse(
      words(definition(board("q35"), "", { attributes: "firmware='efi'" })),
      [{ execute: "query-named-block-nodes", arguments: { flat: true } }]
    )
    const nodes = (blocks?.return ?? []) as readonly { readonly file: string }[]
    const files = nodes.map(({ file }) => file)
    expect(files.filter((file) => file.startsWith("/usr/share/OVMF/"))).not.toEqual([])
    expect(files).toContain(join(directory, "guest_VARS.fd"))
  }
)

test("a guest with the host's CPU spelled out has its name and its features", async () => {
  const cpu = "<cpu mode='host-model'/>"
  const [model] = await converse(words(definition(board("pc"), "", { rest: cpu })), [
    {
      execute: "qom-get",
      arguments: { path: "/machine/unattached/device[0]", property: "model-id" }
    }
  ])
  expect(model?.return).toBe(capabilities.cpus.tcg?.host?.props["model-id"])
})

test("a name and a path full of QEMU's own syntax reach QEMU as they are", async () => {
  const name = "a,b=c id=x -S 名前"
  const path = join(directory, "odd,name=\"'{}.img")
  writeFileSync(path, "")
  truncateSync(path, diskBytes)
  const escaped = path.replaceAll("&", "&amp;").replaceAll("'", "&apos;")
  const disk = `<disk type='file'><source file='${escaped}'/><target dev='vda'/></disk>`
  const [told, blocks] = await converse(words(definition(board("pc"), disk, { name })), [
    { execute: "query-name" },
    { execute: "query-named-block-nodes", arguments: { flat: true } }
  ])
  expect(told?.return).toEqual({ name })
  const nodes = (blocks?.return ?? []) as readonly { readonly file: string }[]
  expect(nodes.map(({ file }) => file)).toContain(path)
})
