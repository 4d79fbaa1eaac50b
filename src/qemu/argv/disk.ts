/**
 * Disks, CD-ROM drives, floppies and LUNs: their block nodes and the device that the guest sees.
 */
import { assert } from "../../base/assert.ts"
import type { DriveAddress } from "../../model/address.ts"
import { devicesOf } from "../../model/device.ts"
import type { Disk } from "../../model/device/disk.ts"
import { type Arg, device, type JsonObject } from "./arg.ts"
import { cacheMode, diskNodes } from "./blockdev.ts"
import { bootIndex } from "./boot-order.ts"
import type { ArgvContext, DeviceArgs, GuestArgs } from "./context.ts"
import { controllerAlias, place, scsiPlace } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

const driveAddress = (disk: Disk): DriveAddress => {
  const { address } = disk
  assert(address?.type === "drive", `disk '${disk.target.dev}' of a prepared domain has a place`)
  return address
}

const idePlace = (disk: Disk, context: ArgvContext): JsonObject => {
  const { controller, bus, unit } = driveAddress(disk)
  if (disk.target.bus === "ide") return { bus: `ide.${bus}`, unit }
  const isOwn = context.board === "q35" && controller === 0
  return { bus: `${isOwn ? "ide" : controllerAlias(context, "sata", controller)}.${unit}` }
}

const ideDriver = ({ device }: Disk): string => (device === "cdrom" ? "ide-cd" : "ide-hd")

const scsiDriver = ({ device }: Disk): string => {
  if (device === "lun") return "scsi-block"
  return device === "cdrom" ? "scsi-cd" : "scsi-hd"
}

const identification = (disk: Disk): JsonObject => ({
  wwn: disk.wwn === undefined ? undefined : BigInt(`0x${disk.wwn.replace(/^0x/i, "")}`),
  rotation_rate: disk.target.rotationRate,
  vendor: disk.vendor,
  product: disk.product
})

const virtioBlock = (disk: Disk, context: ArgvContext): JsonObject => {
  const { driver } = disk
  return {
    ...virtioDriver("virtio-blk", disk.model, context),
    scsi: disk.device === "lun" ? true : undefined,
    iothread: driver?.iothread === undefined ? undefined : `iothread${driver.iothread}`,
    ioeventfd: driver?.ioeventfd,
    event_idx: driver?.eventIdx,
    "num-queues": driver?.queues,
    "queue-size": driver?.queueSize,
    ...virtioOptions(driver),
    ...place(disk.address, context)
  }
}

/** The device's own properties and its place, by bus. */
const byBus = (disk: Disk, context: ArgvContext): JsonObject => {
  switch (disk.target.bus) {
    case "virtio":
      return virtioBlock(disk, context)
    case "ide":
    case "sata":
      return { driver: ideDriver(disk), ...idePlace(disk, context), ...identification(disk) }
    case "scsi": {
      const name = disk.device === "lun" ? undefined : (disk.serial ?? `drive-${disk.alias}`)
      return {
        driver: scsiDriver(disk),
        ...scsiPlace(driveAddress(disk), context),
        device_id: name,
        ...identification(disk)
      }
    }
    case "usb":
      return {
        driver: "usb-storage",
        ...place(disk.address, context),
        removable: disk.target.removable === true
      }
    default:
      return { driver: "floppy", unit: driveAddress(disk).unit }
  }
}

/** A policy for writes holds for reads too, unless it is about a full disk. */
const errorPolicies = ({ driver }: Disk): JsonObject => {
  const given = (policy: string | undefined) => (policy === "default" ? undefined : policy)
  const write = given(driver?.errorPolicy)
  const read = given(driver?.rerrorPolicy)
  if (write === "enospace") return { werror: "enospc", rerror: read }
  return { werror: write, rerror: read ?? write }
}

const onOff = (value: boolean | undefined): string | undefined => {
  if (value === undefined) return undefined
  return value ? "on" : "off"
}

/** Drives whose protocol has a write cache that can be shown. */
const hasWriteCache = ({ target, device }: Disk): boolean =>
  target.bus !== "fdc" && target.bus !== "usb" && device !== "lun"

export const diskArgs: DeviceArgs<Disk> = (disk, context): readonly Arg[] => {
  const { args, top } = diskNodes(disk, context)
  const isFloppy = disk.target.bus === "fdc"
  return [
    ...args,
    device({
      ...byBus(disk, context),
      "share-rw": disk.isShareable ? true : undefined,
      drive: top,
      id: disk.alias,
      bootindex: isFloppy ? undefined : bootIndex(disk, context.domain),
      "write-cache":
        top !== undefined && hasWriteCache(disk) ? onOff(cacheMode(disk)?.writeCache) : undefined,
      ...(top === undefined ? {} : errorPolicies(disk)),
      serial: disk.target.bus === "fdc" ? undefined : disk.serial
    })
  ]
}

/** Floppies boot through their controller, which q35 does not have of itself. */
export const floppyController: GuestArgs = (context) => {
  const { domain, board } = context
  const floppies = devicesOf(domain, "disk").filter((disk) => disk.target.bus === "fdc")
  if (floppies.length === 0) return []
  const indexes = floppies.flatMap((disk): readonly (readonly [string, number])[] => {
    const index = bootIndex(disk, domain)
    const letter = driveAddress(disk).unit === 0 ? "A" : "B"
    return index === undefined ? [] : [[`bootindex${letter}`, index]]
  })
  if (board === "q35") return [device({ driver: "isa-fdc", ...Object.fromEntries(indexes) })]
  return indexes.map(([name, index]): Arg => ["-global", `isa-fdc.${name}=${index}`])
}
