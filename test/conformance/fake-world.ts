/**
 * The worlds of libvirt's formatter tests: for a case with hand-picked capabilities, a QEMU binary
 * that has just those devices and every machine that is asked for. Reads the corpus's list of
 * cases.
 */
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"
import type { Capabilities } from "../../src/qemu/capabilities.ts"
import { capabilitiesFor, corpusFolder } from "./world.ts"

/**
 * QEMU's types for libvirt's capability flags, as far as they decide what a definition becomes.
 */
const typesOfFlag: { readonly [flag: string]: readonly string[] } = {
  CCID_EMULATED: ["ccid-card-emulated"],
  DEVICE_CIRRUS_VGA: ["cirrus-vga"],
  DEVICE_DMI_TO_PCI_BRIDGE: ["i82801b11-bridge"],
  DEVICE_IOH3420: ["ioh3420"],
  DEVICE_NVDIMM: ["nvdimm"],
  DEVICE_PANIC: ["pvpanic"],
  DEVICE_PCI_BRIDGE: ["pci-bridge"],
  DEVICE_PCIE_ROOT_PORT: ["pcie-root-port"],
  DEVICE_PC_DIMM: ["pc-dimm"],
  DEVICE_PXB: ["pxb"],
  DEVICE_QXL: ["qxl", "qxl-vga"],
  DEVICE_VFIO_PCI: ["vfio-pci"],
  DEVICE_VGA: ["VGA"],
  DEVICE_VHOST_SCSI: ["vhost-scsi"],
  DEVICE_VIRTIO_GPU: ["virtio-gpu-pci", "virtio-vga"],
  DEVICE_VIRTIO_RNG: ["virtio-rng-pci"],
  DEVICE_X3130_UPSTREAM: ["x3130-upstream"],
  DEVICE_XIO3130_DOWNSTREAM: ["xio3130-downstream"],
  ICH9_AHCI: ["ich9-ahci"],
  ICH9_USB_EHCI1: ["ich9-usb-ehci1"],
  NEC_USB_XHCI: ["nec-usb-xhci"],
  PCI_OHCI: ["pci-ohci"],
  PIIX3_USB_UHCI: ["piix3-usb-uhci"],
  SCSI_LSI: ["lsi53c895a"],
  USB_HUB: ["usb-hub"],
  USB_REDIR: ["usb-redir"],
  VIRTIO_SCSI: ["virtio-scsi-pci"]
}

interface Case {
  readonly kind: string
  readonly name: string
  readonly caps?: string
}

let flagsOfCase: ReadonlyMap<string, readonly string[]> | undefined

function loadFlags(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(corpusFolder, "open", "manifest.json"), "utf8")
  const { cases }: { readonly cases: readonly Case[] } = JSON.parse(text)
  return new Map(
    cases.flatMap(({ kind, name, caps = "" }) =>
      kind === "xml" && caps.startsWith("fake: ")
        ? [[name, caps.slice("fake: ".length).replaceAll("QEMU_CAPS_", "").split(" ")] as const]
        : []
    )
  )
}

/** The pretended binary of a formatter case, or undefined where it was the newest real one. */
export function fakeCapabilities(
  path: string,
  machine: string | undefined
): Capabilities | undefined {
  flagsOfCase ??= loadFlags()
  const flags = flagsOfCase.get(basename(path).replace(/\.in\.xml$/, ""))
  if (flags === undefined) return undefined
  const real = capabilitiesFor("argv")
  const types = flags.flatMap((flag) => typesOfFlag[flag] ?? [])
  const pretended = {
    name: machine ?? "pc",
    alias: undefined,
    isDefault: true,
    cpuMax: 1024,
    hasHotpluggableCpus: true,
    defaultRamId: undefined,
    defaultCpuType: undefined,
    isDeprecated: false
  }
  return { ...real, types: types.toSorted(), machines: [pretended] }
}
