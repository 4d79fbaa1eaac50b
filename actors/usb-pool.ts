/**
 * Owns every host USB device: which domain, in which of its starts, has each. Names devices by bus
 * and number (`001:004`), or by vendor and product (`046d:c52b`) where the definition gives no
 * place.
 */
import type { Kernel } from "../src/kernel/kernel.ts"
import type { Domain } from "../src/model/domain.ts"
import { type DeviceWish, makePool, type Pool } from "./host-device-pool.ts"

/** QEMU itself takes the device from its driver, and the kernel gives it back when QEMU ends. */
export const makeUsbPool = (kernel: Kernel): Pool => makePool(kernel, { kind: "usb" })

const digits = (value: number) => String(value).padStart(3, "0")
const hex = (value: number) => value.toString(16).padStart(4, "0")

/** The host USB devices that a definition asks for. */
export const usbDevicesOf = (domain: Pick<Domain, "devices">): readonly DeviceWish[] =>
  namesOf(domain).map((device) => ({ device, isManaged: false }))

const namesOf = (domain: Pick<Domain, "devices">): readonly string[] =>
  domain.devices.flatMap((device) => {
    if (device.kind !== "hostdev" || device.source.type !== "usb") return []
    const { bus, device: number, vendor, product } = device.source
    if (bus !== undefined && number !== undefined) return [`${digits(bus)}:${digits(number)}`]
    return vendor === undefined || product === undefined ? [] : [`${hex(vendor)}:${hex(product)}`]
  })
