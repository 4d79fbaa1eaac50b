/**
 * One device of the host, put together from what the kernel, udev and the lists of names say, and
 * the words by which clients choose among kinds. Reads through `src/host`; keeps nothing.
 */
import * as Effect from "effect/Effect"
import { readStorage } from "../host/device-block.ts"
import { subsystemOf } from "../host/device-list.ts"
import { drmOf, readMdev, readNet, readSystem } from "../host/device-other.ts"
import { type Properties, readUdev, readUevent } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import type { PciNames } from "../host/pci-names.ts"
import { readPci } from "../host/pci.ts"
import { readScsi, readScsiHost, readScsiTarget, scsiGeneric } from "../host/scsi.ts"
import { readUsb, readUsbInterface } from "../host/usb.ts"
import type {
  ListedDevice,
  NamedId,
  NodeCapability,
  NodeDevice,
  PciCapability
} from "../model/node-device.ts"

export interface DeviceGround {
  readonly names: PciNames
  /** The host's. */
  readonly uuid: string
}

interface Records {
  readonly uevent: Properties
  readonly udev: Properties
}

type Reading = Effect.Effect<NodeCapability | undefined, never, Files>

const withName = ({ id }: NamedId, name: string | undefined): NamedId =>
  name === undefined ? { id } : { id, name }

const withNames = (found: PciCapability, names: PciNames): PciCapability => ({
  ...found,
  vendor: withName(found.vendor, names.vendor(found.vendor.id)),
  product: withName(found.product, names.product(found.vendor.id, found.product.id))
})

const capabilityOf = (
  { kind, path }: ListedDevice,
  { uevent, udev }: Records,
  { names, uuid }: DeviceGround
): Reading => {
  switch (kind) {
    case "system":
      return readSystem(uuid)
    case "pci":
      return Effect.map(readPci(path, { withVpd: true }), (found) =>
        found === undefined ? undefined : withNames(found.capability, names)
      )
    case "usb_device":
      return readUsb(path, udev)
    case "usb":
      return readUsbInterface(path)
    case "net":
      return readNet(path)
    case "scsi_host":
      return readScsiHost(path)
    case "scsi_target":
      return readScsiTarget(path)
    case "scsi":
      return readScsi(path)
    case "scsi_generic":
      return Effect.succeed(scsiGeneric(uevent))
    case "storage":
      return readStorage(path)
    case "drm":
      return Effect.succeed(drmOf(uevent))
    case "mdev":
      return readMdev(path)
    default:
      return kind satisfies never
  }
}

const noRecords: Records = { uevent: {}, udev: {} }

/** `undefined` when it is gone, or goes while it is read. */
export const readDevice = Effect.fnUntraced(function* (device: ListedDevice, ground: DeviceGround) {
  const { kind, path } = device
  if (kind === "system") {
    const capability = yield* capabilityOf(device, noRecords, ground)
    const computer = { ...device, links: [] }
    return capability === undefined ? undefined : ({ ...computer, capability } satisfies NodeDevice)
  }
  const uevent = yield* readUevent(path)
  if (uevent === undefined) return undefined
  const { properties: udev, links } = yield* readUdev(path, uevent, subsystemOf(kind))
  const capability = yield* capabilityOf(device, { uevent, udev }, ground)
  // What was read of a device that went meanwhile is half of it.
  if (capability === undefined || (yield* readUevent(path)) === undefined) return undefined
  const { DRIVER: driver, DEVNAME: node } = uevent
  const found: NodeDevice = {
    ...device,
    ...(driver === undefined ? {} : { driver }),
    ...(node === undefined ? {} : { devnode: `/dev/${node}` }),
    links: links.toSorted(),
    capability
  }
  return found
})

/** libvirt's words for kinds: a device has that of its own kind, and of what it can do besides. */
export const capabilityWords = (capability: NodeCapability): readonly string[] => {
  const { type } = capability
  if (type === "scsi_host")
    return [
      type,
      ...(capability.fibreChannel === undefined ? [] : ["fc_host"]),
      ...(capability.vports === undefined ? [] : ["vports"])
    ]
  if (type === "pci")
    return [
      type,
      ...(capability.mdevTypes.length === 0 ? [] : ["mdev_types"]),
      ...(capability.vpd === undefined ? [] : ["vpd"])
    ]
  return [type]
}

/** Of which kind devices are that a word may be true of, where the word is no kind itself. */
export const kindOfWord: { readonly [word: string]: NodeCapability["type"] } = {
  fc_host: "scsi_host",
  vports: "scsi_host",
  mdev_types: "pci",
  vpd: "pci"
}
