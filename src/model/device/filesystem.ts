/** Folders of the host that the guest mounts. */
import type { Keeps } from "../kept.ts"
import type { DeviceCommon, VirtioOptions } from "./info.ts"

export interface Filesystem extends DeviceCommon {
  readonly kind: "filesystem"
  /** What is shared; only folders (`mount`) are acted on. */
  readonly type: "mount" | "template" | "file" | "block" | "ram" | "bind"
  /** How the owner and mode of files are kept. */
  readonly accessMode?: "passthrough" | "mapped" | "squash"
  readonly model?: "virtio" | "virtio-transitional" | "virtio-non-transitional"
  readonly multidevs?: "default" | "remap" | "forbid" | "warn"
  /** Modes of files and folders that the guest creates, octal digits as in the XML. */
  readonly fileMode?: string
  readonly folderMode?: string
  readonly driver?: FilesystemDriver
  readonly source: { readonly dir?: string } & Keeps
  /** The tag that the guest mounts by. */
  readonly target: { readonly dir: string } & Keeps
  readonly isReadonly: boolean
}

export interface FilesystemDriver extends VirtioOptions {
  readonly type?: string
  readonly writePolicy?: "immediate"
}
