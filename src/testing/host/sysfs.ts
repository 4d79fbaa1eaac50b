/**
 * Writes a /sys onto a disk in memory: devices of every kind with their ids, drivers, groups and
 * places in the tree, and bridges. Linux's own layout, so far as anybody reads it: a device's
 * directory is below /sys/devices, and the buses link to it. Writes only: what drivers do is in
 * pci-kernel.ts.
 */
import type { MemoryDisk } from "./disk.ts"
import { writeBridge } from "./links.ts"
import {
  type Firmware,
  type GraphicsNode,
  type MediatedDevice,
  type NetCard,
  writeCard,
  writeFirmware,
  writeGraphics,
  writeMediated
} from "./sysfs-other.ts"
import { type PciDevice, writePci } from "./sysfs-pci.ts"
import { type Drive, type ScsiHost, writeDrive, writeScsi } from "./sysfs-scsi.ts"
import { type UsbDevice, writeUsb } from "./sysfs-usb.ts"

export type { PciDevice, PciQuirks } from "./sysfs-pci.ts"
export { unplug } from "./sysfs-put.ts"
export type { UsbDevice } from "./sysfs-usb.ts"

/** What is behind or part of another device stands after it. */
export interface Devices {
  readonly pci?: readonly PciDevice[]
  /** Drivers of PCI that are loaded beside those that devices have; by default vfio-pci. */
  readonly pciDrivers?: readonly string[]
  readonly usb?: readonly UsbDevice[]
  readonly scsi?: readonly ScsiHost[]
  /** Drives that no SCSI host has: `vda`, `nvme0n1`, `loop0`. */
  readonly drives?: readonly Drive[]
  readonly cards?: readonly NetCard[]
  readonly graphics?: readonly GraphicsNode[]
  readonly mediated?: readonly MediatedDevice[]
  readonly firmware?: Firmware
  /** Bridges that taps can be attached to. */
  readonly bridges?: readonly string[]
}

export const writeDevices = (disk: MemoryDisk, devices: Devices): void => {
  disk.makeDirectories("/sys/class/net")
  for (const device of devices.pci ?? []) writePci(disk, device)
  for (const device of devices.usb ?? []) writeUsb(disk, device)
  for (const host of devices.scsi ?? []) writeScsi(disk, host)
  for (const drive of devices.drives ?? []) writeDrive(disk, drive)
  for (const card of devices.cards ?? []) writeCard(disk, card)
  for (const node of devices.graphics ?? []) writeGraphics(disk, node)
  for (const mdev of devices.mediated ?? []) writeMediated(disk, mdev)
  if (devices.firmware !== undefined) writeFirmware(disk, devices.firmware)
  for (const bridge of devices.bridges ?? []) writeBridge(disk, bridge)
}
