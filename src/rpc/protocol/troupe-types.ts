/** What the procedures of the program `troupe` take and answer, under the names of its table. */

export interface troupe_host_device {
  /** `pci`, `usb`, `scsi`, `mdev`. */
  readonly kind: string
  readonly device: string
  readonly name: string | null
  readonly product: string | null
  readonly state: string
  readonly driver: string | null
  /** -1 is none. */
  readonly iommuGroup: number
  readonly holder: string | null
  readonly holderUuid: string | null
  readonly whyNot: string | null
}

export interface troupe_host_devices_list_args {
  readonly flags: number
}

export interface troupe_host_devices_list_ret {
  readonly devices: readonly troupe_host_device[]
}

export interface troupe_host_device_detach_args {
  readonly name: string
  /** 1: although the host uses it. */
  readonly flags: number
}

export interface TroupeProcedures {
  readonly HOST_DEVICES_LIST: {
    readonly args: troupe_host_devices_list_args
    readonly ret: troupe_host_devices_list_ret
  }
  readonly HOST_DEVICE_DETACH: {
    readonly args: troupe_host_device_detach_args
    readonly ret: void
  }
}
