/**
 * What a command line is built from besides the definition: the binary's capabilities, settings of
 * the host's administrator, and the resources that the start has taken. Plain data.
 */
import type { Device } from "../../model/device.ts"
import type { BackingStore } from "../../model/device/disk.ts"
import type { Domain } from "../../model/domain.ts"
import type { Capabilities } from "../capabilities.ts"
import type { Board } from "../complete/context.ts"
import type { Arg } from "./arg.ts"

/** Settings with libvirt's names where qemu.conf has them. */
export interface ArgvConfig {
  readonly vncListen: string
  readonly vncTls: boolean
  readonly vncTlsX509CertDir: string
  readonly vncTlsX509Verify: boolean
  readonly vncSasl: boolean
  /** Where SASL's own settings are; absent: where the library looks. */
  readonly vncSaslDir?: string
  readonly vncAutoUnixSocket: boolean
  readonly spiceListen: string
  readonly spiceTls: boolean
  readonly spiceTlsX509CertDir: string
  readonly spiceSasl: boolean
  readonly spiceSaslDir?: string
  readonly spiceAutoUnixSocket: boolean
  /** Whether qemu.conf has a password for displays that have none. */
  readonly hasVncPassword: boolean
  readonly hasSpicePassword: boolean
  readonly chardevTlsX509CertDir: string
  readonly chardevTls: boolean
  readonly dumpGuestCore: boolean
  /** Whether QEMU's process is titled by its guest. */
  readonly setProcessName: boolean
  /** Whether each line of QEMU's log has its time. */
  readonly logTimestamp: boolean
  /** `-1`: QEMU's own filter where it has one. */
  readonly seccompSandbox: -1 | 0 | 1
  /** Where back-ends of `<source type='file'/>` memory are. */
  readonly memoryBackingDir: string
  readonly hugepageMounts: readonly HugepageMount[]
}

export interface HugepageMount {
  readonly path: string
  readonly sizeKiB: number
  readonly isDefault?: boolean
}

/** libvirt's defaults. */
export const defaultArgvConfig: ArgvConfig = {
  vncListen: "127.0.0.1",
  vncTls: false,
  vncTlsX509CertDir: "/etc/pki/libvirt-vnc",
  vncTlsX509Verify: false,
  vncSasl: false,
  vncAutoUnixSocket: false,
  spiceListen: "127.0.0.1",
  spiceTls: false,
  spiceTlsX509CertDir: "/etc/pki/libvirt-spice",
  spiceSasl: false,
  spiceAutoUnixSocket: false,
  hasVncPassword: false,
  hasSpicePassword: false,
  chardevTlsX509CertDir: "/etc/pki/libvirt-chardev",
  chardevTls: false,
  dumpGuestCore: false,
  setProcessName: false,
  logTimestamp: true,
  seccompSandbox: -1,
  memoryBackingDir: "/var/lib/libvirt/qemu/ram",
  hugepageMounts: []
}

/** A descriptor that QEMU inherits, or a path that it opens itself. */
export type Opened = { readonly fd: number } | { readonly path: string }

/** How QEMU gets at a tap device: inherited, opened by its name, or made by its bridge helper. */
export type TapResources =
  | {
      /** One per queue. */
      readonly fds: readonly number[]
      readonly vhostFds: readonly number[]
    }
  | { readonly ifname: string; readonly queues: number; readonly hasVhost: boolean }
  | { readonly bridge: string; readonly helper: string }

export interface GraphicsResources {
  readonly port?: number
  readonly tlsPort?: number
  readonly websocket?: number
}

/** What the start has taken for this epoch. Looked up by a device's alias, graphics by position. */
export interface Resources {
  /** Absent: whoever launches adds the monitor. */
  readonly monitor?: { readonly id: string } & Opened
  /** The file of the key that other secrets are wrapped with. */
  readonly masterKeyPath?: string
  /** A folder that only this epoch has, for sockets that QEMU makes. */
  readonly stateDirectory: string
  /** A folder name that is safe and unique per epoch: `3-name`. */
  readonly shortName: string
  /** Listening sockets of character devices. Absent: QEMU makes them at the path. */
  readonly listeners?: { readonly [alias: string]: Opened }
  /** Files that a character device writes, opened by us: the device's own, and its log. */
  readonly outputs?: { readonly [alias: string]: Opened }
  readonly logs?: { readonly [alias: string]: Opened }
  readonly taps?: { readonly [alias: string]: TapResources }
  readonly graphics?: { readonly [position: number]: GraphicsResources }
  /** The folder for sockets of channels without a path. */
  readonly channelDirectory: string
  /** `/dev/sgN` of the host's SCSI devices, by the alias of each host device. */
  readonly genericNodes?: { readonly [alias: string]: string }
  /** Host descriptors for whole devices, such as vDPA and vsock. */
  readonly deviceFds?: { readonly [alias: string]: number }
  /** Seconds since 1970 at which the guest's clock starts, for offsets that count from now. */
  readonly nowSeconds: number
  /** Backing chains that were looked up in the images, of disks whose definition names none. */
  readonly backingChains?: { readonly [alias: string]: BackingStore }
  /** Block devices of the host that are real CD drives. */
  readonly cdDrives?: readonly string[]
  /** Seconds that the host's local time is ahead of UTC, for clocks that follow it. */
  readonly localOffsetSeconds?: number
}

export interface ArgvContext {
  readonly domain: Domain
  readonly capabilities: Capabilities
  readonly config: ArgvConfig
  readonly resources: Resources
  readonly board: Board
}

/** The shape of every file in this folder: one device kind, its arguments. */
export type DeviceArgs<D extends Device> = (device: D, context: ArgvContext) => readonly Arg[]

/** Arguments that belong to the guest as a whole. */
export type GuestArgs = (context: ArgvContext) => readonly Arg[]
