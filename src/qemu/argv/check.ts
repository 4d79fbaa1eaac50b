/**
 * What a prepared definition asks for and cannot have: of this binary, of this host's settings, or
 * because it is not built. Every refusal names the element. Builds nothing.
 */
import { type Device, type DeviceOf, devicesOf } from "../../model/device.ts"
import type { Disk } from "../../model/device/disk.ts"
import type { ChardevSource } from "../../model/device/character.ts"
import type { Hostdev } from "../../model/device/hostdev.ts"
import { NotSupported } from "../../model/error.ts"
import { hasProperty, hasType } from "../capabilities.ts"
import { elementOf } from "../complete/element.ts"
import { type ArgvError, Conflict, Unavailable } from "../refusal.ts"
import { guestProblem } from "./check-guest.ts"
import type { ArgvContext } from "./context.ts"
import { scsiDrivers, usbDrivers } from "./controller.ts"
import { protocols } from "./disk-network.ts"
import { soundDrivers } from "./sound.ts"
import { videoDriver } from "./video.ts"

type Problem =
  | { readonly unprotected: string }
  | { readonly lacks: string }
  | { readonly conflict: string }
  | { readonly unbuilt: string }

type DeviceCheck = (device: Device, context: ArgvContext) => Problem | undefined

const needsType = (
  type: string | undefined,
  { capabilities }: ArgvContext
): Problem | undefined => {
  if (type === undefined) return { unbuilt: "this model" }
  const lacks = `${capabilities.binary} has no device '${type}'`
  return hasType(capabilities, type) ? undefined : { lacks }
}

/** QOM types behind names of `-device` that are aliases. */
const typeNames: { readonly [driver: string]: string } = { lsi: "lsi53c895a" }

const controller: DeviceCheck = (device, context) => {
  if (device.kind !== "controller") return undefined
  const { type, model = "" } = device
  switch (type) {
    case "usb":
      return model === "none" ? undefined : needsType(usbDrivers[model], context)
    case "scsi": {
      if (model.startsWith("virtio")) {
        return needsType("virtio-scsi-pci", context) ?? iothread(device.driver?.iothread, context)
      }
      const driver = scsiDrivers[model]
      return needsType(typeNames[driver ?? ""] ?? driver, context)
    }
    case "pci":
      return device.modelName === undefined ? undefined : needsType(device.modelName, context)
    case "xenbus":
    case "isa":
      return { unbuilt: "this controller" }
    default:
      return undefined
  }
}

/** Old virtio disks could pass SCSI commands through too. */
const canBeLun = ({ target }: Disk, { capabilities }: ArgvContext): boolean =>
  target.bus === "scsi" ||
  (target.bus === "virtio" && hasProperty(capabilities, "virtio-blk-pci", "scsi"))

const disk: DeviceCheck = (device, context) => {
  if (device.kind !== "disk") return undefined
  const { source, target } = device
  if (target.bus === "xen" || target.bus === "uml" || target.bus === "sd") {
    return { unbuilt: `the bus '${target.bus}'` }
  }
  if (device.device === "lun" && !canBeLun(device, context)) {
    return { conflict: "only a SCSI disk can be a LUN" }
  }
  if (device.device === "lun" && !["block", "network", "volume"].includes(source.type)) {
    return { conflict: "a LUN is a block device of the host" }
  }
  if (source.type === "network" && !protocols.includes(source.protocol ?? "")) {
    return { unbuilt: `the protocol '${source.protocol}'` }
  }
  if (source.type === "network" && source.tls === true) {
    return { unprotected: "an encrypted connection to its image" }
  }
  if (source.type === "volume" || source.type === "nvme" || source.type.startsWith("vhost")) {
    return { unbuilt: `a source of type '${source.type}'` }
  }
  if ((device.vendor ?? device.product) !== undefined && target.bus !== "scsi") {
    return { conflict: "only a SCSI disk has a vendor and a product" }
  }
  if (device.isTransient) return { unbuilt: "a transient disk" }
  if (device.driver?.type === "cow") return { lacks: "QEMU has no format 'cow' any more" }
  const aio = device.driver?.io ?? "default"
  if (aio === "io_uring" && !context.capabilities.schema.fileAio.includes(aio)) {
    return { lacks: "this QEMU was built without io_uring" }
  }
  return iothread(device.driver?.iothread, context)
}

const iothread = (number: number | undefined, { domain }: ArgvContext): Problem | undefined => {
  const count = domain.iothreads ?? 0
  if (number === undefined || (number >= 1 && number <= count)) return undefined
  return { conflict: `there is no I/O thread ${number}` }
}

/** Cards that QEMU may be asked for; a device that is no card is refused whatever its name. */
const cards =
  "e1000 e1000e e1000-82544gc e1000-82545em igb rtl8139 ne2k_pci pcnet vmxnet3 tulip".split(" ")

const virtioCards = ["virtio", "virtio-net", "virtio-transitional", "virtio-non-transitional"]

const card: DeviceCheck = (device, context) => {
  if (device.kind !== "interface") return undefined
  const { connection, model = "" } = device
  if (connection.type === "hostdev") {
    return connection.source?.type === "pci" ? undefined : { unbuilt: "a USB network card" }
  }
  if (connection.type === "internal") return { unbuilt: "an internal network" }
  if (virtioCards.includes(model)) return needsType("virtio-net-pci", context)
  return cards.includes(model)
    ? needsType(model, context)
    : { lacks: `there is no network card '${model}'` }
}

const display: DeviceCheck = (device, context) => {
  const { capabilities, domain } = context
  if (device.kind === "video") {
    if (device.model.type === "none") return undefined
    const isPrimary = devicesOf(domain, "video")[0] === device
    return needsType(videoDriver(device, isPrimary), context)
  }
  if (device.kind !== "graphics") return undefined
  if (device.type !== "vnc" && device.type !== "spice") {
    return { unbuilt: `a display of type '${device.type}'` }
  }
  const isThere = Object.hasOwn(capabilities.options, device.type)
  return isThere ? undefined : { lacks: `this QEMU was built without ${device.type.toUpperCase()}` }
}

const backEnd = (source: ChardevSource): Problem | undefined => {
  if (source.type === "nmdm") return { lacks: "QEMU has no nmdm back-end" }
  if (source.type !== "unix") return undefined
  if (source.mode === "bind" && source.reconnect?.enabled === true) {
    return { conflict: "only the connecting end can connect again" }
  }
  const isLost = source.mode === "connect" && source.path === undefined
  return isLost ? { conflict: "there is no path to connect to" } : undefined
}

type Character = DeviceOf<"serial" | "parallel" | "console" | "channel" | "redirdev">

const isCharacter = (device: Device): device is Character =>
  ["serial", "parallel", "console", "channel", "redirdev"].includes(device.kind)

const filesystem: DeviceCheck = (device, context) => {
  if (device.kind !== "filesystem") return undefined
  const driver = device.driver?.type ?? "path"
  if (device.type !== "mount") return { unbuilt: `a file system of type '${device.type}'` }
  if (driver !== "path" && driver !== "handle") return { unbuilt: `the driver '${driver}'` }
  if (device.source.dir === undefined) return { conflict: "there is no folder to share" }
  return needsType("virtio-9p-pci", context)
}

const iommu: DeviceCheck = (device, context) => {
  if (device.kind !== "iommu") return undefined
  if (device.model === "smmuv3") return { conflict: "it is of another architecture" }
  if (context.board !== "q35") return { conflict: "only the q35 board has one" }
  const isSplit = context.domain.features.ioapicDriver === "qemu"
  if (device.driver?.intremap === true && !isSplit) {
    return { conflict: "remapping of interrupts needs the I/O APIC of QEMU" }
  }
  return needsType(device.model === "virtio" ? "virtio-iommu-pci" : "intel-iommu", context)
}

const character: DeviceCheck = (device, { capabilities }) => {
  if (!isCharacter(device)) return undefined
  if (device.kind === "serial" && !isPcSerial(device.target.type)) {
    return { conflict: `a port of type '${device.target.type}' is of another architecture` }
  }
  const wrong = backEnd(device.source)
  if (wrong !== undefined) return wrong
  const isOther = device.kind === "console" && !isBuiltConsole(device.target.type)
  if (isOther) return { unbuilt: `a console of type '${device.target.type}'` }
  if (device.source.type === "qemu-vdagent") {
    const isThere = capabilities.schema.chardevTypes.includes("qemu-vdagent")
    return isThere ? undefined : { lacks: "this QEMU has no clipboard agent" }
  }
  return undefined
}

const isPcSerial = (type: string | undefined): boolean =>
  ["isa-serial", "usb-serial", "pci-serial", "isa-debug", undefined].includes(type)

const isBuiltConsole = (type: string | undefined): boolean =>
  type === undefined || type === "serial" || type === "virtio"

const isPciOrNone = (type: string | undefined): boolean =>
  type === undefined || type === "pci" || type === "unassigned"

const hostdev = (device: Hostdev, context: ArgvContext): Problem | undefined => {
  const { source, address, alias = "" } = device
  switch (source.type) {
    case "pci":
      return source.writeFiltering === undefined
        ? undefined
        : { conflict: "writeFiltering is for Xen's guests" }
    case "mdev":
      return isPciOrNone(address?.type)
        ? undefined
        : { conflict: `an address of type '${address?.type}' is not a PCI address` }
    case "scsi":
      if (source.rawio === true) return { unbuilt: "the right to raw commands (rawio)" }
      if (source.sgio === "unfiltered") return { lacks: "Linux filters the commands (sgio)" }
      return context.resources.genericNodes?.[alias] === undefined
        ? { lacks: "the host has no generic node (/dev/sgN) for it" }
        : needsType("scsi-generic", context)
    case "usb":
      return undefined
    default:
      return { unbuilt: `type '${source.type}'` }
  }
}

const small: DeviceCheck = (device, context) => {
  switch (device.kind) {
    case "sound":
      return device.model === "pcspk"
        ? { unbuilt: "the PC speaker" }
        : needsType(soundDrivers[device.model], context)
    case "rng":
      return device.backend.type === "egd" ? backEnd(device.backend.chardev) : undefined
    case "redirdev":
      return needsType("usb-redir", context)
    case "watchdog":
      return device.model === "i6300esb" || device.model === "ib700"
        ? needsType(device.model, context)
        : { unbuilt: "this watchdog" }
    case "memballoon":
      return device.model === "xen" ? { unbuilt: "a Xen balloon" } : undefined
    case "panic":
      return device.model === "pseries" || device.model === "s390"
        ? { conflict: "it is of another architecture" }
        : undefined
    case "input":
      if (device.bus === "virtio" && device.model?.includes("transitional") === true) {
        const isHosts = device.type === "passthrough"
        if (!isHosts) return { conflict: `there is no such model of a virtio ${device.type}` }
      }
      return device.bus === "xen" || device.bus === "parallels"
        ? { unbuilt: `the bus '${device.bus}'` }
        : undefined
    case "hostdev":
      return hostdev(device, context)
    default:
      return undefined
  }
}

const checks: readonly DeviceCheck[] = [
  controller,
  disk,
  filesystem,
  iommu,
  card,
  display,
  character,
  small
]

const asError = (problem: Problem, element: string, domain: string): ArgvError => {
  if ("lacks" in problem) return new Unavailable({ domain, element, reason: problem.lacks })
  if ("conflict" in problem) return new Conflict({ domain, element, reason: problem.conflict })
  const isOpen = "unprotected" in problem
  const what = `${isOpen ? problem.unprotected : problem.unbuilt} (${element})`
  return new NotSupported({ domain, what, consequence: isOpen ? "security" : "guest" })
}

/** The first thing that cannot be had, or undefined. */
export const firstProblem = (context: ArgvContext): ArgvError | undefined => {
  const guest = guestProblem(context)
  if (guest !== undefined) return guest
  for (const device of context.domain.devices) {
    for (const check of checks) {
      const problem = check(device, context)
      if (problem !== undefined) {
        return asError(problem, elementOf(device), context.domain.name)
      }
    }
  }
  return undefined
}
