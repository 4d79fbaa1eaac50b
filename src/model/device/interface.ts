/** Network interfaces: the guest's card and the host's end of it. */
import type { PciAddress, UsbAddress } from "../address.ts"
import type { Keeps } from "../kept.ts"
import type { ChardevSource } from "./character.ts"
import type { BootEntry, DeviceCommon, Rom, VirtioOptions } from "./info.ts"

export interface Interface extends DeviceCommon {
  readonly kind: "interface"
  readonly connection: Connection
  readonly managed?: boolean
  readonly trustGuestRxFilters?: boolean
  /** Lower case, with colons. Absent: to be drawn. */
  readonly mac?: string
  readonly macType?: "generated" | "static"
  readonly macCheck?: boolean
  readonly script?: string
  readonly target?: InterfaceTarget
  readonly model?: string
  readonly driver?: InterfaceDriver
  readonly backend?: InterfaceBackend
  readonly boot?: BootEntry
  readonly rom?: Rom
  readonly linkState?: "up" | "down"
  readonly mtu?: number
  readonly vlan?: InterfaceVlan
  readonly guestDev?: string
  readonly isIsolated?: boolean
  /** Static guest addresses; only `user` and `ethernet` use them. */
  readonly ips: readonly InterfaceIp[]
  readonly tune?: InterfaceTune
}

/** What the host's end is attached to. */
export type Connection = Keeps &
  (
    | { readonly type: "user" }
    | { readonly type: "ethernet" }
    | { readonly type: "bridge"; readonly bridge: string }
    | {
        readonly type: "network"
        readonly network: string
        readonly portgroup?: string
        readonly portId?: string
        readonly bridge?: string
      }
    | { readonly type: "direct"; readonly dev: string; readonly mode?: DirectMode }
    | { readonly type: "internal"; readonly name: string }
    | { readonly type: "mcast" | "server"; readonly address?: string; readonly port: number }
    | { readonly type: "client"; readonly address?: string; readonly port: number }
    | {
        readonly type: "udp"
        readonly address?: string
        readonly port: number
        readonly local?: { readonly address?: string; readonly port: number } & Keeps
      }
    | { readonly type: "vhostuser"; readonly chardev: ChardevSource }
    | { readonly type: "vdpa"; readonly dev: string }
    | { readonly type: "hostdev"; readonly source: PciAddress | UsbAddress | undefined }
  )

export type DirectMode = "vepa" | "private" | "bridge" | "passthrough"

export interface InterfaceTarget extends Keeps {
  /** The tap device's name on the host. Names that begin with `vnet` are ours to assign. */
  readonly dev?: string
  readonly managed?: boolean
}

export interface InterfaceDriver extends VirtioOptions {
  readonly name?: "vhost" | "qemu" | "vfio"
  readonly txmode?: "iothread" | "timer"
  readonly ioeventfd?: boolean
  readonly eventIdx?: boolean
  readonly queues?: number
  readonly rxQueueSize?: number
  readonly txQueueSize?: number
  readonly rss?: boolean
  readonly rssHashReport?: boolean
}

export interface InterfaceBackend extends Keeps {
  readonly type?: string
  readonly tap?: string
  readonly vhost?: string
  readonly logFile?: string
}

export interface InterfaceIp extends Keeps {
  readonly family?: "ipv4" | "ipv6"
  readonly address: string
  readonly prefix?: number
  readonly peer?: string
}

/** Several tags, or one that is not the card's own, make a trunk. */
export interface InterfaceVlan extends Keeps {
  readonly trunk?: boolean
  readonly tags: readonly VlanTag[]
}

export interface VlanTag extends Keeps {
  readonly id: number
  readonly nativeMode?: "tagged" | "untagged"
}

export interface InterfaceTune extends Keeps {
  readonly sndbuf?: number
}
