/** Where a device sits, in QEMU's words: its bus by the name of the controller, and its address. */
import { assert } from "../../base/assert.ts"
import type { Address, DriveAddress, PciAddress } from "../../model/address.ts"
import { devicesOf } from "../../model/device.ts"
import type { Controller, ControllerType } from "../../model/device/controller.ts"
import type { JsonObject } from "./arg.ts"
import type { ArgvContext } from "./context.ts"

/** The alias of a controller that a prepared domain certainly has. */
export const controllerAlias = (
  { domain }: Pick<ArgvContext, "domain">,
  type: ControllerType,
  index: number
): string => {
  const controllers = devicesOf(domain, "controller").filter(
    (one) => one.type === type && one.index === index
  )
  // Of an ICH9 group only the master has a bus; its companions share it.
  const controller = controllers.find((one) => one.masterStartPort === undefined) ?? controllers[0]
  const alias = controller?.alias
  assert(alias !== undefined, `a prepared domain has ${type} controller ${index} with an alias`)
  return alias
}

export const controllerAt = (
  { domain }: Pick<ArgvContext, "domain">,
  type: ControllerType,
  index: number
): Controller | undefined =>
  devicesOf(domain, "controller").find((one) => one.type === type && one.index === index)

const hex = (value: number): string => `0x${value.toString(16)}`

const pciBus = (context: ArgvContext, bus: number): string => {
  if (bus === 0) return context.board === "q35" ? "pcie.0" : "pci.0"
  return controllerAlias(context, "pci", bus)
}

const pciPlace = (address: PciAddress, context: ArgvContext): JsonObject => ({
  bus: pciBus(context, address.bus),
  multifunction: address.multifunction === true ? true : undefined,
  addr: address.function === 0 ? hex(address.slot) : `${hex(address.slot)}.${hex(address.function)}`
})

/** On a SCSI bus: its controller's, and where the controller has more than units, which one. */
export const scsiPlace = (address: DriveAddress, context: ArgvContext): JsonObject => {
  const { controller, bus: channel, target, unit } = address
  const bus = `${controllerAlias(context, "scsi", controller)}.0`
  const isNarrow = controllerAt(context, "scsi", controller)?.model === "lsilogic"
  return isNarrow ? { bus, "scsi-id": unit } : { bus, channel, "scsi-id": target, lun: unit }
}

/** The properties that place a device on a PCI or USB bus; none for other addresses. */
export const place = (address: Address | undefined, context: ArgvContext): JsonObject => {
  switch (address?.type) {
    case "pci":
      return pciPlace(address, context)
    case "usb":
      return { bus: `${controllerAlias(context, "usb", address.bus)}.0`, port: address.port }
    case "isa":
      return { iobase: address.iobase, irq: address.irq }
    default:
      return {}
  }
}
