/**
 * Character devices: serial, parallel, console and channel, and what is behind them on the host.
 */
import type { Keeps } from "../kept.ts"
import type { DeviceCommon, Reconnect } from "./info.ts"

export interface Serial extends CharacterCommon {
  readonly kind: "serial"
  readonly target: {
    readonly type?: "isa-serial" | "usb-serial" | "pci-serial" | "isa-debug" | SerialElsewhere
    readonly port?: number
    readonly model?: string
  } & Keeps
}

/** Serial ports of machines that are not x86. */
export type SerialElsewhere = "spapr-vio-serial" | "system-serial" | "sclp-serial"

export interface Parallel extends CharacterCommon {
  readonly kind: "parallel"
  readonly target: { readonly port?: number } & Keeps
}

export interface Console extends CharacterCommon {
  readonly kind: "console"
  readonly target: {
    /** Absent means `serial`: this console mirrors the first serial port. */
    readonly type?: "serial" | "virtio" | "xen" | "uml" | "lxc" | "openvz" | "sclp" | "sclplm"
    readonly port?: number
  } & Keeps
}

export interface Channel extends CharacterCommon {
  readonly kind: "channel"
  readonly target: Keeps &
    (
      | {
          readonly type: "virtio"
          /** What the guest sees as the port's name, such as `org.qemu.guest_agent.0`. */
          readonly name?: string
          /** Whether the guest has the port open; of a running guest only. */
          readonly state?: "connected" | "disconnected"
        }
      | { readonly type: "guestfwd"; readonly address: string; readonly port: number }
      | { readonly type: "xen"; readonly name?: string }
    )
}

export interface CharacterCommon extends DeviceCommon {
  readonly source: ChardevSource
}

/** The host's end of a character device. */
export type ChardevSource = Keeps & { readonly log?: ChardevLog } & ChardevBackend

export type ChardevBackend =
  | { readonly type: "null" | "vc" | "stdio" | "spicevmc" }
  | { readonly type: "pty"; readonly path?: string }
  | { readonly type: "dev" | "pipe"; readonly path: string }
  | { readonly type: "file"; readonly path: string; readonly append?: boolean }
  | ChardevUnix
  | ChardevTcp
  | { readonly type: "udp"; readonly connect?: Endpoint; readonly bind?: Endpoint }
  | { readonly type: "spiceport" | "dbus"; readonly channel: string }
  | { readonly type: "nmdm"; readonly master: string; readonly slave: string }
  | {
      readonly type: "qemu-vdagent"
      readonly clipboardCopypaste?: boolean
      readonly mouseMode?: "server" | "client"
    }

export interface ChardevUnix {
  readonly type: "unix"
  /** `bind` listens; the default is `connect`, without a path `bind`. */
  readonly mode?: "bind" | "connect"
  /** Absent: chosen at start (a listening socket of ours). */
  readonly path?: string
  readonly reconnect?: Reconnect
}

export interface ChardevTcp {
  readonly type: "tcp"
  readonly mode: "bind" | "connect"
  readonly host: string
  readonly service: string
  readonly tls?: boolean
  readonly protocol: "raw" | "telnet" | "telnets" | "tls"
  readonly reconnect?: Reconnect
}

export interface Endpoint extends Keeps {
  readonly host?: string
  readonly service?: string
}

export interface ChardevLog extends Keeps {
  readonly file: string
  readonly append?: boolean
}
