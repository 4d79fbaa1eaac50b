/**
 * Which devices the host itself lives on: those behind which a disk is mounted or swapped to, the
 * network card that carries its default route, the graphics card that shows its console. Says why,
 * in one sentence; whether that forbids anything is the asker's matter. Reads only.
 */
import * as Effect from "effect/Effect"
import { mdevAt } from "../host/device-other.ts"
import { readPaths } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { pciDevicesAt, placeOf } from "../host/pci.ts"
import { scsiDevicesAt } from "../host/scsi.ts"
import { readAllUsb, usbDevicesAt } from "../host/usb.ts"
import { usbText } from "../model/hostdev-wish.ts"
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

/** Where a device of any kind but USB, whose places are not known by its name, is to be found. */
const linkOf = (device: string): string | undefined => {
  if (placeOf(device) !== undefined) return `${pciDevicesAt}/${device}`
  if (/^\d+:\d+:\d+:\d+$/.test(device)) return `${scsiDevicesAt}/${device}`
  return /^[0-9a-f-]{36}$/.test(device) ? `${mdevAt}/${device}` : undefined
}

const isUsb = (device: string): boolean => /^\d{3}:\d{3}$/.test(device)

/**
 * Where devices are below /sys/devices: PCI by its address, USB by bus and number (`001:004`), SCSI
 * by host, bus, target and unit, mediated ones by their uuid. What is not there is left out.
 */
export const placesOfDevices: (
  devices: readonly string[]
) => Effect.Effect<ReadonlyMap<string, string>, never, Files> = Effect.fnUntraced(
  function* (devices) {
    const usb = devices.some(isUsb) ? yield* readAllUsb : []
    const ports = new Map(usb.map((one) => [usbText(one), `${usbDevicesAt}/${one.port}`]))
    const links = devices.flatMap((device) => {
      const link = isUsb(device) ? ports.get(device) : linkOf(device)
      return link === undefined ? [] : [{ device, link }]
    })
    const paths = yield* readPaths(links.map(({ link }) => link))
    return new Map(
      links.flatMap(({ device }, index) => {
        const path = paths[index]
        return path === undefined ? [] : [[device, path] as const]
      })
    )
  }
)

/** Why the host needs this device; undefined when nothing is known that it does. */
export const hostUse: (device: string) => Effect.Effect<string | undefined, never, Files> =
  Effect.fnUntraced(function* (device) {
    const place = (yield* placesOfDevices([device])).get(device)
    return place === undefined ? undefined : useAt(place, yield* readHostUses)
  })
