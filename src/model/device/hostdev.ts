/** Host devices handed to the guest. Which domain has which device is the pools' matter. */
import type { DriveAddress, PciAddress } from "../address.ts"
import type { Keeps } from "../kept.ts"
import type { BootEntry, DeviceCommon, Rom } from "./info.ts"

export interface Hostdev extends DeviceCommon {
  readonly kind: "hostdev"
  /** Whether the device is detached from the host and given back without being asked. */
  readonly managed: boolean
  readonly source: HostdevSource
  readonly boot?: BootEntry
  readonly rom?: Rom
}

export type HostdevSource = Keeps &
  (
    | {
        readonly type: "pci"
        readonly address: PciAddress
        readonly driver?: "kvm" | "vfio" | "xen"
        readonly writeFiltering?: boolean
      }
    | UsbSource
    | ScsiSource
    | { readonly type: "scsi_host" }
    | MdevSource
  )

export interface UsbSource {
  readonly type: "usb"
  readonly startupPolicy?: "default" | "mandatory" | "requisite" | "optional"
  readonly guestReset?: "off" | "uninitialized" | "on"
  readonly vendor?: number
  readonly product?: number
  readonly bus?: number
  readonly device?: number
}

export interface ScsiSource {
  readonly type: "scsi"
  readonly adapter?: string
  readonly unit?: Omit<DriveAddress, "type" | "controller">
  readonly sgio?: "filtered" | "unfiltered"
  readonly rawio?: boolean
  readonly isReadonly: boolean
  readonly isShareable: boolean
}

export interface MdevSource {
  readonly type: "mdev"
  readonly model: "vfio-pci" | "vfio-ccw" | "vfio-ap"
  readonly uuid: string
  readonly display?: boolean
  readonly ramfb?: boolean
}
