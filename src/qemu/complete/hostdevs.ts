/** SCSI host devices: a place on the guest's SCSI buses for each, which nobody else has. */
import * as Result from "effect/Result"
import type { DriveAddress } from "../../model/address.ts"
import { type Device, devicesOf } from "../../model/device.ts"
import type { Hostdev } from "../../model/device/hostdev.ts"
import { Conflict } from "../refusal.ts"
import { editDevices, type Step } from "./context.ts"

/** Narrow SCSI for every controller, as disks are placed. */
const unitsMax = 7

export const isScsi = (device: Device): device is Hostdev =>
  device.kind === "hostdev" && device.source.type === "scsi"

/** What sits on a SCSI bus, host devices and disks alike. */
const placeOf = (device: Device): DriveAddress | undefined => {
  const isOnBus = isScsi(device) || (device.kind === "disk" && device.target.bus === "scsi")
  return isOnBus && device.address?.type === "drive" ? device.address : undefined
}

const keyOf = ({ controller, bus, target, unit }: DriveAddress): string =>
  `${controller}:${bus}:${target}:${unit}`

const firstFree = (taken: ReadonlySet<string>): DriveAddress => {
  const at = (place: number): DriveAddress => ({
    type: "drive",
    controller: Math.floor(place / unitsMax),
    bus: 0,
    target: 0,
    unit: place % unitsMax
  })
  let place = 0
  while (taken.has(keyOf(at(place)))) place += 1
  return at(place)
}

/** After disks have theirs. Places that the definition gives are taken before any is chosen. */
export const scsiHostdevs: Step = (domain) => {
  const taken = new Set<string>()
  for (const device of domain.devices) {
    const place = placeOf(device)
    if (place === undefined) continue
    const key = keyOf(place)
    if (taken.has(key)) {
      const reason = `two devices have the SCSI address ${key} (controller:bus:target:unit)`
      return Result.fail(new Conflict({ domain: domain.name, element: device.kind, reason }))
    }
    taken.add(key)
  }
  if (!devicesOf(domain, "hostdev").some(isScsi)) return Result.succeed(domain)
  return Result.succeed(
    editDevices(domain, "hostdev", (device) => {
      if (!isScsi(device) || device.address !== undefined) return device
      const address = firstFree(taken)
      taken.add(keyOf(address))
      return { ...device, address }
    })
  )
}
