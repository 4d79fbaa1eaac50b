/**
 * Gives the interfaces of a USB device that nobody drives to the kernel, which looks for a driver
 * (Documentation/ABI/testing/sysfs-bus-usb). A QEMU that ends in order does so itself; of one that
 * was killed the kernel only takes back what it had claimed. Never takes a driver away.
 */
import * as Effect from "effect/Effect"
import { readAttribute } from "./device-record.ts"
import { DriverTurn } from "./driver-write.ts"
import { Files } from "./files.ts"
import { listNames } from "./node-files.ts"
import { isUsbInterface, usbDevicesAt } from "./usb.ts"

const probePath = "/sys/bus/usb/drivers_probe"

/** Bus and number as `001:004`: undefined for what is no device. */
const placeOf = Effect.fnUntraced(function* (name: string) {
  const [bus, number] = yield* Effect.all([
    readAttribute(`${usbDevicesAt}/${name}`, "busnum"),
    readAttribute(`${usbDevicesAt}/${name}`, "devnum")
  ])
  if (bus === undefined || number === undefined) return undefined
  return `${bus.padStart(3, "0")}:${number.padStart(3, "0")}`
})

/** Its interfaces without a driver: none of a device that is gone. `device` is `001:004`. */
export const idleInterfaces = Effect.fnUntraced(function* (device: string) {
  const files = yield* Files
  const names = yield* listNames(usbDevicesAt)
  const isIdle = (name: string) =>
    Effect.map(Effect.option(files.readLink(`${usbDevicesAt}/${name}/driver`)), (driver) =>
      driver._tag === "None" ? [name] : []
    )
  for (const port of names.filter((name) => !isUsbInterface(name))) {
    if ((yield* placeOf(port)) !== device) continue
    const interfaces = names.filter((name) => name.startsWith(`${port}:`))
    return (yield* Effect.forEach(interfaces, isIdle)).flat()
  }
  return []
})

/**
 * Asks the kernel for drivers of the device's idle interfaces but those that were `idle` before.
 * What it has no driver for stays as it is, and so does a device that is gone: neither is an error.
 */
export const findUsbDrivers = Effect.fnUntraced(function* (
  device: string,
  idle: readonly string[] = []
) {
  const { write } = yield* DriverTurn
  for (const name of (yield* idleInterfaces(device)).filter((one) => !idle.includes(one)))
    yield* write(`finding a driver for ${name}`, probePath, name)
})
