/**
 * USB devices of the host and their interfaces as sysfs shows them. Names come from udev's list
 * where udev runs, else from the device itself. Reads only.
 */
import * as Effect from "effect/Effect"
import type { UsbDeviceCapability, UsbInterfaceCapability } from "../model/node-device.ts"
import {
  lastOf,
  type Properties,
  readAttribute,
  readCount,
  readHex,
  readsAtOnce
} from "./device-record.ts"
import { listNames } from "./node-files.ts"

export const usbDevicesAt = "/sys/bus/usb/devices"

/** An interface's name has its configuration and number behind the colon: `1-2:1.0`. */
export const isUsbInterface = (name: string): boolean => name.includes(":")

const named = (id: number, name: string | undefined) => (name === undefined ? { id } : { id, name })

/** `undefined` when it is gone. `udev` are the properties of udev's record. */
export const readUsb = Effect.fnUntraced(function* (path: string, udev: Properties = {}) {
  const [bus, device, vendor, product] = yield* Effect.all([
    readCount(path, "busnum"),
    readCount(path, "devnum"),
    readHex(path, "idVendor"),
    readHex(path, "idProduct")
  ])
  if (bus === undefined || device === undefined) return undefined
  if (vendor === undefined || product === undefined) return undefined
  const vendorName = udev["ID_VENDOR_FROM_DATABASE"] ?? (yield* readAttribute(path, "manufacturer"))
  const productName = udev["ID_MODEL_FROM_DATABASE"] ?? (yield* readAttribute(path, "product"))
  const serial = yield* readAttribute(path, "serial")
  const port = lastOf(path)
  // A root hub `usb1` has its interfaces under the name `1-0:1.0`.
  const base = port.startsWith("usb") ? `${port.slice("usb".length)}-0` : port
  const found: UsbDeviceCapability = {
    type: "usb_device",
    bus,
    device,
    vendor: named(vendor, vendorName),
    product: named(product, productName),
    port,
    ...(serial === undefined ? {} : { serial }),
    interfaces: (yield* listNames(path)).filter((name) => name.startsWith(`${base}:`))
  }
  return found
})

export const readUsbInterface = Effect.fnUntraced(function* (path: string) {
  const [number, kind, subclass, protocol] = yield* Effect.all([
    readHex(path, "bInterfaceNumber"),
    readHex(path, "bInterfaceClass"),
    readHex(path, "bInterfaceSubClass"),
    readHex(path, "bInterfaceProtocol")
  ])
  if (number === undefined || kind === undefined) return undefined
  if (subclass === undefined || protocol === undefined) return undefined
  const found: UsbInterfaceCapability = { type: "usb", number, class: kind, subclass, protocol }
  return found
})

/** All devices of the host, root hubs too; what vanishes is left out. */
export const readAllUsb = Effect.gen(function* () {
  const names = (yield* listNames(usbDevicesAt)).filter((name) => !isUsbInterface(name))
  const found = yield* Effect.forEach(names, (name) => readUsb(`${usbDevicesAt}/${name}`), {
    concurrency: readsAtOnce
  })
  return found.flatMap((one) => one ?? [])
})
