/**
 * A QEMU that has everything, definitions to begin with, and resources: for tests without a
 * process.
 */
import * as Result from "effect/Result"
import type { Device } from "../../../src/model/device.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { defaultArgvConfig, type Resources } from "../../../src/qemu/argv/context.ts"
import type { Capabilities, MachineType } from "../../../src/qemu/capabilities.ts"
import { type CompleteOptions, prepareDomain } from "../../../src/qemu/complete.ts"

const machine = (name: string, alias: string): MachineType => ({
  name,
  alias,
  isDefault: alias === "pc",
  cpuMax: 255,
  hasHotpluggableCpus: true,
  defaultRamId: "pc.ram",
  defaultCpuType: "qemu64-x86_64-cpu",
  isDeprecated: false
})

const devices = `
  virtio-blk-pci virtio-net-pci virtio-scsi-pci virtio-rng-pci virtio-vga virtio-serial-pci
  virtio-balloon-pci cirrus-vga VGA qxl-vga qxl piix3-usb-uhci qemu-xhci nec-usb-xhci
  ich9-usb-ehci1 ich9-usb-uhci1 ich9-usb-uhci2 ich9-usb-uhci3 usb-ehci pci-ohci piix4-usb-uhci
  lsi53c895a megasas rtl8139 e1000 e1000e i6300esb ib700 pci-bridge pcie-root-port
  pcie-pci-bridge i82801b11-bridge pxb AC97 intel-hda ich9-intel-hda isa-serial pci-serial
  bochs-display virtio-gpu-pci secondary-vga x3130-upstream xio3130-downstream virtio-9p-pci
  tcg-accel usb-redir
`
  .trim()
  .split(/\s+/)

export const capabilities: Capabilities = {
  binary: "/usr/bin/qemu-system-x86_64",
  version: { major: 7, minor: 2, micro: 0 },
  package: "",
  arch: "x86_64",
  machines: [machine("pc-i440fx-7.2", "pc"), machine("pc-q35-7.2", "q35")],
  types: devices.toSorted(),
  properties: {},
  commands: ["set-action"],
  options: { sandbox: [], spice: [], vnc: ["audiodev"] },
  schema: {
    blockDrivers: ["file", "qcow2", "raw"],
    netdevTypes: ["user", "tap"],
    chardevTypes: ["pty", "socket"],
    displayTypes: [],
    objectTypes: [],
    fileAio: ["threads", "native"]
  },
  accelerators: { tcg: true, kvm: { unusable: "there is no /dev/kvm" } },
  cpus: { kvm: undefined, tcg: undefined }
}

export const domain = (devices: readonly Device[], rest: Partial<Domain> = {}): Domain => ({
  type: "qemu",
  name: "guest",
  uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809",
  metadata: [],
  memory: { maximumKiB: 65_536 },
  vcpus: { maximum: 1, placement: "static" },
  os: { type: "hvm", firmwareFeatures: [], boot: [] },
  features: { acpi: true, pae: false, viridian: false, privnet: false },
  clock: { offset: "utc", timers: [] },
  onPoweroff: "destroy",
  onReboot: "restart",
  onCrash: "destroy",
  devices,
  seclabels: [],
  ...rest
})

export const onQ35 = {
  os: { type: "hvm", machine: "q35", firmwareFeatures: [], boot: [] }
} as const

export const completeOptions: CompleteOptions = {
  capabilities,
  macs: Array.from({ length: 64 }, (_, n) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`),
  nvramDirectory: "/var/lib/troupe/nvram"
}

export const resources: Resources = {
  stateDirectory: "/run/troupe/1-guest",
  channelDirectory: "/run/troupe/channel",
  shortName: "1-guest",
  nowSeconds: 1_234_567_890
}

export const prepared = (given: Domain): Domain =>
  Result.getOrThrow(prepareDomain(given, completeOptions))

export const argv = (given: Domain, more: Partial<Resources> = {}): readonly string[] =>
  Result.getOrThrow(
    buildArgv(prepared(given), {
      capabilities,
      config: defaultArgvConfig,
      resources: { ...resources, ...more }
    })
  )

/** The values of every occurrence of an option. */
export const valuesOf = (words: readonly string[], option: string): readonly string[] =>
  words.flatMap((word, position) => (word === option ? [words[position + 1] ?? ""] : []))

/** The JSON of every occurrence of an option, in order. */
export const objectsOf = (
  words: readonly string[],
  option: string
): readonly { readonly [key: string]: unknown }[] =>
  valuesOf(words, option).map((value) => JSON.parse(value))

export const deviceById = (words: readonly string[], id: string) =>
  objectsOf(words, "-device").find((device) => device["id"] === id)
