/** Host devices handed to the guest: PCI and mediated ones by VFIO, USB and SCSI devices. */
import { assert } from "../../base/assert.ts"
import { type PciAddress, pciText } from "../../model/address.ts"
import { devicesOf } from "../../model/device.ts"
import type { Rom } from "../../model/device/info.ts"
import type { Hostdev, UsbSource } from "../../model/device/hostdev.ts"
import { hasProperty } from "../capabilities.ts"
import { type Arg, blockdev, device, type JsonObject } from "./arg.ts"
import { nodeCount } from "./blockdev.ts"
import { bootIndex } from "./boot-order.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { place, scsiPlace } from "./place.ts"

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

/** By its place on the host's bus, or the device file where QEMU takes one. */
const usbSource = (source: UsbSource, { capabilities }: ArgvContext): JsonObject => {
  const { bus = 0, device: number = 0 } = source
  if (!hasProperty(capabilities, "usb-host", "hostdevice")) {
    return { hostbus: bus, hostaddr: number }
  }
  const pad = (value: number) => String(value).padStart(3, "0")
  return { hostdevice: `/dev/bus/usb/${pad(bus)}/${pad(number)}` }
}

const properties = ({ source }: Hostdev, context: ArgvContext): JsonObject | undefined => {
  switch (source.type) {
    case "pci":
      return { driver: "vfio-pci", host: pciHostText(source.address) }
    case "usb":
      return {
        driver: "usb-host",
        ...usbSource(source, context),
        "guest-reset": source.guestReset === undefined ? undefined : source.guestReset !== "off",
        "guest-resets-all":
          source.guestReset === undefined ? undefined : resets[source.guestReset] === 1
      }
    case "mdev":
      return {
        driver: source.ramfb === true ? "vfio-pci-nohotplug" : "vfio-pci",
        sysfsdev: `/sys/bus/mdev/devices/${source.uuid}`,
        display: source.display === true ? "on" : "off",
        ramfb: source.ramfb === true ? true : undefined
      }
    default:
      return undefined
  }
}

const isScsi = ({ source }: Hostdev): boolean => source.type === "scsi"

/** `libvirt-3-backend`: numbered behind the nodes of the disks, in the definition's order. */
const backendOf = (hostdev: Hostdev, context: ArgvContext): string => {
  const earlier = devicesOf(context.domain, "hostdev").filter(isScsi).indexOf(hostdev)
  return `libvirt-${nodeCount(context.domain, context) + 1 + earlier}-backend`
}

/** A whole SCSI unit: the guest's commands go to it as they are. */
const scsiGeneric = (hostdev: Hostdev, context: ArgvContext): readonly Arg[] => {
  const { address, alias = "", source } = hostdev
  const filename = context.resources.genericNodes?.[alias]
  assert(address?.type === "drive", "a SCSI device of a prepared domain has a place")
  assert(filename !== undefined, "a SCSI device's node is looked up before it is asked for")
  const drive = backendOf(hostdev, context)
  return [
    blockdev({
      driver: "host_device",
      filename,
      "node-name": drive,
      "read-only": source.type === "scsi" && source.isReadonly
    }),
    device({
      driver: "scsi-generic",
      drive,
      id: alias,
      bootindex: bootIndex(hostdev, context.domain),
      ...scsiPlace(address, context)
    })
  ]
}

export const hostdevArgs: DeviceArgs<Hostdev> = (hostdev, context): readonly Arg[] => {
  if (hostdev.address?.type === "unassigned") return []
  if (isScsi(hostdev)) return scsiGeneric(hostdev, context)
  const made = properties(hostdev, context)
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
