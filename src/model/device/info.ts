/**
 * What several device kinds share: alias, address, virtio options, and the boot and ROM settings
 * of devices that a guest can boot from.
 */
import type { Address } from "../address.ts"
import type { Keeps } from "../kept.ts"

export interface DeviceCommon extends Keeps {
  /** The device's name in QEMU. Assigned at start; a user's own begins with `ua-` and stays. */
  readonly alias?: string
  readonly address?: Address
}

export interface VirtioOptions extends Keeps {
  readonly iommu?: boolean
  readonly ats?: boolean
  readonly packed?: boolean
  readonly pagePerVq?: boolean
}

/** A boot position of its own, 1 first; excludes boot devices in `os`. */
export interface BootEntry extends Keeps {
  readonly order: number
  readonly loadparm?: string
}

export interface Rom extends Keeps {
  readonly enabled?: boolean
  readonly bar?: boolean
  readonly file?: string
}

/** How a client end finds its server again. */
export interface Reconnect extends Keeps {
  readonly enabled: boolean
  readonly timeoutSeconds?: number
}
