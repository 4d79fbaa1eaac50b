/**
 * The host devices of a run, and which of them a definition asks for. A plan that has devices meets
 * them everywhere: guests want the same ones, by themselves and together with others of a group,
 * managed and not, and clients take them away from the host and give them back.
 */
import { card } from "../host/device-shapes.ts"
import type { Devices } from "../host/sysfs.ts"
import type { Slot } from "../history/api-call.ts"

/** The one PCI device that slots 0 and 1 both want in plans without devices of their own. */
export const sharedDevice = "0000:03:00.0"

/** With VFIO from the beginning, as a device that the definition does not manage has to be. */
const sharedCard = { ...card, address: sharedDevice, driver: "vfio-pci", iommuGroup: 12 }

export const sharedDevices: Devices = { pci: [sharedCard] }

/** What clients detach, reattach and reset: a card, two functions of a group, one behind a port. */
export const ownDevices = ["0000:04:00.0", "0000:05:00.0", "0000:05:00.1", "0000:06:00.0"] as const

const [single, video, sound, behind] = ownDevices

const port = "0000:00:1c.0"

const ofMaker = { vendor: 0x10_de, iommuGroup: 11 }

/** Two cards of the same make, a graphics card of two functions, and two sticks that are alike. */
const manyDevices: Devices = {
  pci: [
    sharedCard,
    { ...card, address: single, iommuGroup: 8 },
    { ...ofMaker, address: video, device: 0x1b_80, class: 0x03_00_00, driver: "nouveau" },
    { ...ofMaker, address: sound, device: 0x10_f0, class: 0x04_03_00, driver: "snd_hda_intel" },
    {
      address: port,
      vendor: 0x80_86,
      device: 0x9d_10,
      class: 0x06_04_00,
      driver: "pcieport",
      iommuGroup: 3
    },
    // Somebody has seen to it that its own driver does not get it.
    {
      ...card,
      address: behind,
      behind: port,
      iommuGroup: 3,
      driver: "pci-stub",
      nativeDriver: "e1000e",
      override: "pci-stub"
    }
  ],
  usb: [4, 5].map((number) => ({
    port: `1-${number}`,
    bus: 1,
    number,
    vendor: 0x07_81,
    product: 0x55_67,
    interfaces: [{ class: 8, subclass: 6, protocol: 80, driver: "usb-storage" }]
  }))
}

/** Of which a run's host is made. */
export const devicesOf = ({ hasDevices }: { readonly hasDevices?: boolean }): Devices =>
  hasDevices === true ? manyDevices : sharedDevices

/** `0000:04:00.0` as libvirt names it. */
export const nodeName = (device: number): string =>
  `pci_${(ownDevices[device] ?? "").replaceAll(/[:.]/g, "_")}`

const pciXml = (address: string, isManaged = true): string => {
  const [domain = "", bus = "", rest = ""] = address.split(":")
  const [slot = "", fn = ""] = rest.split(".")
  return (
    `<hostdev mode='subsystem' type='pci' managed='${isManaged ? "yes" : "no"}'><source>` +
    `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>` +
    "</source></hostdev>"
  )
}

/** As a definition and a call of clients have it. */
export const hostdevXml = (device: number): string => pciXml(ownDevices[device] ?? "")

/** Where devices may come to in a guest that runs. */
export const freePorts =
  "<controller type='pci' model='pcie-root'/>" +
  "<controller type='pci' model='pcie-root-port'/>".repeat(4)

const usbXml = (device: number): string =>
  "<hostdev mode='subsystem' type='usb'><source>" +
  `<address bus='1' device='${device}'/></source></hostdev>`

export const sharedHostdev = pciXml(sharedDevice, false)

/** What definitions ask for: each row meets others. */
const wishes: readonly string[] = [
  pciXml(single),
  pciXml(single) + pciXml(video) + pciXml(sound),
  pciXml(video) + pciXml(sound) + usbXml(4),
  usbXml(4) + pciXml(single),
  pciXml(single, false),
  pciXml(behind) + usbXml(5),
  // Its mate must have been detached before.
  pciXml(video),
  pciXml(single) + pciXml(behind)
]

export interface WishOptions {
  readonly domain: Slot
  readonly version: number
  readonly hasDevices?: boolean | undefined
}

export const hostdevsXml = ({ domain, version, hasDevices }: WishOptions): string => {
  if (hasDevices !== true) return domain < 2 ? sharedHostdev : ""
  return wishes[(domain + Math.max(0, version)) % wishes.length] ?? ""
}
