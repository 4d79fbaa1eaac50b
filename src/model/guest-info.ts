/**
 * What a guest's agent tells of the guest: plain data in libvirt's nouns. All of it is the guest's
 * own word, and nothing of it is proven.
 */

export interface GuestTime {
  /** Since 1970, by the guest's clock. */
  readonly seconds: bigint
  /** 0 to 999,999,999. */
  readonly nanoseconds: number
}

export interface GuestDisk {
  /** QEMU's name of the drive, where the agent found it. */
  readonly serial?: string
  /** `/dev/vda`, where the agent knows it. */
  readonly device?: string
  readonly busType: string
  readonly bus: number
  readonly target: number
  readonly unit: number
  readonly pci: {
    readonly domain: number
    readonly bus: number
    readonly slot: number
    readonly function: number
  }
  /** The target of the domain's disk at this place (`vda`), where one fits. */
  readonly alias?: string
}

export interface GuestFilesystem {
  readonly mountpoint: string
  /** The guest's name of the device: `vda1`. */
  readonly name: string
  readonly fstype: string
  readonly totalBytes?: bigint
  readonly usedBytes?: bigint
  readonly disks: readonly GuestDisk[]
}

export interface GuestUser {
  readonly user: string
  /** Windows only. */
  readonly domain?: string
  /** Of the log-in, in ms since 1970. */
  readonly loginTimeMs: number
}

export interface GuestOs {
  readonly id?: string
  readonly name?: string
  readonly prettyName?: string
  readonly version?: string
  readonly versionId?: string
  readonly variant?: string
  readonly variantId?: string
  readonly machine?: string
  readonly kernelRelease?: string
  readonly kernelVersion?: string
}

export interface GuestTimezone {
  readonly name?: string
  readonly offsetSeconds: number
}

/** A block device of the guest, mounted or not. */
export interface GuestBlockDevice {
  readonly name: string
  readonly isPartition: boolean
  readonly dependencies: readonly string[]
  readonly address?: GuestDisk
  /** Its file system's name in the guest: `/dev/mapper/x`. */
  readonly guestAlias?: string
}

export type AddressKind = "ipv4" | "ipv6"

export interface InterfaceAddress {
  readonly kind: AddressKind
  readonly address: string
  readonly prefix: number
}

export interface DomainInterface {
  readonly name: string
  readonly hardwareAddress?: string
  readonly addresses: readonly InterfaceAddress[]
}

/** Where addresses are looked up: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE 0, AGENT 1, ARP 2. */
export type AddressSource = "lease" | "agent" | "arp"

export interface GuestVcpu {
  readonly logicalId: number
  readonly isOnline: boolean
  readonly canOffline: boolean
}

/** The kinds of virDomainGetGuestInfo: `users` is bit 0, and so on in this order. */
export const guestInfoKinds = [
  "users",
  "os",
  "timezone",
  "hostname",
  "filesystem",
  "disks",
  "interfaces"
] as const
export type GuestInfoKind = (typeof guestInfoKinds)[number]

export interface GuestInfo {
  readonly users?: readonly GuestUser[]
  readonly os?: GuestOs
  readonly timezone?: GuestTimezone
  readonly hostname?: string
  readonly filesystem?: readonly GuestFilesystem[]
  readonly disks?: readonly GuestBlockDevice[]
  readonly interfaces?: readonly DomainInterface[]
}

/** VIR_NODE_SUSPEND_TARGET: mem 0, disk 1, hybrid 2. */
export type SuspendTarget = "mem" | "disk" | "hybrid"
