/** What each device plugs into, if it is a PCI device at all. The only place that knows. */
import type { Device } from "../../model/device.ts"
import type { Controller } from "../../model/device/controller.ts"
import type { Hostdev } from "../../model/device/hostdev.ts"
import { isPciBusModel, type PciBusModel, type PciNeed, type PciPlug } from "../address-pci.ts"
import type { CompleteContext } from "./context.ts"

type Needs = Pick<CompleteContext, "board" | "isExpress">

const conventional: PciNeed = { plug: "pci-device", isEndpoint: true }

/** Part of the board, like the chipset's own devices. */
const onRoot: PciNeed = { plug: "pcie-device", isEndpoint: true, isIntegrated: true }

/** Express where the board has it, conventional elsewhere. */
const express = ({ board }: Needs): PciNeed => ({
  plug: board === "q35" ? "pcie-device" : "pci-device",
  isEndpoint: true
})

/** Transitional virtio devices are conventional: the legacy half needs I/O ports. */
const virtio = (needs: Needs, model?: string): PciNeed =>
  model?.endsWith("-transitional") === true && !model.endsWith("-non-transitional")
    ? conventional
    : express(needs)

const bridge = (plug: PciPlug): PciNeed => ({ plug, isEndpoint: false })

/** What a PCI controller of a model plugs into; the root buses plug into nothing. */
export const needOfBus = (model: PciBusModel): PciNeed | undefined => {
  if (model === "pci-root" || model === "pcie-root") return undefined
  if (model === "pcie-root-port") return { ...bridge(model), sharesSlot: true }
  // By itself a bridge goes only where any conventional device would.
  return bridge(model)
}

const ofController = (controller: Controller, needs: Needs): PciNeed | undefined => {
  const { type, model } = controller
  switch (type) {
    case "pci":
      return isPciBusModel(model) ? needOfBus(model) : undefined
    case "usb":
      if (model === "none") return undefined
      return model === "qemu-xhci" || model === "nec-xhci" ? express(needs) : conventional
    case "scsi":
      if (model === "ibmvscsi") return undefined
      return model?.startsWith("virtio") === true ? virtio(needs, model) : conventional
    case "virtio-serial":
      return virtio(needs, model)
    case "ide":
    case "sata":
      return conventional
    default:
      return undefined
  }
}

const ofHostdev = ({ source }: Hostdev, needs: Needs): PciNeed | undefined => {
  switch (source.type) {
    case "pci": {
      const isExpress = needs.isExpress?.(source.address) ?? true
      return isExpress ? express(needs) : conventional
    }
    case "mdev":
      return source.model === "vfio-pci" ? express(needs) : undefined
    case "scsi_host":
      return express(needs)
    default:
      return undefined
  }
}

const notPciCards = ["usb-net", "spapr-vlan", "smc91c111", "lan9118", "ne2k_isa"]

const ofKept = (name: string, needs: Needs): PciNeed | undefined => {
  if (name === "vsock" || name === "crypto") return express(needs)
  return name === "shmem" ? conventional : undefined
}

/** How a device plugs into PCI; undefined when it does not. */
export const pciNeed = (device: Device, needs: Needs): PciNeed | undefined => {
  switch (device.kind) {
    case "controller":
      return ofController(device, needs)
    case "disk":
      return device.target.bus === "virtio" ? virtio(needs, device.model) : undefined
    case "interface": {
      if (device.connection.type === "hostdev") {
        const { source } = device.connection
        if (source?.type !== "pci") return undefined
        return (needs.isExpress?.(source) ?? true) ? express(needs) : conventional
      }
      const model = device.model ?? ""
      if (notPciCards.includes(model)) return undefined
      if (model.startsWith("virtio")) return virtio(needs, model)
      return model === "e1000e" || model === "igb" ? express(needs) : conventional
    }
    case "sound":
      return ["sb16", "pcspk", "usb"].includes(device.model) ? undefined : conventional
    case "hostdev":
      return ofHostdev(device, needs)
    case "memballoon":
      return device.model.startsWith("virtio") ? virtio(needs, device.model) : undefined
    case "rng":
      return virtio(needs, device.model)
    case "watchdog":
      return device.model === "i6300esb" ? conventional : undefined
    case "video":
      return ofVideo(device.model.type ?? "", needs)
    case "input":
      return device.bus === "virtio" ? virtio(needs, device.model) : undefined
    case "serial":
      return device.target.type === "pci-serial" ? conventional : undefined
    case "panic":
      return device.model === "pvpanic" ? conventional : undefined
    case "filesystem":
      return virtio(needs, device.model)
    case "iommu":
      return device.model === "virtio" ? onRoot : undefined
    case "kept":
      return ofKept(device.name, needs)
    default:
      return undefined
  }
}

const ofVideo = (type: string, needs: Needs): PciNeed | undefined => {
  if (type === "none" || type === "ramfb") return undefined
  return type === "virtio" || type === "bochs" ? express(needs) : conventional
}
