/** Disks, CD-ROM drives, floppies and LUNs: what the guest sees and where the content is. */
import type { Keeps } from "../kept.ts"
import type { BootEntry, DeviceCommon, VirtioOptions } from "./info.ts"

export type DiskBus = "ide" | "fdc" | "scsi" | "virtio" | "xen" | "usb" | "uml" | "sata" | "sd"

export interface Disk extends DeviceCommon {
  readonly kind: "disk"
  readonly device: "disk" | "cdrom" | "floppy" | "lun"
  readonly model?: "virtio" | "virtio-transitional" | "virtio-non-transitional"
  readonly rawio?: boolean
  readonly sgio?: "filtered" | "unfiltered"
  readonly snapshot?: "no" | "internal" | "external" | "manual"
  readonly driver?: DiskDriver
  /** An empty drive has a source of its type with nothing in it. */
  readonly source: DiskSource
  readonly backingStore?: BackingStore
  readonly target: DiskTarget
  readonly isReadonly: boolean
  readonly isShareable: boolean
  readonly isTransient: boolean
  readonly serial?: string
  readonly wwn?: string
  readonly vendor?: string
  readonly product?: string
  readonly boot?: BootEntry
}

export interface DiskTarget extends Keeps {
  /** The letters after the prefix are an index: `vda` 0, `vdb` 1, ... */
  readonly dev: string
  readonly bus?: DiskBus
  readonly tray?: "closed" | "open"
  readonly removable?: boolean
  readonly rotationRate?: number
}

export interface DiskDriver extends VirtioOptions {
  readonly name?: string
  /** The image format: `raw`, `qcow2`, ... */
  readonly type?: string
  readonly cache?: "default" | "none" | "writethrough" | "writeback" | "directsync" | "unsafe"
  readonly errorPolicy?: "default" | "stop" | "report" | "ignore" | "enospace"
  readonly rerrorPolicy?: "default" | "stop" | "report" | "ignore"
  readonly io?: "default" | "native" | "threads" | "io_uring"
  readonly ioeventfd?: boolean
  readonly eventIdx?: boolean
  readonly copyOnRead?: boolean
  readonly discard?: "default" | "unmap" | "ignore"
  readonly iothread?: number
  readonly detectZeroes?: "default" | "off" | "on" | "unmap"
  readonly queues?: number
  readonly queueSize?: number
}

interface SourceCommon extends Keeps {
  readonly startupPolicy?: "default" | "mandatory" | "requisite" | "optional"
  /** The image's number in its chain, of a running guest. */
  readonly index?: number
}

export type DiskSource =
  | (SourceCommon & { readonly type: "file"; readonly file?: string })
  | (SourceCommon & { readonly type: "block"; readonly dev?: string })
  | (SourceCommon & { readonly type: "dir"; readonly dir?: string })
  | (SourceCommon & NetworkSource)
  | (SourceCommon & {
      readonly type: "volume"
      readonly pool?: string
      readonly volume?: string
      readonly mode?: "default" | "host" | "direct"
    })
  | (SourceCommon & { readonly type: "nvme" })
  | (SourceCommon & { readonly type: "vhostuser" })
  | (SourceCommon & { readonly type: "vhostvdpa"; readonly dev?: string })

export interface NetworkSource {
  readonly type: "network"
  readonly protocol?: string
  readonly name?: string
  readonly query?: string
  readonly tls?: boolean
  readonly tlsHostname?: string
  readonly hosts: readonly NetworkHost[]
}

export interface NetworkHost extends Keeps {
  readonly transport?: "tcp" | "unix" | "rdma"
  readonly name?: string
  readonly port?: number
  readonly socket?: string
}

/** `none` ends the chain: the image is said to have no backing file. */
export type BackingStore =
  | (Keeps & { readonly type: "none" })
  | (Keeps & {
      readonly type: "image"
      readonly index?: number
      readonly format?: string
      readonly source: DiskSource
      readonly backingStore?: BackingStore
    })
