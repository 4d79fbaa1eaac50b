/** Controllers: the buses that other devices sit on. Names of models are libvirt's. */
import type { Keeps } from "../kept.ts"
import type { DeviceCommon, VirtioOptions } from "./info.ts"

export type ControllerType =
  | "ide"
  | "fdc"
  | "scsi"
  | "sata"
  | "virtio-serial"
  | "ccid"
  | "usb"
  | "pci"
  | "xenbus"
  | "isa"

export interface Controller extends DeviceCommon {
  readonly kind: "controller"
  readonly type: ControllerType
  /** Absent until one is assigned. */
  readonly index?: number
  /** Checked per type where the model is acted on. */
  readonly model?: string
  /** The QEMU device of a PCI controller, such as `pcie-root-port`. */
  readonly modelName?: string
  /** virtio-serial and xhci. */
  readonly ports?: number
  /** virtio-serial. */
  readonly vectors?: number
  readonly driver?: ControllerDriver
  /** An ICH9 companion's first port at its master. */
  readonly masterStartPort?: number
  readonly target?: PciControllerTarget
  readonly pciHole64KiB?: number
}

export interface ControllerDriver extends VirtioOptions {
  readonly queues?: number
  readonly cmdPerLun?: number
  readonly maxSectors?: number
  readonly ioeventfd?: boolean
  readonly iothread?: number
}

export interface PciControllerTarget extends Keeps {
  readonly chassisNr?: number
  readonly chassis?: number
  readonly port?: number
  readonly busNr?: number
  readonly index?: number
  readonly hotplug?: boolean
  /** The NUMA node of an expander bus. */
  readonly node?: number
}
