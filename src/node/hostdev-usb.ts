/**
 * Which USB device a definition means: by vendor and product, by bus and number, or by both. Among
 * several that answer none is chosen, as under libvirt. Reads only.
 */
import * as Effect from "effect/Effect"
import { readHex } from "../host/device-record.ts"
import { readAllUsb, usbDevicesAt } from "../host/usb.ts"
import type { UsbSource } from "../model/device/hostdev.ts"
import type { UsbDeviceCapability } from "../model/node-device.ts"
import { HostdevAmbiguous, HostdevNotFound, HostdevUnusable } from "../model/hostdev-error.ts"
import { usbIdText, usbText } from "../model/hostdev-wish.ts"

/** What a definition says of the device: both halves of each pair, or neither. */
interface UsbWanted {
  readonly ids: { readonly vendor: number; readonly product: number } | undefined
  readonly place: { readonly bus: number; readonly device: number } | undefined
}

/** Zero is what libvirt's readers make of nothing at all. */
const given = (value: number | undefined): number | undefined => (value === 0 ? undefined : value)

const wantedOf = (source: UsbSource): UsbWanted | string => {
  const { vendor, product } = source
  const bus = given(source.bus)
  const device = given(source.device)
  if ((vendor === undefined) !== (product === undefined))
    return "its <source> has a vendor without a product, or a product without a vendor"
  if ((bus === undefined) !== (device === undefined))
    return "the <address> of its <source> has a bus without a device, or a device without a bus"
  if (vendor === undefined && bus === undefined)
    return "its <source> has neither vendor and product nor an <address>"
  return {
    ids: vendor === undefined || product === undefined ? undefined : { vendor, product },
    place: bus === undefined || device === undefined ? undefined : { bus, device }
  }
}

/** `USB device 046d:c52b at 001:004`. */
const wordsOf = ({ ids, place }: UsbWanted): string =>
  [
    "USB device",
    ...(ids === undefined ? [] : [usbIdText(ids)]),
    ...(place === undefined ? [] : [`at ${usbText(place)}`])
  ].join(" ")

const idsOf = ({ vendor, product }: UsbDeviceCapability) => ({
  vendor: vendor.id,
  product: product.id
})

const isAt = ({ bus, device }: UsbDeviceCapability, { place }: UsbWanted): boolean =>
  place === undefined || (bus === place.bus && device === place.device)

const hasIds = ({ vendor, product }: UsbDeviceCapability, { ids }: UsbWanted): boolean =>
  ids === undefined || (vendor.id === ids.vendor && product.id === ids.product)

/** Why nothing answers to all of it, by what answers to a part. */
const absence = (wanted: UsbWanted, all: readonly UsbDeviceCapability[]): string => {
  const { ids, place } = wanted
  const there = place === undefined ? undefined : all.find((one) => isAt(one, wanted))
  const elsewhere = ids === undefined ? [] : all.filter((one) => hasIds(one, wanted))
  if (there !== undefined && ids !== undefined) return `what is there is ${usbIdText(idsOf(there))}`
  if (place !== undefined && elsewhere.length > 0)
    return `such a device is at ${elsewhere.map(usbText).join(", ")} now`
  return "nothing like it is plugged in"
}

const hubClass = 0x09

/** Of the device at this place of /sys: a hub is the host's, by which it has what is behind. */
export const hubProblem = (path: string) =>
  Effect.map(readHex(path, "bDeviceClass"), (kind) =>
    kind === hubClass ? "it is a hub; give the guest what is plugged into it" : undefined
  )

export interface UsbFound {
  readonly bus: number
  readonly device: number
}

/** The one that is meant, or undefined when none is there; fails among several. */
export const findUsb = Effect.fnUntraced(function* (source: UsbSource) {
  const wanted = wantedOf(source)
  if (typeof wanted === "string")
    return yield* new HostdevUnusable({ device: "of type USB", why: wanted })
  const all = yield* readAllUsb
  const matches = all.filter((one) => isAt(one, wanted) && hasIds(one, wanted))
  const [found, ...others] = matches
  const what = wordsOf(wanted)
  if (found === undefined)
    return {
      isThere: false as const,
      problem: new HostdevNotFound({ what, why: absence(wanted, all) })
    }
  if (others.length > 0) return yield* new HostdevAmbiguous({ what, matches: matches.map(usbText) })
  const why = yield* hubProblem(`${usbDevicesAt}/${found.port}`)
  if (why !== undefined) return yield* new HostdevUnusable({ device: usbText(found), why })
  const place: UsbFound = { bus: found.bus, device: found.device }
  return { isThere: true as const, place }
})
