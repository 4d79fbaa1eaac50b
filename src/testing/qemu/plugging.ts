/**
 * Devices that come and go in the machine inside QEMU: what `device_add` takes and refuses, in its
 * words and order (softmmu/qdev-monitor.c), and how a device leaves. A USB device goes at once; a
 * PCI one only when its guest agrees, or at the next reset. Pure; what the host has to say to a
 * device is asked of the caller.
 */
import type { Json, JsonObject } from "../../qmp/json.ts"

export interface Device {
  readonly id: string
  readonly driver: string
  readonly bus: string | undefined
  /** Slot and function, or port, as they were given. */
  readonly at: string | undefined
  readonly kind: "pci" | "usb"
  /** `device_del` came, and it has not gone. */
  readonly isLeaving: boolean
  /** It came while a guest was up, who knows of it; one that is not loses it. */
  readonly isAsked: boolean
  /**
   * It came when no instruction had been run, and the guest's clock stood at 0: no second request
   * is taken then, ever (hw/acpi/pcihp.c, `pending_deleted_expires_ms`).
   */
  readonly isHeldUp: boolean
  /** Nothing holds it any more: the main loop tells next. */
  readonly isGoing: boolean
}

/** Buses that are there without a device. */
export type RootBus = "pcie.0" | "pci.0"

const textIn = (words: JsonObject, name: string): string | undefined => {
  const value = words[name]
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined
}

const isUsb = (driver: string): boolean =>
  driver.startsWith("usb-") && !/^usb-(ehci|bot|uas)?$/.test(driver)

/** A device of the command line or of `device_add`; those without a name are nobody's concern. */
export const deviceOf = (words: JsonObject): Device | undefined => {
  const id = textIn(words, "id")
  const driver = textIn(words, "driver") ?? ""
  if (id === undefined) return undefined
  return {
    id,
    driver,
    bus: textIn(words, "bus"),
    at: textIn(words, isUsb(driver) ? "port" : "addr"),
    kind: isUsb(driver) ? "usb" : "pci",
    isLeaving: false,
    isAsked: false,
    isHeldUp: false,
    isGoing: false
  }
}

const isPort = ({ driver }: Device): boolean => driver === "pcie-root-port"

const hasBus = (devices: readonly Device[], root: RootBus, bus: string): boolean =>
  bus === root || devices.some(({ id }) => bus === id || bus === `${id}.0`)

/** `0x3.0x1` as slot and function. */
const placeOf = (at: string): readonly [number, number] => {
  const [slot = "0", part = "0"] = at.split(".")
  return [Number(slot), Number(part)]
}

const occupied = (devices: readonly Device[], { bus, at, driver, kind }: Device) => {
  const port = devices.some((one) => isPort(one) && one.id === bus)
  const place = at ?? (port ? "0x0" : undefined)
  if (place === undefined) return undefined
  const other = devices.find((one) => {
    if (one.bus !== bus || one.kind !== kind) return false
    const taken = one.at ?? (port ? "0x0" : undefined)
    return taken !== undefined && placeOf(taken).join() === placeOf(place).join()
  })
  if (other === undefined) return undefined
  if (kind === "usb") return `usb port ${place} (bus ${bus}) not found (in use?)`
  const [slot, part] = placeOf(place)
  return (
    `PCI: slot ${slot} function ${part} not available for ${driver}, ` +
    `in use by ${other.driver},id=${other.id}`
  )
}

export interface Plugging {
  readonly root: RootBus
  readonly hasDriver: (driver: string) => boolean
  /** What the host's kernel says to it, in QEMU's words; nothing, if it can be had. */
  readonly open: (device: Device, words: JsonObject) => string | undefined
}

/** The device, or why QEMU does not take it. */
export const plug = (
  devices: readonly Device[],
  words: JsonObject,
  { root, hasDriver, open }: Plugging
): Device | string => {
  const driver = textIn(words, "driver")
  if (driver === undefined) return "Parameter 'driver' is missing"
  if (!hasDriver(driver)) return `'${driver}' is not a valid device model name`
  const made = deviceOf({ id: "", ...words }) as Device
  const bus = made.bus ?? (made.kind === "pci" ? root : undefined)
  if (bus !== undefined && !hasBus(devices, root, bus)) return `Bus '${bus}' not found`
  if (bus === "pcie.0") return `Bus '${bus}' does not support hotplugging`
  if (devices.some(({ id }) => id === made.id)) return `Duplicate device ID '${made.id}'`
  const device = { ...made, bus }
  return occupied(devices, device) ?? open(device, words) ?? device
}

/** What became of `device_del`. */
export type Unplug =
  | { readonly isFound: false }
  | { readonly isFound: true; readonly why: string }
  | { readonly isFound: true; readonly devices: readonly Device[] }

export const unplug = (
  devices: readonly Device[],
  id: string,
  { hasRun, isUp }: { readonly hasRun: boolean; readonly isUp: boolean }
): Unplug => {
  const device = devices.find((one) => one.id === id)
  if (device === undefined) return { isFound: false }
  if (device.bus === "pcie.0")
    return { isFound: true, why: "Bus 'pcie.0' does not support hotplugging" }
  if (device.isHeldUp)
    return { isFound: true, why: `Device ${id} is already in the process of unplug` }
  const leaving = {
    ...device,
    isLeaving: true,
    isHeldUp: !hasRun && device.kind === "pci",
    isAsked: device.isAsked || isUp,
    isGoing: device.isGoing || device.kind === "usb"
  }
  return { isFound: true, devices: devices.map((one) => (one === device ? leaving : one)) }
}

/** A reset lets go of whatever was asked to leave. */
export const afterReset = (devices: readonly Device[]): readonly Device[] =>
  devices.some(({ isLeaving }) => isLeaving)
    ? devices.map((one) => (one.isLeaving ? { ...one, isGoing: true } : one))
    : devices

/** `qom-list` of `/machine/peripheral`. */
export const peripherals = (devices: readonly Device[]): Json => [
  { name: "type", type: "string" },
  ...devices.map(({ id, driver }) => ({ name: id, type: `child<${driver}>` }))
]
