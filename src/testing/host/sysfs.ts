/**
 * Writes a small /sys onto a disk in memory: PCI and USB devices with their ids, classes, drivers
 * and IOMMU groups, and bridges. Linux's own layout, so far as anybody reads it: a device's
 * directory is below /sys/devices, and the buses link to it. Writes only: what a driver would do is
 * not here.
 */
import type { MemoryDisk } from "./disk.ts"
import { writeBridge } from "./links.ts"
import { put } from "./put.ts"

export interface PciDevice {
  /** `0000:03:00.0` */
  readonly address: string
  readonly vendor: number
  readonly device: number
  /** 24 bits: class, subclass, programming interface. */
  readonly class: number
  readonly driver?: string
  /** None on a host without an IOMMU. */
  readonly iommuGroup?: number
  readonly numaNode?: number
}

export interface UsbDevice {
  /** Where it is plugged in: `1-2`, `1-2.3`. */
  readonly port: string
  readonly bus: number
  /** Changes when it is plugged in again. */
  readonly number: number
  readonly vendor: number
  readonly product: number
  readonly name?: string
  readonly serial?: string
}

export interface Devices {
  readonly pci?: readonly PciDevice[]
  readonly usb?: readonly UsbDevice[]
  /** Bridges that taps can be attached to. */
  readonly bridges?: readonly string[]
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

const link = (disk: MemoryDisk, path: string, target: string): void => {
  disk.makeDirectories(path.slice(0, path.lastIndexOf("/")))
  disk.symlink(target, path)
}

/** Each under its name, with the newline that sysfs ends its files with. */
const putAll = (
  disk: MemoryDisk,
  directory: string,
  values: { readonly [name: string]: string | undefined }
): void => {
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) put(disk, `${directory}/${name}`, { text: `${value}\n` })
}

const writePci = (disk: MemoryDisk, device: PciDevice): void => {
  const { address, driver, iommuGroup } = device
  const domain = address.split(":")[0] ?? "0000"
  const at = `pci${domain}:00/${address}`
  putAll(disk, `/sys/devices/${at}`, {
    vendor: `0x${hex(device.vendor, 4)}`,
    device: `0x${hex(device.device, 4)}`,
    class: `0x${hex(device.class, 6)}`,
    numa_node: String(device.numaNode ?? -1),
    driver_override: "(null)"
  })
  link(disk, `/sys/bus/pci/devices/${address}`, `../../../devices/${at}`)
  if (driver !== undefined) {
    link(disk, `/sys/devices/${at}/driver`, `../../../bus/pci/drivers/${driver}`)
    link(disk, `/sys/bus/pci/drivers/${driver}/${address}`, `../../../../devices/${at}`)
  }
  if (iommuGroup === undefined) return
  const group = `kernel/iommu_groups/${iommuGroup}`
  link(disk, `/sys/devices/${at}/iommu_group`, `../../../${group}`)
  link(disk, `/sys/${group}/devices/${address}`, `../../../../devices/${at}`)
}

const writeUsb = (disk: MemoryDisk, device: UsbDevice): void => {
  const { port, bus, number } = device
  const at = `usb${bus}/${port}`
  putAll(disk, `/sys/devices/${at}`, {
    busnum: String(bus),
    devnum: String(number),
    idVendor: hex(device.vendor, 4),
    idProduct: hex(device.product, 4),
    product: device.name,
    serial: device.serial
  })
  link(disk, `/sys/bus/usb/devices/${port}`, `../../../devices/${at}`)
  const node = (value: number) => String(value).padStart(3, "0")
  disk.makeDirectories(`/dev/bus/usb/${node(bus)}`)
  disk.special(`/dev/bus/usb/${node(bus)}/${node(number)}`, "character")
}

export const writeDevices = (disk: MemoryDisk, { pci, usb, bridges }: Devices): void => {
  disk.makeDirectories("/sys/class/net")
  for (const device of pci ?? []) writePci(disk, device)
  for (const device of usb ?? []) writeUsb(disk, device)
  for (const bridge of bridges ?? []) writeBridge(disk, bridge)
}
