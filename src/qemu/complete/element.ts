/** Names of devices for error messages, in libvirt's words. */
import type { Device } from "../../model/device.ts"
import type { PciPlace } from "../address-pci.ts"

/** A device as a reader of the definition finds it. */
export const elementOf = (device: Device): string => {
  switch (device.kind) {
    case "disk":
      return `disk '${device.target.dev}'`
    case "controller":
      return `controller ${device.type} ${device.index ?? "without index"}`
    case "interface":
      return `interface ${device.mac ?? device.model ?? ""}`.trimEnd()
    case "kept":
      return `<${device.name}>`
    case "video":
      return `video ${device.model.type ?? ""}`.trimEnd()
    case "watchdog":
    case "sound":
      return `${device.kind} ${device.model}`
    case "graphics":
    case "input":
      return `${device.kind} ${device.type}`
    default:
      return device.kind
  }
}

/** A PCI address as text that compares. */
export const addressKey = ({ domain, bus, slot, function: own }: PciPlace): string =>
  `${domain}:${bus}:${slot}.${own}`
