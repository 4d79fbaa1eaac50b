/** Host devices handed to the guest: PCI and mediated devices by VFIO, USB devices. */
import { type PciAddress, pciText } from "../../model/address.ts"
import type { Rom } from "../../model/device/common.ts"
import type { Hostdev } from "../../model/device/hostdev.ts"
import { type Arg, device, type JsonObject } from "./arg.ts"
import { bootIndex } from "./boot-order.ts"
import type { DeviceArgs } from "./context.ts"
import { place } from "./place.ts"

export const pciHostText = (address: Omit<PciAddress, "type">): string => pciText(address)

/** An option ROM: shown or not, another file, or none at all. */
export const romProperties = (rom: Rom | undefined): JsonObject => {
  if (rom?.enabled === false) return { romfile: "" }
  return {
    rombar: rom?.bar === undefined ? undefined : Number(rom.bar),
    romfile: rom?.file
  }
}

const resets = { off: 0, uninitialized: 0, on: 1 } as const

const properties = ({ source }: Hostdev): JsonObject | undefined => {
  switch (source.type) {
    case "pci":
      return { driver: "vfio-pci", host: pciHostText(source.address) }
    case "usb":
      return {
        driver: "usb-host",
        hostbus: source.bus,
        hostaddr: source.device,
        "guest-reset": source.guestReset === undefined ? undefined : source.guestReset !== "off",
        "guest-resets-all":
          source.guestReset === undefined ? undefined : resets[source.guestReset] === 1
      }
    case "mdev":
      return {
        driver: source.ramfb === true ? "vfio-pci-nohotplug" : "vfio-pci",
        sysfsdev: `/sys/bus/mdev/devices/${source.uuid}`,
        display: source.display === undefined ? undefined : source.display ? "on" : "off",
        ramfb: source.ramfb
      }
    default:
      return undefined
  }
}

export const hostdevArgs: DeviceArgs<Hostdev> = (hostdev, context): readonly Arg[] => {
  const made = properties(hostdev)
  if (made === undefined) return []
  return [
    device({
      ...made,
      id: hostdev.alias,
      bootindex: bootIndex(hostdev, context.domain),
      ...place(hostdev.address, context),
      ...romProperties(hostdev.rom)
    })
  ]
}
