/** Writes PCI functions into /sys: bridges, drivers, IOMMU groups, virtual functions, products. */
import type { MemoryDisk } from "./disk.ts"
import { hex, link, placeBelow, putAll, putBytes, putUevent, realPath } from "./sysfs-put.ts"

export interface PciDevice {
  /** `0000:03:00.0` */
  readonly address: string
  readonly vendor: number
  readonly device: number
  readonly subsystem?: { readonly vendor: number; readonly device: number }
  /** 24 bits: class, subclass, programming interface. */
  readonly class: number
  /** That it is with; it need not be the one that the kernel would choose. */
  readonly driver?: string | undefined
  /** That the kernel chooses; by default the one that it is with, unless that is vfio-pci. */
  readonly nativeDriver?: string
  /** What `driver_override` says. */
  readonly override?: string
  /** None on a host without an IOMMU. */
  readonly iommuGroup?: number
  readonly numaNode?: number
  /** Address of the bridge that it is behind, which stands before it in the list. */
  readonly behind?: string
  /** Configuration space; by default one without capabilities. */
  readonly config?: Uint8Array
  readonly vpd?: Uint8Array
  /** In the order in which they are tried. */
  readonly resetMethods?: readonly string[]
  /** Of a physical function: how many virtual ones it can have. */
  readonly virtualFunctionsMax?: number
  /** And what they are that `sriov_numvfs` makes. */
  readonly virtual?: {
    readonly device: number
    readonly nativeDriver?: string
    /** Of the first one; each has its own. */
    readonly iommuGroup?: number
    /** From the physical function to the first one. */
    readonly offset?: number
  }
  /** Of a virtual function: address of the physical one, which stands before it in the list. */
  readonly physicalFunction?: string
  /** Kinds of mediated devices, by id. */
  readonly mdevTypes?: {
    readonly [id: string]: { readonly name?: string; readonly available: number }
  }
  readonly quirks?: PciQuirks
}

/** How its drivers behave where they do not behave well. */
export interface PciQuirks {
  /** What a driver answers instead of taking it, by driver: `EINVAL`, `EBUSY`, ... */
  readonly refusedBy?: { readonly [driver: string]: string }
  /** How long its driver takes to let go; without end: it never does. */
  readonly unbindMs?: number
  readonly bindMs?: number
  /** What a reset ends with: `ENOTTY`, `EIO`, ... */
  readonly resetError?: string
  readonly resetMs?: number
}

/** A header of type 0 as it is where nothing of it is looked at. */
const plainConfig = (device: PciDevice): Uint8Array => {
  const bytes = new Uint8Array(256)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, device.vendor, true)
  view.setUint16(2, device.device, true)
  view.setUint32(8, device.class * 256, true)
  return bytes
}

const busOf = "/sys/bus/pci"

const placeOf = (disk: MemoryDisk, { address, behind }: PciDevice): string => {
  const [domain = "0000", bus = "00"] = address.split(":")
  const above = behind === undefined ? `/sys/devices/pci${domain}:${bus}` : placeBelow(disk, behind)
  return `${above}/${address}`
}

const writeDriver = (disk: MemoryDisk, at: string, device: PciDevice): void => {
  const { address, driver } = device
  if (driver === undefined) return
  link(disk, `${at}/driver`, `${busOf}/drivers/${driver}`)
  link(disk, `${busOf}/drivers/${driver}/${address}`, at)
}

const writeGroup = (disk: MemoryDisk, at: string, { address, iommuGroup }: PciDevice): void => {
  if (iommuGroup === undefined) return
  const group = `/sys/kernel/iommu_groups/${iommuGroup}`
  link(disk, `${at}/iommu_group`, group)
  link(disk, `${group}/devices/${address}`, at)
}

const writeVirtual = (disk: MemoryDisk, at: string, { physicalFunction }: PciDevice): void => {
  if (physicalFunction === undefined) return
  const above = realPath(disk, `${busOf}/devices/${physicalFunction}`)
  link(disk, `${at}/physfn`, above)
  const count = disk.names(above).filter((name) => name.startsWith("virtfn")).length
  link(disk, `${above}/virtfn${count}`, at)
}

const writeMdevTypes = (disk: MemoryDisk, at: string, { mdevTypes }: PciDevice): void => {
  for (const [id, { name, available }] of Object.entries(mdevTypes ?? {}))
    putAll(disk, `${at}/mdev_supported_types/${id}`, {
      name,
      device_api: "vfio-pci",
      available_instances: available
    })
}

const idPair = (vendor: number, device: number): string =>
  `${hex(vendor, 4)}:${hex(device, 4)}`.toUpperCase()

export const writePci = (disk: MemoryDisk, device: PciDevice): void => {
  const { address, subsystem, resetMethods } = device
  const at = placeOf(disk, device)
  putAll(disk, at, {
    vendor: `0x${hex(device.vendor, 4)}`,
    device: `0x${hex(device.device, 4)}`,
    class: `0x${hex(device.class, 6)}`,
    numa_node: device.numaNode ?? -1,
    driver_override: device.override ?? "(null)",
    reset_method: resetMethods?.join(" "),
    sriov_totalvfs: device.virtualFunctionsMax
  })
  putUevent(disk, at, {
    DRIVER: device.driver,
    PCI_CLASS: hex(device.class, 1).toUpperCase(),
    PCI_ID: idPair(device.vendor, device.device),
    PCI_SUBSYS_ID: subsystem && idPair(subsystem.vendor, subsystem.device),
    PCI_SLOT_NAME: address
  })
  putBytes(disk, `${at}/config`, device.config ?? plainConfig(device))
  if (device.vpd !== undefined) putBytes(disk, `${at}/vpd`, device.vpd)
  link(disk, `${busOf}/devices/${address}`, at)
  writeDriver(disk, at, device)
  writeGroup(disk, at, device)
  writeVirtual(disk, at, device)
  writeMdevTypes(disk, at, device)
}
