/**
 * Which device is given a PCI address when, and which devices have a place of their own: libvirt's
 * order, because the order decides the addresses that the guest sees.
 */
import type { Device } from "../../model/device.ts"
import type { Domain } from "../../model/domain.ts"
import type { PciPlace } from "../address-pci.ts"
import type { Board } from "./context.ts"
import { addressKey } from "./element.ts"

const isHostdevInterface = (device: Device): boolean =>
  device.kind === "interface" && device.connection.type === "hostdev"

const isKept = (name: string) => (device: Device) => device.kind === "kept" && device.name === name

/** Each class of devices comes whole, in the definition's order, before the next. */
const classes: readonly ((device: Device) => boolean)[] = [
  (device) => device.kind === "controller" && device.type === "pci",
  (device) => device.kind === "filesystem",
  (device) => device.kind === "interface" && !isHostdevInterface(device),
  (device) => device.kind === "sound",
  (device) => device.kind === "controller" && device.type !== "pci",
  (device) => device.kind === "disk",
  (device) => isHostdevInterface(device),
  (device) => device.kind === "hostdev",
  (device) => device.kind === "memballoon",
  (device) => device.kind === "rng",
  (device) => device.kind === "watchdog",
  (device) => device.kind === "video",
  isKept("shmem"),
  (device) => device.kind === "input",
  (device) => device.kind === "serial",
  (device) => device.kind === "panic",
  (device) => device.kind === "iommu",
  isKept("vsock"),
  isKept("crypto")
]

/** Positions in the domain's device list. */
export const placingOrder = (domain: Domain): readonly number[] =>
  classes.flatMap((isOfClass) =>
    domain.devices.flatMap((device, position) => (isOfClass(device) ? [position] : []))
  )

const at = (slot: number, own: number): { readonly place: PciPlace; readonly key: string } => {
  const place = { domain: 0, bus: 0, slot, function: own }
  return { place, key: addressKey(place) }
}

/** The place of a device that is part of the chipset. */
export const fixedPlaces = (
  device: Device,
  board: Board
): { readonly place: PciPlace; readonly key: string } | undefined => {
  if (device.kind !== "controller" || device.index !== 0) return undefined
  if (board === "q35") return device.type === "sata" ? at(0x1f, 2) : undefined
  if (device.type === "ide") return at(1, 1)
  const isOnBoard = device.model === undefined || device.model === "piix3-uhci"
  return device.type === "usb" && isOnBoard ? at(1, 2) : undefined
}

/** The function of each ICH9 USB controller within the slot that the four share. */
const ich9Functions: { readonly [model: string]: number } = {
  "ich9-ehci1": 7,
  "ich9-uhci1": 0,
  "ich9-uhci2": 1,
  "ich9-uhci3": 2
}

/**
 * For a controller of an ICH9 group: its function, and its place once another one of the group has
 * one. Undefined for every other device.
 */
export const functionsBesideMaster = (
  domain: Domain,
  device: Device,
  placeOf: (position: number) => PciPlace | undefined
): { readonly function: number; readonly place: PciPlace | undefined } | undefined => {
  if (device.kind !== "controller" || device.type !== "usb") return undefined
  const own = ich9Functions[device.model ?? ""]
  if (own === undefined) return undefined
  for (const [position, other] of domain.devices.entries()) {
    const isOfGroup =
      other.kind === "controller" &&
      other.type === "usb" &&
      other.index === device.index &&
      Object.hasOwn(ich9Functions, other.model ?? "")
    const place = isOfGroup ? placeOf(position) : undefined
    if (place !== undefined) return { function: own, place: { ...place, function: own } }
  }
  return { function: own, place: undefined }
}
