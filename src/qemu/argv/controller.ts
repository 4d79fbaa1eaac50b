/** Controllers, by type: PCI bridges and ports, USB, SCSI, SATA, virtio-serial, CCID. */
import type { Controller } from "../../model/device/controller.ts"
import { type Arg, device, type JsonObject } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { controllerAlias, place } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

const pci = (controller: Controller, context: ArgvContext): JsonObject | undefined => {
  const { model, modelName: driver, target, alias: id } = controller
  const at = place(controller.address, context)
  switch (model) {
    case "pci-bridge":
      return { driver, chassis_nr: target?.chassisNr, id, ...at }
    case "pcie-root-port":
    case "pcie-switch-downstream-port": {
      const hotplug = target?.hotplug === false ? false : undefined
      return { driver, port: target?.port, chassis: target?.chassis, id, ...at, hotplug }
    }
    case "pci-expander-bus":
    case "pcie-expander-bus":
      return { driver, bus_nr: target?.busNr, id, numa_node: target?.node, ...at }
    case "dmi-to-pci-bridge":
    case "pcie-to-pci-bridge":
    case "pcie-switch-upstream-port":
      return { driver, id, ...at }
    default:
      return undefined
  }
}

/** libvirt's names of USB controllers and QEMU's. */
export const usbDrivers: { readonly [model: string]: string } = {
  "piix3-uhci": "piix3-usb-uhci",
  "piix4-uhci": "piix4-usb-uhci",
  ehci: "usb-ehci",
  "ich9-ehci1": "ich9-usb-ehci1",
  "ich9-uhci1": "ich9-usb-uhci1",
  "ich9-uhci2": "ich9-usb-uhci2",
  "ich9-uhci3": "ich9-usb-uhci3",
  "vt82c686b-uhci": "vt82c686b-usb-uhci",
  "pci-ohci": "pci-ohci",
  "nec-xhci": "nec-usb-xhci",
  "qemu-xhci": "qemu-xhci"
}

const usb = (controller: Controller, context: ArgvContext): JsonObject | undefined => {
  const { model = "", ports, masterStartPort, alias, index = 0 } = controller
  const driver = usbDrivers[model]
  if (driver === undefined) return undefined
  const master =
    masterStartPort === undefined
      ? { id: alias }
      : { masterbus: `${controllerAlias(context, "usb", index)}.0`, firstport: masterStartPort }
  const at = place(controller.address, context)
  return { driver, p2: ports, p3: ports, ...master, ...at }
}

/** SCSI adapters that are no virtio devices. */
export const scsiDrivers: { readonly [model: string]: string } = {
  lsilogic: "lsi",
  lsisas1068: "mptsas1068",
  lsisas1078: "megasas",
  vmpvscsi: "pvscsi",
  am53c974: "am53c974",
  dc390: "dc390"
}

const iothreadName = (iothread: number | undefined): string | undefined =>
  iothread === undefined ? undefined : `iothread${iothread}`

const scsi = (controller: Controller, context: ArgvContext): JsonObject => {
  const { model, driver, alias: id } = controller
  const at = place(controller.address, context)
  if (model?.startsWith("virtio") !== true) return { driver: scsiDrivers[model ?? ""], id, ...at }
  return {
    ...virtioDriver("virtio-scsi", model, context),
    iothread: iothreadName(driver?.iothread),
    ...virtioOptions(driver),
    id,
    num_queues: driver?.queues,
    cmd_per_lun: driver?.cmdPerLun,
    max_sectors: driver?.maxSectors,
    ioeventfd: driver?.ioeventfd,
    ...at
  }
}

const virtioSerial = (controller: Controller, context: ArgvContext): JsonObject => ({
  ...virtioDriver("virtio-serial", controller.model, context),
  ...virtioOptions(controller.driver),
  id: controller.alias,
  max_ports: controller.ports,
  vectors: controller.vectors,
  ...place(controller.address, context)
})

const isOwnOfBoard = ({ type, index }: Controller, { board }: ArgvContext): boolean =>
  index === 0 && (board === "q35" ? type === "sata" : type === "ide")

const properties = (controller: Controller, context: ArgvContext): JsonObject | undefined => {
  if (isOwnOfBoard(controller, context)) return undefined
  const { type, alias: id } = controller
  switch (type) {
    case "pci":
      return pci(controller, context)
    case "usb":
      return usb(controller, context)
    case "scsi":
      return scsi(controller, context)
    case "sata":
      return { driver: "ich9-ahci", id, ...place(controller.address, context) }
    case "virtio-serial":
      return virtioSerial(controller, context)
    case "ccid":
      return { driver: "usb-ccid", id, ...place(controller.address, context) }
    default:
      return undefined
  }
}

/** A controller that the board has anyway has no argument. */
export const controllerArgs: DeviceArgs<Controller> = (controller, context): readonly Arg[] => {
  const made = properties(controller, context)
  return made === undefined ? [] : [device(made)]
}
