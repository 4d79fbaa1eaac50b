/** Whether the address that a definition gives a device is of the kind that the device has. */
import * as Result from "effect/Result"
import type { Address } from "../../model/address.ts"
import type { Device } from "../../model/device.ts"
import { Conflict } from "../refusal.ts"
import type { CompleteContext, Step } from "./context.ts"
import { elementOf } from "./element.ts"
import { pciNeed } from "./pci-needs.ts"
import { isUsb } from "./usb.ts"

type Kind = Address["type"]

const drives = ["ide", "sata", "scsi", "fdc"]

const isDrive = (device: Device): boolean =>
  (device.kind === "disk" && drives.includes(device.target.bus ?? "")) ||
  (device.kind === "hostdev" && device.source.type === "scsi")

const isVirtioPort = (device: Device): boolean =>
  (device.kind === "channel" || device.kind === "console") && device.target.type === "virtio"

/** ISA devices have fixed places; a definition may name them. */
const isIsa = (device: Device): boolean => {
  if (device.kind === "serial" || device.kind === "parallel") return true
  if (device.kind === "panic") return device.model === "isa" || device.model === undefined
  return device.kind === "watchdog" && device.model === "ib700"
}

/** The kinds of address that a device can have; none for what has no place of its own. */
const kindsOf = (device: Device, context: CompleteContext): readonly Kind[] => {
  if (isUsb(device)) return ["usb"]
  if (isDrive(device)) return ["drive"]
  if (isVirtioPort(device)) return ["virtio-serial"]
  if (pciNeed(device, context) !== undefined) return ["pci"]
  return isIsa(device) ? ["isa"] : []
}

export const addressKinds: Step = (domain, context) => {
  for (const device of domain.devices) {
    if (device.kind === "kept" || !("address" in device)) continue
    const kind = device.address?.type
    if (kind === undefined || kind === "unassigned") continue
    const kinds = kindsOf(device, context)
    if (kinds.includes(kind)) continue
    const wanted = kinds.length === 0 ? "it has none" : `it has one of type '${kinds.join("'")}'`
    const reason = `its address is of type '${kind}', but ${wanted}`
    return Result.fail(new Conflict({ domain: domain.name, element: elementOf(device), reason }))
  }
  return Result.succeed(domain)
}
