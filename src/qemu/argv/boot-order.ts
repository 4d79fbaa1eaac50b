/**
 * Which device boots when: orders of the devices themselves, or what the machine's list comes to.
 */
import { type Device, devicesOf } from "../../model/device.ts"
import type { Disk } from "../../model/device/disk.ts"
import type { Domain } from "../../model/domain.ts"
import type { BootDevice } from "../../model/machine.ts"

const classOfDisk = (disk: Disk): BootDevice => {
  if (disk.device === "cdrom") return "cdrom"
  return disk.device === "floppy" ? "fd" : "hd"
}

const firstOf = (domain: Domain, boot: BootDevice): Device | undefined => {
  if (boot === "network") {
    const cards = devicesOf(domain, "interface")
    return cards.find((card) => card.connection.type !== "hostdev") ?? cards[0]
  }
  return devicesOf(domain, "disk").find((disk) => classOfDisk(disk) === boot)
}

/** Only the first device of a class boots; the machine's list gives it its position, from 1. */
export const bootIndex = (device: Device, domain: Domain): number | undefined => {
  if ("boot" in device && device.boot !== undefined) return device.boot.order
  const position = domain.os.boot.findIndex((boot) => firstOf(domain, boot) === device)
  return position === -1 ? undefined : position + 1
}
