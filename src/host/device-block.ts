/**
 * Disks and drives of the host: what kind each is, by udev's record or by its name, and how large.
 * What is no drive (loop, ram, device mapper) has no kind. Reads only.
 */
import * as Effect from "effect/Effect"
import type { StorageCapability } from "../model/node-device.ts"
import { type Properties, readAttribute, readCount, readUdev, readUevent } from "./device-record.ts"

export const blockAt = "/sys/block"

/** The kernel counts sectors of this size whatever the disk's own are. */
const sectorBytes = 512

/** Drives whose kind no udev tells: virtio, DASD, NVMe. */
const disksByName = /^(vd|dasd|nvme)/

type DriveType = StorageCapability["driveType"]

const typesOfUdev: { readonly [type: string]: DriveType } = {
  disk: "disk",
  cd: "cdrom",
  floppy: "floppy",
  sd: "sd"
}

/** udev says it in one property, or, for what it calls generic, in one of three others. */
const driveType = (node: string, udev: Properties): DriveType | undefined => {
  const { ID_TYPE: type } = udev
  if (type !== undefined && type !== "generic") return typesOfUdev[type]
  if (udev["ID_DRIVE_FLOPPY"] === "1") return "floppy"
  if (udev["ID_CDROM"] === "1") return "cdrom"
  if (udev["ID_DRIVE_FLASH_SD"] === "1") return "sd"
  return disksByName.test(node) ? "disk" : undefined
}

export interface Drive {
  /** `sda` */
  readonly node: string
  readonly driveType: DriveType
  readonly udev: Properties
}

/** `undefined` for what is gone, and for block devices that are no drives. */
export const readDrive = Effect.fnUntraced(function* (path: string) {
  const uevent = yield* readUevent(path)
  const node = uevent?.["DEVNAME"]
  if (uevent === undefined || node === undefined || uevent["DEVTYPE"] !== "disk") return undefined
  const { properties: udev } = yield* readUdev(path, uevent, "block")
  const type = driveType(node, udev)
  if (type === undefined) return undefined
  const drive: Drive = { node, driveType: type, udev }
  return drive
})

/** A drive with media that come and go tells by udev whether there is one. */
const hasMedia = ({ driveType: type, udev }: Drive): boolean => {
  if (type === "cdrom") return udev["ID_CDROM_MEDIA"] === "1"
  if (type !== "floppy") return true
  return udev["ID_CDROM_MEDIA"] === undefined
    ? udev["ID_FS_LABEL"] !== undefined
    : udev["DKD_MEDIA_AVAILABLE"] === "1"
}

export const readStorage = Effect.fnUntraced(function* (path: string) {
  const drive = yield* readDrive(path)
  if (drive === undefined) return undefined
  const { ID_BUS: bus, ID_SERIAL: serial, ID_FS_LABEL: mediaLabel } = drive.udev
  const [vendor, model, sectors, blockBytes, removable] = yield* Effect.all([
    readAttribute(path, "device/vendor"),
    readAttribute(path, "device/model"),
    readCount(path, "size"),
    readCount(path, "queue/logical_block_size"),
    readCount(path, "removable")
  ])
  const hasMediaNow = hasMedia(drive)
  const logicalBlockSize = blockBytes ?? 0
  const sizeBytes = hasMediaNow ? (sectors ?? 0) * sectorBytes : 0
  const comesAndGoes = drive.driveType === "cdrom" || drive.driveType === "floppy"
  const found: StorageCapability = {
    type: "storage",
    block: `/dev/${drive.node}`,
    ...(bus === undefined ? {} : { bus }),
    driveType: drive.driveType,
    ...(model === undefined ? {} : { model }),
    ...(vendor === undefined ? {} : { vendor }),
    ...(serial === undefined ? {} : { serial }),
    isRemovable: comesAndGoes && removable === 1,
    hasMedia: hasMediaNow,
    ...(comesAndGoes && hasMediaNow && mediaLabel !== undefined ? { mediaLabel } : {}),
    sizeBytes,
    logicalBlockSize: hasMediaNow ? logicalBlockSize : 0,
    blocks: logicalBlockSize === 0 ? 0 : Math.floor(sizeBytes / logicalBlockSize)
  }
  return found
})
