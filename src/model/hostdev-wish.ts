/** How host devices are named and asked for, whichever pool they are in. */

export const hostDeviceKinds = ["pci", "usb", "scsi", "mdev"] as const

export type HostDeviceKind = (typeof hostDeviceKinds)[number]

/**
 * One device by its name: PCI `0000:03:00.0`, USB `001:004` (bus and number), SCSI `0:0:1:0` (host,
 * bus, target, unit), mediated ones by their uuid.
 */
export interface HostDeviceWish {
  readonly device: string
  /** The engine takes it from its driver, and gives it back in the end. */
  readonly isManaged: boolean
  /** Of a PCI function behind an IOMMU. Its pool reads it where it is not said. */
  readonly group?: IommuGroup
}

/** PCI functions that go to one guest, all of them, or to none. */
export interface IommuGroup {
  readonly number: number
  /** The other functions of it, bridges among them. */
  readonly mates: readonly string[]
}

const digits = (value: number): string => String(value).padStart(3, "0")

/** `001:004` */
export const usbText = ({ bus, device }: { readonly bus: number; readonly device: number }) =>
  `${digits(bus)}:${digits(device)}`

/** `046d:c52b` */
export const usbIdText = (ids: { readonly vendor: number; readonly product: number }): string => {
  const hex = (value: number) => value.toString(16).padStart(4, "0")
  return `${hex(ids.vendor)}:${hex(ids.product)}`
}
