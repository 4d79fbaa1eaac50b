/** Disks: bus from the target's prefix, driver, drive address from the target's letters, order. */
import * as Result from "effect/Result"
import type { DriveAddress } from "../../model/address.ts"
import { devicesOf } from "../../model/device.ts"
import type { Disk, DiskBus } from "../../model/device/disk.ts"
import { orderDevices, targetIndex } from "../../model/device-order.ts"
import type { Domain } from "../../model/domain.ts"
import { Conflict } from "../refusal.ts"
import { replaceDevices, type Step } from "./context.ts"

/** SATA is never guessed: its names are SCSI's. */
const busByPrefix: { readonly [prefix: string]: DiskBus } = {
  fd: "fdc",
  hd: "ide",
  vd: "virtio",
  sd: "scsi",
  xvd: "xen",
  ubd: "uml"
}

const guessedBus = (disk: Disk): DiskBus | undefined => {
  const prefix = /^(fd|hd|vd|sd|xvd|ubd)/.exec(disk.target.dev)?.[1]
  return prefix === undefined ? undefined : busByPrefix[prefix]
}

type DrivePlace = Pick<DriveAddress, "controller" | "bus" | "unit">

/** Where the n-th target of a bus sits; buses that are not listed have no drive addresses. */
const drivePlace: { readonly [B in DiskBus]?: (n: number) => DrivePlace } = {
  ide: (n) => ({ controller: Math.floor(n / 4), bus: Math.floor((n % 4) / 2), unit: n % 2 }),
  sata: (n) => ({ controller: Math.floor(n / 6), bus: 0, unit: n % 6 }),
  fdc: (n) => ({ controller: Math.floor(n / 2), bus: 0, unit: n % 2 }),
  // Narrow SCSI for every controller model: QEMU's wide ones are filled like the others.
  scsi: (n) => ({ controller: Math.floor(n / 7), bus: 0, unit: n % 7 })
}

const conflict = (domain: Domain, disk: Disk, reason: string) =>
  Result.fail(new Conflict({ domain: domain.name, element: `disk '${disk.target.dev}'`, reason }))

/** Addresses that a bus takes. */
const fitsBus = ({ address }: Disk, bus: DiskBus): boolean => {
  if (address === undefined || address.type === "unassigned") return true
  if (drivePlace[bus] !== undefined) return address.type === "drive"
  if (bus === "usb") return address.type === "usb"
  return address.type !== "drive" && address.type !== "usb"
}

const completeDisk = (domain: Domain, disk: Disk): Result.Result<Disk, Conflict> => {
  const bus = disk.target.bus ?? (disk.device === "floppy" ? "fdc" : guessedBus(disk))
  if (bus === undefined) return conflict(domain, disk, "no bus is given, and none is known")
  if (!fitsBus(disk, bus)) {
    return conflict(domain, disk, `an address of type '${disk.address?.type}' is not one of ${bus}`)
  }
  if (/\d$/.test(disk.target.dev)) {
    return conflict(domain, disk, "its target is a partition, not a disk")
  }
  const place = drivePlace[bus]
  const index = targetIndex(disk.target.dev)
  const needsPlace = place !== undefined && disk.address === undefined
  if (needsPlace && index < 0) {
    return conflict(domain, disk, "its target is no name of a disk, so that it has no place")
  }
  const address: DriveAddress | undefined =
    place !== undefined && index >= 0 ? { type: "drive", target: 0, ...place(index) } : undefined
  const isFormatless = disk.source.type === "dir" || disk.source.type === "vhostuser"
  return Result.succeed({
    ...disk,
    isReadonly: disk.isReadonly || disk.device === "cdrom",
    driver: {
      name: "qemu",
      ...(isFormatless ? {} : { type: "raw" }),
      ...disk.driver
    },
    target: { ...disk.target, bus },
    ...(needsPlace && address !== undefined ? { address } : {})
  })
}

const placeOf = ({ address, target }: Disk): string | undefined =>
  address?.type === "drive"
    ? `${target.bus} ${address.controller}:${address.bus}:${address.target}:${address.unit}`
    : undefined

export const disks: Step = (domain) =>
  Result.gen(function* () {
    const given = devicesOf(domain, "disk")
    const completed = yield* Result.all(given.map((disk) => completeDisk(domain, disk)))
    const ordered = orderDevices(replaceDevices(domain, "disk", completed).devices)
    const places = new Map<string, Disk>()
    for (const disk of devicesOf({ devices: ordered }, "disk")) {
      const place = placeOf(disk)
      const other = place === undefined ? undefined : places.get(place)
      if (other !== undefined) {
        return yield* conflict(domain, disk, `'${other.target.dev}' has its address already`)
      }
      if (place !== undefined) places.set(place, disk)
    }
    return { ...domain, devices: ordered }
  })
