/**
 * What a device of the host is: libvirt's node device and its kinds, as plain readonly data. What
 * the kernel or the firmware does not say is absent; nothing here is guessed.
 */

/** A function of a PCI device. */
export interface PciPlace {
  readonly domain: number
  readonly bus: number
  readonly slot: number
  readonly function: number
}

/** A number with the name that a list of names has for it. */
export interface NamedId {
  readonly id: number
  readonly name?: string
}

export interface SystemCapability {
  readonly type: "system"
  readonly product?: string
  readonly vendor?: string
  readonly version?: string
  readonly serial?: string
  readonly uuid: string
  readonly firmware: {
    readonly vendor?: string
    readonly version?: string
    readonly releaseDate?: string
  }
}

/** GT/s as libvirt spells it: `2.5`, `8`. */
export interface PciLink {
  readonly port?: number
  readonly speed?: string
  readonly width: number
}

export interface PciExpress {
  /** What the link can do and what it does; absent on functions that have none. */
  readonly link?: { readonly capable: PciLink; readonly status: PciLink }
}

export interface VpdField {
  /** The second character of the keyword. */
  readonly index: string
  readonly value: string
}

/** Vital product data (PCI 3.0, appendix I). */
export interface Vpd {
  readonly name: string
  readonly readOnly?: {
    readonly changeLevel?: string
    readonly manufactureId?: string
    readonly partNumber?: string
    readonly serialNumber?: string
    readonly vendor: readonly VpdField[]
  }
  readonly readWrite?: {
    readonly assetTag?: string
    readonly vendor: readonly VpdField[]
    readonly system: readonly VpdField[]
  }
}

/** A kind of mediated device that a function can be divided into. */
export interface MdevType {
  readonly id: string
  readonly name?: string
  readonly deviceApi: string
  readonly availableInstances: number
}

export interface PciCapability {
  readonly type: "pci"
  readonly place: PciPlace
  /** 24 bits: class, subclass, programming interface. */
  readonly class?: number
  readonly product: NamedId
  readonly vendor: NamedId
  /** Not in libvirt's XML. */
  readonly subsystem?: { readonly vendor: number; readonly device: number }
  /** In the order in which the kernel tries them: `flr`, `bus`, ...; not in libvirt's XML. */
  readonly resetMethods: readonly string[]
  /** Of a virtual function: the one it belongs to. */
  readonly physicalFunction?: PciPlace
  /** Of a physical function: how many it can have, and which it has. */
  readonly virtualFunctions?: { readonly countMax: number; readonly places: readonly PciPlace[] }
  /** From the header; only root may read so far. */
  readonly bridge?: "pci-bridge" | "cardbus-bridge"
  readonly mdevTypes: readonly MdevType[]
  readonly vpd?: Vpd
  /** What is passed through together; the function itself is among them. */
  readonly iommuGroup?: { readonly number: number; readonly places: readonly PciPlace[] }
  readonly numaNode?: number
  /** Only root may read it. */
  readonly express?: PciExpress
}

export interface UsbDeviceCapability {
  readonly type: "usb_device"
  readonly bus: number
  /** Changes when it is plugged in again. */
  readonly device: number
  readonly product: NamedId
  readonly vendor: NamedId
  /** `1-2.3`: bus and ports from the root down; `usb1` for a bus's root. Not in libvirt's XML. */
  readonly port: string
  /** Not in libvirt's XML. */
  readonly serial?: string
  /** The kernel's names: `1-2.3:1.0`. Not in libvirt's XML. */
  readonly interfaces: readonly string[]
}

export interface UsbInterfaceCapability {
  readonly type: "usb"
  readonly number: number
  readonly class: number
  readonly subclass: number
  readonly protocol: number
}

/** RFC 2863's, as the kernel and libvirt spell it. */
export const linkStates = [
  "unknown",
  "notpresent",
  "down",
  "lowerlayerdown",
  "testing",
  "dormant",
  "up"
] as const

export interface NetCapability {
  readonly type: "net"
  readonly interface: string
  readonly address?: string
  readonly state?: (typeof linkStates)[number]
  /** Mbit/s; absent where nobody knows. */
  readonly speed?: number
  readonly isWireless: boolean
}

/** World wide names: 16 hexadecimal digits. */
export interface FibreChannelHost {
  readonly wwnn: string
  readonly wwpn: string
  readonly fabric?: string
}

export interface ScsiHostCapability {
  readonly type: "scsi_host"
  readonly host: number
  readonly uniqueId?: number
  readonly fibreChannel?: FibreChannelHost
  readonly vports?: { readonly countMax: number; readonly count: number }
}

export interface ScsiTargetCapability {
  readonly type: "scsi_target"
  readonly target: string
  readonly remotePort?: { readonly name: string; readonly wwpn: string }
}

export interface ScsiCapability {
  readonly type: "scsi"
  readonly host: number
  readonly bus: number
  readonly target: number
  readonly lun: number
  /** `disk`, `cdrom`, `tape`, ... */
  readonly deviceType?: string
}

export interface ScsiGenericCapability {
  readonly type: "scsi_generic"
  /** `/dev/sg0` */
  readonly character: string
}

export interface StorageCapability {
  readonly type: "storage"
  /** `/dev/sda` */
  readonly block: string
  readonly bus?: string
  readonly driveType: "disk" | "cdrom" | "floppy" | "sd"
  readonly model?: string
  readonly vendor?: string
  readonly serial?: string
  readonly isRemovable: boolean
  /** Always of what is not removable. */
  readonly hasMedia: boolean
  readonly mediaLabel?: string
  readonly sizeBytes: number
  readonly logicalBlockSize: number
  readonly blocks: number
}

export interface DrmCapability {
  readonly type: "drm"
  readonly node: "primary" | "control" | "render"
}

export interface MdevCapability {
  readonly type: "mdev"
  readonly uuid: string
  readonly typeId: string
  /** `0000:00:02.0` */
  readonly parentAddress: string
  readonly iommuGroup?: number
}

export type NodeCapability =
  | SystemCapability
  | PciCapability
  | UsbDeviceCapability
  | UsbInterfaceCapability
  | NetCapability
  | ScsiHostCapability
  | ScsiTargetCapability
  | ScsiCapability
  | ScsiGenericCapability
  | StorageCapability
  | DrmCapability
  | MdevCapability

export type NodeDeviceKind = NodeCapability["type"]

/** A device as the list of all has it: enough to find it and to read the rest. */
export interface ListedDevice {
  /** libvirt's: `pci_0000_00_1f_2`. */
  readonly name: string
  readonly kind: NodeDeviceKind
  /** Below /sys/devices; empty for the computer itself. */
  readonly path: string
  /** The nearest device above it; absent for the computer itself. */
  readonly parent?: string
}

export interface NodeDevice extends ListedDevice {
  readonly driver?: string
  /** `/dev/sda` */
  readonly devnode?: string
  /** Other names of the same: `/dev/disk/by-id/...`. */
  readonly links: readonly string[]
  readonly capability: NodeCapability
}

/** What happens to the devices of a host. */
export interface NodeDeviceEvent {
  readonly type: "created" | "deleted" | "updated"
  readonly name: string
}

/** The computer itself: the root of the tree. */
export const computerName = "computer"
