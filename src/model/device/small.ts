/**
 * The small devices, each a handful of settings: video, input, RNG, balloon, watchdog, sound,
 * panic notifier, USB hub and redirection, IOMMU; and the devices that are kept as they stand.
 */
import type { Consequence, Keeps, KeptElement } from "../kept.ts"
import type { ChardevSource } from "./character.ts"
import type { BootEntry, DeviceCommon, VirtioOptions } from "./info.ts"

export interface Video extends DeviceCommon {
  readonly kind: "video"
  readonly driver?: VirtioOptions & { readonly name?: "qemu" | "vhostuser" }
  readonly model: VideoModel
}

export interface VideoModel extends Keeps {
  /** Absent: the default of the machine and binary. */
  readonly type?: string
  readonly ramKiB?: number
  readonly vramKiB?: number
  readonly vram64KiB?: number
  readonly vgamemKiB?: number
  readonly heads?: number
  readonly primary?: boolean
  readonly blob?: boolean
  readonly acceleration?: Keeps & {
    readonly accel2d?: boolean
    readonly accel3d?: boolean
    readonly rendernode?: string
  }
  readonly resolution?: Keeps & { readonly x: number; readonly y: number }
}

export interface Input extends DeviceCommon {
  readonly kind: "input"
  readonly type: "mouse" | "tablet" | "keyboard" | "passthrough" | "evdev"
  readonly bus?: "ps2" | "usb" | "virtio" | "xen" | "parallels" | "none"
  readonly model?: "virtio" | "virtio-transitional" | "virtio-non-transitional"
  readonly driver?: VirtioOptions
  readonly source?: Keeps & {
    readonly evdev?: string
    readonly dev?: string
    readonly grab?: "all"
    readonly grabToggle?: string
    readonly repeat?: boolean
  }
}

export interface Rng extends DeviceCommon {
  readonly kind: "rng"
  readonly model: "virtio" | "virtio-transitional" | "virtio-non-transitional"
  readonly rate?: Keeps & { readonly bytes: number; readonly periodMs?: number }
  readonly backend: Keeps &
    (
      | { readonly type: "random"; readonly path: string }
      | { readonly type: "egd"; readonly chardev: ChardevSource }
      | { readonly type: "builtin" }
    )
  readonly driver?: VirtioOptions
}

export interface Memballoon extends DeviceCommon {
  readonly kind: "memballoon"
  readonly model: "virtio" | "virtio-transitional" | "virtio-non-transitional" | "xen" | "none"
  readonly autodeflate?: boolean
  readonly freePageReporting?: boolean
  readonly statsPeriodSeconds?: number
  readonly driver?: VirtioOptions
}

export interface Watchdog extends DeviceCommon {
  readonly kind: "watchdog"
  readonly model: "i6300esb" | "ib700" | "diag288" | "itco"
  readonly action: "reset" | "shutdown" | "poweroff" | "pause" | "dump" | "none" | "inject-nmi"
}

export interface Sound extends DeviceCommon {
  readonly kind: "sound"
  readonly model: string
  readonly codecs: readonly ("duplex" | "micro" | "output")[]
  readonly audioId?: number
}

/** A USB device of somebody else's machine, reached through a connection. */
export interface Redirdev extends DeviceCommon {
  readonly kind: "redirdev"
  readonly bus: "usb"
  readonly source: ChardevSource
  readonly boot?: BootEntry
}

/** The guest's own I/O memory management unit. */
export interface Iommu extends DeviceCommon {
  readonly kind: "iommu"
  readonly model: "intel" | "smmuv3" | "virtio"
  readonly driver?: Keeps & {
    readonly intremap?: boolean
    readonly cachingMode?: boolean
    readonly eim?: boolean
    readonly iotlb?: boolean
    readonly addressWidthBits?: number
  }
}

export interface Panic extends DeviceCommon {
  readonly kind: "panic"
  readonly model?: "isa" | "pseries" | "hyperv" | "s390" | "pvpanic"
}

export interface Hub extends DeviceCommon {
  readonly kind: "hub"
  readonly type: "usb"
}

/** A device kind that is known or unknown but not acted on. Its address still takes its place. */
export interface KeptDevice extends Pick<DeviceCommon, "alias" | "address"> {
  readonly kind: "kept"
  /** The element's name: `tpm`, `filesystem`, ... */
  readonly name: string
  readonly isKnown: boolean
  readonly consequence: Consequence
  readonly element: KeptElement
}
