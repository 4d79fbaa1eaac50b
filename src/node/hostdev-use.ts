/**
 * Which devices the host itself lives on: those behind which a disk is mounted or swapped to, the
 * network card that carries its default route, the graphics card that shows its console. Says why,
 * in one sentence; whether that forbids anything is the asker's matter. Reads only.
 */
import * as Effect from "effect/Effect"
import { readPath } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { pciDevicesAt, placeOf } from "../host/pci.ts"
import { scsiDevicesAt } from "../host/scsi.ts"
import { readAllUsb, usbDevicesAt } from "../host/usb.ts"
import { readCardUses } from "./hostdev-use-card.ts"
import { readConsoleUses } from "./hostdev-use-console.ts"
import { readDiskUses } from "./hostdev-use-disk.ts"
import { type HostUse, useAt } from "./hostdev-used.ts"

export { type HostUse, useAt } from "./hostdev-used.ts"

/** All that the host uses, read at once: for whoever asks about many devices. */
export const readHostUses: Effect.Effect<readonly HostUse[], never, Files> = Effect.map(
  Effect.all([readDiskUses, readCardUses, readConsoleUses]),
  (uses) => uses.flat()
)

const usbName = ({ bus, device }: { readonly bus: number; readonly device: number }): string =>
  `${String(bus).padStart(3, "0")}:${String(device).padStart(3, "0")}`

/**
 * Where a device is below /sys/devices: PCI by its address, USB by bus and number (`001:004`), SCSI
 * by host, bus, target and unit. Undefined for what is not there, or has nothing below it.
 */
export const placeOfDevice = Effect.fnUntraced(function* (device: string) {
  if (placeOf(device) !== undefined) return yield* readPath(`${pciDevicesAt}/${device}`)
  if (/^\d+:\d+:\d+:\d+$/.test(device)) return yield* readPath(`${scsiDevicesAt}/${device}`)
  if (!/^\d{3}:\d{3}$/.test(device)) return undefined
  const found = (yield* readAllUsb).find((one) => usbName(one) === device)
  return found === undefined ? undefined : yield* readPath(`${usbDevicesAt}/${found.port}`)
})

/** Why the host needs this device; undefined when nothing is known that it does. */
export const hostUse: (device: string) => Effect.Effect<string | undefined, never, Files> =
  Effect.fnUntraced(function* (device) {
    const place = yield* placeOfDevice(device)
    return place === undefined ? undefined : useAt(place, yield* readHostUses)
  })
