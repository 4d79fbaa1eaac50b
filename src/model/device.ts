/** The union of all devices, told apart by `kind`, and the order in which libvirt lists them. */
import type { Channel, Console, Parallel, Serial } from "./device/character.ts"
import type { Controller } from "./device/controller.ts"
import type { Disk } from "./device/disk.ts"
import type { Graphics } from "./device/graphics.ts"
import type { Hostdev } from "./device/hostdev.ts"
import type { Interface } from "./device/interface.ts"
import type { Audio } from "./device/audio.ts"
import type { Filesystem } from "./device/filesystem.ts"
import type {
  Hub,
  Input,
  Iommu,
  KeptDevice,
  Memballoon,
  Panic,
  Redirdev,
  Rng,
  Sound,
  Video,
  Watchdog
} from "./device/small.ts"

export type Device =
  | Disk
  | Controller
  | Interface
  | Serial
  | Parallel
  | Console
  | Channel
  | Input
  | Graphics
  | Sound
  | Audio
  | Video
  | Hostdev
  | Hub
  | Watchdog
  | Memballoon
  | Rng
  | Panic
  | Filesystem
  | Redirdev
  | Iommu
  | KeptDevice

export type DeviceKind = Device["kind"]
export type DeviceOf<K extends DeviceKind> = Extract<Device, { readonly kind: K }>

/** The devices of one kind, in their order. */
export function devicesOf<K extends DeviceKind>(
  domain: { readonly devices: readonly Device[] },
  kind: K
): readonly DeviceOf<K>[] {
  return domain.devices.filter((device): device is DeviceOf<K> => device.kind === kind)
}
