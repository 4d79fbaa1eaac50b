/** Writes network cards, graphics nodes, mediated devices and the computer's maker into /sys. */
import type { MemoryDisk } from "./disk.ts"
import { link, placeBelow, putAll, putUevent } from "./sysfs-put.ts"

export interface NetCard {
  readonly name: string
  readonly index: number
  readonly address: string
  /** PCI address of the card; without one it is a device of no bus, as `lo`. */
  readonly on?: string
  /** `up`, `down`, ... */
  readonly state?: string
  /** Mbit/s; -1 where nobody knows. */
  readonly speed?: number
  /** Cards of a wire have none: `wlan`, `bridge`, ... */
  readonly type?: string
}

export interface GraphicsNode {
  /** `card0`, `renderD128`, and connectors: `card0-HDMI-A-1`. */
  readonly name: string
  readonly minor: number
  readonly on?: string
}

export interface MediatedDevice {
  readonly uuid: string
  readonly on: string
  readonly type: string
  readonly iommuGroup: number
}

export const writeCard = (disk: MemoryDisk, card: NetCard): void => {
  const at = `${placeBelow(disk, card.on)}/net/${card.name}`
  putAll(disk, at, {
    address: card.address,
    operstate: card.state ?? "unknown",
    speed: card.speed
  })
  putUevent(disk, at, { DEVTYPE: card.type, INTERFACE: card.name, IFINDEX: card.index })
  link(disk, `/sys/class/net/${card.name}`, at)
}

export const writeGraphics = (disk: MemoryDisk, { name, minor, on }: GraphicsNode): void => {
  const at = `${placeBelow(disk, on)}/drm/${name}`
  const isConnector = name.includes("-")
  const node = { MAJOR: 226, MINOR: minor, DEVNAME: `dri/${name}`, DEVTYPE: "drm_minor" }
  putUevent(disk, at, isConnector ? { DEVTYPE: "drm_connector" } : node)
  link(disk, `/sys/class/drm/${name}`, at)
}

export const writeMediated = (disk: MemoryDisk, mdev: MediatedDevice): void => {
  const above = placeBelow(disk, mdev.on)
  const at = `${above}/${mdev.uuid}`
  putUevent(disk, at, { DRIVER: "vfio_mdev" })
  link(disk, `${at}/mdev_type`, `${above}/mdev_supported_types/${mdev.type}`)
  link(disk, `${at}/iommu_group`, `/sys/kernel/iommu_groups/${mdev.iommuGroup}`)
  link(disk, `/sys/bus/mdev/devices/${mdev.uuid}`, at)
}

/** What the firmware says, by the kernel's names: `sys_vendor`, `bios_date`, ... */
export type Firmware = { readonly [file: string]: string }

export const writeFirmware = (disk: MemoryDisk, firmware: Firmware): void =>
  putAll(disk, "/sys/devices/virtual/dmi/id", firmware)
