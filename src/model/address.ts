/**
 * Where a device sits in its guest: libvirt's address types. Plain numbers; spelling is the XML's.
 */
import type { Keeps } from "./kept.ts"

export interface PciAddress extends Keeps {
  readonly type: "pci"
  readonly domain: number
  readonly bus: number
  readonly slot: number
  readonly function: number
  readonly multifunction?: boolean
}

export interface DriveAddress extends Keeps {
  readonly type: "drive"
  readonly controller: number
  readonly bus: number
  readonly target: number
  readonly unit: number
}

export interface VirtioSerialAddress extends Keeps {
  readonly type: "virtio-serial"
  readonly controller: number
  readonly bus: number
  readonly port?: number
}

export interface CcidAddress extends Keeps {
  readonly type: "ccid"
  readonly controller: number
  readonly slot: number
}

export interface UsbAddress extends Keeps {
  readonly type: "usb"
  readonly bus: number
  /** Ports from the root down, joined by dots: `2` or `1.3`. Absent: to be assigned. */
  readonly port?: string
}

export interface IsaAddress extends Keeps {
  readonly type: "isa"
  readonly iobase?: number
  readonly irq?: number
}

export interface DimmAddress extends Keeps {
  readonly type: "dimm"
  readonly slot: number
  readonly base?: bigint
}

/** Buses that x86 guests do not have, and the explicit wish for no address. */
export interface OtherAddress extends Keeps {
  readonly type: "virtio-mmio" | "unassigned" | "spapr-vio" | "ccw" | "virtio-s390"
}

export type Address =
  | PciAddress
  | DriveAddress
  | VirtioSerialAddress
  | CcidAddress
  | UsbAddress
  | IsaAddress
  | DimmAddress
  | OtherAddress

/** A PCI address in the kernel's spelling, `0000:03:00.1`. */
export function pciText(address: Omit<PciAddress, "type">): string {
  const hex = (value: number, width: number) => value.toString(16).padStart(width, "0")
  const { domain, bus, slot } = address
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${hex(address.function, 1)}`
}
